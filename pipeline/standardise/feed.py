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
from pipeline.standardise.cells import raw_cells, read_cells, short_rows
from pipeline.standardise.date_dependence import depends_on_date
from pipeline.standardise.events import read_events, read_recorded_at
from pipeline.standardise.identity import Identity, identify, some_rows, stable_id
from pipeline.standardise.notes import Remarks
from pipeline.standardise.people import Columns, has_identity, read_births, read_people
from pipeline.standardise.reference import Reference
from pipeline.standardise.reuse import EarlierExport, merge_reused, nothing_reused, reusable_records
from pipeline.standardise.rules import Rules
from pipeline.standardise.same_cells import LINEAGE_NAMES
from schemas.contract import Contract
from schemas.tables import EVENTS_STAGED, NEVER_SHARED, QUARANTINE, RECORDS_AGAIN, STD_RECORDS

OF_A_KIND = frozenset(("date_of_birth", "age", "started", "ended", "uprn", "postcode", "place_postcode")) | NEVER_SHARED
"""Fields of which a text shows whether it can be one"""
DOES_NOT_FIT = ("unreadable", "impossible", "invalid")
"""How the reasons begin for which a text cannot be one"""


@dataclass(frozen=True, slots=True)
class FeedStandardised:
    """Every raw row is either a standard record with its event, or in quarantine."""

    std_records: pa.Table
    events: pa.Table
    quarantine: pa.Table
    again: pa.Table
    """Contract ``records_again``: of each record whether it was reused tonight, and may be the next night"""
    n_reused: int = 0
    """Records whose row has not changed since the earlier export"""
    depends_on_date: bool = False
    """Whether a later night of the same year may read a row otherwise"""
    notices: tuple[tuple[str, int], ...] = ()
    """What the borough should put right in rows that are records nevertheless, and how many; no value of them"""


@dataclass(frozen=True, slots=True)
class _Rejection:
    code: str
    column: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class _StandardRows:
    """Some rows in standard form."""

    std_records: pa.Table
    events: pa.Table
    record_rows: NDArray[np.int64]
    """(records,) the row of each record"""
    rejections: dict[int, _Rejection]
    """The other rows, and why they are none"""
    depends: NDArray[np.bool_]
    """(rows,) as ``depends_on_date``: a row without identity tonight may have one when a birthday has come"""


def standardise_feed(
    raw: pa.Table, contract: Contract, reference: Reference, as_of: dt.date, earlier: EarlierExport | None = None
) -> FeedStandardised:
    """The feed's records in standard form.

    Input: raw_records of one feed, in the order of the file. Output: std_records and events, one row each for a raw
        row, in that order or that of their keys; quarantine for rows that repeat another, have an unknown role, or no identity.
        With an earlier export, standardised by the same contract, reference and code in the same year, the records of
        unchanged rows are taken from it; the result is the same.
    Cost: each distinct text of the other rows is standardised once.
    """
    feed_id = raw.column("feed_id")[0].as_py() if len(raw) else contract.source
    identity = identify(raw, contract.key, earlier.raw_records if earlier else None)
    reused = reusable_records(earlier, raw, identity) if earlier else nothing_reused(len(raw))
    is_new = reused < 0
    is_new[list(identity.same_as)] = False
    new_rows = np.flatnonzero(is_new)
    new_raw = raw if len(new_rows) == len(raw) else some_rows(raw, new_rows)
    new = _standardise_rows(new_raw, identity.record_ids(feed_id, new_rows), Rules(contract, reference, as_of))
    rejections = {int(new_rows[row]): rejection for row, rejection in new.rejections.items()} | _repeats(raw, identity)
    n_reused, std_records, events, new_record = int((reused >= 0).sum()), new.std_records, new.events, None
    if earlier and n_reused:
        merged = merge_reused(std_records, events, earlier, reused, raw)
        std_records, events, new_record = merged.std_records, merged.events, merged.new_record
    return FeedStandardised(
        std_records,
        events,
        _quarantine(raw, identity, feed_id, dict(sorted(rejections.items()))),
        _records_again(std_records, _is_lasting(new, new_rows, identity), new_record),
        n_reused,
        bool(new.depends.any()),
        _shared_keys(raw, identity),
    )


def _is_lasting(new: _StandardRows, new_rows: NDArray[np.int64], identity: Identity) -> NDArray[np.bool_]:
    """(new records,) whether the record is the same on a later night of the year, as long as its row is."""
    is_told_apart_by_order = np.isin(new_rows[new.record_rows], list(identity.occurrence))
    is_lasting: NDArray[np.bool_] = ~(new.depends[new.record_rows] | is_told_apart_by_order)
    return is_lasting


def _records_again(
    std_records: pa.Table, is_lasting: NDArray[np.bool_], new_record: NDArray[np.int64] | None
) -> pa.Table:
    """Contract ``records_again``. ``new_record``: (records,) which new record each is, -1 of a reused one; None: all are new."""
    if new_record is None:
        new_record = np.arange(len(is_lasting))
    columns = [std_records.column("record_id"), np.append(is_lasting, True)[new_record], new_record < 0]
    return pa.table(columns, schema=RECORDS_AGAIN.arrow_schema())


