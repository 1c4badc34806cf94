"""Workbooks: the boroughs' hand-kept CSE trackers (xlsx, one xls, one ods, one with a password), and authorities' lists."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import msoffcrypto.format.ooxml
import xlsxwriter
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from pipeline.synth.dirt import Sighting
from pipeline.synth.exports import Truth, given_names, month_of
from schemas.boroughs import BOROUGHS, slug

CREATED = dt.datetime(2026, 11, 1)  # noqa: DTZ001  (a workbook's date has no zone; fixed, so that files are the same)
PASSWORD = "Tracker-2026"  # noqa: S105  (of synthetic data, published with it)
ODS, XLS, LOCKED = "Sutton", "Harrow", "Merton"
COLOURS = {"1": "FFC000", "2": "FFFF00", "3": "FF0000"}  # category 3 is the gravest
# Two heading rows: group over column. Boroughs differ.
SPLIT_NAMES = (
    ("Child", "Surname"), ("Child", "First name"), ("Child", "DOB/age"), ("Child", "Gender"), ("Child", "Ethnicity"), ("Home", "Address"),
    ("Home", "Postcode"), ("Contact", "Phone"), ("Contact", "NHS no"), ("Risk", "Level"), ("Risk", "Reviewed"), ("Worker", "Name"), ("Worker", "Phone"),
    ("Closed?", None), ("Notes", None),
)  # fmt: skip
ONE_NAME = (
    ("Young person", "Name (SURNAME, First)"), ("Young person", "D.O.B."), ("Young person", "M/F"), ("Young person", "SDE"), ("Lives at", "Address"),
    ("Lives at", "Post code"), ("Contact", "Mobile"), ("Contact", "NHS Number"), ("CSE", "Category"), ("CSE", "Date reviewed"), ("Social worker", "Name"),
    ("Social worker", "Tel"), ("Case closed", None), ("Comments", None),
)  # fmt: skip
LEVELS = (
    {"1": "Cat 1", "2": "Cat 2", "3": "Cat 3"}, {"1": "C", "2": "B", "3": "A"}, {"1": "Low", "2": "Med", "3": "High"},
    {"1": "green", "2": "amber", "3": "red"},
)  # fmt: skip
YES = ("Y", "Yes", "✓", "1")
Cells = list[object]


class Workbooks:
    """CSE trackers, kept until the end (they are few) and then written sheet by sheet."""

    def __init__(self, root: Path, truth: Truth, random_: random.Random, as_of: dt.date) -> None:
        self.root, self.truth, self.r, self.as_of = root / "cse", truth, random_, as_of
        self.seen: dict[str, dict[str, list[Sighting]]] = defaultdict(lambda: defaultdict(list))

    def add(self, seen: Sighting) -> None:
        self.seen[seen.event.borough][month_of(seen.event.at.date())].append(seen)

    def close(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        for at, borough in enumerate(BOROUGHS):
            months = sorted(self.seen[borough], key=lambda month: dt.datetime.strptime(month, "%b %Y").date())  # noqa: DTZ007
            sheets = {month: self._sheet(at, borough, month) for month in months or [month_of(self.as_of)]}
            self._write(at, borough, sheets)

    def _sheet(self, at: int, borough: str, month: str) -> list[tuple[Cells, str | None, bool]]:
        """Rows under the headings: cells, fill colour, struck through; siblings at times in one cell."""
        rows: list[tuple[Cells, str | None, bool]] = []
        waiting = sorted(self.seen[borough][month], key=lambda seen: (seen.event.person.household_id, seen.event.at))
        while waiting:
            group = [waiting.pop(0)]
            if waiting and self._are_siblings(group[0], waiting[0]) and self.r.random() < 0.7:
                group.append(waiting.pop(0))
            colour = COLOURS[group[0].event.facts["risk"]] if self.r.random() < 0.4 else None
            rows.append((self._cells(at, group, colour), colour, bool(group[0].event.facts["closed"])))
            file = f"cse/{slug(borough)}.{self._ending(borough)}"
            for part, seen in enumerate(group, start=1):
                self.truth(f"borough_cse.{slug(borough)}", file, month, 4 + len(rows), part, seen.truth)
        return rows

    @staticmethod
    def _are_siblings(a: Sighting, b: Sighting) -> bool:
        one, other = a.event.person, b.event.person
        return one.household_id == other.household_id and one.person_id != other.person_id and a.surname == b.surname

    @staticmethod
    def _ending(borough: str) -> str:
        return "ods" if borough == ODS else "xls" if borough == XLS else "xlsx"

    def _cells(self, at: int, group: list[Sighting], colour: str | None) -> Cells:
        r, first = self.r, group[0]
        event, many = first.event, len(group) > 1
        level = "" if colour and r.random() < 0.5 else LEVELS[at % 4][event.facts["risk"]]
        born: object = "\n".join(self._birth(seen) for seen in group) if many else first.born or first.age
        shared: Cells = [first.address, first.postcode, first.phone]
        end: Cells = [
            level,
            event.at.date(),
            f"SW {at + 1}",
            f"0207{at:03d}{r.randrange(4):04d}",
            r.choice(YES) if event.facts["closed"] else "",
        ]
        note = r.choice(
            ("", "Strategy meeting held.", "=1+1 see file", "Known to <b>YOS</b>", "Moves between addresses")
        )
        nhs = first.nhs_number if not many else ""
        sexes = "\n".join(seen.sex for seen in group)
        if at % 2:
            names = "\n".join(f"{seen.surname.upper()}, {given_names(seen)}" for seen in group)
            return [names, born, sexes, first.ethnicity, *shared, nhs, *end, note]
        return [
            first.surname,
            "\n".join(given_names(seen) for seen in group),
            born,
            sexes,
            first.ethnicity,
            *shared,
            nhs,
            *end,
            note,
        ]

    @staticmethod
    def _birth(seen: Sighting) -> str:
        return seen.born.strftime("%d/%m/%Y") if seen.born else seen.age or "?"

    def _write(self, at: int, borough: str, sheets: dict[str, list[tuple[Cells, str | None, bool]]]) -> None:
        headings = ONE_NAME if at % 2 else SPLIT_NAMES
        title = f"OFFICIAL-SENSITIVE  {borough} CSE and missing tracker"
        path = self.root / f"{slug(borough)}.{self._ending(borough)}"
        if borough == ODS:
            _write_ods(path, title, headings, sheets)
        elif borough == XLS:
            _write_xls(path, title, headings, sheets)
        else:
            data = _xlsx(title, headings, sheets, self.r)
            path.write_bytes(_locked(data) if borough == LOCKED else data)


def _xlsx(
    title: str, headings: Sequence[tuple[str, str | None]], sheets: dict[str, list[tuple[Cells, str | None, bool]]], r: random.Random
) -> bytes:  # fmt: skip
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"created": CREATED})
    bold = book.add_format({"bold": True, "align": "center", "border": 1})
    styles: dict[tuple[str | None, bool, bool], xlsxwriter.format.Format] = {}
    for month, rows in sheets.items():
        sheet = book.add_worksheet(month)
        sheet.write_string(0, 0, title, bold)
        sheet.write_string(1, 0, f"Month: {month}")
        _merged_headings(sheet, headings, bold)
        for number, (cells, colour, is_struck) in enumerate(rows, start=4):
            for column, value in enumerate(cells):
                is_day = isinstance(value, dt.date)
                look = (colour if headings[column][0] in ("Risk", "CSE") else None, is_struck, is_day)
                if look not in styles:
                    styles[look] = book.add_format(
                        ({"bg_color": f"#{look[0]}"} if look[0] else {}) | ({"font_strikeout": True} if is_struck else {})
                        | ({"num_format": "dd/mm/yyyy"} if is_day else {"text_wrap": True})
                    )  # fmt: skip
                if isinstance(value, dt.date):
                    sheet.write_datetime(number, column, dt.datetime.combine(value, dt.time()), styles[look])
                elif value:
                    sheet.write_string(number, column, str(value), styles[look])
                elif colour:
                    sheet.write_blank(number, column, None, styles[look])
            if r.random() < 0.03:
                sheet.set_row(number, None, None, {"hidden": True})
        sheet.write_string(len(rows) + 5, 0, f"Total {len(rows)}")
    book.add_worksheet("Lists").write_string(0, 0, "Cat 1, Cat 2, Cat 3")
    book.close()
    return out.getvalue()


def _merged_headings(
    sheet: xlsxwriter.worksheet.Worksheet, headings: Sequence[tuple[str, str | None]], bold: object
) -> None:
    groups = [group for group, _ in headings]
    at = 0
    while at < len(groups):
        end = at
        while end + 1 < len(groups) and groups[end + 1] == groups[at]:
            end += 1
        if end > at:
            sheet.merge_range(2, at, 2, end, groups[at], bold)
        else:
            sheet.write_string(2, at, groups[at], bold)
        for column in range(at, end + 1):
            if below := headings[column][1]:
                sheet.write_string(3, column, below, bold)
        at = end + 1


def _plain(
    headings: Sequence[tuple[str, str | None]], title: str, rows: list[tuple[Cells, str | None, bool]]
) -> list[Cells]:
    """A sheet's rows where there is no formatting: the upper heading stands over the first column of its group."""
    upper: Cells = [group if at == 0 or headings[at - 1][0] != group else "" for at, (group, _) in enumerate(headings)]
    return [
        [title],
        ["Keep up to date"],
        upper,
        [below or "" for _, below in headings],
        *(cells for cells, _, _ in rows),
    ]


