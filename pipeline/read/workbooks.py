"""Workbooks kept by hand: xlsx (also encrypted), xls and ods, every cell as text."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import openpyxl
import python_calamine
from openpyxl.cell.cell import Cell as StyledCell
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.core.errors import SourceError
from pipeline.core.spreadsheet import name_shown
from pipeline.read.lost_cells import lost_cells
from pipeline.read.merged_cells import MergedCells
from pipeline.read.ods_layout import Range, ods_layouts
from pipeline.read.sheet_extent import check_extent
from pipeline.read.sheets import BadRow, Cell, Fetched, Row, Sheet
from pipeline.read.workbook_bytes import damaged, workbook_bytes

MOST_NAMED = 12
Marks = Mapping[int, tuple[str, ...]]
"""Row number to the formatting of its cells"""


class Workbook(NamedTuple):
    """What of a workbook is read, and what is passed over."""

    sheets: list[Sheet]
    passed_over: list[str]
    """Names of its other sheets, but for hidden ones and charts"""


def read_workbook(
    fetched: Fetched, kind: str, sheets: str, password: str | None, password_env: str | None, *, wants_marks: bool
) -> Workbook:
    """The sheets whose whole name matches the pattern, in the workbook's order, and the names of the others.

    Args:
        fetched: the file.
        kind: xlsx, xls or ods.
        sheets: pattern of sheet names.
        password: of an encrypted workbook.
        password_env: the variable it should have come from, for the message.
        wants_marks: fill colours, strikethrough and hidden rows are wanted too (xlsx only; slower).

    Raises:
        SourceError: encrypted, zip_bomb, too_large, truncated_file, not_a_workbook or no_sheet.
    """
    data = workbook_bytes(fetched, kind, password, password_env)
    try:
        if kind == "ods":
            check_extent(fetched.file, kind, data, ())
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = _matching_names(fetched.file, book.sheet_names, sheets)
        passed_over = [name for name in _data_sheets(book) if name not in names]
        if kind == "xlsx":
            check_extent(fetched.file, kind, data, names)
        marks = _marks(data, names) if wants_marks and kind == "xlsx" else {}
        merged = {name: layout.merged for name, layout in ods_layouts(data).items()} if kind == "ods" else {}
        lost = lost_cells(data, names) if kind == "xlsx" else {}
        read = [
            Sheet(name, _rows(fetched.file, book, name, marks.get(name, {}), merged.get(name)), lost.get(name, ()))
            for name in names
        ]
        return Workbook(read, passed_over)
    except SourceError:
        raise
    except Exception as error:
        raise damaged(fetched.file, error) from None


def _matching_names(file: str, sheet_names: Sequence[str], pattern: str) -> list[str]:
    names = [name for name in sheet_names if re.fullmatch(pattern, name)]
    if not names:
        present = ", ".join(map(name_shown, sheet_names[:MOST_NAMED])) + (
            ", .." if len(sheet_names) > MOST_NAMED else ""
        )
        problem = f"has no sheet whose name matches '{pattern}'; it has {present}."
        raise SourceError("no_sheet", file, problem, "Correct `sheets` in the contract.")
    return names


def _data_sheets(book: python_calamine.CalamineWorkbook) -> list[str]:
    """The sheets in which people may stand where who opens the workbook sees them."""
    kind, seen = python_calamine.SheetTypeEnum.WorkSheet, python_calamine.SheetVisibleEnum.Visible
    return [sheet.name for sheet in book.sheets_metadata if (sheet.typ, sheet.visible) == (kind, seen)]


def _rows(
    file: str, book: python_calamine.CalamineWorkbook, name: str, marks: Marks, merged: Sequence[Range] | None
) -> Iterator[Row | BadRow]:
    """The rows of a sheet in which anything stands. ``merged``: its merged ranges, where the library does not give them."""
    try:
        sheet = book.get_sheet_by_name(name)
        grid = sheet.to_python(skip_empty_area=False)
        ranges = sheet.merged_cell_ranges if merged is None else merged
    except Exception as error:
        raise damaged(file, error) from None
    merged_cells = MergedCells(ranges or ())
    for number, values in enumerate(grid, start=1):
        cells = [cell_text(value) for value in values]
        beside = merged_cells.beside(number, cells)
        if any(cell is not None for cell in cells):
            yield Row(number, cells, marks.get(number, ()), beside)


def cell_text(value: object) -> Cell:
    """A workbook's value as text: dates as ISO, whole numbers without a point, space trimmed."""
    text = str(value)
    match value:
        case None:
            text = ""
        case bool():
            text = text.upper()
        case dt.datetime():
            text = value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "minutes")
        case dt.time():
            text = value.isoformat("minutes")
        case float() if value.is_integer():
            text = str(int(value))
    return text.strip() or None


def _marks(data: bytes, names: Sequence[str]) -> dict[str, Marks]:
    """Formatting of each sheet's rows: fill colours, strikethrough, hidden."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    return {name: _sheet_marks(book[name]) for name in names}


def _sheet_marks(sheet: Worksheet) -> Marks:
    row_marks: dict[int, tuple[str, ...]] = {}
    for cells in sheet.iter_rows():
        number = cells[0].row
        marks = {mark: None for cell in cells if isinstance(cell, StyledCell) for mark in _cell_marks(cell)}
        if number is not None and sheet.row_dimensions[number].hidden:
            marks["hidden"] = None
        if marks and number is not None:
            row_marks[number] = tuple(marks)
    return row_marks


def _cell_marks(cell: StyledCell) -> Iterator[str]:
    if not cell.has_style:
        return
    fill = cell.fill
    if fill is not None and fill.fill_type == "solid" and isinstance(fill.fgColor.rgb, str):
        yield f"colour:{fill.fgColor.rgb[-6:].upper()}"
    if cell.value is not None and cell.font is not None and cell.font.strike:
        yield "strikethrough"