def _standardise_rows(raw: pa.Table, record_ids: list[str], rules: Rules) -> _StandardRows:
    cells = read_cells(raw, rules.contract)
    remarks = Remarks()
    remarks.add_merged(cells)
    events = read_events(cells, rules, remarks)
    recorded_at = read_recorded_at(cells, events, rules, remarks)
    people = read_people(cells, rules, remarks)
    people |= read_births(cells, rules, recorded_at, remarks)
    rejections = _rejections(people, events) | _shifted(raw, remarks, rules.contract)
    record_rows = np.setdiff1d(np.arange(len(raw)), np.fromiter(rejections, np.int64, len(rejections)))
    shared = {
        "record_id": pa.array(record_ids, pa.string()),
        "basis": pa.array([rules.contract.basis] * len(raw), pa.string()),
    }
    records = {
        **{name: raw.column(name) for name in LINEAGE_NAMES},
        **shared,
        **people,
        "source_key": cells["source_key"],
        "role": events["role"],
        "recorded_at": recorded_at,
        "flags": remarks.flag_column(len(raw)),
        "nulled": remarks.nulled_column(cells),
    }
    record_table, event_table = pa.table(records), _events(raw, shared, events, rules.contract)
    return _StandardRows(
        conform(record_table.take(pa.array(record_rows)), STD_RECORDS),
        conform(event_table.take(pa.array(record_rows)), EVENTS_STAGED),
        record_rows,
        rejections,
        depends_on_date(record_table, event_table, rules.as_of),
    )


def _events(raw: pa.Table, shared: Columns, events: Columns, contract: Contract) -> pa.Table:
    ids = shared["record_id"].to_pylist()
    refs = events["event_ref"].to_pylist()
    return pa.table(
        {
            **events,
            **shared,
            "event_id": pa.array(
                [
                    stable_id("event", record_id, contract.event_type, ref or "")
                    for record_id, ref in zip(ids, refs, strict=True)
                ],
                pa.string(),
            ),
            "source": raw.column("source"),
            "event_type": pa.array([contract.event_type] * len(raw), pa.string()),
            "borough": pc.coalesce(events["borough"], raw.column("borough").combine_chunks()),
        }
    )


def _rejections(people: Columns, events: Columns) -> dict[int, _Rejection]:
    """Row to the reason against it."""
    rejections = {
        int(row): _Rejection(
            "no_identity", None, "Has no name, birthday or identifier, so nothing can be linked to it."
        )
        for row in np.flatnonzero(~has_identity(people))
    }
    for row in np.flatnonzero(events["role"].is_null().to_numpy(zero_copy_only=False)):
        rejections[int(row)] = _Rejection(
            "unknown_role", "role", "The role is not known. Add the word to values.role of the contract."
        )
    return rejections


def _shifted(raw: pa.Table, remarks: Remarks, contract: Contract) -> dict[int, _Rejection]:
    """Rows with too few cells in which a value does not fit its column: a cell before it is missing, and others stand under wrong headings."""
    short, rejections = short_rows(raw), dict[int, _Rejection]()
    for row, note in sorted(remarks.notes) if short else ():
        tells = note.column in contract.required or note.field in OF_A_KIND or note.column.endswith(("_date", "_at"))
        if row in short and tells and note.reason.startswith(DOES_NOT_FIT):
            n_cells, _, n_headings = short[row].partition("/")
            reason = (
                f"Has {n_cells} cells under {n_headings} headings, and {note.column} does not fit ({note.reason}): "
                "a cell before it is missing. Correct the row."
            )
            rejections.setdefault(row, _Rejection("too_few_cells", note.column, reason))
    return rejections


def _repeats(raw: pa.Table, identity: Identity) -> dict[int, _Rejection]:
    return {
        row: _Rejection("duplicate_row", None, f"Same as {_where(raw, earlier)}.")
        for row, earlier in identity.same_as.items()
    }


def _shared_keys(raw: pa.Table, identity: Identity) -> tuple[tuple[str, int], ...]:
    """That the key does not tell some rows apart; one notice at most."""
    rows = [row for row in identity.occurrence if row not in identity.same_as]
    if not rows:
        return ()
    first, *others = (row for row in rows if identity.codes[row] == identity.codes[rows[0]])
    more = f", as {len(rows) - 1 - len(others):,} other rows do with one another" if len(rows) > len(others) + 1 else ""
    about = (
        f"{raw.column('file')[first].as_py()}: {_where(raw, first)} and {_where(raw, others[0])} have the same key "
        f"({', '.join(identity.key)}) and say different things{more}. Each is a record of its own, but only their order tells "
        "whose id is whose. Ask for a key that no two rows share, or correct `key` in the contract."
    )
    return ((about, len(rows)),)


def _where(raw: pa.Table, row: int) -> str:
    sheet = raw.column("sheet")[row].as_py()
    return f"row {raw.column('row_number')[row].as_py()}" + (f" of sheet {sheet}" if sheet else "")


def _quarantine(raw: pa.Table, identity: Identity, feed_id: str, rejections: dict[int, _Rejection]) -> pa.Table:
    if not rejections:
        return QUARANTINE.arrow_schema().empty_table()
    rows = np.fromiter(rejections, np.int64, len(rejections))
    raw = some_rows(raw, rows)
    texts = pa.table(dict(sorted(raw_cells(raw).items())))
    raw_rows: list[str] = [
        json.dumps({name: text for name, text in row.items() if text is not None}, ensure_ascii=False)
        for row in texts.to_pylist()
    ] or ["{}"] * len(rows)
    rejections_of_rows = list(rejections.values())
    table = pa.table(
        {
            **{name: raw.column(name) for name in LINEAGE_NAMES},
            "record_id": pa.array(identity.record_ids(feed_id, rows), pa.string()),
            "stage": pa.array(["standardise"] * len(rows), pa.string()),
            "reason_code": pa.array([rejection.code for rejection in rejections_of_rows], pa.string()),
            "column": pa.array([rejection.column for rejection in rejections_of_rows], pa.string()),
            "reason": pa.array([rejection.reason for rejection in rejections_of_rows], pa.string()),
            "raw_row": pa.array(raw_rows, pa.string()),
        }
    )
    return conform(table, QUARANTINE)