def _write_xls(
    path: Path,
    title: str,
    headings: Sequence[tuple[str, str | None]],
    sheets: dict[str, list[tuple[Cells, str | None, bool]]],
) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    day = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for month, rows in sheets.items():
        sheet = book.add_sheet(month)
        for number, cells in enumerate(_plain(headings, title, rows)):
            for column, value in enumerate(cells):
                if isinstance(value, dt.date):
                    sheet.write(number, column, value, day)
                elif value:
                    sheet.write(number, column, str(value))
    book.save(str(path))


def _write_ods(
    path: Path,
    title: str,
    headings: Sequence[tuple[str, str | None]],
    sheets: dict[str, list[tuple[Cells, str | None, bool]]],
) -> None:
    book = OpenDocumentSpreadsheet()
    for month, rows in sheets.items():
        table = Table(name=month)
        for cells in _plain(headings, title, rows):
            line = TableRow()
            for value in cells:
                if isinstance(value, dt.date):
                    cell = TableCell(valuetype="date", datevalue=value.isoformat())
                else:
                    cell = TableCell(valuetype="string") if value else TableCell()
                    for text in str(value).split("\n") if value else ():
                        cell.addElement(P(text=text))
                line.addElement(cell)
            table.addElement(line)
        book.spreadsheet.addElement(table)
    book.save(str(path))


