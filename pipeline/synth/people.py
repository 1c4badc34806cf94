"""Households of synthetic London: families, twins, fathers and sons of one name, children's homes."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.synth import identifiers as ids
from pipeline.synth.names import Community, communities, pick, spellings, surname_for
from schemas.boroughs import BOROUGHS

DISTRICTS = dict(zip(BOROUGHS, (
    "EC2 EC3 EC4", "IG11 RM8 RM9 RM10", "EN5 N2 N12 NW4 NW7", "DA5 DA6 DA7 DA14", "HA9 NW2 NW6 NW10", "BR1 BR2 BR5 BR6",
    "NW1 NW3 NW5 WC1", "CR0 CR2 CR7 SE25", "UB1 UB6 W3 W5 W13", "EN1 EN2 EN3 N9 N18", "SE7 SE9 SE10 SE18", "E5 E8 E9 N16",
    "SW6 W6 W12 W14", "N8 N15 N17 N22", "HA1 HA2 HA3 HA5", "RM1 RM2 RM3 RM7", "HA4 UB3 UB8 UB10", "TW3 TW4 TW5 W4",
    "N1 N5 N7 N19", "SW3 SW7 W8 W11", "KT1 KT2 KT3 KT6", "SE11 SW2 SW4 SW9", "SE4 SE6 SE13 SE23", "CR4 SM4 SW19 SW20",
    "E6 E7 E13 E15 E16", "IG1 IG2 IG3 IG6", "TW1 TW2 TW9 TW10", "SE1 SE5 SE15 SE16 SE22", "SM1 SM2 SM5 SM6", "E1 E2 E3 E14",
    "E4 E10 E11 E17", "SW8 SW11 SW12 SW18", "NW8 SW1 W1 W2 W9",
), strict=True))  # fmt: skip
STREETS = [
    "High",
    "Park",
    "Church",
    "Station",
    "Victoria",
    "Albert",
    "Green",
    "King",
    "Queen",
    "Mill",
    "London",
    "Manor",
    "Grove",
    "New",
    "Grange",
    "Windsor",
    "York",
    "Kings",
    "School",
    "North",
    "South",
    "West",
    "East",
    "Chapel",
    "Hill",
    "Elm",
    "Oak",
    "Ash",
    "Cedar",
    "Lime",
    "Beech",
    "Holly",
    "Rose",
    "Ivy",
    "Clarence",
    "Alexandra",
    "Cambridge",
    "Oxford",
    "Richmond",
    "Devonshire",
    "Norfolk",
    "Sussex",
    "Kent",
    "Essex",
    "Surrey",
    "Argyle",
    "Balfour",
    "Gladstone",
    "Stanley",
    "Wellington",
    "Nelson",
    "Trafalgar",
    "Waterloo",
    "Alma",
    "Lansdowne",
    "Beaconsfield",
    "Salisbury",
    "Derby",
    "Milton",
    "Byron",
    "Tennyson",
    "Shelley",
    "Burns",
    "Wordsworth",
    "Hamilton",
    "Lincoln",
    "Franklin",
    "Melbourne",
    "Sydney",
    "Adelaide",
    "Perth",
    "Auckland",
    "Ontario",
]
ENDINGS = (
    ("Road",) * 6
    + ("Street",) * 5
    + ("Avenue",) * 4
    + ("Lane", "Close", "Gardens", "Grove", "Crescent", "Way", "Terrace")
)
PREFIXES = (
    400,
    415,
    429,
    446,
    460,
    473,
    484,
    512,
    538,
    557,
    581,
    703,
    712,
    725,
    738,
    751,
    769,
    788,
    801,
    815,
    827,
    843,
    856,
    872,
    891,
    903,
    917,
    931,
    949,
    966,
)
UNITS = "ABDEFGHJLNPQRSTUWXYZ"
CHUNK = 5_000  # people whose households come from one seed; a chunk depends on nothing before it


@dataclass(frozen=True, slots=True)
class Home:
    """An address."""

    borough: str
    address: str
    postcode: str
    uprn: str


@dataclass(slots=True)
class Person:
    """One person, as they truly are."""

    person_id: str
    household_id: str
    community: Community
    sex: str
    forename: str
    middle: str
    surname: str
    born: dt.date
    ethnicity: str
    homes: list[tuple[dt.date, Home]]
    """Homes since a date, oldest first"""
    phone: str | None
    email: str | None
    nhs_number: str | None
    upn: str | None = None
    pnc_id: str | None = None
    cro_number: str | None = None
    born_surname: str | None = None
    married_on: dt.date | None = None
    aliases: list[str] = field(default_factory=list)
    street_name: str | None = None
    is_looked_after: bool = False

    def home_on(self, day: dt.date) -> Home:
        """Where the person lived on a day."""
        return next((home for since, home in reversed(self.homes) if since <= day), self.homes[0][1])

    def surname_on(self, day: dt.date) -> str:
        """The person's surname on a day: a married name counts from the wedding."""
        return self.born_surname if self.born_surname and self.married_on and day < self.married_on else self.surname

    def age_on(self, day: dt.date) -> int:
        """Completed years."""
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))


