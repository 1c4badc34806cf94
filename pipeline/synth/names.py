"""Names of London's communities: lists of Faker where it has them, curated ones where it has not, and spelling variants."""

from __future__ import annotations

import functools
import importlib
import random
from dataclasses import dataclass

from anyascii import anyascii

# Spellings of one name, as clerks hear them.
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
SOMALI_MALE = ["Abdi", "Ahmed", "Ali", "Mohamed", "Hassan", "Hussein", "Omar", "Yusuf", "Ibrahim", "Ismail", "Abdullahi", "Abdirahman", "Abdirizak", "Mahad", "Liban", "Guled", "Farah", "Warsame", "Jama", "Bile", "Ayanle", "Zakariya", "Khalid", "Mahamud", "Nur", "Osman", "Said", "Salad", "Samatar", "Sharmarke", "Suleiman", "Yahya"]
SOMALI_FEMALE = ["Amina", "Fadumo", "Halima", "Hodan", "Ifrah", "Khadija", "Layla", "Maryan", "Nasra", "Naima", "Rahma", "Sagal", "Sahra", "Shukri", "Ubah", "Zahra", "Asha", "Ayan", "Deqa", "Fartun", "Filsan", "Hibo", "Idil", "Ikran", "Istahil", "Jamila", "Ladan", "Muna", "Nimco", "Safiya", "Sumaya", "Yasmin"]
ALBANIAN_MALE = ["Arben", "Agron", "Besnik", "Dritan", "Ermal", "Fatmir", "Gezim", "Ilir", "Klodian", "Luan", "Artan", "Bledar", "Erion", "Flamur", "Genti", "Kastriot", "Kujtim", "Leonard", "Mentor", "Petrit", "Rexhep", "Sokol", "Valon", "Xhevdet", "Albin", "Behar", "Endrit", "Gjergj"]
ALBANIAN_FEMALE = ["Arta", "Besa", "Drita", "Elira", "Flutura", "Hana", "Jeta", "Klea", "Luljeta", "Mirela", "Nora", "Rovena", "Shpresa", "Teuta", "Valbona", "Albana", "Blerina", "Donika", "Ermira", "Fatbardha", "Ganimete", "Ilirjana", "Lindita", "Majlinda", "Vjosa", "Zana"]
ALBANIAN_LAST = ["Hoxha", "Krasniqi", "Gashi", "Berisha", "Shehu", "Dervishi", "Prifti", "Leka", "Gjoka", "Marku", "Kola", "Basha", "Cela", "Dushku", "Bytyqi", "Morina", "Kelmendi", "Rama", "Kurti", "Ahmeti", "Lleshi", "Ndreu", "Palushi", "Sula", "Tahiri", "Zefi"]
URDU_MALE = ["Muhammad", "Ali", "Hamza", "Usman", "Bilal", "Imran", "Asif", "Tariq", "Faisal", "Kamran", "Zeeshan", "Adnan", "Shahid", "Nadeem", "Waqas", "Junaid", "Saad", "Haris", "Rizwan", "Salman", "Arslan", "Farhan", "Khurram", "Naveed", "Sajid", "Umair", "Yasir", "Zahid", "Danish", "Owais"]
URDU_FEMALE = ["Ayesha", "Fatima", "Sana", "Hina", "Maryam", "Zara", "Sadia", "Nadia", "Rabia", "Saima", "Bushra", "Farah", "Iqra", "Kiran", "Mehwish", "Nida", "Rukhsana", "Samina", "Shazia", "Sidra", "Tahira", "Uzma", "Yasmin", "Zainab", "Amna", "Anum", "Asma", "Javeria", "Kausar", "Mahnoor"]
URDU_LAST = ["Khan", "Ahmed", "Malik", "Hussain", "Ali", "Iqbal", "Butt", "Sheikh", "Mirza", "Qureshi", "Shah", "Akhtar", "Chaudhry", "Mahmood", "Rashid", "Aslam", "Siddiqui", "Raja", "Javed", "Bhatti", "Saleem", "Awan", "Gill", "Haider", "Anwar", "Riaz", "Yousaf", "Zafar", "Nawaz", "Latif"]
BENGALI_MALE = ["Mohammed", "Abdul", "Rahim", "Karim", "Shah", "Faisal", "Nazrul", "Jamal", "Kamal", "Rafiq", "Saiful", "Shafiq", "Tareq", "Zubair", "Anwar", "Ashraf", "Delwar", "Enamul", "Habibur", "Iqbal", "Jubayer", "Mahbub", "Mizan", "Monir", "Nurul", "Rashed", "Ruhul", "Shamim", "Sohel", "Tanvir"]
BENGALI_FEMALE = ["Nasima", "Rahima", "Shirin", "Salma", "Rehana", "Fahmida", "Jesmin", "Kulsum", "Lipi", "Momtaz", "Nazma", "Parvin", "Rina", "Rokeya", "Sabina", "Shaheda", "Sharmin", "Sultana", "Tahmina", "Taslima", "Ayesha", "Farzana", "Halima", "Hasina", "Jannat", "Khaleda", "Mahmuda", "Nargis"]
BENGALI_LAST = ["Miah", "Uddin", "Rahman", "Ahmed", "Hussain", "Islam", "Hoque", "Chowdhury", "Alam", "Khan", "Haque", "Sarkar", "Talukder", "Mollah", "Sikder", "Majumder", "Bhuiyan", "Matin", "Kabir", "Hasan"]
POLISH_STEM = ["Kowal", "Nowa", "Wisniew", "Dabrow", "Lewandow", "Wojcie", "Kamin", "Zielin", "Szyman", "Wozni", "Kozlow", "Jankow", "Mazur", "Kwiatkow", "Krawczy", "Piotrow", "Grabow", "Pawlow", "Michal", "Zajac", "Krol", "Jablon", "Wieczor", "Majew", "Olszew", "Stepnie", "Malinow", "Jawor", "Adam", "Rutkow", "Sikor", "Pietrza", "Ostrow", "Baran", "Tomaszew", "Zalew", "Witkow", "Sobczak", "Gorow", "Chmielew"]
POLISH_MALE = ["Jakub", "Jan", "Mateusz", "Piotr", "Paweł", "Łukasz", "Michał", "Krzysztof", "Tomasz", "Marcin", "Wojciech", "Stanisław", "Grzegorz", "Kamil", "Dawid", "Przemysław", "Rafał", "Szymon", "Bartosz", "Filip", "Maciej", "Karol", "Sławomir", "Zbigniew"]
POLISH_FEMALE = ["Anna", "Katarzyna", "Małgorzata", "Agnieszka", "Ewa", "Zofia", "Maja", "Julia", "Zuzanna", "Aleksandra", "Magdalena", "Joanna", "Monika", "Natalia", "Karolina", "Weronika", "Łucja", "Gabriela", "Oliwia", "Wiktoria", "Kinga", "Paulina", "Izabela", "Beata"]
CARIBBEAN_MALE = ["Jermaine", "Tyrone", "Leroy", "Marlon", "Dwayne", "Delroy", "Winston", "Devon", "Errol", "Kieran", "Andre", "Curtis", "Darnell", "Jahmal", "Jerome", "Kemar", "Malachi", "Nathaniel", "Omari", "Reece", "Rohan", "Shaquille", "Tremaine", "Isaiah", "Elijah", "Micah", "Zion", "Kai"]
CARIBBEAN_FEMALE = ["Shanice", "Kezia", "Tanisha", "Chantelle", "Latoya", "Jade", "Aaliyah", "Monique", "Sherice", "Ebony", "Destiny", "Kadeisha", "Nyasha", "Rochelle", "Shanelle", "Shereen", "Simone", "Tiana", "Toni", "Zariah", "Amara", "Janelle", "Keisha", "Leticia", "Natalie", "Renee"]
CARIBBEAN_LAST = ["Campbell", "Brown", "Williams", "Francis", "Grant", "Thomas", "Clarke", "Lewis", "Morgan", "Gordon", "Reid", "Henry", "Joseph", "Bailey", "Samuels", "Wright", "Palmer", "Powell", "Stewart", "Simpson", "Edwards", "Dacosta", "Baptiste", "Pierre", "Charles", "Alleyne", "Braithwaite", "Greenidge", "Marshall"]
TAIL_HEADS = ["Ash", "Ald", "Black", "Brad", "Brom", "Burn", "Cald", "Chat", "Clay", "Cran", "Dal", "Dun", "East", "Elm", "Fair", "Far", "Grim", "Hal", "Ham", "Har", "Hasel", "Hol", "Kil", "Lang", "Lin", "Long", "Mar", "Mel", "Mid", "Nor", "Oak", "Pem", "Pres", "Rad", "Red", "Rush", "Sed", "Shel", "Stan", "Stock", "Thorn", "Wal", "War", "Wes", "Whit", "Win", "Wood", "Worth", "Wyn"]
TAIL_ENDS = ["bourne", "brook", "by", "combe", "cote", "croft", "dale", "den", "don", "field", "ford", "gate", "ham", "hurst", "ington", "ley", "low", "man", "mere", "more", "ness", "ridge", "sey", "shaw", "stead", "ster", "stoke", "thorpe", "ton", "wick", "wood", "worth"]
PUNJABI_MALE = ["Gurpreet", "Harpreet", "Manjit", "Jaspal", "Baljit", "Sukhdev", "Rajinder", "Amrit", "Hardeep", "Kuldip", "Parminder", "Satnam", "Jagdeep", "Navdeep", "Simran", "Arjan", "Balraj", "Daljit", "Gurdeep", "Inderjit"]
PUNJABI_FEMALE = ["Gurpreet", "Harpreet", "Manjit", "Jasleen", "Baljit", "Sukhvinder", "Rajinder", "Amrit", "Kiran", "Kulwinder", "Parminder", "Simran", "Jaspreet", "Navneet", "Ravinder", "Balvinder", "Daljit", "Gurleen", "Inderjit", "Prabhjot"]


