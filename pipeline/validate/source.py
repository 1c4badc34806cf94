"""Validate all feeds of a source at once; what each of them did is told apart again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.parquet import conform
from pipeline.validate.again import EVENTS, Night, failed_rows, outcomes_of
from pipeline.validate.exports import RECORD_ID, Export, Records
from pipeline.validate.suites import Outcome, Suites
from schemas.contract import Contract
from schemas.tables import EVENT_RAW_FIELDS, FAILED_ROWS, LINEAGE, PERSON_RAW_FIELDS, PLACE, QUARANTINE

RECORDS = "std_records"
GRACE_ROWS = 2  # so that a feed of a handful of rows is not held for one of them


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
    n_records: int
    left: Callable[[], tuple[pa.Table, pa.Table]]
    """Reads the records and events that are left; where no row is rejected, those are all"""
    quarantine: pa.Table
    breaches: tuple[Breach, ...]
    findings: tuple[Finding, ...]
    failed: pa.Table
    """Contract ``failed_rows``, for the next night"""


def validate_source(
    contract: Contract, exports: Sequence[Export], suites: Suites, as_of: dt.date
) -> list[FeedValidated]:
    """Run the common suites and the source's own on all its feeds, one after the other in the given order."""
    if not exports:
        return []
    records = Records(exports)
    failed = pa.concat_tables(
        [FAILED_ROWS.arrow_schema().empty_table(), *(own.again.failed for own in exports if own.again)]
    )
    night = Night(suites, records, as_of, failed)
    found = {name: outcomes_of(night, name) for name in (RECORDS, contract.source, EVENTS) if name in suites}
    return [_settle(contract, night, at, found) for at in range(len(exports))]


def _settle(contract: Contract, night: Night, at: int, found: Mapping[str, Sequence[Outcome]]) -> FeedValidated:
    export, (first, end) = night.records.exports[at], night.records.first[at : at + 2]
    rows = int(end - first)
    findings: list[Finding] = []
    breaches: list[Breach] = []
    rejected: dict[int, Outcome] = {}
    for outcome in (outcome for outcomes in found.values() for outcome in outcomes):
        own = outcome.between(first, end) - first
        share = len(own) / rows if rows else 0.0
        is_met = len(own) <= (1 - outcome.mostly) * rows + GRACE_ROWS
        findings.append(
            Finding(
                export.feed_id,
                outcome.suite,
                outcome.expectation,
                outcome.column,
                outcome.severity,
                outcome.about,
                rows,
                len(own),
                is_met,
            )
        )
        if outcome.severity == "row":
            for row in own.tolist():
                rejected.setdefault(row, outcome)
        elif outcome.severity == "feed" and not is_met:
            breaches.append(Breach("expectation_failed", f"{outcome.about} {share:.0%} of the rows fail."))
    left = rows - len(rejected)
    breaches = [*_limits(contract, export, rows, left, night.records.newest(at), night.as_of), *breaches]
    return FeedValidated(
        export.feed_id,
        left,
        partial(_left, export, list(rejected)),
        _quarantine(export, rejected),
        tuple(breaches),
        tuple(findings),
        failed_rows(found, night.suites, night.records, at),
    )


def _left(export: Export, rejected: list[int]) -> tuple[pa.Table, pa.Table]:
    """The records and events of an export without some."""
    records, events = export.std_records(), export.events()
    is_kept = np.ones(len(records), bool)
    is_kept[rejected] = False
    gone = records.column(RECORD_ID).take(pa.array(rejected, pa.int64())).combine_chunks()
    return records.filter(pa.array(is_kept)), events.filter(pc.invert(pc.is_in(events.column(RECORD_ID), gone)))


def _limits(
    contract: Contract, export: Export, rows: int, left: int, newest: dt.datetime | None, as_of: dt.date
) -> list[Breach]:
    limits, out = contract.limits, []
    share = (export.rows_rejected + rows - left) / export.rows_read if export.rows_read else 0.0
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
    if limits.max_age_days and newest and (age := (as_of - newest.date()).days) > limits.max_age_days:
        out.append(Breach("stale", f"Its newest record is {age} days old, at most {limits.max_age_days} expected."))
    return out


def _quarantine(export: Export, rejected: dict[int, Outcome]) -> pa.Table:
    if not rejected:
        return QUARANTINE.arrow_schema().empty_table()
    own = [column.name for column in LINEAGE]
    rows = export.std_records([RECORD_ID, *own]).take(pa.array(list(rejected), pa.int64()))
    raw = _raw_rows(export.raw_records(), rows)
    table = {name: rows.column(name) for name in own}
    table |= {
        RECORD_ID: rows.column(RECORD_ID),
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
