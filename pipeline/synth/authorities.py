"""Local authorities' children's social care lists: xlsx, header on row 3, ids unique per authority only."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import xlsxwriter

from pipeline.synth.book_files import CREATED, Cells
from pipeline.synth.dirt import Sighting
from pipeline.synth.exports import Truth, given_names
from schemas.boroughs import BOROUGHS, slug

HEADINGS = (
    (
        "Child Unique ID",
        "Surname",
        "Forename",
        "Gender",
        "Ethnicity",
        "Date of Birth",
        "Age of Child (Years)",
        "Address",
        "Postcode",
        "UPRN",
        "NHS Number",
        "UPN",
        "Date of Contact",
        "Contact Source",
    ),
    (
        "Child ID",
        "Family Name",
        "Given Name",
        "Gender",
        "Ethnic Origin",
        "DoB",
        "Age",
        "Home Address",
        "Post Code",
        "UPRN",
        "NHS No",
        "Unique Pupil Number",
        "Contact Date",
        "Source of Contact",
    ),
)
FIRST_ROW = 4  # as a person counts it
GENDERS = {"M": "1", "F": "2"}


class Authorities:
    """One list a local authority, each row written as it comes."""

    def __init__(self, root: Path, truth: Truth) -> None:
        self.truth = truth
        (root / "la").mkdir(parents=True, exist_ok=True)
        self.lists = [
            _List(root / "la" / f"{slug(borough)}.xlsx", borough, HEADINGS[borough_number % 2])
            for borough_number, borough in enumerate(BOROUGHS)
        ]

    def add(self, sighting: Sighting) -> None:
        """Write one sighting."""
        borough_number, name = BOROUGHS.index(sighting.event.borough), slug(sighting.event.borough)
        row = self.lists[borough_number].add(borough_number, sighting)
        self.truth(f"la_children.{name}", f"la/{name}.xlsx", "List_1", row, 1, sighting.truth)

    def close(self) -> None:
        """Finish the files."""
        for borough_list in self.lists:
            borough_list.book.close()


class _List:
    def __init__(self, path: Path, borough: str, headings: tuple[str, ...]) -> None:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self.book = xlsxwriter.Workbook(str(path), options)
        self.book.set_properties({"created": CREATED})
        self.day = self.book.add_format({"num_format": "dd/mm/yyyy"})
        self.sheet = self.book.add_worksheet("List_1")
        self.sheet.write_string(0, 0, f"{borough} children's services")
        self.sheet.write_string(1, 0, "List 1: contacts")
        for column, heading in enumerate(headings):
            self.sheet.write_string(FIRST_ROW - 2, column, heading)
        self.row = FIRST_ROW - 1

    def add(self, borough_number: int, sighting: Sighting) -> int:
        """Write a row; returns its number as a person counts it."""
        self.row += 1
        for column, value in enumerate(_cells(borough_number, self.row, sighting)):
            if isinstance(value, dt.date):
                self.sheet.write_datetime(self.row - 1, column, dt.datetime.combine(value, dt.time()), self.day)
            elif value:
                self.sheet.write_string(self.row - 1, column, str(value))
        return self.row


def _cells(borough_number: int, row: int, sighting: Sighting) -> Cells:
    day = sighting.event.at.date()
    age = sighting.event.person.age_on(day)
    home = sighting.event.person.home_on(day)
    born: object = sighting.born if borough_number % 5 else sighting.born.strftime("%d/%m/%Y") if sighting.born else ""
    return [
        str(997 + row),
        sighting.surname,
        given_names(sighting),
        GENDERS.get(sighting.sex, "9") if borough_number % 3 else sighting.sex,
        sighting.ethnicity,
        born,
        str(age) if age >= 0 and sighting.born else "",
        sighting.address,
        sighting.postcode,
        home.uprn if home.address == sighting.address else "",
        sighting.nhs_number,
        sighting.upn,
        day,
        sighting.event.facts["contact"],
    ]