@dataclass(frozen=True, slots=True)
class Community:
    """Names and self-defined ethnicity of one community; the commonest come first."""

    name: str
    share: float
    ethnicities: tuple[str, ...]
    ic: str
    male: tuple[str, ...]
    female: tuple[str, ...]
    last: tuple[str, ...]


def _faker(locale: str, *lists: str) -> tuple[str, ...]:
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    names: dict[str, None] = {}
    for name in lists:
        names.update(dict.fromkeys(str(each) for each in getattr(provider, name)))
    return tuple(names)


@functools.cache
def communities() -> tuple[Community, ...]:
    """All communities; shares add up to 1."""
    tail = tuple(head + end for head in TAIL_HEADS for end in TAIL_ENDS)
    english = _faker("en_GB", "last_names")
    arabic = [
        tuple(anyascii(name) for name in _faker("ar_AA", each))
        for each in ("first_names_male", "first_names_female", "last_names")
    ]
    polish = tuple(stem + "ski" for stem in POLISH_STEM)
    return (
        Community("british", 0.40, ("W1",), "1", _faker("en_GB", "first_names_male"), _faker("en_GB", "first_names_female"), english + tail),
        Community("caribbean", 0.08, ("B1", "M1"), "3", tuple(CARIBBEAN_MALE), tuple(CARIBBEAN_FEMALE), tuple(CARIBBEAN_LAST) + english[:200]),
        Community("yoruba", 0.05, ("B2",), "3", _faker("yo_NG", "first_names_male"), _faker("yo_NG", "first_names_female"), _faker("yo_NG", "last_names")),
        Community("igbo", 0.02, ("B2",), "3", _faker("ig_NG", "first_names_male"), _faker("ig_NG", "first_names_female"), _faker("ig_NG", "last_names")),
        Community("ghanaian", 0.03, ("B2",), "3", _faker("tw_GH", "first_names_male"), _faker("tw_GH", "first_names_female"), _faker("tw_GH", "last_names")),
        Community("somali", 0.04, ("B2",), "3", tuple(SOMALI_MALE), tuple(SOMALI_FEMALE), tuple(SOMALI_MALE)),
        Community("bengali", 0.06, ("A3",), "4", tuple(BENGALI_MALE), tuple(BENGALI_FEMALE), tuple(BENGALI_LAST)),
        Community("urdu", 0.06, ("A2",), "4", tuple(URDU_MALE), tuple(URDU_FEMALE), tuple(URDU_LAST)),
        Community("indian", 0.05, ("A1",), "4", _faker("en_IN", "first_names_male"), _faker("en_IN", "first_names_female"), _faker("en_IN", "last_names")),
        Community("punjabi", 0.03, ("A1",), "4", tuple(PUNJABI_MALE), tuple(PUNJABI_FEMALE), ("Singh", "Kaur")),
        Community("polish", 0.04, ("W9",), "1", tuple(POLISH_MALE), tuple(POLISH_FEMALE), polish),
        Community("romanian", 0.03, ("W9",), "2", _faker("ro_RO", "first_names_male"), _faker("ro_RO", "first_names_female"), _faker("ro_RO", "last_names")),
        Community("lithuanian", 0.01, ("W9",), "1", tuple(n for n in _faker("lt_LT", "first_names") if n.endswith("s")), tuple(n for n in _faker("lt_LT", "first_names") if not n.endswith("s")), tuple(n for n in _faker("lt_LT", "last_names") if n.endswith("as"))),
        Community("turkish", 0.03, ("W9", "O9"), "2", _faker("tr_TR", "first_names_male")[:300], _faker("tr_TR", "first_names_female")[:300], _faker("tr_TR", "last_names")),
        Community("albanian", 0.02, ("W9",), "2", tuple(ALBANIAN_MALE), tuple(ALBANIAN_FEMALE), tuple(ALBANIAN_LAST)),
        Community("arab", 0.03, ("O2",), "6", tuple(arabic[0]), tuple(arabic[1]), tuple(arabic[2])),
        Community("portuguese", 0.02, ("W9",), "2", _faker("pt_PT", "first_names_male"), _faker("pt_PT", "first_names_female"), _faker("pt_PT", "last_names")),
    )  # fmt: skip


