"""Decisions as files: the log as CSV or Parquet, and rows of such a file back into a store."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import pyarrow as pa
from pydantic import ValidationError

from pipeline.core.durable import replacing_own
from pipeline.core.errors import DecisionConflictError, SettingsError
from pipeline.core.parquet import read_table, write_table
from pipeline.core.spreadsheet import DELIMITERS, delimiter_of, guarded, unguarded
from pipeline.stewardship.entering import Recorded
from pipeline.stewardship.store import Refusal, Store
from schemas.decisions import NewDecision
from schemas.tables import DECISIONS
from schemas.written import in_words

NEEDED = ("verdict", "decided_by", "reason")
TOO_MANY = "\0"
"""Where the reader puts cells beyond the headings."""
ROWS = UUID("6b5f0a3e-7f5e-4f0e-9a53-0d6f2d1c8a47")
"""Names the ids of rows that bring none: the same row has the same id, so a file read twice counts once."""


class BadCell(NamedTuple):
    """What is wrong with a row; the value itself is left out."""

    row: int
    """As a person counts: 1 is the headings, 2 the first decision."""
    column: str
    problem: str


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What became of the rows of a file."""

    rows: int
    entered: int
    already_there: int
    erased: int
    """Rows that were emptied by order before they were exported: there is nothing to take."""
    refused: tuple[BadCell, ...] = ()
    entries: tuple[Recorded, ...] = field(default=(), repr=False)


def save_decisions(log: pa.Table, path: Path) -> None:
    """Write the log, contract ``decisions``, as .csv or .parquet; readable by its owner only, whole or not at all.

    Raises:
        SettingsError: If the name ends otherwise, or the file cannot be written.
    """
    write = {".csv": _write_csv, ".parquet": _write_parquet}.get(path.suffix.lower())
    if write is None:
        raise SettingsError(str(path), "must end in .csv or .parquet.")
    try:
        write(path, log)
    except OSError as error:
        raise SettingsError(str(path), f"cannot be written: {error.strerror}.") from None


def bring_decisions(store: Store, path: Path, entered_by: str) -> ImportOutcome:
    """Enter the rows of a .csv or .parquet file in their order; a row that is refused does not keep the others out.

    Columns are those of the contract ``decisions``; verdict, decided_by and reason are needed, and the two record ids unless a
    row confirms or retracts. Each row is held against the store's rules as if the steward had entered it here.

    Raises:
        SettingsError: If the file cannot be read, or a heading is not known.
    """
    bad_cells: list[BadCell] = []
    checked_rows: list[tuple[int, NewDecision]] = []
    rows = erased = 0
    n_alike: Counter[str] = Counter()
    for number, row in _read(path):
        rows += 1
        if row.get("erasure_id"):
            erased += 1
        elif isinstance(checked := _check(number, row, n_alike), NewDecision):
            checked_rows.append((number, checked))
        else:
            bad_cells += checked
    outcomes = store.decide_all([new for _, new in checked_rows], entered_by)
    entries = []
    for (number, _), outcome in zip(checked_rows, outcomes, strict=True):
        if isinstance(outcome, Recorded):
            entries.append(outcome)
        else:
            bad_cells.append(_refused_row(number, outcome))
    new = sum(entry.is_new for entry in entries)
    return ImportOutcome(rows, new, len(entries) - new, erased, tuple(sorted(bad_cells)), tuple(entries))


def _refused_row(number: int, refusal: Refusal) -> BadCell:
    chain = refusal.chain if isinstance(refusal, DecisionConflictError) else ()
    steps = f" {'; '.join(map(str, chain))}." if chain else ""
    return BadCell(number, "verdict", refusal.problem + steps)


def _check(number: int, row: Mapping[str, Any], n_alike: Counter[str]) -> NewDecision | list[BadCell]:
    if TOO_MANY in row:
        return [BadCell(number, "row", "Has more cells than there are headings")]
    cells = {name: value for name, value in row.items() if name in NewDecision.model_fields and value is not None}
    if not cells.get("decision_id"):
        cells["decision_id"] = _id_of(cells, n_alike)
    try:
        return NewDecision.model_validate(cells)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)
        return [BadCell(number, str(p["loc"][0]) if p["loc"] else "row", in_words(p, NewDecision)) for p in problems]


def _id_of(cells: Mapping[str, Any], n_alike: Counter[str]) -> str:
    content = repr(sorted((name, str(value)) for name, value in cells.items() if name != "decision_id"))
    n_alike[content] += 1
    return str(uuid5(ROWS, f"{content} {n_alike[content]}"))


def _read(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row with its number as a person counts it."""
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise SettingsError(str(path), "must end in .csv or .parquet.")
    try:
        rows = _read_csv(path) if suffix == ".csv" else _read_parquet(path)
        yield from enumerate(rows, start=2)
    except OSError as error:
        problem = f"cannot be read: {error.strerror or type(error).__name__}."
    except (UnicodeDecodeError, csv.Error, pa.ArrowInvalid) as error:
        problem = f"cannot be read as {suffix[1:]} ({type(error).__name__})."
    else:
        return
    raise SettingsError(str(path), problem, "`boroughlink decide --export FILE` writes one that can be read.")


def _read_csv(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        delimiter = delimiter_of(lines.readline())
        lines.seek(0)
        rows = csv.DictReader(lines, restkey=TOO_MANY, strict=True, delimiter=delimiter)
        _check_delimiter(path, rows.fieldnames or ())
        _check_headings(path, rows.fieldnames or ())
        for row in rows:
            yield {name: unguarded(value) if isinstance(value, str) else value for name, value in row.items() if value}


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


def _write_parquet(path: Path, log: pa.Table) -> None:
    write_table(path, log, DECISIONS)


def _write_csv(path: Path, log: pa.Table) -> None:
    marked = "utf-8-sig"  # which tells spreadsheets that it is UTF-8
    with replacing_own(path) as temporary, temporary.open("w", encoding=marked, newline="") as lines:
        rows = csv.writer(lines)
        rows.writerow(log.column_names)
        rows.writerows([_as_cell(value) for value in row.values()] for row in log.to_pylist())


def _as_cell(value: Any) -> str:  # noqa: ANN401
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case dt.datetime():
            return value.isoformat()
        case _:
            return guarded(str(value))
