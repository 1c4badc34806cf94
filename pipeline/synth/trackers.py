"""The boroughs' hand-kept CSE trackers: what stands in them, each borough its own way."""

from __future__ import annotations

import datetime as dt
import json
import random
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import IO, NamedTuple

from pipeline.synth.book_files import FIRST_ROW, Cells, Line, lock, write_book
from pipeline.synth.dirt import Sighting
from pipeline.synth.exports import Truth, given_names
from pipeline.synth.places import worker_phone
from schemas.boroughs import BOROUGHS, slug

ENDINGS = {"Sutton": "ods", "Harrow": "xls"}  # the others keep xlsx
LOCKED = "Merton"
COLOURS = {"1": "FFC000", "2": "FFFF00", "3": "FF0000"}  # category 3 is the gravest
EXCEL_EPOCH = dt.date(1899, 12, 30)
NOTES = ("", "Strategy meeting held.", "=1+1 see file", "Known to <b>YOS</b>", "Moves between addresses")
# Two heading rows: group over column. Boroughs differ.
SPLIT_NAMES = (
    ("Child", "Surname"),
    ("Child", "First name"),
    ("Child", "DOB/age"),
    ("Child", "Gender"),
    ("Child", "Ethnicity"),
    ("Home", "Address"),
    ("Home", "Postcode"),
    ("Contact", "Phone"),
    ("Contact", "NHS no"),
    ("Risk", "Level"),
    ("Risk", "Reviewed"),
    ("Worker", "Name"),
    ("Worker", "Phone"),
    ("Closed?", None),
    ("Notes", None),
)
ONE_NAME = (
    ("Young person", "Name (SURNAME, First)"),
    ("Young person", "D.O.B."),
    ("Young person", "M/F"),
    ("Young person", "SDE"),
    ("Lives at", "Address"),
    ("Lives at", "Post code"),
    ("Contact", "Mobile"),
    ("Contact", "NHS Number"),
    ("CSE", "Category"),
    ("CSE", "Date reviewed"),
    ("Social worker", "Name"),
    ("Social worker", "Tel"),
    ("Case closed", None),
    ("Comments", None),
)
LEVELS = (
    {"1": "Cat 1", "2": "Cat 2", "3": "Cat 3"},
    {"1": "C", "2": "B", "3": "A"},
    {"1": "Low", "2": "Med", "3": "High"},
    {"1": "green", "2": "amber", "3": "red"},
)
YES = ("Y", "Yes", "✓", "1")


class Entry(NamedTuple):
    """A child as a tracker tells of them; all text, so that it can wait in a file."""

    household: str
    at: str
    person: str
    surname: str
    names: str
    born: str
    age: str
    sex: str
    ethnicity: str
    address: str
    postcode: str
    phone: str
    nhs_number: str
    risk: str
    closed: str


