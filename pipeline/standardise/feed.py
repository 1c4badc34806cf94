"""From the raw rows of one feed to standard records and their events."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.parquet import conform
from pipeline.standardise.cells import Cells, read_cells
from pipeline.standardise.events import read_events, read_recorded_at
from pipeline.standardise.identity import Identity, identify, stable_id
from pipeline.standardise.notes import Gathered
from pipeline.standardise.people import Columns, has_identity, read_births, read_people
from pipeline.standardise.reference import Reference
from schemas.contract import Contract
from schemas.tables import EVENTS_STAGED, LINEAGE, QUARANTINE, STD_RECORDS

LINEAGE_NAMES = tuple(column.name for column in LINEAGE)


@dataclass(frozen=True, slots=True)
class FeedStandardised:
    """Every raw row is either a standard record with its event, or in quarantine."""

    std_records: pa.Table
    events: pa.Table
    quarantine: pa.Table


@dataclass(frozen=True, slots=True)
class _Rejection:
    code: str
    column: str | None
    reason: str


def standardise_feed(raw: pa.Table, contract: Contract, reference: Reference, as_of: dt.date) -> FeedStandardised:
    """The feed's records in standard form.

    Input: raw_records of one feed, in the order of the file. Output: std_records and events, one row each for a raw
        row, in that order; quarantine for rows that repeat another, have an unknown role, or nothing to be known by.
    Cost: each distinct text is standardised once.
    """
    cells = read_cells(raw, contract)
    gathered = Gathered()
    events = read_events(cells, contract, reference, as_of, gathered)
    recorded_at = read_recorded_at(cells, events, contract, reference, as_of, gathered)
    people = read_people(cells, contract, reference, as_of, gathered)
    people |= read_births(cells, contract, reference, as_of, recorded_at, gathered)
    feed_id = raw.column("feed_id")[0].as_py() if len(raw) else contract.source
    identity = identify(cells, feed_id, raw.column("part").to_pylist(), contract.key)
    rejected = _rejected(raw, people, events, identity)
    kept = pa.array(np.setdiff1d(np.arange(len(raw)), np.fromiter(rejected, np.int64, len(rejected))))
    lineage = {name: raw.column(name) for name in LINEAGE_NAMES}
    shared = {
        "record_id": pa.array(identity.record_ids, pa.string()),
        "basis": pa.array([contract.basis] * len(raw), pa.string()),
    }
    records = {
        **lineage, **shared, **people,
        "source_key": cells["source_key"], "role": events["role"], "recorded_at": recorded_at,
        "flags": gathered.flag_column(len(raw)), "nulled": gathered.nulled_column(cells),
    }  # fmt: skip
    return FeedStandardised(
        conform(pa.table(records).take(kept), STD_RECORDS),
        conform(_events(raw, shared, events, contract).take(kept), EVENTS_STAGED),
        _quarantine(raw, cells, identity, rejected),
    )


def _events(raw: pa.Table, shared: Columns, events: Columns, contract: Contract) -> pa.Table:
    ids = shared["record_id"].to_pylist()
    refs = events["event_ref"].to_pylist()
    return pa.table({
        **events, **shared,
        "event_id": pa.array(
            [stable_id("event", i, contract.event_type, ref or "") for i, ref in zip(ids, refs, strict=True)],
            pa.string(),
        ),
        "source": raw.column("source"),
        "event_type": pa.array([contract.event_type] * len(raw), pa.string()),
        "borough": pc.coalesce(events["borough"], raw.column("borough").combine_chunks()),
    })  # fmt: skip


def _rejected(raw: pa.Table, people: Columns, events: Columns, identity: Identity) -> dict[int, _Rejection]:
    """Row to the first reason against it."""
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
    for row, earlier in identity.same_as.items():
        rejected[row] = _Rejection("duplicate_row", None, f"Same as {_where(raw, earlier)}.")
    return dict(sorted(rejected.items()))


def _where(raw: pa.Table, row: int) -> str:
    sheet = raw.column("sheet")[row].as_py()
    return f"row {raw.column('row_number')[row].as_py()}" + (f" of sheet {sheet}" if sheet else "")


def _quarantine(raw: pa.Table, cells: Cells, identity: Identity, rejected: dict[int, _Rejection]) -> pa.Table:
    rows = pa.array(list(rejected), pa.int64())
    texts = pa.table({name: column.take(rows) for name, column in sorted(cells.raw.items())})
    raw_rows: list[str] = [
        json.dumps({name: text for name, text in row.items() if text is not None}, ensure_ascii=False)
        for row in texts.to_pylist()
    ] or ["{}"] * len(rows)
    whys = list(rejected.values())
    table = pa.table({
        **{name: raw.column(name).take(rows) for name in LINEAGE_NAMES},
        "record_id": pa.array([identity.record_ids[row] for row in rejected], pa.string()),
        "stage": pa.array(["standardise"] * len(rows), pa.string()),
        "reason_code": pa.array([why.code for why in whys], pa.string()),
        "column": pa.array([why.column for why in whys], pa.string()),
        "reason": pa.array([why.reason for why in whys], pa.string()),
        "raw_row": pa.array(raw_rows, pa.string()),
    })  # fmt: skip
    return conform(table, QUARANTINE)
