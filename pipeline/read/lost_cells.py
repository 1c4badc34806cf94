"""Cells of a workbook whose value is lost: a formula that ended in an error, or whose result was never saved.

A library gives both as empty cells; an export of looked-up names would lose them without a word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from openpyxl.utils.cell import column_index_from_string

from pipeline.read.sheet_extent import BLOCK, sheet_parts
from pipeline.read.sheets import LostCell, Notice, column_letter

LONGEST = 20_000  # bytes of a cell with a formula, so that none is overlooked where a block ends
SIGNS = (b"<f", b":f", b't="e"', b"t='e'")
"""Without one of these a text has no formula and no error: looking for them costs nothing"""
LOST = re.compile(
    rb"""<(?:\w+:)?c\b(?=[^<>]*?\br\s*=\s*["']([A-Za-z]+)([0-9]+)["'])  # a cell, at column and row
    (?:[^<>]*?\bt\s*=\s*["']e["'][^<>]*>                                  # that holds an error
    |[^<>]*(?<!/)>\s*<(?:\w+:)?f\b(?:[^<>]*/>|[^<>]*>[^<]*</(?:\w+:)?f>)  # or a formula
    \s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>  # without a value
    )""",
    re.VERBOSE,
)
WHAT_TO_DO = "Ask the borough to calculate the workbook and save it, or to put values in place of the formulas."


def lost_cells(data: bytes, names: Collection[str]) -> dict[str, list[LostCell]]:
    """Of each sheet of these names in an xlsx workbook, in order of columns and rows."""
    found: dict[str, list[LostCell]] = {}
    for name, stream in sheet_parts(data, names):
        cells: set[tuple[bytes, bytes]] = set()
        tail = b""
        while block := stream.read(BLOCK):
            text = tail + block
            if any(sign in text for sign in SIGNS):
                cells.update(LOST.findall(text))
            tail = text[-LONGEST:]
        found[name] = sorted(
            LostCell(column_index_from_string(letters.decode()) - 1, int(row)) for letters, row in cells
        )
    return found


def lost_notices(place: str, cells: Sequence[LostCell], fields: Sequence[str | None], heading_row: int) -> list[Notice]:
    """One of each column that the contract reads."""
    notices = []
    for column, field in enumerate(fields):
        rows = [cell.row for cell in cells if cell.column == column and cell.row > heading_row]
        if field and rows:
            more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
            about = f"{place}, column {column_letter(column)}, row {rows[0]}{more}: {field} is a formula that ended in an error, "
            notices.append(Notice(f"{about}or whose result was not saved; it counts as empty. {WHAT_TO_DO}", len(rows)))
    return notices
