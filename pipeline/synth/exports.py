"""The force-wide exports, MERLIN, custody, ViSOR and CRIMINT, written as people are made."""

from __future__ import annotations

import csv
import json
import random
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Protocol

from anyascii import anyascii

from pipeline.synth.dirt import Sighting, mojibake
from pipeline.synth.places import Home
from schemas.boroughs import BOROUGHS, CODES

Truth = Callable[[str, str, str | None, int, int, str], None]
"""feed_id, file, sheet, row number, part, person"""


class Export(Protocol):
    """One kind of export being written."""

    def add(self, seen: Sighting) -> None:
        """Write one sighting."""

    def close(self) -> None:
        """Finish the files."""


def given_names(seen: Sighting) -> str:
    """First and middle names in one cell."""
    return f"{seen.forename} {seen.middle}".strip()


def full_name(seen: Sighting) -> str:
    """SURNAME, First Middle."""
    return f"{seen.surname.upper()}, {given_names(seen)}".strip(", ")


def police_text(text: str, r: random.Random) -> str:
    """A name as a cp1252 system holds it: accents lost, or mangled."""
    if text.isascii():
        return text
    return mojibake(text) if r.random() < 0.3 else anyascii(text)


class CsvFile:
    """Rows of one CSV file and the line each begins on."""

    def __init__(self, path: Path, encoding: str, delimiter: str, headings: tuple[str, ...]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.handle: IO[str] = path.open("w", encoding=encoding, newline="", errors="replace")
        self.writer = csv.writer(self.handle, delimiter=delimiter, lineterminator="\r\n")
        self.writer.writerow(headings)
        self.line = 1

    def row(self, cells: list[str]) -> int:
        """Write a row; returns its line."""
        begins = self.line + 1
        self.writer.writerow(cells)
        self.line = begins + sum(cell.count("\n") for cell in cells)
        return begins


class Lines:
    """A force-wide CSV: MERLIN missing, MERLIN coming to notice, custody."""

    def __init__(
        self,
        root: Path,
        truth: Truth,
        feed: str,
        file: str,
        encoding: str,
        headings: tuple[str, ...],
        row: Callable[[Sighting, int], list[str]],
    ) -> None:
        self.truth, self.feed, self.file, self.make, self.count = truth, feed, file, row, 0
        self.csv = CsvFile(root / file, encoding, ",", headings)

    def add(self, seen: Sighting) -> None:
        self.count += 1
        self.truth(self.feed, self.file, None, self.csv.row(self.make(seen, self.count)), 1, seen.truth)

    def close(self) -> None:
        self.csv.handle.close()


def merlin_mis(root: Path, truth: Truth, r: random.Random, offenders: Sequence[Home]) -> Lines:
    """MERLIN missing-person episodes; a few children are found where a registered sex offender lives."""
    headings = (
        "Merlin Ref",
        "Surname",
        "Forenames",
        "DOB",
        "Sex",
        "Ethnicity",
        "Home Borough",
        "Home Address",
        "Home Postcode",
        "Mobile",
        "Missing From",
        "Last Seen",
        "Returned",
        "Found At",
        "Found Postcode",
        "Risk",
        "CSE?",
        "Looked After?",
        "Placing LA",
        "Debrief",
    )

    def row(seen: Sighting, count: int) -> list[str]:
        event, p = seen.event, seen.event.person
        placing = (
            r.choice(BOROUGHS) if p.is_looked_after and r.random() < 0.5 else event.borough if p.is_looked_after else ""
        )
        found = p.homes[0][1] if r.random() < 0.3 else None
        if offenders and r.random() < 0.02:
            found = r.choice(offenders)
        return [
            f"{event.at:%y}MIS{count:06d}",
            seen.surname.upper(),
            given_names(seen),
            seen.born.strftime("%d/%m/%Y") if seen.born else "",
            seen.sex,
            seen.ethnicity,
            event.borough,
            seen.address,
            seen.postcode,
            seen.phone,
            r.choice(("Home", "School", "Placement", "Town centre")),
            event.at.strftime("%d/%m/%Y %H:%M"),
            event.facts["returned"],
            found.address if found else "",
            found.postcode if found else "",
            event.facts["risk"],
            event.facts["cse"],
            "Y" if p.is_looked_after else "N",
            placing,
            event.facts["debrief"],
        ]

    return Lines(root, truth, "merlin_mis", "merlin/mis.csv", "utf-8-sig", headings, row)


def merlin_pac(root: Path, truth: Truth, r: random.Random) -> Lines:
    """MERLIN reports of children coming to notice."""
    headings = (
        "PAC Ref",
        "Date",
        "Borough",
        "Subject",
        "DOB",
        "Sex",
        "Address",
        "Postcode",
        "School",
        "Concern",
        "Shared With",
        "BRAG",
    )

    def row(seen: Sighting, count: int) -> list[str]:
        event = seen.event
        name = police_text(full_name(seen), r)
        return [
            f"{event.at:%y}PAC{count:06d}",
            event.at.strftime("%d/%m/%Y"),
            CODES[event.borough][1],
            name,
            seen.born.strftime("%d/%m/%Y") if seen.born else seen.age,
            seen.sex,
            seen.address,
            seen.postcode,
            event.facts["school"],
            event.facts["concern"],
            r.choice(("Social care", "School", "Health", "")),
            event.facts["brag"],
        ]

    return Lines(root, truth, "merlin_pac", "merlin/pac.csv", "cp1252", headings, row)


def custody(root: Path, truth: Truth) -> Lines:
    """Custody records."""
    headings = (
        "Custody No",
        "Station",
        "Name",
        "DOB",
        "Sex",
        "PNC",
        "CRO",
        "Address",
        "Postcode",
        "Arrested",
        "Detention Authorised",
        "Charged",
        "Released",
        "Bail",
        "LA Accomm Requested",
        "Secure?",
        "AA Arrived",
    )

    def row(seen: Sighting, count: int) -> list[str]:
        event, station = seen.event, CODES[seen.event.borough][1]
        facts = event.facts
        return [
            f"01{station}/{count}/{event.at:%y}",
            station,
            full_name(seen),
            seen.born.strftime("%d/%m/%Y") if seen.born else "",
            seen.sex,
            seen.pnc_id,
            seen.cro_number,
            seen.address,
            seen.postcode,
            event.at.strftime("%d/%m/%Y %H:%M"),
            facts["authorised"],
            facts["charged"],
            facts["released"],
            facts["bail"],
            facts["accommodation"],
            facts["secure"],
            facts["adult"],
        ]

    return Lines(root, truth, "custody", "custody/custody.csv", "utf-8", headings, row)


class Visor:
    """ViSOR: a table of registered sex offenders in a database."""

    COLUMNS = (
        "visor_id",
        "surname",
        "forenames",
        "aliases",
        "dob",
        "sex",
        "ethnicity",
        "pnc",
        "cro",
        "mappa_category",
        "mappa_level",
        "risk",
        "visit_frequency_days",
        "registered_on",
        "last_visit",
        "next_visit_due",
        "manager",
        "borough",
        "address",
        "postcode",
        "phone",
        "email",
        "status",
    )

    def __init__(self, root: Path, truth: Truth, random_: random.Random) -> None:
        path = root / "visor" / "visor.sqlite"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self.truth, self.r, self.count = truth, random_, 0
        self.homes: deque[Home] = deque(maxlen=50)
        self.base = sqlite3.connect(path)
        columns = ", ".join(f"{name} TEXT" for name in self.COLUMNS)
        self.base.execute(f"CREATE TABLE offender ({columns})")

    def add(self, seen: Sighting) -> None:
        self.count += 1
        event = seen.event
        facts = event.facts
        self.homes.append(event.person.homes[-1][1])
        row = (
            f"V{self.count:07d}",
            seen.surname,
            given_names(seen),
            seen.aka,
            seen.born.isoformat() if seen.born else None,
            seen.sex,
            seen.ethnicity,
            seen.pnc_id,
            seen.cro_number,
            facts["category"],
            facts["level"],
            facts["risk"],
            facts["every"],
            event.at.date().isoformat(),
            facts["last"],
            facts["due"],
            f"PC {self.r.randint(1000, 9999)}",
            event.borough,
            seen.address,
            seen.postcode,
            seen.phone,
            seen.email,
            facts["status"],
        )
        marks = ", ".join("?" * len(row))
        self.base.execute(f"INSERT INTO offender VALUES ({marks})", row)  # noqa: S608  (only question marks)
        self.truth("visor", "sqlite:///visor/visor.sqlite", None, self.count, 1, seen.truth)

    def close(self) -> None:
        self.base.commit()
        self.base.close()


class Crimint:
    """CRIMINT: intelligence as JSON lines."""

    def __init__(self, root: Path, truth: Truth, random_: random.Random) -> None:
        path = root / "crimint" / "crimint.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.truth, self.r, self.count = truth, random_, 0
        self.handle = path.open("w", encoding="utf-8", newline="\n")

    def add(self, seen: Sighting) -> None:
        self.count += 1
        event, p = seen.event, seen.event.person
        nominal = f"{seen.forename} {seen.surname}".strip()
        if p.street_name and self.r.random() < 0.1:
            nominal, seen.born, seen.pnc_id, seen.address, seen.postcode, seen.phone, seen.aka = (
                p.street_name,
                None,
                "",
                "",
                "",
                "",
                "",
            )
        entry = {
            "Ref": f"{CODES[event.borough][1]}RT{self.count:08d}"[-12:],
            "Date": event.at.date().isoformat(),
            "Borough": event.borough,
            "Nominal": nominal,
            "AKA": [seen.aka] if seen.aka else [],
            "DOB": seen.born.isoformat() if seen.born else None,
            "Street Name": p.street_name,
            "Sex": seen.sex,
            "PNC": seen.pnc_id or None,
            "Address": seen.address or None,
            "Postcode": seen.postcode or None,
            "Phone": seen.phone or None,
            "Grading": event.facts["grading"],
            "Text": self.r.choice(
                (
                    "Seen with others near the station.",
                    '=HYPERLINK("x") pasted by source',
                    "<b>Believed</b> to supply.",
                    "Associates with a known group.",
                )
            ),
        }
        self.handle.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self.truth("crimint", "crimint/crimint.jsonl", None, self.count, 1, seen.truth)

    def close(self) -> None:
        self.handle.close()