def _locked(data: bytes) -> bytes:
    """The workbook behind a password; its bytes differ each time, for the salt is random."""
    out = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(data)).encrypt(PASSWORD, out)
    return out.getvalue()


LA_HEADINGS = (
    ("Child Unique ID", "Surname", "Forename", "Gender", "Ethnicity", "Date of Birth", "Age of Child (Years)", "Address", "Postcode", "NHS Number", "UPN", "Date of Contact", "Contact Source"),
    ("Child ID", "Family Name", "Given Name", "Gender", "Ethnic Origin", "DoB", "Age", "Home Address", "Post Code", "NHS No", "Unique Pupil Number", "Contact Date", "Source of Contact"),
)  # fmt: skip


class Authorities:
    """Children's social care lists, one a local authority, header on row 3, ids unique per authority only."""

    def __init__(self, root: Path, truth: Truth, random_: random.Random) -> None:
        self.root, self.truth, self.r = root / "la", truth, random_
        self.seen: dict[str, list[Sighting]] = defaultdict(list)

    def add(self, seen: Sighting) -> None:
        self.seen[seen.event.borough].append(seen)

    def close(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        for at, borough in enumerate(BOROUGHS):
            file = f"la/{slug(borough)}.xlsx"
            book = xlsxwriter.Workbook(
                str(self.root / f"{slug(borough)}.xlsx"),
                {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
            )
            book.set_properties({"created": CREATED})
            day = book.add_format({"num_format": "dd/mm/yyyy"})
            sheet = book.add_worksheet("List_1")
            sheet.write_string(0, 0, f"{borough} children's services")
            sheet.write_string(1, 0, "List 1: contacts")
            for column, heading in enumerate(LA_HEADINGS[at % 2]):
                sheet.write_string(2, column, heading)
            for number, seen in enumerate(self.seen[borough], start=3):
                for column, value in enumerate(self._cells(at, number, seen)):
                    if isinstance(value, dt.date):
                        sheet.write_datetime(number, column, dt.datetime.combine(value, dt.time()), day)
                    elif value:
                        sheet.write_string(number, column, str(value))
                self.truth(f"la_children.{slug(borough)}", file, "List_1", number + 1, 1, seen.truth)
            book.close()

    def _cells(self, at: int, number: int, seen: Sighting) -> Cells:
        sex = {"M": "1", "F": "2"}.get(seen.sex, "9") if at % 3 else seen.sex
        age = str(seen.event.person.age_on(seen.event.at.date()))
        born: object = seen.born if at % 5 else (seen.born.strftime("%d/%m/%Y") if seen.born else "")
        return [
            f"{1000 + number}", seen.surname, given_names(seen), sex, seen.ethnicity, born, age, seen.address, seen.postcode, seen.nhs_number,
            seen.upn, seen.event.at.date(), seen.event.facts["contact"],
        ]  # fmt: skip
