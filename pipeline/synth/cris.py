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

    def __init__(self, root: Path, truth: Truth, rng: random.Random) -> None:
        self.truth, self.rng, self.count = truth, rng, 0
        self.files: dict[str, CsvFile] = {}
        self.crimes: dict[str, deque[Crime]] = defaultdict(lambda: deque(maxlen=20))
        for borough_number, borough in enumerate(BOROUGHS):
            headings = tuple(HEADINGS[borough_number % 3].get(name, name) for name in COLUMNS)
            path = root / "cris" / f"{slug(borough)}.csv"
            self.files[borough] = CsvFile(path, "cp1252", ";" if borough_number % 5 == 0 else ",", headings)

    def add(self, sighting: Sighting) -> None:
        """Write one sighting, at times twice."""
        rng, event = self.rng, sighting.event
        borough_number = BOROUGHS.index(event.borough)
        crime = self._crime(sighting)
        row = [
            crime.reference,
            CODES[event.borough][1],
            crime.at.strftime("%d/%m/%Y" if borough_number % 2 else "%d/%m/%y"),
            crime.offence,
            event.facts["flags"],
            event.role,
            police_text(sighting.surname, rng),
            police_text(given_names(sighting), rng),
            _born(sighting, borough_number),
            f"Age {sighting.age}" if sighting.age and rng.random() < 0.3 else sighting.age,
            sighting.sex,
            sighting.ethnicity,
            sighting.ic,
            sighting.address,
            sighting.postcode,
            self._phone(sighting.phone),
            sighting.email,
            police_text(sighting.aka, rng),
            self._police_id(sighting),
            event.facts.get("asn", ""),
        ]
        self._write(event.borough, sighting, row)
        if rng.random() < 0.003:
            self._write(event.borough, sighting, row)

    def _crime(self, sighting: Sighting) -> Crime:
        event, household = sighting.event, sighting.event.person.household_id
        recent = self.crimes[event.borough]
        if event.role in ("SUS", "ACC") and recent and self.rng.random() < 0.5:
            crime = self.rng.choice(recent)
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
        style = self.rng.random()
        return f"{phone[:5]} {phone[5:]}" if style < 0.15 else f"+44{phone[1:]}" if phone and style < 0.25 else phone

    def _police_id(self, sighting: Sighting) -> str:
        """PNC ID, long or short, or else CRO number."""
        if sighting.pnc_id and self.rng.random() < 0.3:
            return f"{sighting.pnc_id[2:4]}/{sighting.pnc_id[5:12].lstrip('0')}{sighting.pnc_id[-1]}"
        return sighting.pnc_id or sighting.cro_number

    def _write(self, borough: str, sighting: Sighting, row: list[str]) -> None:
        file = f"cris/{slug(borough)}.csv"
        self.truth(f"cris.{slug(borough)}", file, None, self.files[borough].row(row), 1, sighting.truth)

    def close(self) -> None:
        """Some boroughs end with a blank row and a total."""
        for borough, file in self.files.items():
            if BOROUGHS.index(borough) % 4 == 1:
                file.row([""] * len(COLUMNS))
                file.row([f"Total {file.line}", *[""] * (len(COLUMNS) - 1)])
            file.handle.close()


def _born(sighting: Sighting, borough_number: int) -> str:
    if not sighting.born:
        return ""
    return sighting.born.strftime(
        "%Y-%m-%d" if borough_number % 4 == 0 else "%d/%m/%y" if borough_number % 7 == 3 else "%d/%m/%Y"
    )
