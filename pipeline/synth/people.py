"""A person of synthetic London as they truly are, and a household."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from pipeline.synth.names import Community
from pipeline.synth.places import Home


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
