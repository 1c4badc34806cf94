"""CRIS, the crime recording system: a cp1252 CSV a borough, some with semicolons, headings as the borough likes them."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict, deque
from pathlib import Path
from typing import NamedTuple

from pipeline.synth.dirt import Sighting
from pipeline.synth.exports import CsvFile, Truth, given_names, police_text
from schemas.boroughs import BOROUGHS, CODES, slug

HEADINGS: tuple[dict[str, str], ...] = (
    {},
    {
        "Surname": "Last Name",
        "Forename(s)": "First Name(s)",
        "DOB": "D.O.B.",
        "Crime Ref No": "Crime No",
        "Address": "Home Address",
    },
    {"Surname": "Family name", "Forename(s)": "Given names", "DOB": "Born", "Sex": "Gender", "Postcode": "Post Code"},
)
COLUMNS = (
    "Crime Ref No",
    "BOCU",
    "Date Reported",
    "Offence",
    "Flags",
    "Role",
    "Surname",
    "Forename(s)",
    "DOB",
    "Age",
    "Sex",
    "SDE",
    "EA (IC)",
    "Address",
    "Postcode",
    "Telephone",
    "E-mail",
    "AKA",
    "CRO/PNC",
    "ASN",
)


class Crime(NamedTuple):
    """A crime that has a row already."""

    reference: str
    at: dt.datetime
    offence: str
    households: set[str]
    """Whose people are in it; nobody is in one twice, nor on both sides"""


class Cris:
    """Crime reports, one row a person and crime; a suspect's row often tells of a crime that has a victim's row."""

    def __init__(self, root: Path, truth: Truth, random_: random.Random) -> None:
        self.truth, self.r, self.count = truth, random_, 0
        self.files: dict[str, CsvFile] = {}
        self.crimes: dict[str, deque[Crime]] = defaultdict(lambda: deque(maxlen=20))
        for at, borough in enumerate(BOROUGHS):
            headings = tuple(HEADINGS[at % 3].get(name, name) for name in COLUMNS)
            path = root / "cris" / f"{slug(borough)}.csv"
            self.files[borough] = CsvFile(path, "cp1252", ";" if at % 5 == 0 else ",", headings)

    def add(self, seen: Sighting) -> None:
        """Write one sighting, at times twice."""
        r, event = self.r, seen.event
        at = BOROUGHS.index(event.borough)
        crime = self._crime(seen)
        row = [
            crime.reference,
            CODES[event.borough][1],
            crime.at.strftime("%d/%m/%Y" if at % 2 else "%d/%m/%y"),
            crime.offence,
            event.facts["flags"],
            event.role,
            police_text(seen.surname, r),
            police_text(given_names(seen), r),
            _born(seen, at),
            f"Age {seen.age}" if seen.age and r.random() < 0.3 else seen.age,
            seen.sex,
            seen.ethnicity,
            seen.ic,
            seen.address,
            seen.postcode,
            self._phone(seen.phone),
            seen.email,
            police_text(seen.aka, r),
            self._police_id(seen),
            event.facts.get("asn", ""),
        ]
        self._write(event.borough, seen, row)
        if r.random() < 0.003:
            self._write(event.borough, seen, row)

    def _crime(self, seen: Sighting) -> Crime:
        event, household = seen.event, seen.event.person.household_id
        recent = self.crimes[event.borough]
        if event.role in ("SUS", "ACC") and recent and self.r.random() < 0.5:
            crime = self.r.choice(recent)
            if household not in crime.households:
                crime.households.add(household)
                return crime
        self.count += 1
        crime = Crime(f"{1000000 + self.count}/{event.at:%y}", event.at, event.facts["offence"], {household})
        if event.role == "VIC":
            recent.append(crime)
        return crime

    def _phone(self, phone: str) -> str:
        """The number as people write it."""
        style = self.r.random()
        return f"{phone[:5]} {phone[5:]}" if style < 0.15 else f"+44{phone[1:]}" if phone and style < 0.25 else phone

    def _police_id(self, seen: Sighting) -> str:
        """PNC ID, long or short, or else CRO number."""
        if seen.pnc_id and self.r.random() < 0.3:
            return f"{seen.pnc_id[2:4]}/{seen.pnc_id[5:12].lstrip('0')}{seen.pnc_id[-1]}"
        return seen.pnc_id or seen.cro_number

    def _write(self, borough: str, seen: Sighting, row: list[str]) -> None:
        file = f"cris/{slug(borough)}.csv"
        self.truth(f"cris.{slug(borough)}", file, None, self.files[borough].row(row), 1, seen.truth)

    def close(self) -> None:
        """Some boroughs end with a blank row and a total."""
        for borough, file in self.files.items():
            if BOROUGHS.index(borough) % 4 == 1:
                file.row([""] * len(COLUMNS))
                file.row([f"Total {file.line}", *[""] * (len(COLUMNS) - 1)])
            file.handle.close()


def _born(seen: Sighting, at: int) -> str:
    if not seen.born:
        return ""
    return seen.born.strftime("%Y-%m-%d" if at % 4 == 0 else "%d/%m/%y" if at % 7 == 3 else "%d/%m/%Y")