@dataclass(frozen=True, slots=True)
class Household:
    """People at one address, and pairs of them that are easily confused."""

    people: list[Person]
    relations: list[tuple[str, str, str]]
    """person, person, kind: twin, sibling, parent, namesake or carers_home"""


def households(people: int, seed: int, as_of: dt.date) -> Iterator[Household]:
    """Households until there are so many people, in an order that depends on the seed alone."""
    made = chunk = 0
    while made < people:
        maker = _Maker(random.Random(f"{seed}/{chunk}"), f"{chunk:05d}", as_of)
        target = min(CHUNK, people - made)
        while maker.made < target:
            yield maker.household(target - maker.made)
        made, chunk = made + maker.made, chunk + 1


class _Maker:
    def __init__(self, random_: random.Random, prefix: str, as_of: dt.date) -> None:
        self.r, self.prefix, self.as_of = random_, prefix, as_of
        self.made = self.count = 0

    def household(self, most: int) -> Household:
        self.count += 1
        if most >= 6 and self.r.random() < 0.006:
            return self._childrens_home(self.r.randint(4, 6))
        return self._family(most)

    def _family(self, most: int) -> Household:
        r = self.r
        community = r.choices(communities(), [c.share for c in communities()])[0]
        family = pick(r, community.last, 25)
        home, other = self._home(), self._home()
        moved = self.as_of - dt.timedelta(days=r.randrange(30, 1500))
        homes = [(dt.date(1990, 1, 1), other), (moved, home)] if r.random() < 0.25 else [(dt.date(1990, 1, 1), home)]
        phone = self._phone()
        parents: list[Person] = []
        mother_born = self._day(self.as_of.year - r.randint(22, 58))
        if r.random() < 0.85:
            wife = self._person(community, "F", family, mother_born, homes, phone, is_married=r.random() < 0.6)
            parents.append(wife)
        if len(parents) < most and r.random() < 0.7:
            parents.append(
                self._person(community, "M", family, self._day(mother_born.year - r.randint(-3, 8)), homes, phone)
            )
        father = next((p for p in parents if p.sex == "M"), None)
        children, relations = self._children(community, family, mother_born, homes, phone, father, most - len(parents))
        if not parents and not children:
            parents.append(self._person(community, r.choice("MF"), family, mother_born, homes, phone))
        relations += [(p.person_id, c.person_id, "parent") for p in parents for c in children]
        if father:
            relations += [
                (father.person_id, c.person_id, "namesake")
                for c in children
                if c.sex == "M" and c.forename == father.forename
            ]
        return Household(parents + children, relations)

    def _children(
        self, community: Community, family: str, mother_born: dt.date, homes: list[tuple[dt.date, Home]], phone: str | None,
        father: Person | None, most: int,
    ) -> tuple[list[Person], list[tuple[str, str, str]]]:  # fmt: skip
        r = self.r
        children: list[Person] = []
        relations: list[tuple[str, str, str]] = []
        used: set[str] = set()
        year = mother_born.year + r.randint(18, 34)
        wanted = r.choices((0, 1, 2, 3, 4, 5), (18, 26, 28, 16, 8, 4))[0]
        while len(children) < min(wanted, most) and year < self.as_of.year:
            born = self._day(year)
            twins = 2 if r.random() < 0.018 and len(children) + 2 <= most else 1
            group = []
            for _ in range(twins):
                sex = r.choice("MF")
                child = self._person(community, sex, family, born, homes, phone, used=used)
                if father and sex == "M" and twins == 1 and community.name != "somali" and r.random() < 0.03:
                    child.forename = father.forename
                if community.name == "somali" and father:
                    child.middle, child.surname = father.forename, father.middle or family
                used.add(child.forename)
                group.append(child)
            if twins == 2:
                relations.append((group[0].person_id, group[1].person_id, "twin"))
            relations += [(a.person_id, b.person_id, "sibling") for a in children for b in group]
            children += group
            year += r.choice((1, 2, 2, 3, 3, 4, 5))
        return children, relations

    def _childrens_home(self, size: int) -> Household:
        r = self.r
        home = self._home()
        home = Home(home.borough, f"{home.address.split(' ', 1)[1]} House, {home.address}", home.postcode, home.uprn)
        phone = self._phone()
        children = []
        for _ in range(size):
            community = r.choices(communities(), [c.share for c in communities()])[0]
            born = self._day(self.as_of.year - r.randint(8, 17))
            before = [(dt.date(1990, 1, 1), self._home()), (self.as_of - dt.timedelta(days=r.randrange(60, 900)), home)]
            child = self._person(community, r.choice("MF"), pick(r, community.last, 25), born, before, phone)
            child.is_looked_after = True
            children.append(child)
        pairs = [(a.person_id, b.person_id, "carers_home") for at, a in enumerate(children) for b in children[at + 1 :]]
        return Household(children, pairs)

    def _person(
        self, community: Community, sex: str, family: str, born: dt.date, homes: list[tuple[dt.date, Home]],
        phone: str | None, *, is_married: bool = False, used: set[str] | None = None,
    ) -> Person:  # fmt: skip
        r = self.r
        self.made += 1
        names = community.male if sex == "M" else community.female
        forename = pick(r, names)
        while used and forename in used:
            forename = pick(r, names)
        middle = pick(r, names) if r.random() < 0.45 else ""
        age = self.as_of.year - born.year
        is_asylum = community.name in ("somali", "albanian", "arab") and 14 <= age <= 22 and r.random() < 0.12
        person = Person(
            person_id=f"T{self.prefix}-{self.made:05d}", household_id=f"H{self.prefix}-{self.count:05d}", community=community,
            sex=sex, forename=forename, middle=middle, surname=surname_for(community.name, family, sex, is_married),
            born=dt.date(born.year, 1, 1) if is_asylum else born, ethnicity=r.choice(community.ethnicities), homes=homes,
            phone=self._phone() if age >= 14 and r.random() < 0.6 else phone, email=None,
            nhs_number=ids.nhs_number(r),
        )  # fmt: skip
        if age >= 14 and r.random() < 0.35:
            person.email = f"{person.forename}.{person.surname}{r.randrange(1000)}@example.{r.choice(('com', 'org', 'net'))}".lower()
        if 5 <= age <= 18:
            person.upn = ids.upn(r.randint(201, 320), r.randint(2000, 7999), born.year + 5, r.randrange(1000))
        if is_married and age > 24:
            born_as = pick(r, community.last, 25)
            person.born_surname = surname_for(community.name, born_as, sex, is_married=False)
            person.married_on = self.as_of - dt.timedelta(days=r.randrange(0, 5000))
        other = spellings().get(forename)
        if other and r.random() < 0.3:
            person.aliases.append(f"{r.choice(other)} {person.surname}")
        return person

    def _home(self) -> Home:
        r = self.r
        borough = r.choice(BOROUGHS[1:]) if r.random() < 0.995 else BOROUGHS[0]
        district = r.choice(DISTRICTS[borough].split())
        sector, unit = r.randint(1, 9), r.choice(UNITS) + r.choice(UNITS)
        flat = f"Flat {r.randint(1, 40)}, " if r.random() < 0.35 else ""
        street = f"{r.choice(STREETS)} {r.choice(ENDINGS)}"
        return Home(
            borough,
            f"{flat}{r.randint(1, 220)} {street}",
            f"{district} {sector}{unit}",
            f"{r.randrange(10**10, 10**11)}",
        )

    def _phone(self) -> str | None:
        return f"07{self.r.choice(PREFIXES)}{self.r.randrange(10**6):06d}" if self.r.random() < 0.8 else None

    def _day(self, year: int) -> dt.date:
        day = dt.date(year, 1, 1) + dt.timedelta(days=self.r.randrange(365))
        return min(day, self.as_of - dt.timedelta(days=self.r.randrange(40, 400)))
