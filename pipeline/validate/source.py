"""Validate all feeds of a source at once, and settle each of them: what is rejected, what is left, and whether it is held."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.clock import london_day
from pipeline.core.parquet import conform
from pipeline.validate.exports import RECORD_ID, Export, Records
from pipeline.validate.reuse import EVENTS, SourceNight, failed_rows, outcomes_of
from pipeline.validate.suites import Outcome, Suites
from schemas.contract import Contract
from schemas.tables import EVENT_RAW_FIELDS, FAILED_ROWS, LINEAGE, PERSON_RAW_FIELDS, PLACE, QUARANTINE

RECORDS = "std_records"
ROWS_LOOKED_AT = 1_000
GRACE_ROWS = 2  # so that a feed of a handful of rows is not held for one of them, as long as another is left


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
    """Reads the records and events that are left; where no row is rejected, all of them"""
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
        [FAILED_ROWS.arrow_schema().empty_table(), *(export.earlier.failed for export in exports if export.earlier)]
    )
    night = SourceNight(suites, records, as_of, failed)
    outcomes = {name: outcomes_of(night, name) for name in (RECORDS, contract.source, EVENTS) if name in suites}
    return [_settle(contract, night, number, outcomes) for number in range(len(exports))]


def _settle(
    contract: Contract, night: SourceNight, number: int, outcomes_of_suite: Mapping[str, Sequence[Outcome]]
) -> FeedValidated:
    """What becomes of one of the exports, by its number among them."""
    export, (first, end) = night.records.exports[number], night.records.first[number : number + 2]
    rows = int(end - first)
    findings: list[Finding] = []
    breaches: list[Breach] = []
    rejected: dict[int, Outcome] = {}
    for outcome in (outcome for outcomes in outcomes_of_suite.values() for outcome in outcomes):
        failing = outcome.between(first, end) - first
        share = len(failing) / rows if rows else 0.0
        is_met = len(failing) <= (1 - outcome.mostly) * rows + GRACE_ROWS
        findings.append(
            Finding(
                export.feed_id,
                outcome.suite,
                outcome.expectation,
                outcome.column,
                outcome.severity,
                outcome.about,
                rows,
                len(failing),
                is_met,
            )
        )
        if outcome.severity == "row":
            for row in failing.tolist():
                rejected.setdefault(row, outcome)
        elif outcome.severity == "feed" and not is_met:
            problem = f"{outcome.about} {share:.0%} of the rows fail."
            breaches.append(Breach("expectation_failed", problem + _not_understood(export, failing)))
    findings += [_notice(export, about, n_rows, rows) for about, n_rows in export.notices]
    n_left = rows - len(rejected)
    newest, most = night.records.newest(number), _most_often(rejected)
    losses = [Breach(code, reason) for code, reason in export.losses]
    breaches = [*losses, *_limits(contract, export, rows, n_left, newest, night.as_of, most), *breaches]
    return FeedValidated(
        export.feed_id,
        n_left,
        partial(_left, export, list(rejected)),
        _quarantine(export, rejected),
        tuple(breaches),
        tuple(findings),
        failed_rows(outcomes_of_suite, night.suites, night.records, number),
    )


def _notice(export: Export, about: str, n_rows: int, rows: int) -> Finding:
    """What reading says of some rows, as it stands on the page."""
    return Finding(export.feed_id, "read", "notice", None, "warn", about, rows, n_rows, is_met=False)


def _left(export: Export, rejected: list[int]) -> tuple[pa.Table, pa.Table]:
    """The records and events of an export without some."""
    records, events = export.std_records(), export.events()
    is_kept = np.ones(len(records), bool)
    is_kept[rejected] = False
    rejected_ids = records.column(RECORD_ID).take(pa.array(rejected, pa.int64())).combine_chunks()
    return records.filter(pa.array(is_kept)), events.filter(pc.invert(pc.is_in(events.column(RECORD_ID), rejected_ids)))


def _most_often(rejected: Mapping[int, Outcome]) -> str:
    """What most of the rejected rows do not meet, as a sentence; empty where expectations rejected none."""
    counted = Counter(outcome.about for outcome in rejected.values())
    return f" Most often: {counted.most_common(1)[0][0]}" if counted else ""


def _not_understood(export: Export, failing: np.ndarray) -> str:
    """What most of the failing rows say that was not understood, and the first such row, as a sentence; empty where that is not why."""
    looked_at = pa.array(failing[:ROWS_LOOKED_AT], pa.int64())
    rows = export.std_records(["nulled", "sheet", "row_number"]).take(looked_at).to_pylist()
    lost = [(value["field"], value["reason"], row) for row in rows for value in row["nulled"] or ()]
    counted = Counter((field, reason) for field, reason, _ in lost)
    for (field, reason), n in counted.most_common(1):
        first = next(row for own_field, own_reason, row in lost if (own_field, own_reason) == (field, reason))
        sheet = f"sheet {first['sheet']}, " if first["sheet"] else ""
        if 2 * n >= len(rows):
            return f" In most of them {field} was not understood ({reason}), as in {sheet}row {first['row_number']:,}."
    return ""


def _limits(
    contract: Contract,
    export: Export,
    rows: int,
    n_left: int,
    newest: dt.datetime | None,
    as_of: dt.date,
    most_often: str,
) -> list[Breach]:
    limits, breaches = contract.limits, []
    n_rejected = export.rows_rejected + rows - n_left
    share = n_rejected / export.rows_read if export.rows_read else 0.0
    if n_left < limits.min_rows:
        breaches.append(
            Breach(
                "empty", f"Only {n_left} usable rows, at least {limits.min_rows} expected. Ask for the export again."
            )
        )
    if share > limits.max_rejected_share and (n_rejected > GRACE_ROWS or not n_left):
        problem = f"{share:.0%} of the rows were rejected, at most {limits.max_rejected_share:.0%} may be."
        breaches.append(Breach("too_many_rejected", f"{problem}{most_often} See quarantine for the reasons."))
    last = export.last_good_rows
    if last and n_left < limits.min_rows_share * last and (last - n_left > GRACE_ROWS or not n_left):
        problem = f"{n_left} rows, where the last good export had {last}."
        helps = n_left >= limits.min_rows  # else the feed would be held for that all the same
        advice = " If that is right, lower limits.min_rows_share for a night." if helps else ""
        breaches.append(Breach("shrank", f"{problem}{advice}"))
    if limits.max_age_days and newest and (age := (as_of - london_day(newest)).days) > limits.max_age_days:
        breaches.append(
            Breach("stale", f"Its newest record is {age} days old, at most {limits.max_age_days} expected.")
        )
    return breaches


def _quarantine(export: Export, rejected: dict[int, Outcome]) -> pa.Table:
    if not rejected:
        return QUARANTINE.arrow_schema().empty_table()
    lineage = [column.name for column in LINEAGE]
    rows = export.std_records([RECORD_ID, *lineage]).take(pa.array(list(rejected), pa.int64()))
    raw = _raw_rows(export.raw_records(), rows)
    table = {name: rows.column(name) for name in lineage}
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
    raw_of_place: dict[tuple[object, ...], str] = {}
    places = raw.select(PLACE).to_pylist()
    for row, place in enumerate(places):
        key = tuple(place.values())
        if key in wanted:
            cells = raw.slice(row, 1).select([*PERSON_RAW_FIELDS, *EVENT_RAW_FIELDS, "attributes"]).to_pylist()[0]
            raw_of_place[key] = json.dumps({name: value for name, value in cells.items() if value}, ensure_ascii=False)
    return [raw_of_place[tuple(place.values())] for place in rows.select(PLACE).to_pylist()]
