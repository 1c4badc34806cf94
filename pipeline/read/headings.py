"""Which column of a sheet means which field of the contract."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import eq

from pipeline.core.errors import SourceError
from pipeline.core.spreadsheet import DELIMITERS
from pipeline.read.sheets import BadRow, Cell, Row, Sheet, column_letter, printable, sheet_place
from schemas.contract import Contract, Feed
from schemas.contract_checks import fold_heading

SEARCHED_ROWS = 20


@dataclass(frozen=True, slots=True)
class Columns:
    """What a sheet's columns mean, and the rows that follow the headings."""

    fields: tuple[str | None, ...]
    """The field of each column, None where the contract ignores it"""
    rows: Iterator[Row | BadRow]
    heading_row: int
    """The last row of the headings; 0 where they stand in none"""
    n_headings: int
    """Columns up to the last one with a heading"""
    unheaded: tuple[int, ...]
    """Columns without a heading, from 0"""


def match_headings(sheet: Sheet, contract: Contract, feed: Feed, file: str) -> Columns:
    """Find the headings and their fields.

    Raises:
        SourceError: empty_file, wrong_delimiter, unknown_heading, duplicate_heading or missing_column.
    """
    place = sheet_place(file, sheet.name)
    rows = iter(sheet.rows)
    headings, number = _find_headings(rows, contract, feed, place)
    if feed.format == "csv":
        _check_delimiter(headings, contract, feed, f"{place}, row {number}")
    if number and any(headings) and not _n_known(headings, contract.headings):
        raise _no_headings(place, number)
    places = _heading_places(sheet, place, number, len(headings))
    fields = tuple(_field(heading, contract, where) for heading, where in zip(headings, places, strict=True))
    _check_fields(fields, headings, contract, places, f"{place}, row {number}" if number else place)
    repeated = [fold_heading(heading) for heading in headings if heading]
    n_headings = max((column for column, heading in enumerate(headings, start=1) if heading), default=0)
    unheaded = tuple(column for column, heading in enumerate(headings) if not fold_heading(heading))
    return Columns(fields, _without_repeats(rows, repeated), number, n_headings, unheaded)


def _find_headings(rows: Iterator[Row | BadRow], contract: Contract, feed: Feed, place: str) -> tuple[list[str], int]:
    """The heading of each column, and the last row of the headings."""
    field_of_heading, header = contract.headings, feed.header
    upper = Row(-1, [])
    for row in rows:
        if isinstance(row, BadRow):
            continue
        if row.number == 0:
            return [cell or "" for cell in row.cells], 0
        if header.row == "find" and row.number > SEARCHED_ROWS:
            break
        if header.rows == 1:
            headings, begins = [cell or "" for cell in row.cells], row.number
        else:
            headings, begins = _joined(upper.cells, row.cells), upper.number
            is_together = row.number == begins + 1
            upper = row
            if not is_together:
                continue
        filled = sum(map(bool, headings))
        if begins == header.row or (
            header.row == "find" and filled > 1 and _n_known(headings, field_of_heading) * 2 > filled
        ):
            return headings, row.number
        if isinstance(header.row, int) and begins > header.row:
            break
    where = f"on row {header.row}" if header.row != "find" else f"in the first {SEARCHED_ROWS} rows"
    raise SourceError(
        "missing_column",
        place,
        f"has no headings {where}.",
        "Check `header` in the contract, or ask for the export again.",
    )


def _heading_places(sheet: Sheet, place: str, number: int, n_headings: int) -> list[str]:
    """Where each heading stands: row and column, the line of a key in JSON lines, or of a query's columns which it is."""
    if sheet.key_lines:
        return [f"{place}, line {line}" for line in sheet.key_lines]
    row = f", row {number}" if number else ""
    return [f"{place}{row}, column {column_letter(column) if number else column + 1}" for column in range(n_headings)]