class Trackers:
    """CSE trackers: entries wait in a file a borough, then one workbook at a time is built in memory."""

    def __init__(self, root: Path, truth: Truth, rng: random.Random, as_of: dt.date) -> None:
        self.root, self.truth, self.rng, self.as_of = root / "cse", truth, rng, as_of
        self.root.mkdir(parents=True, exist_ok=True)
        self.waiting = tempfile.TemporaryDirectory(dir=root.parent, prefix=".waiting-")
        self.files: dict[str, IO[str]] = {
            borough: (Path(self.waiting.name) / slug(borough)).open("w+", encoding="utf-8") for borough in BOROUGHS
        }

    def add(self, sighting: Sighting) -> None:
        """Keep one sighting for later."""
        event, person = sighting.event, sighting.event.person
        entry = Entry(
            person.household_id,
            event.at.isoformat(),
            person.person_id,
            sighting.surname,
            given_names(sighting),
            sighting.born.isoformat() if sighting.born else "",
            sighting.age,
            sighting.sex,
            sighting.ethnicity,
            sighting.address,
            sighting.postcode,
            sighting.phone,
            sighting.nhs_number,
            event.facts["risk"],
            event.facts["closed"],
        )
        self.files[event.borough].write(json.dumps(entry) + "\n")

    def close(self) -> None:
        """Write every borough's workbook."""
        for borough_number, borough in enumerate(BOROUGHS):
            path = self.root / f"{slug(borough)}.{ENDINGS.get(borough, 'xlsx')}"
            sheets = {
                f"{month:%b %Y}": self._sheet(borough_number, path, month, entries)
                for month, entries in self._months(borough)
            }
            headings = ONE_NAME if borough_number % 2 else SPLIT_NAMES
            write_book(path, f"OFFICIAL-SENSITIVE  {borough} CSE and missing tracker", headings, sheets, self.rng)
            if borough == LOCKED:
                lock(path)
        self.waiting.cleanup()

    def _months(self, borough: str) -> list[tuple[dt.date, list[Entry]]]:
        months: defaultdict[dt.date, list[Entry]] = defaultdict(list)
        with self.files[borough] as handle:
            handle.seek(0)
            for line in handle:
                entry = Entry(*json.loads(line))
                months[dt.datetime.fromisoformat(entry.at).date().replace(day=1)].append(entry)
        return sorted((months or {self.as_of.replace(day=1): []}).items())

    def _sheet(self, borough_number: int, path: Path, month: dt.date, entries: list[Entry]) -> list[Line]:
        """A month's lines; siblings at times in one, some blank."""
        lines: list[Line] = []
        waiting = sorted(entries)
        feed, file = f"borough_cse.{path.stem}", f"cse/{path.name}"
        while waiting:
            group = [waiting.pop(0)]
            if waiting and _are_siblings(group[0], waiting[0]) and self.rng.random() < 0.7:
                group.append(waiting.pop(0))
            colour = COLOURS[group[0].risk] if self.rng.random() < 0.4 else None
            for part, entry in enumerate(group, start=1):
                self.truth(feed, file, f"{month:%b %Y}", FIRST_ROW + len(lines), part, entry.person)
            lines.append(Line(self._cells(borough_number, group, colour), colour, bool(group[0].closed)))
            if self.rng.random() < 0.02:
                lines.append(Line([]))
        return lines

    def _cells(self, borough_number: int, group: list[Entry], colour: str | None) -> Cells:
        rng, first, borough = self.rng, group[0], BOROUGHS[borough_number]
        many = len(group) > 1
        born: object = "\n".join(_birth_text(entry) for entry in group) if many else _birth_cell(first, borough_number)
        phone: object = int(first.phone) if first.phone and borough_number % 3 == 0 else first.phone
        level = "" if colour and rng.random() < 0.5 else LEVELS[borough_number % 4][first.risk]
        worker = rng.randrange(5)
        closed = rng.choice(YES) if first.closed else ""
        further_cells = (
            born,
            "\n".join(entry.sex for entry in group),
            first.ethnicity,
            first.address,
            first.postcode,
            phone,
            "" if many else first.nhs_number,
            level,
            dt.datetime.fromisoformat(first.at).date(),
            f"SW {borough_number * 5 + worker + 1}",
            worker_phone(borough, worker),
            closed,
            rng.choice(NOTES),
        )
        if borough_number % 2:
            return ["\n".join(f"{entry.surname.upper()}, {entry.names}" for entry in group), *further_cells]
        return [first.surname, "\n".join(entry.names for entry in group), *further_cells]


def _are_siblings(first: Entry, second: Entry) -> bool:
    return first.household == second.household and first.person != second.person and first.surname == second.surname


def _birth_text(entry: Entry) -> str:
    return dt.date.fromisoformat(entry.born).strftime("%d/%m/%Y") if entry.born else entry.age or "?"


def _birth_cell(entry: Entry, borough_number: int) -> object:
    """A date, or as the borough has it: Excel's bare number of days, or text with dots."""
    if not entry.born:
        return entry.age
    born = dt.date.fromisoformat(entry.born)
    if borough_number % 6 == 2 and born.year > 1930:
        return (born - EXCEL_EPOCH).days
    return born.strftime("%d.%m.%Y") if borough_number % 6 == 5 else born
