"""Households of synthetic London: families, twins, fathers and sons of one name, children's homes, hostels."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from anyascii import anyascii

from pipeline.synth import identifiers as ids
from pipeline.synth.names import Community, communities, pick, spellings, surname_for
from pipeline.synth.places import Home, make_home, named_home, worker_phone

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
AUTHORITIES = (*range(201, 214), *range(301, 321))  # the London ones, as school numbers have them
CHUNK = 5_000  # people whose households come from one seed; a chunk depends on nothing before it


@dataclass(slots=True)
class Person:
    """One person, as they truly are."""

    number: int
    """From 1; no two people share it, and their identifiers come from it"""
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
        maker = _Maker(random.Random(f"{seed}/{chunk}"), chunk, as_of)
        target = min(CHUNK, people - made)
        while maker.made < target:
            yield maker.household(target - maker.made)
        made, chunk = made + maker.made, chunk + 1


class _Maker:
    def __init__(self, random_: random.Random, chunk: int, as_of: dt.date) -> None:
        self.r, self.chunk, self.as_of = random_, chunk, as_of
        self.made = self.count = 0

    def household(self, most: int) -> Household:
        self.count += 1
        if most >= 6 and self.r.random() < 0.006:
            return self._childrens_home(self.r.randint(4, 6))
        if most >= 20 and self.r.random() < 0.0012:
            return self._hostel(self.r.randint(8, 20))
        return self._family(most)

    def _family(self, most: int) -> Household:
        r = self.r
        community = r.choices(communities(), [c.share for c in communities()])[0]
        family = pick(r, community.last, 25)
        home, other = make_home(r), make_home(r)
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
        self,
        community: Community,
        family: str,
        mother_born: dt.date,
        homes: list[tuple[dt.date, Home]],
        phone: str | None,
        father: Person | None,
        most: int,
    ) -> tuple[list[Person], list[tuple[str, str, str]]]:
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
        home = named_home(r, "House")
        phone = self._phone()
        children = []
        for _ in range(size):
            born = self._day(self.as_of.year - r.randint(8, 17))
            child = self._stranger(r.choice("MF"), born, home, phone)
            child.is_looked_after = True
            if r.random() < 0.35:
                child.phone = worker_phone(home.borough, r.randrange(5))
            children.append(child)
        pairs = [(a.person_id, b.person_id, "carers_home") for at, a in enumerate(children) for b in children[at + 1 :]]
        return Household(children, pairs)

    def _hostel(self, size: int) -> Household:
        r, home = self.r, named_home(self.r, "Hostel")
        people = [
            self._stranger(r.choice("MMF"), self._day(self.as_of.year - r.randint(18, 60)), home, None)
            for _ in range(size)
        ]
        return Household(people, [])

    def _stranger(self, sex: str, born: dt.date, home: Home, phone: str | None) -> Person:
        """Somebody with no family there, who moved in from a home of their own."""
        r = self.r
        community = r.choices(communities(), [c.share for c in communities()])[0]
        before = [(dt.date(1990, 1, 1), make_home(r)), (self.as_of - dt.timedelta(days=r.randrange(60, 900)), home)]
        return self._person(community, sex, pick(r, community.last, 25), born, before, phone)

    def _person(
        self,
        community: Community,
        sex: str,
        family: str,
        born: dt.date,
        homes: list[tuple[dt.date, Home]],
        phone: str | None,
        *,
        is_married: bool = False,
        used: set[str] | None = None,
    ) -> Person:
        r = self.r
        self.made += 1
        names = community.male if sex == "M" else community.female
        forename = pick(r, names)
        while used and forename in used:
            forename = pick(r, names)
        middle = pick(r, names) if r.random() < 0.45 else ""
        age = self.as_of.year - born.year
        is_asylum = community.name in ("somali", "albanian", "arab") and 14 <= age <= 22 and r.random() < 0.12
        number = self.chunk * CHUNK + self.made
        person = Person(
            number=number,
            person_id=f"T{self.chunk:05d}-{self.made:05d}",
            household_id=f"H{self.chunk:05d}-{self.count:05d}",
            community=community,
            sex=sex,
            forename=forename,
            middle=middle,
            surname=surname_for(community.name, family, sex, is_married),
            born=dt.date(born.year, 1, 1) if is_asylum else born,
            ethnicity=r.choice(community.ethnicities),
            homes=homes,
            phone=self._phone() if age >= 14 and r.random() < 0.6 else phone,
            email=None,
            nhs_number=ids.nhs_number(number),
        )
        if age >= 14 and r.random() < 0.35:
            name = anyascii(f"{person.forename}.{person.surname}").replace(" ", "").replace("'", "").lower()
            person.email = f"{name}{r.randrange(1000)}@example.{r.choice(('com', 'org', 'net'))}"
        if 5 <= age <= 18:
            person.upn = ids.upn(r.choice(AUTHORITIES), 2000 + number // 1000 % 6000, born.year + 5, number % 1000)
        if is_married and age > 24:
            born_as = pick(r, community.last, 25)
            person.born_surname = surname_for(community.name, born_as, sex, is_married=False)
            person.married_on = self.as_of - dt.timedelta(days=r.randrange(0, 5000))
        other = spellings().get(forename)
        if other and r.random() < 0.3:
            person.aliases.append(f"{r.choice(other)} {person.surname}")
        return person

    def _phone(self) -> str | None:
        return f"07{self.r.choice(PREFIXES)}{self.r.randrange(10**6):06d}" if self.r.random() < 0.8 else None

    def _day(self, year: int) -> dt.date:
        day = dt.date(year, 1, 1) + dt.timedelta(days=self.r.randrange(365))
        return min(day, self.as_of - dt.timedelta(days=self.r.randrange(40, 400)))
