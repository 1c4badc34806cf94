"""Validate all feeds of a source at once; what each of them did is told apart again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.core.parquet import conform
from pipeline.validate.again import Again, failed_rows, outcomes_of
from pipeline.validate.suites import Outcome, Suites
from pipeline.validate.views import View, event_view, record_view
from schemas.contract import Contract
from schemas.tables import EVENT_RAW_FIELDS, FAILED_ROWS, LINEAGE, PERSON_RAW_FIELDS, QUARANTINE

RECORDS, EVENTS = "std_records", "events"
GRACE_ROWS = 2  # so that a feed of a handful of rows is not held for one of them
PLACE = ("file", "sheet", "row_number", "part")


@dataclass(frozen=True, slots=True)
class Export:
    """One feed's export as it comes to validation."""

    feed_id: str
    std_records: pa.Table
    events: pa.Table
    raw_records: Callable[[], pa.Table]
    """Reads them; only asked where a row is rejected"""
    rows_read: int
    rows_rejected: int
    """Rows that reading and standardising have sent to quarantine"""
    last_good_rows: int | None
    """Records of the last good export; None where there is none"""
    again: Again | None = None
    """What is known of its rows from the export before"""


@dataclass(frozen=True, slots=True)
class Breach:
    """Why a feed is held."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One expectation on one feed, for the page: counts only."""

    feed_id: str
    suite: str
    expectation: str
    column: str | None
    severity: str
    about: str
    rows: int
    failing: int
    is_met: bool


@dataclass(frozen=True, slots=True)
class FeedValidated:
    """What is left of an export, what was rejected, and why the feed is held, if it is."""

    feed_id: str
    std_records: pa.Table
    events: pa.Table
    quarantine: pa.Table
    breaches: tuple[Breach, ...]
    findings: tuple[Finding, ...] = field(default=())
    failed: pa.Table = field(default_factory=lambda: FAILED_ROWS.arrow_schema().empty_table())
    """Contract ``failed_rows``, for the next night"""


def validate_source(
    contract: Contract, exports: Sequence[Export], suites: Suites, as_of: dt.date
) -> list[FeedValidated]:
    """Run the common suites and the source's own on all its feeds, one after the other in the given order."""
    if not exports:
        return []
    sizes = [len(export.std_records) for export in exports]
    owner = np.repeat(np.arange(len(exports)), sizes)
    records = pa.concat_tables(export.std_records for export in exports)
    events = pa.concat_tables(export.events for export in exports)
    ids = {name: records.column("record_id").combine_chunks() for name in (RECORDS, contract.source) if name in suites}
    views = dict.fromkeys(ids, View(records, as_of, record_view)) | {EVENTS: View(events, as_of, event_view)}
    ids[EVENTS] = events.column("record_id").combine_chunks()
    known_records, known_events = _known(exports, records, events)
    failed = pa.concat_tables(
        [FAILED_ROWS.arrow_schema().empty_table(), *(own.again.failed for own in exports if own.again)]
    )
    found = {
        name: outcomes_of(
            suites, name, view, ids[name], _parameters(as_of), known_events if name == EVENTS else known_records, failed
        )
        for name, view in views.items()
    }
    outcomes = [
        (outcome, _record_places(outcome.failing, events, records) if name == EVENTS else outcome.failing)
        for name, own in found.items()
        for outcome in own
    ]
    failed = failed_rows(found, suites, ids)
    first = np.concatenate([[0], np.cumsum(sizes)])
    return [
        replace(
            _settle(contract, export, owner == at, int(first[at]), outcomes, as_of),
            failed=failed.filter(
                pc.is_in(failed.column("record_id"), export.std_records.column("record_id").combine_chunks())
            ),
        )
        for at, export in enumerate(exports)
    ]