@functools.cache
def _cumulative(size: int, flat: int) -> tuple[float, ...]:
    """Running totals of 1 / (rank + flat): a few names are common, most are rare."""
    total, out = 0.0, []
    for rank in range(size):
        total += 1.0 / (rank + flat)
        out.append(total)
    return tuple(out)


def pick(random_: random.Random, names: tuple[str, ...], flat: int = 12) -> str:
    """One name, the commonest first names of the list most often."""
    return random_.choices(names, cum_weights=_cumulative(len(names), flat))[0]


def surname_for(community: str, family: str, sex: str, is_married: bool) -> str:
    """The form of the family's surname that a man, a wife or a daughter carries."""
    if community == "punjabi":
        return "Kaur" if sex == "F" else "Singh"
    if sex == "F" and community == "polish" and family.endswith("ski"):
        return family[:-1] + "a"
    if sex == "F" and community == "lithuanian" and family.endswith("as"):
        return family[:-2] + ("ienė" if is_married else "aitė")
    if sex == "F" and is_married and community == "bengali":
        return "Begum"
    return family


@functools.cache
def spellings() -> dict[str, tuple[str, ...]]:
    """Name to its other spellings and short forms."""
    other = {name: tuple(x for x in group if x != name) for group in VARIANTS for name in group}
    for name, short in SHORT.items():
        other[name] = other.get(name, ()) + short
    return other
