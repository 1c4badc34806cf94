"""What every reader gives: sheets of rows of text cells, and rows that could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Cell = str | None


class MergedCell(NamedTuple):
    """A cell that reaches over several rows: what stands in it stands beside each of them, and in a file only in the first."""

    column: int
    """From 0"""
    first_row: int
    """As a person counts lines"""
    last_row: int
    value: Cell
    is_block: bool
    """Whether it reaches over several columns too, as titles and remarks do"""


class Row(NamedTuple):
    """One row: its number as a person counts lines, its cells as text (null where empty), and its formatting."""

    number: int
    cells: list[Cell]
    marks: tuple[str, ...] = ()
    merged: tuple[MergedCell, ...] = ()
    """Merged cells that begin above this row, where the row itself has no value"""


class BadRow(NamedTuple):
    """A row that cannot be read as the others, with the reason and its raw text."""

    number: int
    code: str
    reason: str
    raw: str


class Notice(NamedTuple):
    """Something about some rows that the borough should put right, though they were read; no value of them."""

    about: str
    """Where, what was found, what was made of it, and what to do"""
    n_rows: int


class LostCell(NamedTuple):
    """A cell whose value was lost before the workbook was sent."""

    column: int
    """From 0"""
    row: int
    """As a person counts lines"""


@dataclass(slots=True)
class Sheet:
    """One sheet or file: rows in order, bad ones among them."""

    name: str | None
    rows: Iterator[Row | BadRow]
    lost: Sequence[LostCell] = ()
    key_lines: Sequence[int] = ()
    """Where keys are the headings, the line on which each first stands"""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of an export."""

    file: str
    """Location relative to the exports; never a secret"""
    data: bytes = field(repr=False)
    sha256: str


def sheet_place(file: str, sheet: str | None) -> str:
    """A file, and a sheet of it where it has some, as messages name them."""
    return f"{file}, sheet {printable(sheet)}" if sheet else file


def printable(text: str) -> str:
    """A heading or sheet name as a message may show it: printable, at most 60 characters."""
    return "".join(letter for letter in text if letter.isprintable())[:60]


def column_letter(column: int) -> str:
    """A column's letter as a spreadsheet shows it: 0 is A, 26 is AA."""
    text = ""
    number = column + 1
    while number:
        number, remainder = divmod(number - 1, 26)
        text = chr(65 + remainder) + text
    return text
