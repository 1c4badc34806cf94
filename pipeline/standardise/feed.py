"""From the raw rows of one feed to standard records and their events."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.core.parquet import conform
from pipeline.standardise.again import LINEAGE_NAMES, Before, hangs_on_day, none_again, rows_again, taken_up
from pipeline.standardise.cells import raw_cells, read_cells
from pipeline.standardise.events import read_events, read_recorded_at
from pipeline.standardise.identity import Identity, identify, some_rows, stable_id
from pipeline.standardise.notes import Gathered
from pipeline.standardise.people import Columns, has_identity, read_births, read_people
from pipeline.standardise.reference import Reference
from schemas.contract import Contract
from schemas.tables import EVENTS_STAGED, QUARANTINE, RECORDS_AGAIN, STD_RECORDS


@dataclass(frozen=True, slots=True)
class FeedStandardised:
    """Every raw row is either a standard record with its event, or in quarantine."""

    std_records: pa.Table
    events: pa.Table
    quarantine: pa.Table
    again: pa.Table
    """Of each record whether it was taken over, and may be the next night, contract ``records_again``"""
    n_reused: int = 0
    """Records whose row said what it had said before"""
    hangs_on_day: bool = False
    """Whether a later night of the same year may read a row otherwise"""


@dataclass(frozen=True, slots=True)
class _Rejection:
    code: str
    column: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Made:
    """Some rows in standard form."""

    std_records: pa.Table
    events: pa.Table
    kept: NDArray[np.int64]
    """Which of the rows are records"""
    rejected: dict[int, _Rejection]
    """Why the others are not"""
    hangs: NDArray[np.bool_]
    """(rows,) as ``hangs_on_day``: a row without identity tonight may have one when a birthday has come"""


def standardise_feed(
    raw: pa.Table, contract: Contract, reference: Reference, as_of: dt.date, before: Before | None = None
) -> FeedStandardised:
    """The feed's records in standard form.

    Input: raw_records of one feed, in the order of the file. Output: std_records and events, one row each for a raw
        row, in that order or that of their keys; quarantine for rows that repeat another, have an unknown role, or nothing to be known by.
        With an earlier export, standardised by the same contract, reference and code in the same year, rows that say
        the same are taken from it; the result is the same.
    Cost: each distinct text of the other rows is standardised once.
    """
    feed_id = raw.column("feed_id")[0].as_py() if len(raw) else contract.source
    identity = identify(raw, contract.key, before.raw_records if before else None)
    again = rows_again(before, raw, identity) if before else none_again(len(raw))
    is_own = again < 0
    is_own[list(identity.same_as)] = False
    rest = np.flatnonzero(is_own)
    part = raw if len(rest) == len(raw) else some_rows(raw, rest)
    ids = identity.record_ids(feed_id, rest)
    own = _standardised(part, ids, contract, reference, as_of)
    reasons = {int(rest[row]): why for row, why in own.rejected.items()} | _repeats(raw, identity)
    quarantine = _quarantine(raw, identity, feed_id, dict(sorted(reasons.items())))
    is_lasting = ~(own.hangs[own.kept] | np.isin(rest[own.kept], list(identity.occurrence)))
    n_reused, std_records, events, made = int((again >= 0).sum()), own.std_records, own.events, np.arange(len(own.kept))
    if before and n_reused:
        both = taken_up((std_records, events), before, again, raw)
        std_records, events, made = both.std_records, both.events, both.made
    told = [std_records.column("record_id"), np.append(is_lasting, True)[made], made < 0]
    return FeedStandardised(
        std_records,
        events,
        quarantine,
        pa.table(told, schema=RECORDS_AGAIN.arrow_schema()),
        n_reused,
        bool(own.hangs.any()),
    )


def _standardised(
    raw: pa.Table, record_ids: list[str], contract: Contract, reference: Reference, as_of: dt.date
) -> _Made:
    cells = read_cells(raw, contract)
    gathered = Gathered()
    events = read_events(cells, contract, reference, as_of, gathered)
    recorded_at = read_recorded_at(cells, events, contract, reference, as_of, gathered)
    people = read_people(cells, contract, reference, as_of, gathered)
    people |= read_births(cells, contract, reference, as_of, recorded_at, gathered)
    rejected = _rejected(people, events)
    kept = np.setdiff1d(np.arange(len(raw)), np.fromiter(rejected, np.int64, len(rejected)))
    lineage = {name: raw.column(name) for name in LINEAGE_NAMES}
    shared = {
        "record_id": pa.array(record_ids, pa.string()),
        "basis": pa.array([contract.basis] * len(raw), pa.string()),
    }
    records = {
        **lineage,
        **shared,
        **people,
        "source_key": cells["source_key"],
        "role": events["role"],
        "recorded_at": recorded_at,
        "flags": gathered.flag_column(len(raw)),
        "nulled": gathered.nulled_column(cells),
    }
    of_rows, of_events = pa.table(records), _events(raw, shared, events, contract)
    hangs = hangs_on_day(of_rows, of_events, as_of)
    return _Made(
        conform(of_rows.take(pa.array(kept)), STD_RECORDS),
        conform(of_events.take(pa.array(kept)), EVENTS_STAGED),
        kept,
        rejected,
        hangs,
    )


def _events(raw: pa.Table, shared: Columns, events: Columns, contract: Contract) -> pa.Table:
    ids = shared["record_id"].to_pylist()
    refs = events["event_ref"].to_pylist()
    return pa.table(
        {
            **events,
            **shared,
            "event_id": pa.array(
                [stable_id("event", i, contract.event_type, ref or "") for i, ref in zip(ids, refs, strict=True)],
                pa.string(),
            ),
            "source": raw.column("source"),
            "event_type": pa.array([contract.event_type] * len(raw), pa.string()),
            "borough": pc.coalesce(events["borough"], raw.column("borough").combine_chunks()),
        }
    )


def _rejected(people: Columns, events: Columns) -> dict[int, _Rejection]:
    """Row to the reason against it."""
    rejected = {
        int(row): _Rejection(
            "no_identity", None, "Has no name, birthday or identifier, so nothing can be linked to it."
        )
        for row in np.flatnonzero(~has_identity(people))
    }
    for unknown in np.flatnonzero(events["role"].is_null().to_numpy(zero_copy_only=False)):
        rejected[int(unknown)] = _Rejection(
            "unknown_role", "role", "The role is not known. Add the word to values.role of the contract."
        )
    return rejected


def _repeats(raw: pa.Table, identity: Identity) -> dict[int, _Rejection]:
    return {
        row: _Rejection("duplicate_row", None, f"Same as {_where(raw, earlier)}.")
        for row, earlier in identity.same_as.items()
    }


def _where(raw: pa.Table, row: int) -> str:
    sheet = raw.column("sheet")[row].as_py()
    return f"row {raw.column('row_number')[row].as_py()}" + (f" of sheet {sheet}" if sheet else "")


def _quarantine(raw: pa.Table, identity: Identity, feed_id: str, rejected: dict[int, _Rejection]) -> pa.Table:
    if not rejected:
        return QUARANTINE.arrow_schema().empty_table()
    rows = np.fromiter(rejected, np.int64, len(rejected))
    raw = some_rows(raw, rows)
    texts = pa.table(dict(sorted(raw_cells(raw).items())))
    raw_rows: list[str] = [
        json.dumps({name: text for name, text in row.items() if text is not None}, ensure_ascii=False)
        for row in texts.to_pylist()
    ] or ["{}"] * len(rows)
    whys = list(rejected.values())
    table = pa.table(
        {
            **{name: raw.column(name) for name in LINEAGE_NAMES},
            "record_id": pa.array(identity.record_ids(feed_id, rows), pa.string()),
            "stage": pa.array(["standardise"] * len(rows), pa.string()),
            "reason_code": pa.array([why.code for why in whys], pa.string()),
            "column": pa.array([why.column for why in whys], pa.string()),
            "reason": pa.array([why.reason for why in whys], pa.string()),
            "raw_row": pa.array(raw_rows, pa.string()),
        }
    )
    return conform(table, QUARANTINE)
