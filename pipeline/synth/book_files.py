"""Trackers as files: xlsx with fills and strikethrough, xls, ods, and xlsx behind a password."""

from __future__ import annotations

import datetime as dt
import io
import random
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msoffcrypto.format.ooxml
import xlsxwriter
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

CREATED = dt.datetime(2026, 11, 1)  # noqa: DTZ001  (a workbook's date has no zone; fixed, so that files are the same)
PASSWORD = "Tracker-2026"  # noqa: S105  (of synthetic data, published with it)
Cells = Sequence[object]
Headings = Sequence[tuple[str, str | None]]
"""Group, and the heading under it; two rows of the sheet"""


class Line(NamedTuple):
    """A row under the headings; one without cells is blank."""

    cells: Cells
    colour: str | None = None
    """Fill of the risk cell"""
    is_struck: bool = False


Sheets = Mapping[str, Sequence[Line]]
FIRST_ROW = 5  # as a person counts it: title, note, two rows of headings


def write_book(path: Path, title: str, headings: Headings, sheets: Sheets, rng: random.Random) -> None:
    """Write the tracker as the ending of its path says."""
    if path.suffix == ".ods":
        _write_ods(path, title, headings, sheets)
    elif path.suffix == ".xls":
        _write_xls(path, title, headings, sheets)
    else:
        path.write_bytes(_xlsx(title, headings, sheets, rng))


def lock(path: Path) -> None:
    """Put the workbook behind the password; its bytes differ each time, for the salt is random."""
    out = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(path.read_bytes())).encrypt(PASSWORD, out)
    path.write_bytes(out.getvalue())


def _xlsx(title: str, headings: Headings, sheets: Sheets, rng: random.Random) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"created": CREATED})
    bold = book.add_format({"bold": True, "align": "center", "border": 1})
    styles = _Styles(book)
    for month, lines in sheets.items():
        sheet = book.add_worksheet(month)
        sheet.write_string(0, 0, title, bold)
        sheet.write_string(1, 0, f"Month: {month}")
        _merged_headings(sheet, headings, bold)
        for number, line in enumerate(lines, start=FIRST_ROW - 1):
            _write_line(sheet, number, line, headings, styles)
            if rng.random() < 0.03:
                sheet.set_row(number, None, None, {"hidden": True})
        sheet.write_string(len(lines) + FIRST_ROW, 0, _total(lines))
    book.add_worksheet("Lists").write_string(0, 0, "Cat 1, Cat 2, Cat 3")
    book.close()
    return out.getvalue()


class _Styles:
    """Formats of a workbook, each made once."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.book = book
        self.formats: dict[tuple[str | None, bool, bool], object] = {}

    def of(self, colour: str | None, *, is_struck: bool, is_day: bool) -> object:
        look = (colour, is_struck, is_day)
        if look not in self.formats:
            fill = {"bg_color": f"#{colour}"} if colour else {}
            struck = {"font_strikeout": True} if is_struck else {}
            shown = {"num_format": "dd/mm/yyyy"} if is_day else {"text_wrap": True}
            self.formats[look] = self.book.add_format(fill | struck | shown)
        return self.formats[look]


def _write_line(
    sheet: xlsxwriter.worksheet.Worksheet, number: int, line: Line, headings: Headings, styles: _Styles
) -> None:
    for column, value in enumerate(line.cells):
        colour = line.colour if headings[column][0] in ("Risk", "CSE") else None
        style = styles.of(colour, is_struck=line.is_struck, is_day=isinstance(value, dt.date))
        if isinstance(value, dt.date):
            sheet.write_datetime(number, column, dt.datetime.combine(value, dt.time()), style)
        elif isinstance(value, int):
            sheet.write_number(number, column, value, style)
        elif value:
            sheet.write_string(number, column, str(value), style)
        elif colour:
            sheet.write_blank(number, column, None, style)


def _merged_headings(sheet: xlsxwriter.worksheet.Worksheet, headings: Headings, bold: object) -> None:
    groups = [group for group, _ in headings]
    first = 0
    while first < len(groups):
        last = first
        while last + 1 < len(groups) and groups[last + 1] == groups[first]:
            last += 1
        if last > first:
            sheet.merge_range(2, first, 2, last, groups[first], bold)
        else:
            sheet.write_string(2, first, groups[first], bold)
        for column in range(first, last + 1):
            if below := headings[column][1]:
                sheet.write_string(3, column, below, bold)
        first = last + 1


def _plain(title: str, headings: Headings, lines: Sequence[Line]) -> list[Cells]:
    """A sheet's rows where there is no formatting: the upper heading stands over the first column of its group."""
    upper = [
        group if column == 0 or headings[column - 1][0] != group else "" for column, (group, _) in enumerate(headings)
    ]
    lower = [below or "" for _, below in headings]
    return [[title], ["Keep up to date"], upper, lower, *(line.cells for line in lines), [], [_total(lines)]]


def _total(lines: Sequence[Line]) -> str:
    return f"Total {sum(bool(line.cells) for line in lines)}"


def _write_xls(path: Path, title: str, headings: Headings, sheets: Sheets) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    day = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for month, lines in sheets.items():
        sheet = book.add_sheet(month)
        for number, cells in enumerate(_plain(title, headings, lines)):
            for column, value in enumerate(cells):
                if isinstance(value, dt.date):
                    sheet.write(number, column, value, day)
                elif value:
                    sheet.write(number, column, value if isinstance(value, int) else str(value))
    book.save(str(path))


def _write_ods(path: Path, title: str, headings: Headings, sheets: Sheets) -> None:
    book = OpenDocumentSpreadsheet()
    for month, lines in sheets.items():
        table = Table(name=month)
        for cells in _plain(title, headings, lines):
            row = TableRow()
            for value in cells or [""]:
                row.addElement(_ods_cell(value))
            table.addElement(row)
        book.spreadsheet.addElement(table)
    book.write(io.BytesIO())  # odfpy meets namespaces as it writes, and names in its head those it has met so far
    out = io.BytesIO()
    book.write(out)
    _write_without_times(out, path)


def _ods_cell(value: object) -> TableCell:
    if isinstance(value, dt.date):
        return TableCell(valuetype="date", datevalue=value.isoformat())
    if isinstance(value, int):
        return TableCell(valuetype="float", value=str(value))
    cell = TableCell(valuetype="string") if value else TableCell()
    for text in str(value).split("\n") if value else ():
        cell.addElement(P(text=text))
    return cell


def _write_without_times(data: io.BytesIO, path: Path) -> None:
    """Write the archive again with one fixed time on its members, so that its bytes are the same every time."""
    with zipfile.ZipFile(data) as old, zipfile.ZipFile(path, "w") as new:
        for member in old.infolist():
            fixed = zipfile.ZipInfo(member.filename, CREATED.timetuple()[:6])
            fixed.compress_type, fixed.external_attr = member.compress_type, member.external_attr
            new.writestr(fixed, old.read(member))
