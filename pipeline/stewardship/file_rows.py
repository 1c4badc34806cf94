"""The rows of a file of decisions, CSV or Parquet, under headings that are checked."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.core.errors import SettingsError
from pipeline.core.parquet import read_table
from pipeline.core.spreadsheet import DELIMITERS, delimiter_of, unguarded
from schemas.tables import DECISIONS

NEEDED = ("verdict", "decided_by", "reason")
TOO_MANY = "\0"
"""Where cells beyond the headings are put"""


def file_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row in which anything stands, with its number as a person counts it: 1 is the headings, 2 the first decision.

    Raises:
        SettingsError: If the file cannot be read, or a heading is not known.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise SettingsError(str(path), "must end in .csv or .parquet.")
    try:
        rows = _read_csv(path) if suffix == ".csv" else _read_parquet(path)
        yield from ((number, row) for number, row in enumerate(rows, start=2) if row)
    except OSError as error:
        problem = f"cannot be read: {error.strerror or type(error).__name__}."
    except UnicodeDecodeError:
        raise SettingsError(str(path), "cannot be read as csv: it is not UTF-8.", "Save it as CSV UTF-8.") from None
    except (csv.Error, pa.ArrowInvalid) as error:
        problem = f"cannot be read as {suffix[1:]} ({type(error).__name__})."
    else:
        return
    raise SettingsError(str(path), problem, "`boroughlink decide --export FILE` writes one that can be read.")


def _read_csv(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        delimiter = delimiter_of(lines.readline())
        lines.seek(0)
        rows = csv.reader(lines, strict=True, delimiter=delimiter)
        headings = next(rows, [])
        while headings and not headings[-1].strip():  # as a spreadsheet writes columns in which nothing stands
            headings.pop()
        _check_delimiter(path, headings)
        _check_headings(path, headings)
        for cells in rows:
            row = {name: unguarded(cell) for name, cell in zip(headings, cells, strict=False) if cell}
            yield row | ({TOO_MANY: beyond} if any(beyond := cells[len(headings) :]) else {})


def _read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    table = read_table(path)
    _check_headings(path, table.column_names)
    yield from table.to_pylist()


def _check_delimiter(path: Path, headings: Sequence[str]) -> None:
    """That the first line has more than one heading: else no sign that is known stands between them."""
    if len(headings) == 1 and headings[0] not in DECISIONS.names:
        problem = f"has one column, {headings[0][:40]!r}: the sign between its headings is none that is known."
        *signs, last = DELIMITERS.values()
        expected = f"Part the columns by {', '.join(signs)} or {last}. They are {', '.join(DECISIONS.names)}."
        raise SettingsError(str(path), problem, expected)


def _check_headings(path: Path, headings: Sequence[str]) -> None:
    for name in headings:
        if name not in DECISIONS.names:
            near = get_close_matches(name, DECISIONS.names, 1)
            hint = f"Did you mean {near[0]}?" if near else f"Columns: {', '.join(DECISIONS.names)}."
            raise SettingsError(str(path), f"has a column that decisions do not have: {name[:40]!r}.", hint)
    if missing := [name for name in NEEDED if name not in headings]:
        raise SettingsError(str(path), f"lacks the column {', '.join(missing)}.", "Write it, even if cells are empty.")