def _known(
    exports: Sequence[Export], records: pa.Table, events: pa.Table
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each record, and of each event, whether its row says what it said in the export before."""
    of_records = np.concatenate(
        [export.again.is_known if export.again else np.zeros(len(export.std_records), bool) for export in exports]
    )
    fresh = records.column("record_id").filter(pa.array(~of_records)).combine_chunks()
    return of_records, ~pc.is_in(events.column("record_id"), fresh).to_numpy()


def _record_places(of_events: NDArray[np.int64], events: pa.Table, records: pa.Table) -> NDArray[np.int64]:
    """Places of the records that some events belong to."""
    if not len(of_events):
        return of_events
    ids = events.column("record_id").take(pa.array(of_events))
    found: NDArray[np.int64] = (
        pc.index_in(ids, records.column("record_id").combine_chunks()).to_numpy().astype(np.int64)
    )
    return found


def _parameters(as_of: dt.date) -> dict[str, object]:
    return {"as_of_year": as_of.year}


def _settle(
    contract: Contract,
    export: Export,
    is_own: np.ndarray,
    first: int,
    outcomes: list[tuple[Outcome, np.ndarray]],
    as_of: dt.date,
) -> FeedValidated:
    rows = len(export.std_records)
    findings: list[Finding] = []
    breaches: list[Breach] = []
    rejected: dict[int, Outcome] = {}
    for outcome, failing in outcomes:
        own = np.unique(failing[is_own[failing]]) - first
        share = len(own) / rows if rows else 0.0
        is_met = len(own) <= (1 - outcome.mostly) * rows + GRACE_ROWS
        findings.append(
            Finding(
                export.feed_id, outcome.suite, outcome.expectation, outcome.column, outcome.severity, outcome.about, rows,
                len(own), is_met,
            )
        )  # fmt: skip
        if outcome.severity == "row":
            for row in own.tolist():
                rejected.setdefault(row, outcome)
        elif outcome.severity == "feed" and not is_met:
            breaches.append(Breach("expectation_failed", f"{outcome.about} {share:.0%} of the rows fail."))
    breaches = [*_limits(contract, export, len(rejected), as_of), *breaches]
    kept, events = export.std_records, export.events
    if rejected:
        is_kept = np.ones(rows, bool)
        is_kept[list(rejected)] = False
        kept = kept.filter(pa.array(is_kept))
        events = events.filter(pc.is_in(events.column("record_id"), kept.column("record_id").combine_chunks()))
    return FeedValidated(
        export.feed_id, kept, events, _quarantine(export, rejected), tuple(breaches), tuple(findings)
    )  # fmt: skip


def _limits(contract: Contract, export: Export, rejected: int, as_of: dt.date) -> list[Breach]:
    limits, out = contract.limits, []
    left = len(export.std_records) - rejected
    share = (export.rows_rejected + rejected) / export.rows_read if export.rows_read else 0.0
    if left < limits.min_rows:
        out.append(
            Breach("empty", f"Only {left} usable rows, at least {limits.min_rows} expected. Ask for the export again.")
        )
    if share > limits.max_rejected_share:
        what = f"{share:.0%} of the rows were rejected, at most {limits.max_rejected_share:.0%} may be."
        out.append(Breach("too_many_rejected", f"{what} See quarantine for the reasons."))
    if contract.snapshot == "full" and export.last_good_rows and left < limits.min_rows_share * export.last_good_rows:
        what = f"{left} rows, where the last good export had {export.last_good_rows}."
        out.append(Breach("shrank", f"{what} If that is right, lower limits.min_rows_share for a night."))
    newest = pc.max(export.std_records.column("recorded_at")).as_py()
    if limits.max_age_days and newest and (age := (as_of - newest.date()).days) > limits.max_age_days:
        out.append(Breach("stale", f"Its newest record is {age} days old, at most {limits.max_age_days} expected."))
    return out


def _quarantine(export: Export, rejected: dict[int, Outcome]) -> pa.Table:
    rows = export.std_records.take(pa.array(list(rejected), pa.int64()))
    raw = _raw_rows(export.raw_records(), rows) if rejected else []
    table = {column.name: rows.column(column.name) for column in LINEAGE}
    table |= {
        "record_id": rows.column("record_id"),
        "stage": pa.array(["validate"] * len(rows), pa.string()),
        "reason_code": pa.array([outcome.expectation for outcome in rejected.values()], pa.string()),
        "column": pa.array([outcome.column for outcome in rejected.values()], pa.string()),
        "reason": pa.array([outcome.about for outcome in rejected.values()], pa.string()),
        "raw_row": pa.array(raw, pa.string()),
    }
    return conform(pa.table(table), QUARANTINE)


def _raw_rows(raw: pa.Table, rows: pa.Table) -> list[str]:
    """The raw text of each row as JSON, found by its place in the export."""
    raw = raw.filter(pc.is_in(raw.column("row_number"), rows.column("row_number").combine_chunks()))
    wanted = {tuple(place.values()) for place in rows.select(PLACE).to_pylist()}
    found: dict[tuple[object, ...], str] = {}
    places = raw.select(PLACE).to_pylist()
    for at, place in enumerate(places):
        key = tuple(place.values())
        if key in wanted:
            said = raw.slice(at, 1).select([*PERSON_RAW_FIELDS, *EVENT_RAW_FIELDS, "attributes"]).to_pylist()[0]
            found[key] = json.dumps({name: value for name, value in said.items() if value}, ensure_ascii=False)
    return [found[tuple(place.values())] for place in rows.select(PLACE).to_pylist()]