def _no_headings(place: str, number: int) -> SourceError:
    """A row that has none of the contract's headings is most likely one of people: nothing of it is told."""
    problem = "has not one heading that the contract knows."
    advice = (
        "Check `header`, `delimiter` and `sheets` in the contract, "
        "or whether the export lost its headings or has a title row."
    )
    return SourceError("missing_column", f"{place}, row {number}", problem, advice)


def _n_known(headings: list[str], field_of_heading: dict[str, str]) -> int:
    return sum(fold_heading(heading) in field_of_heading for heading in headings if heading)


def _check_delimiter(headings: list[str], contract: Contract, feed: Feed, place: str) -> None:
    """That the headings are not all in one cell, parted by another sign than the contract says."""
    for delimiter in DELIMITERS:
        parts = headings[0].split(delimiter) if len(headings) == 1 else []
        if len(parts) > 1 and 2 * _n_known(parts, contract.headings) > len(parts):
            problem = f"is parted by {delimiter!r}, where the contract says {feed.delimiter!r}."
            what_to_do = "Correct `delimiter` in the contract, or ask the borough for the export as it was."
            raise SourceError("wrong_delimiter", place, problem, what_to_do)


def _joined(upper: list[Cell], lower: list[Cell]) -> list[str]:
    """Two heading rows as one: the upper text reaches over the columns to its right that have only a lower one."""
    width = max(len(upper), len(lower))
    reaching_text, headings = "", []
    for column in range(width):
        top = upper[column] if column < len(upper) else None
        below = lower[column] if column < len(lower) else None
        reaching_text = top if top else reaching_text if below else ""
        headings.append(" ".join(part for part in (reaching_text, below) if part))
    return headings


def _field(heading: str, contract: Contract, place: str) -> str | None:
    """The field that a heading stands for; None where the contract ignores it, or where there is no heading."""
    folded = fold_heading(heading)
    if not folded:
        return None
    if field := contract.headings.get(folded):
        return field
    if any(re.fullmatch(pattern, heading.strip(), re.IGNORECASE) for pattern in contract.ignore):
        return None
    near = difflib.get_close_matches(folded, contract.headings, n=1)
    hint = f" Nearest known: {near[0]!r} ({contract.headings[near[0]]})." if near else ""
    raise SourceError(
        "unknown_heading",
        place,
        f"has the heading {printable(heading)!r}, which the contract does not know.{hint}",
        f"Add it under `person:`, `event:` or `ignore:` in the contract of {contract.source}.",
    )


def _check_fields(
    fields: Sequence[str | None], headings: Sequence[str], contract: Contract, places: Sequence[str], row: str
) -> None:
    """That no field has two columns, and none is missing that the contract requires; ``places`` of each heading, and ``row`` of all."""
    column_of_field: dict[str, int] = {}
    for column, field in enumerate(fields):
        if field is None:
            continue
        first = column_of_field.setdefault(field, column)
        if first != column:
            where = places[first].rpartition(", ")[2]
            both = f"{printable(headings[first])!r} ({where}) and {printable(headings[column])!r}"
            raise SourceError(
                "duplicate_heading",
                places[column],
                f"has two headings for {field}: {both}.",
                "Rename one, or list it under `ignore:`.",
            )
    for field in contract.required:
        if field not in column_of_field:
            expected = ", ".join({**contract.person, **contract.event}.get(field, ()))
            raise SourceError(
                "missing_column",
                row,
                f"has no column for {field}; expected one headed {expected}.",
                "Ask the borough for the full export, or add its heading to the contract.",
            )


def _without_repeats(rows: Iterator[Row | BadRow], headings: list[str]) -> Iterator[Row | BadRow]:
    """The rows that are not the headings once more, as where two sheets were pasted together."""
    for row in rows:
        if isinstance(row, Row):
            filled = [cell for cell in row.cells if cell]
            if len(filled) == len(headings) and all(map(eq, map(fold_heading, filled), headings)):
                continue
        yield row
