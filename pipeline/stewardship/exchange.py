"""Decisions as files: the log as CSV or Parquet, and rows of such a file back into a store."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, get_args
from uuid import UUID, uuid5

import pyarrow as pa
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.core.durable import replacing_own
from pipeline.core.errors import DecisionConflictError, SettingsError
from pipeline.core.parquet import write_table
from pipeline.core.spreadsheet import guarded
from pipeline.stewardship.decision import Pair
from pipeline.stewardship.entering import Recorded
from pipeline.stewardship.file_rows import TOO_MANY, file_rows
from pipeline.stewardship.store import Refusal, Store
from schemas.decisions import NewDecision, Verdict
from schemas.tables import DECISIONS, ENDS
from schemas.written import in_words

ROWS = UUID("6b5f0a3e-7f5e-4f0e-9a53-0d6f2d1c8a47")
"""Names the ids of rows that bring none: the same row has the same id, so a file read twice counts once."""


PERIOD = "must be a date and time with its offset, such as 2026-11-20T14:05:00Z"
AN_ID = re.compile(r"(?=.*[0-9])[A-Za-z0-9_.:-]{1,128}|[0-9a-f]{6,128}")
"""What can be told of a cell for an id: a name that stands in a wrong column does not look so"""
OF_IDS = ("decision_id", "record_id_l", "record_id_r", "retracts", "confirms", "supersedes")
POLICY_FACTS = ("roles_l", "roles_r", "rules", "n_records")
"""Columns that the policy is asked about"""


class BadCell(NamedTuple):
    """What is to be told of a row. A value is told only where it is an id, or near a word that belongs there."""

    row: int
    """As a person counts: 1 is the headings, 2 the first decision."""
    column: str
    problem: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What the current publication shows of the ids that a file names."""

    records: Collection[str]
    """Those that are its records"""
    persons: Collection[str]
    """Those that are ids of persons, of now or earlier, and of no record"""
    facts: Mapping[Pair, Mapping[str, Any]]
    """The columns ``POLICY_FACTS`` of each pair whose two records it has"""


NOTHING_PUBLISHED = Shown((), (), {})
Look = Callable[[Collection[Pair]], Shown]
"""Pairs of ids to what the publication shows of them"""


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What became of the rows of a file."""

    rows: int
    entered: int
    already_there: int
    erased: int
    """Rows that were emptied by order before they were exported: there is nothing to take."""
    refused: tuple[BadCell, ...] = ()
    not_published: tuple[BadCell, ...] = ()
    """Cells of rows that were entered whose record the publication does not have: they bind nothing until it has"""
    entries: tuple[Recorded, ...] = field(default=(), repr=False)


class _Row(NamedTuple):
    """A row that says a decision."""

    number: int
    new: NewDecision
    ends: Mapping[str, str]
    """Column to the id in it: the file's own, where a decision has the smaller one first"""


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


def bring_decisions(store: Store, path: Path, entered_by: str, look: Look | None = None) -> ImportOutcome:
    """Enter the rows of a .csv or .parquet file in their order; a row that is refused does not keep the others out.

    Columns are those of the contract ``decisions``; verdict, decided_by and reason are needed, and the two record ids unless a
    row confirms or retracts. Each row is held against the store's rules as if the steward had entered it here: what the policy
    is asked about is taken from the publication, and from the file only where that does not have the two records.

    Args:
        store: where they go.
        path: of the file.
        entered_by: who brings it.
        look: shows what is published; None: nothing is.

    Raises:
        SettingsError: If the file cannot be read, or a heading is not known.
    """
    bad_cells: list[BadCell] = []
    said_rows: list[_Row] = []
    rows = erased = 0
    n_alike: Counter[str] = Counter()
    for number, row in file_rows(path):
        rows += 1
        if row.get("erasure_id"):
            erased += 1
        elif isinstance(checked := _check(number, row, n_alike), NewDecision):
            said_rows.append(_Row(number, checked, {name: end.strip() for name in ENDS if (end := row.get(name))}))
        else:
            bad_cells += checked
    shown = look({pair for said in said_rows if (pair := _pair_of(said.new))}) if look else NOTHING_PUBLISHED
    bad_cells += [cell for said in said_rows for cell in _persons_named(said, shown)]
    on_persons = {cell.row for cell in bad_cells}
    taken = [said for said in said_rows if said.number not in on_persons]
    outcomes = store.decide_all([_as_published(said.new, shown) for said in taken], entered_by)
    entries: list[Recorded] = []
    not_published: list[BadCell] = []
    for said, outcome in zip(taken, outcomes, strict=True):
        if isinstance(outcome, Recorded):
            entries.append(outcome)
            if outcome.is_new and look:
                not_published += _unknown_records(said, shown)
        else:
            bad_cells.append(_refused_row(said.number, outcome))
    n_new = sum(entry.is_new for entry in entries)
    told = tuple(sorted(bad_cells)), tuple(not_published)
    return ImportOutcome(rows, n_new, len(entries) - n_new, erased, *told, tuple(entries))


def _pair_of(new: NewDecision) -> Pair | None:
    return (new.record_id_l, new.record_id_r) if new.record_id_l and new.record_id_r else None


def _persons_named(said: _Row, shown: Shown) -> Iterator[BadCell]:
    for column, end in said.ends.items():
        if end in shown.persons:
            problem = f"{end} is a person's id, and a decision is on two records. Give the id of one of their records."
            yield BadCell(said.number, column, problem)


def _unknown_records(said: _Row, shown: Shown) -> Iterator[BadCell]:
    """Of a verdict; what is confirmed or taken back was told when it came."""
    for column, end in said.ends.items() if not (said.new.retracts or said.new.confirms) else ():
        if end not in shown.records:
            what = end if AN_ID.fullmatch(end) else "this id"
            problem = f"{what} is no record of the publication; the decision waits until it is there"
            yield BadCell(said.number, column, problem)


def _as_published(new: NewDecision, shown: Shown) -> NewDecision:
    pair = _pair_of(new)
    facts = shown.facts.get(pair) if pair else None
    return new.model_copy(update={name: facts[name] for name in POLICY_FACTS}) if facts else new


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
    return [
        _bad_cell(number, str(problem["loc"][0]) if problem["loc"] else "row", problem, cells) for problem in problems
    ]


def _bad_cell(number: int, column: str, problem: ErrorDetails, cells: Mapping[str, Any]) -> BadCell:
    value = str(cells.get(column, ""))
    words = PERIOD if column == "decided_at" else in_words(problem, NewDecision)
    if column == "verdict" and (near := get_close_matches(value.lower(), get_args(Verdict), 1)):
        return BadCell(number, column, f"{words}, not {value!r}; did you mean {near[0]!r}?")
    if (
        column == "row"
        and cells.get(ENDS[0]) == cells.get(ENDS[1])
        and AN_ID.fullmatch(same := str(cells.get(ENDS[0])))
    ):
        return BadCell(number, column, f"{words}: {same}")
    is_told = column in OF_IDS and AN_ID.fullmatch(value)
    return BadCell(number, column, f"{words}, not {value!r}" if is_told else words)


def _id_of(cells: Mapping[str, Any], n_alike: Counter[str]) -> str:
    content = repr(sorted((name, str(value)) for name, value in cells.items() if name != "decision_id"))
    n_alike[content] += 1
    return str(uuid5(ROWS, f"{content} {n_alike[content]}"))


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
