"""Curated names, the commonest first, and spellings and short forms of names, as clerks hear them."""

from __future__ import annotations

# Spellings of one name.
VARIANTS: tuple[tuple[str, ...], ...] = (
    ("Mohammed", "Muhammad", "Mohamed", "Mohammad", "Md"), ("Yusuf", "Yousef", "Yousuf", "Youssef"),
    ("Aisha", "Ayesha", "Aysha", "Aishah"), ("Ahmed", "Ahmad"), ("Hussein", "Hussain", "Husain"),
    ("Ibrahim", "Ebrahim"), ("Fatima", "Fatimah", "Fathima"), ("Abdullahi", "Abdulahi"), ("Khadija", "Khadijah", "Kadija"),
    ("Zainab", "Zaynab", "Zeinab"), ("Omar", "Umar", "Omer"), ("Hassan", "Hasan"), ("Mariam", "Maryam", "Miriam"),
    ("Catherine", "Katherine", "Kathryn"), ("Sean", "Shaun", "Shawn"), ("Stephen", "Steven"), ("Sara", "Sarah"),
    ("Rebecca", "Rebekah"), ("Geoffrey", "Jeffrey"), ("Chinedu", "Chinadu"), ("Olufemi", "Femi"), ("Oluwaseun", "Seun"),
    ("Begum", "Begom"), ("Hussaini", "Husseini"), ("Choudhury", "Chowdhury", "Chaudhry", "Chaudhary"),
    ("Rahman", "Rehman", "Rahaman"), ("Sheikh", "Shaikh", "Sheik"), ("Miah", "Mia", "Mya"), ("Uddin", "Udin"), ("Khatun", "Khatoon"),
)  # fmt: skip
SHORT: dict[str, tuple[str, ...]] = {
    "Elizabeth": ("Liz", "Beth", "Lizzie"), "William": ("Will", "Bill", "Billy"), "Robert": ("Rob", "Bob", "Bobby"),
    "Thomas": ("Tom", "Tommy"), "James": ("Jim", "Jamie"), "Katherine": ("Kate", "Katie"), "Catherine": ("Cathy", "Kate"),
    "Margaret": ("Maggie", "Meg"), "Michael": ("Mike", "Mick"), "Christopher": ("Chris",), "Daniel": ("Dan", "Danny"),
    "Matthew": ("Matt",), "Andrew": ("Andy", "Drew"), "Anthony": ("Tony",), "Joseph": ("Joe",), "Samuel": ("Sam",),
    "Benjamin": ("Ben",), "Alexander": ("Alex", "Sandy"), "Nicholas": ("Nick",), "Rebecca": ("Becky",), "Jennifer": ("Jenny", "Jen"),
    "Susan": ("Sue",), "Deborah": ("Debbie",), "Patricia": ("Pat", "Tricia"), "Charlotte": ("Lottie",), "David": ("Dave",),
    "Edward": ("Ed", "Eddie", "Ted"), "Richard": ("Rick", "Dick"), "Charles": ("Charlie",), "Victoria": ("Vicky",), "Timothy": ("Tim",),
}  # fmt: skip
SOMALI_MALE = (
    "Abdi", "Ahmed", "Ali", "Mohamed", "Hassan", "Hussein", "Omar", "Yusuf", "Ibrahim", "Ismail", "Abdullahi",
    "Abdirahman", "Abdirizak", "Mahad", "Liban", "Guled", "Farah", "Warsame", "Jama", "Bile", "Ayanle",
    "Zakariya", "Khalid", "Mahamud", "Nur", "Osman", "Said", "Salad", "Samatar", "Sharmarke", "Suleiman", "Yahya",
)  # fmt: skip
SOMALI_FEMALE = (
    "Amina", "Fadumo", "Halima", "Hodan", "Ifrah", "Khadija", "Layla", "Maryan", "Nasra", "Naima", "Rahma",
    "Sagal", "Sahra", "Shukri", "Ubah", "Zahra", "Asha", "Ayan", "Deqa", "Fartun", "Filsan", "Hibo", "Idil",
    "Ikran", "Istahil", "Jamila", "Ladan", "Muna", "Nimco", "Safiya", "Sumaya", "Yasmin",
)  # fmt: skip
ALBANIAN_MALE = (
    "Arben", "Agron", "Besnik", "Dritan", "Ermal", "Fatmir", "Gezim", "Ilir", "Klodian", "Luan", "Artan",
    "Bledar", "Erion", "Flamur", "Genti", "Kastriot", "Kujtim", "Leonard", "Mentor", "Petrit", "Rexhep", "Sokol",
    "Valon", "Xhevdet", "Albin", "Behar", "Endrit", "Gjergj",
)  # fmt: skip
ALBANIAN_FEMALE = (
    "Arta", "Besa", "Drita", "Elira", "Flutura", "Hana", "Jeta", "Klea", "Luljeta", "Mirela", "Nora", "Rovena",
    "Shpresa", "Teuta", "Valbona", "Albana", "Blerina", "Donika", "Ermira", "Fatbardha", "Ganimete", "Ilirjana",
    "Lindita", "Majlinda", "Vjosa", "Zana",
)  # fmt: skip
ALBANIAN_LAST = (
    "Hoxha", "Krasniqi", "Gashi", "Berisha", "Shehu", "Dervishi", "Prifti", "Leka", "Gjoka", "Marku", "Kola",
    "Basha", "Cela", "Dushku", "Bytyqi", "Morina", "Kelmendi", "Rama", "Kurti", "Ahmeti", "Lleshi", "Ndreu",
    "Palushi", "Sula", "Tahiri", "Zefi",
)  # fmt: skip
URDU_MALE = (
    "Muhammad", "Ali", "Hamza", "Usman", "Bilal", "Imran", "Asif", "Tariq", "Faisal", "Kamran", "Zeeshan",
    "Adnan", "Shahid", "Nadeem", "Waqas", "Junaid", "Saad", "Haris", "Rizwan", "Salman", "Arslan", "Farhan",
    "Khurram", "Naveed", "Sajid", "Umair", "Yasir", "Zahid", "Danish", "Owais",
)  # fmt: skip
URDU_FEMALE = (
    "Ayesha", "Fatima", "Sana", "Hina", "Maryam", "Zara", "Sadia", "Nadia", "Rabia", "Saima", "Bushra", "Farah",
    "Iqra", "Kiran", "Mehwish", "Nida", "Rukhsana", "Samina", "Shazia", "Sidra", "Tahira", "Uzma", "Yasmin",
    "Zainab", "Amna", "Anum", "Asma", "Javeria", "Kausar", "Mahnoor",
)  # fmt: skip
URDU_LAST = (
    "Khan", "Ahmed", "Malik", "Hussain", "Ali", "Iqbal", "Butt", "Sheikh", "Mirza", "Qureshi", "Shah", "Akhtar",
    "Chaudhry", "Mahmood", "Rashid", "Aslam", "Siddiqui", "Raja", "Javed", "Bhatti", "Saleem", "Awan", "Gill",
    "Haider", "Anwar", "Riaz", "Yousaf", "Zafar", "Nawaz", "Latif",
)  # fmt: skip
BENGALI_MALE = (
    "Mohammed", "Abdul", "Rahim", "Karim", "Shah", "Faisal", "Nazrul", "Jamal", "Kamal", "Rafiq", "Saiful",
    "Shafiq", "Tareq", "Zubair", "Anwar", "Ashraf", "Delwar", "Enamul", "Habibur", "Iqbal", "Jubayer", "Mahbub",
    "Mizan", "Monir", "Nurul", "Rashed", "Ruhul", "Shamim", "Sohel", "Tanvir",
)  # fmt: skip
BENGALI_FEMALE = (
    "Nasima", "Rahima", "Shirin", "Salma", "Rehana", "Fahmida", "Jesmin", "Kulsum", "Lipi", "Momtaz", "Nazma",
    "Parvin", "Rina", "Rokeya", "Sabina", "Shaheda", "Sharmin", "Sultana", "Tahmina", "Taslima", "Ayesha",
    "Farzana", "Halima", "Hasina", "Jannat", "Khaleda", "Mahmuda", "Nargis",
)  # fmt: skip
BENGALI_LAST = (
    "Miah", "Uddin", "Rahman", "Ahmed", "Hussain", "Islam", "Hoque", "Chowdhury", "Alam", "Khan", "Haque",
    "Sarkar", "Talukder", "Mollah", "Sikder", "Majumder", "Bhuiyan", "Matin", "Kabir", "Hasan",
)  # fmt: skip
POLISH_STEM = (
    "Kowal", "Nowa", "Wisniew", "Dabrow", "Lewandow", "Wojcie", "Kamin", "Zielin", "Szyman", "Wozni", "Kozlow",
    "Jankow", "Mazur", "Kwiatkow", "Krawczy", "Piotrow", "Grabow", "Pawlow", "Michal", "Zajac", "Krol", "Jablon",
    "Wieczor", "Majew", "Olszew", "Stepnie", "Malinow", "Jawor", "Adam", "Rutkow", "Sikor", "Pietrza", "Ostrow",
    "Baran", "Tomaszew", "Zalew", "Witkow", "Sobczak", "Gorow", "Chmielew",
)  # fmt: skip
POLISH_MALE = (
    "Jakub", "Jan", "Mateusz", "Piotr", "Paweł", "Łukasz", "Michał", "Krzysztof", "Tomasz", "Marcin", "Wojciech",
    "Stanisław", "Grzegorz", "Kamil", "Dawid", "Przemysław", "Rafał", "Szymon", "Bartosz", "Filip", "Maciej",
    "Karol", "Sławomir", "Zbigniew",
)  # fmt: skip
POLISH_FEMALE = (
    "Anna", "Katarzyna", "Małgorzata", "Agnieszka", "Ewa", "Zofia", "Maja", "Julia", "Zuzanna", "Aleksandra",
    "Magdalena", "Joanna", "Monika", "Natalia", "Karolina", "Weronika", "Łucja", "Gabriela", "Oliwia", "Wiktoria",
    "Kinga", "Paulina", "Izabela", "Beata",
)  # fmt: skip
CARIBBEAN_MALE = (
    "Jermaine", "Tyrone", "Leroy", "Marlon", "Dwayne", "Delroy", "Winston", "Devon", "Errol", "Kieran", "Andre",
    "Curtis", "Darnell", "Jahmal", "Jerome", "Kemar", "Malachi", "Nathaniel", "Omari", "Reece", "Rohan",
    "Shaquille", "Tremaine", "Isaiah", "Elijah", "Micah", "Zion", "Kai",
)  # fmt: skip
CARIBBEAN_FEMALE = (
    "Shanice", "Kezia", "Tanisha", "Chantelle", "Latoya", "Jade", "Aaliyah", "Monique", "Sherice", "Ebony",
    "Destiny", "Kadeisha", "Nyasha", "Rochelle", "Shanelle", "Shereen", "Simone", "Tiana", "Toni", "Zariah",
    "Amara", "Janelle", "Keisha", "Leticia", "Natalie", "Renee",
)  # fmt: skip
CARIBBEAN_LAST = (
    "Campbell", "Brown", "Williams", "Francis", "Grant", "Thomas", "Clarke", "Lewis", "Morgan", "Gordon", "Reid",
    "Henry", "Joseph", "Bailey", "Samuels", "Wright", "Palmer", "Powell", "Stewart", "Simpson", "Edwards",
    "Dacosta", "Baptiste", "Pierre", "Charles", "Alleyne", "Braithwaite", "Greenidge", "Marshall",
)  # fmt: skip
TAIL_HEADS = (
    "Ash", "Ald", "Black", "Brad", "Brom", "Burn", "Cald", "Chat", "Clay", "Cran", "Dal", "Dun", "East", "Elm",
    "Fair", "Far", "Grim", "Hal", "Ham", "Har", "Hasel", "Hol", "Kil", "Lang", "Lin", "Long", "Mar", "Mel", "Mid",
    "Nor", "Oak", "Pem", "Pres", "Rad", "Red", "Rush", "Sed", "Shel", "Stan", "Stock", "Thorn", "Wal", "War",
    "Wes", "Whit", "Win", "Wood", "Worth", "Wyn",
)  # fmt: skip
TAIL_ENDS = (
    "bourne", "brook", "by", "combe", "cote", "croft", "dale", "den", "don", "field", "ford", "gate", "ham",
    "hurst", "ington", "ley", "low", "man", "mere", "more", "ness", "ridge", "sey", "shaw", "stead", "ster",
    "stoke", "thorpe", "ton", "wick", "wood", "worth",
)  # fmt: skip
PUNJABI_MALE = (
    "Gurpreet", "Harpreet", "Manjit", "Jaspal", "Baljit", "Sukhdev", "Rajinder", "Amrit", "Hardeep", "Kuldip",
    "Parminder", "Satnam", "Jagdeep", "Navdeep", "Simran", "Arjan", "Balraj", "Daljit", "Gurdeep", "Inderjit",
)  # fmt: skip
PUNJABI_FEMALE = (
    "Gurpreet", "Harpreet", "Manjit", "Jasleen", "Baljit", "Sukhvinder", "Rajinder", "Amrit", "Kiran",
    "Kulwinder", "Parminder", "Simran", "Jaspreet", "Navneet", "Ravinder", "Balvinder", "Daljit", "Gurleen",
    "Inderjit", "Prabhjot",
)  # fmt: skip
