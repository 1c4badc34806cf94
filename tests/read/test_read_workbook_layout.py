"""Merged cells and stray cells of workbooks: no row loses its value without a word, and no sheet fills the memory."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from pipeline.core.errors import SourceError
from pipeline.read.feed import FeedRead, read_feed
from pipeline.standardise.feed import standardise_feed
from pipeline.standardise.reference import Reference
from schemas.contract import Contract

HEADINGS = ["Ref", "Surname", "First name", "Date of birth", "NHS", "Note"]
CONTRACT = {
    "source": "trial",
    "title": "Trial",
    "location": "trial.xlsx",
    "format": "xlsx",
    "event_type": "referral",
    "person": {
        "surname": ["Surname"],
        "forename": ["First name"],
        "date_of_birth": ["Date of birth"],
        "nhs_number": ["NHS"],
    },
    "event": {"event_ref": ["Ref"], "attribute.note": ["Note"]},
    "constants": {"role": "subject"},
}
FAMILY = [
    ["1", "Ali", "Amina", "01/02/2012", "943 476 5919", "seen"],
    ["2", None, "Yusuf", "03/04/2013", None, None],
    [None, None, None, None, None, None],
    ["3", "Bell", "Tom", "05/06/2014", None, None],
]
"""Rows 2 to 5 of the sheet; the third one is blank"""


def read(folder: Path, **changes: object) -> FeedRead:
    contract = Contract.model_validate({**CONTRACT, **changes})
    return read_feed(contract, next(contract.all_feeds()), str(folder), {})


def xlsx(folder: Path, *merged: str, rows: list[list[str | None]] = FAMILY) -> None:
    book = openpyxl.Workbook()
    for row in (HEADINGS, *rows):
        book.active.append(row)
    for cells in merged:
        book.active.merge_cells(cells)
    book.save(folder / "trial.xlsx")


def ods(folder: Path, *, blank_rows: int = 1, blank_columns: int = 0) -> None:
    """The surname merged over the first three rows; the last row as far away as wanted."""
    book = OpenDocumentSpreadsheet()
    table = Table(name="List")
    for number, values in enumerate([HEADINGS, *FAMILY]):
        row = TableRow()
        if number == 3:
            row.setAttribute("numberrowsrepeated", blank_rows)
        if number == 4 and blank_columns:
            row.addElement(TableCell(numbercolumnsrepeated=blank_columns))
        for name, value in zip(HEADINGS, values, strict=True):
            if name == "Surname" and number in (2, 3):
                cell = CoveredTableCell()
            elif name == "Surname" and number == 1:
                cell = TableCell(valuetype="string", numberrowsspanned=3, numbercolumnsspanned=1)
            else:
                cell = TableCell(**({"valuetype": "string"} if value else {}))
            if value:
                cell.addElement(P(text=value))
            row.addElement(cell)
        table.addElement(row)
    book.spreadsheet.addElement(table)
    book.save(folder / "trial.ods")


def test_a_merged_cell_is_the_value_of_each_of_its_rows_and_is_told_with_its_place(tmp_path: Path) -> None:
    xlsx(tmp_path, "B2:B4")
    feed_read = read(tmp_path)
    assert [(row["row_number"], row["surname"], row["marks"]) for row in feed_read.records.to_pylist()] == [
        (2, "Ali", None),
        (3, "Ali", ["merged:surname"]),
        (5, "Bell", None),
    ]
    (notice,) = feed_read.notices
    assert notice.n_rows == 1
    assert notice.about == (
        "trial.xlsx, sheet Sheet, rows 2 to 4, column B: surname stands in one merged cell; each of these rows has its value. "
        "Ask the borough to unmerge the cells and to write the value into every row."
    )
    assert "Ali" not in notice.about


def test_an_ods_sheet_is_read_the_same(tmp_path: Path) -> None:
    ods(tmp_path)
    feed_read = read(tmp_path, location="trial.ods", format="ods")
    assert feed_read.records.column("surname").to_pylist() == ["Ali", "Ali", "Bell"]
    assert "sheet List, rows 2 to 4, column B: surname" in feed_read.notices[0].about


def test_what_one_person_alone_has_is_taken_for_no_other_and_neither_is_a_block(tmp_path: Path) -> None:
    xlsx(tmp_path, "E2:E3", "B4:C5", rows=[*FAMILY[:2], ["4", "Cole", None, "07/08/2015", None, None], FAMILY[3]])
    feed_read = read(tmp_path)
    assert feed_read.records.column("nhs_number").to_pylist() == ["943 476 5919", "943 476 5919", None, None]
    assert [notice.about.split("; ")[1].split(",")[0] for notice in feed_read.notices] == [
        "no two people have the same",
        "it reaches over several columns too",
    ]
    contract = Contract.model_validate(CONTRACT)
    standard = standardise_feed(feed_read.records, contract, Reference.load(), dt.date(2026, 11, 20)).std_records
    records = {row["row_number"]: row for row in standard.to_pylist()}
    assert [records[row]["nhs_number"] for row in (2, 3)] == ["9434765919", None]
    assert records[3]["nulled"] == [{"field": "nhs_number", "raw": "943 476 5919", "reason": "merged_cell"}]
    assert records[5]["surname"] is None
    assert records[5]["nulled"] == [{"field": "surname", "raw": "Cole", "reason": "merged_cell"}]


def test_the_record_says_which_of_its_values_stood_in_a_merged_cell(tmp_path: Path) -> None:
    xlsx(tmp_path, "B2:B4")
    feed_read = read(tmp_path)
    contract = Contract.model_validate(CONTRACT)
    standard = standardise_feed(feed_read.records, contract, Reference.load(), dt.date(2026, 11, 20)).std_records
    assert [(row["surname"], row["nulled"]) for row in standard.to_pylist()[:2]] == [
        (["ALI"], None),
        (["ALI"], [{"field": "surname", "raw": "Ali", "reason": "from_merged_cell"}]),
    ]


def test_merged_headings_titles_and_blank_rows_make_no_people(tmp_path: Path) -> None:
    xlsx(tmp_path, "B1:B3", "A4:F9")
    feed_read = read(tmp_path)
    assert feed_read.records.column("row_number").to_pylist() == [2, 3]  # row 5 lies in the block
    assert feed_read.records.column("marks").null_count == 2
    assert feed_read.notices == ()


def test_many_merged_cells_are_summed_up(tmp_path: Path) -> None:
    rows = [[str(number), "Ali" if number % 2 == 0 else None, "Amina", None, None, None] for number in range(100)]
    xlsx(tmp_path, *(f"B{row}:B{row + 1}" for row in range(2, 102, 2)), rows=rows)
    feed_read = read(tmp_path)
    assert feed_read.records.column("surname").null_count == 0
    assert len(feed_read.notices) == 21
    assert "30 more cells are merged" in feed_read.notices[-1].about
    assert sum(notice.n_rows for notice in feed_read.notices) == 50


@pytest.mark.parametrize("dimension", ['<dimension ref="A1:F5"/>', ""], ids=["that lies", "that is missing"])
def test_a_stray_cell_is_found_whatever_the_dimension_says(tmp_path: Path, dimension: str) -> None:
    book = openpyxl.Workbook()
    for row in (HEADINGS, *FAMILY):
        book.active.append(row)
    book.active["XFD1048576"] = "x"
    out = io.BytesIO()
    book.save(out)
    with (
        zipfile.ZipFile(out) as written,
        zipfile.ZipFile(tmp_path / "trial.xlsx", "w", zipfile.ZIP_DEFLATED) as changed,
    ):
        for name in written.namelist():
            part = written.read(name)
            if name == "xl/worksheets/sheet1.xml":
                part = re.sub(rb"<dimension [^>]*/>", dimension.encode(), part)
            changed.writestr(name, part)
    with pytest.raises(SourceError) as caught:
        read(tmp_path)
    assert caught.value.code == "too_large"
    assert "trial.xlsx, sheet Sheet: reaches to cell XFD1048576" in str(caught.value)


def test_a_stray_cell_of_an_ods_sheet_is_found_before_the_sheet_is_laid_out(tmp_path: Path) -> None:
    ods(tmp_path, blank_rows=1_000_000, blank_columns=1_000)
    with pytest.raises(SourceError, match="sheet List: reaches to cell") as caught:
        read(tmp_path, location="trial.ods", format="ods")
    assert caught.value.code == "too_large"


def test_cells_that_are_only_formatted_do_not_make_a_sheet_too_large(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (HEADINGS, *FAMILY):
        book.active.append(row)
    book.active["XFD1048576"].fill = openpyxl.styles.PatternFill("solid", fgColor="FFFF0000")
    book.save(tmp_path / "trial.xlsx")
    assert len(read(tmp_path).records) == 3


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_dates_of_a_workbook_that_counts_days_from_1904_are_what_excel_shows(kind: str, tmp_path: Path) -> None:
    born, seen = dt.date(2009, 3, 14), dt.datetime(2009, 3, 14, 8, 30)  # noqa: DTZ001  (a cell has no time zone)
    path = tmp_path / f"trial.{kind}"
    if kind == "xlsx":
        book = openpyxl.Workbook()
        book.epoch = CALENDAR_MAC_1904
        for row in (HEADINGS, ["1", "Ali", "Amina", born, None, seen], ["2", "Bell", "Tom", "03/14/2009", None, None]):
            book.active.append(row)
        book.save(path)
        assert b"date1904" in zipfile.ZipFile(path).read("xl/workbook.xml")
    else:
        old = xlwt.Workbook()
        old.dates_1904 = 1
        sheet, day = old.add_sheet("List"), xlwt.easyxf(num_format_str="DD/MM/YYYY HH:MM")
        for number, row in enumerate(
            (HEADINGS, ["1", "Ali", "Amina", born, "", seen], ["2", "Bell", "Tom", "03/14/2009"])
        ):
            for column, value in enumerate(row):
                sheet.write(number, column, value, *([day] if isinstance(value, dt.date) else []))
        old.save(str(path))
    records = read(tmp_path, location=path.name, format=kind).records
    assert records.column("date_of_birth").to_pylist() == ["2009-03-14", "03/14/2009"], "text stays as it stands"
    assert dict(records.column("attributes")[0].as_py()) == {"note": "2009-03-14 08:30"}
