"""Which column of a sheet means which field of the contract."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from operator import eq

from pipeline.core.errors import SourceError
from pipeline.core.spreadsheet import DELIMITERS
from pipeline.read.sheets import BadRow, Cell, Row, Sheet
from pipeline.read.workbooks import printable
from schemas.contract import Contract, Feed
from schemas.contract_checks import fold_heading

SEARCHED_ROWS = 20


@dataclass(frozen=True, slots=True)
class Columns:
    """The fields of a sheet's columns, None where the contract ignores it, and the rows that follow the headings."""

    fields: tuple[str | None, ...]
    rows: Iterator[Row | BadRow]


def match_headings(sheet: Sheet, contract: Contract, feed: Feed, file: str) -> Columns:
    """Find the headings and their fields.

    Raises:
        SourceError: empty_file, wrong_delimiter, unknown_heading, duplicate_heading or missing_column.
    """
    place = f"{file}, sheet {printable(sheet.name)}" if sheet.name else file
    rows = iter(sheet.rows)
    headings, number = _find_headings(rows, contract, feed, place)
    if feed.format == "csv":
        _check_delimiter(headings, contract, feed, f"{place}, row {number}")
    fields = tuple(_field(heading, at, contract, place, number) for at, heading in enumerate(headings))
    _check(fields, headings, contract, place, number)
    repeated = [fold_heading(heading) for heading in headings if heading]
    return Columns(fields, _without_repeats(rows, repeated))


def _find_headings(rows: Iterator[Row | BadRow], contract: Contract, feed: Feed, place: str) -> tuple[list[str], int]:
    """The heading of each column, and the last row of the headings."""
    known, header = contract.headings, feed.header
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
        if begins == header.row or (header.row == "find" and filled > 1 and _known(headings, known) * 2 > filled):
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


def _known(headings: list[str], known: dict[str, str]) -> int:
    return sum(fold_heading(heading) in known for heading in headings if heading)


def _check_delimiter(headings: list[str], contract: Contract, feed: Feed, place: str) -> None:
    """That the headings are not all in one cell, parted by another sign than the contract says."""
    for other in DELIMITERS:
        parts = headings[0].split(other) if len(headings) == 1 else []
        if len(parts) > 1 and 2 * _known(parts, contract.headings) > len(parts):
            problem = f"is parted by {other!r}, where the contract says {feed.delimiter!r}."
            what_to_do = "Correct `delimiter` in the contract, or ask the borough for the export as it was."
            raise SourceError("wrong_delimiter", place, problem, what_to_do)


def _joined(upper: list[Cell], lower: list[Cell]) -> list[str]:
    """Two heading rows as one: the upper text reaches over the columns to its right that have only a lower one."""
    width = max(len(upper), len(lower))
    over, out = "", []
    for at in range(width):
        top = upper[at] if at < len(upper) else None
        below = lower[at] if at < len(lower) else None
        over = top if top else over if below else ""
        out.append(" ".join(part for part in (over, below) if part))
    return out


def _field(heading: str, at: int, contract: Contract, place: str, number: int) -> str | None:
    folded = fold_heading(heading)
    if not folded:
        return None
    if found := contract.headings.get(folded):
        return found
    if any(re.fullmatch(pattern, heading.strip(), re.IGNORECASE) for pattern in contract.ignore):
        return None
    near = difflib.get_close_matches(folded, contract.headings, n=1)
    hint = f" Nearest known: {near[0]!r} ({contract.headings[near[0]]})." if near else ""
    raise SourceError(
        "unknown_heading",
        f"{place}, row {number}, column {letter(at)}",
        f"has the heading {printable(heading)!r}, which the contract does not know.{hint}",
        f"Add it under `person:`, `event:` or `ignore:` in schemas/sources/{contract.source}.yaml.",
    )


def _check(fields: tuple[str | None, ...], headings: list[str], contract: Contract, place: str, number: int) -> None:
    seen: dict[str, int] = {}
    for at, field in enumerate(fields):
        if field is None:
            continue
        if field in seen:
            both = (
                f"{printable(headings[seen[field]])!r} (column {letter(seen[field])}) and {printable(headings[at])!r}"
            )
            raise SourceError(
                "duplicate_heading",
                f"{place}, row {number}, column {letter(at)}",
                f"has two headings for {field}: {both}.",
                "Rename one, or list it under `ignore:`.",
            )
        seen[field] = at
    for field in contract.required:
        if field not in seen:
            expected = ", ".join({**contract.person, **contract.event}.get(field, ()))
            raise SourceError(
                "missing_column",
                f"{place}, row {number}",
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


def letter(at: int) -> str:
    """A column's letter as a spreadsheet shows it: 0 is A, 26 is AA."""
    text = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        text = chr(65 + rest) + text
    return text
