"""What every reader gives: sheets of rows of text cells, and rows that could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

Cell = str | None


class Row(NamedTuple):
    """One row: its number as a person counts lines, its cells as text (null where empty), and its formatting."""

    number: int
    cells: list[Cell]
    marks: tuple[str, ...] = ()


class BadRow(NamedTuple):
    """A row that cannot be read as the others, with the reason and its raw text."""

    number: int
    code: str
    reason: str
    raw: str


@dataclass(slots=True)
class Sheet:
    """One sheet or file: rows in order, bad ones among them."""

    name: str | None
    rows: Iterator[Row | BadRow]


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of an export."""

    file: str
    """Location relative to the exports; never a secret"""
    data: bytes = field(repr=False)
    sha256: str
