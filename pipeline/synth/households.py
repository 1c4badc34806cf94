"""Households of synthetic London: families, twins, fathers and sons of one name, children's homes, hostels."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from anyascii import anyascii

from pipeline.synth import identifiers as ids
from pipeline.synth.names import Community, communities, pick, spellings, surname_for
from pipeline.synth.people import Household, Person
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
LONG_AGO = dt.date(1990, 1, 1)
CHUNK = 5_000  # people whose households come from one seed; a chunk depends on nothing before it


def households(people: int, seed: int, as_of: dt.date) -> Iterator[Household]:
    """Households until there are so many people, in an order that depends on the seed alone."""
    n_people = chunk = 0
    while n_people < people:
        maker = _Maker(random.Random(f"{seed}/{chunk}"), chunk, as_of)
        target = min(CHUNK, people - n_people)
        while maker.n_people < target:
            yield maker.household(target - maker.n_people)
        n_people, chunk = n_people + maker.n_people, chunk + 1


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the people of a household have in common."""

    community: Community
    surname: str
    homes: list[tuple[dt.date, Home]]
    phone: str | None


class _Maker:
    def __init__(self, rng: random.Random, chunk: int, as_of: dt.date) -> None:
        self.rng, self.chunk, self.as_of = rng, chunk, as_of
        self.n_people = self.n_households = 0

    def household(self, most: int) -> Household:
        self.n_households += 1
        if most >= 6 and self.rng.random() < 0.006:
            return self._childrens_home(self.rng.randint(4, 6))
        if most >= 20 and self.rng.random() < 0.0012:
            return self._hostel(self.rng.randint(8, 20))
        return self._family(most)

    def _family(self, most: int) -> Household:
        rng = self.rng
        community = self._community()
        surname = pick(rng, community.last, 25)
        home, earlier_home = make_home(rng), make_home(rng)
        moved_on = self.as_of - dt.timedelta(days=rng.randrange(30, 1500))
        homes = [(LONG_AGO, earlier_home), (moved_on, home)] if rng.random() < 0.25 else [(LONG_AGO, home)]
        shared = _Shared(community, surname, homes, self._phone())
        parents: list[Person] = []
        mother_born = self._day(self.as_of.year - rng.randint(22, 58))
        if rng.random() < 0.85:
            parents.append(self._person(shared, "F", mother_born, is_married=rng.random() < 0.6))
        if len(parents) < most and rng.random() < 0.7:
            parents.append(self._person(shared, "M", self._day(mother_born.year - rng.randint(-3, 8))))
        father = next((parent for parent in parents if parent.sex == "M"), None)
        children, relations = self._children(shared, mother_born, father, most - len(parents))
        if not parents and not children:
            parents.append(self._person(shared, rng.choice("MF"), mother_born))
        relations += [(parent.person_id, child.person_id, "parent") for parent in parents for child in children]
        if father:
            relations += [
                (father.person_id, child.person_id, "namesake")
                for child in children
                if child.sex == "M" and child.forename == father.forename
            ]
        return Household(parents + children, relations)

    def _children(
        self, shared: _Shared, mother_born: dt.date, father: Person | None, most: int
    ) -> tuple[list[Person], list[tuple[str, str, str]]]:
        """A family's children, ``most`` at most, and which of them are twins and siblings."""
        rng = self.rng
        children: list[Person] = []
        relations: list[tuple[str, str, str]] = []
        forenames: set[str] = set()
        year = mother_born.year + rng.randint(18, 34)
        wanted = rng.choices((0, 1, 2, 3, 4, 5), (18, 26, 28, 16, 8, 4))[0]
        while len(children) < min(wanted, most) and year < self.as_of.year:
            born = self._day(year)
            n_born = 2 if rng.random() < 0.018 and len(children) + 2 <= most else 1
            group = []
            for _ in range(n_born):
                child = self._child(shared, born, father, forenames, is_twin=n_born == 2)
                forenames.add(child.forename)
                group.append(child)
            if n_born == 2:
                relations.append((group[0].person_id, group[1].person_id, "twin"))
            relations += [(older.person_id, child.person_id, "sibling") for older in children for child in group]
            children += group
            year += rng.choice((1, 2, 2, 3, 3, 4, 5))
        return children, relations

    def _child(
        self, shared: _Shared, born: dt.date, father: Person | None, forenames: set[str], *, is_twin: bool
    ) -> Person:
        """A child with none of the forenames; some sons have their father's, and Somali children his names after their own."""
        sex, is_somali = self.rng.choice("MF"), shared.community.name == "somali"
        child = self._person(shared, sex, born, unlike=forenames)
        if father and sex == "M" and not is_twin and not is_somali and self.rng.random() < 0.03:
            child.forename = father.forename
        if is_somali and father:
            child.middle, child.surname = father.forename, father.middle or shared.surname
        return child

    def _childrens_home(self, size: int) -> Household:
        rng = self.rng
        home = named_home(rng, "House")
        phone = self._phone()
        children = []
        for _ in range(size):
            born = self._day(self.as_of.year - rng.randint(8, 17))
            child = self._stranger(rng.choice("MF"), born, home, phone)
            child.is_looked_after = True
            if rng.random() < 0.35:
                child.phone = worker_phone(home.borough, rng.randrange(5))
            children.append(child)
        pairs = [
            (child.person_id, other_child.person_id, "carers_home")
            for position, child in enumerate(children)
            for other_child in children[position + 1 :]
        ]
        return Household(children, pairs)

    def _hostel(self, size: int) -> Household:
        rng, home = self.rng, named_home(self.rng, "Hostel")
        people = [
            self._stranger(rng.choice("MMF"), self._day(self.as_of.year - rng.randint(18, 60)), home, None)
            for _ in range(size)
        ]
        return Household(people, [])

    def _stranger(self, sex: str, born: dt.date, home: Home, phone: str | None) -> Person:
        """Somebody with no family there, who moved in from a home of their own."""
        rng = self.rng
        community = self._community()
        homes = [(LONG_AGO, make_home(rng)), (self.as_of - dt.timedelta(days=rng.randrange(60, 900)), home)]
        return self._person(_Shared(community, pick(rng, community.last, 25), homes, phone), sex, born)

    def _community(self) -> Community:
        return self.rng.choices(communities(), [community.share for community in communities()])[0]

    def _person(
        self,
        shared: _Shared,
        sex: str,
        born: dt.date,
        *,
        is_married: bool = False,
        unlike: Collection[str] = (),
    ) -> Person:
        """A person of a household, with none of some forenames."""
        rng, community = self.rng, shared.community
        self.n_people += 1
        names = community.male if sex == "M" else community.female
        forename = pick(rng, names)
        while forename in unlike:
            forename = pick(rng, names)
        middle = pick(rng, names) if rng.random() < 0.45 else ""
        age = self.as_of.year - born.year
        is_asylum = community.name in ("somali", "albanian", "arab") and 14 <= age <= 22 and rng.random() < 0.12
        number = self.chunk * CHUNK + self.n_people
        person = Person(
            number=number,
            person_id=f"T{self.chunk:05d}-{self.n_people:05d}",
            household_id=f"H{self.chunk:05d}-{self.n_households:05d}",
            community=community,
            sex=sex,
            forename=forename,
            middle=middle,
            surname=surname_for(community.name, shared.surname, sex, is_married),
            born=dt.date(born.year, 1, 1) if is_asylum else born,
            ethnicity=rng.choice(community.ethnicities),
            homes=shared.homes,
            phone=self._phone() if age >= 14 and rng.random() < 0.6 else shared.phone,
            email=None,
            nhs_number=ids.nhs_number(number),
        )
        self._complete(person, age, is_married=is_married)
        return person

    def _complete(self, person: Person, age: int, *, is_married: bool) -> None:
        """E-mail, pupil number, earlier surname and short forename, where the person has them."""
        rng, community = self.rng, person.community
        if age >= 14 and rng.random() < 0.35:
            name = anyascii(f"{person.forename}.{person.surname}").replace(" ", "").replace("'", "").lower()
            person.email = f"{name}{rng.randrange(1000)}@example.{rng.choice(('com', 'org', 'net'))}"
        if 5 <= age <= 18:
            school, number = 2000 + person.number // 1000 % 6000, person.number % 1000
            person.upn = ids.upn(rng.choice(AUTHORITIES), school, person.born.year + 5, number)
        if is_married and age > 24:
            maiden_name = pick(rng, community.last, 25)
            person.born_surname = surname_for(community.name, maiden_name, person.sex, is_married=False)
            person.married_on = self.as_of - dt.timedelta(days=rng.randrange(0, 5000))
        variants = spellings().get(person.forename)
        if variants and rng.random() < 0.3:
            person.aliases.append(f"{rng.choice(variants)} {person.surname}")

    def _phone(self) -> str | None:
        return f"07{self.rng.choice(PREFIXES)}{self.rng.randrange(10**6):06d}" if self.rng.random() < 0.8 else None

    def _day(self, year: int) -> dt.date:
        day = dt.date(year, 1, 1) + dt.timedelta(days=self.rng.randrange(365))
        return min(day, self.as_of - dt.timedelta(days=self.rng.randrange(40, 400)))
