"""Rows that say what they said in an earlier export, and so are the same records.

A record hangs on the day of the night where a date of its row was still to come, or may have been read with another century had
the night been another one. Such a row is standardised each night. All else that a record hangs on is its row, the
contract, the reference lists, the code and the year of the night.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.standardise.identity import ROOMY, Identity
from pipeline.standardise.times import PLANNED_YEARS
from schemas.tables import LINEAGE, PLACE, Table

TO_COME = "in_the_future"
ROWS_A_RUN = 16  # from which on slices cost less than a copy
LINEAGE_NAMES = tuple(column.name for column in LINEAGE)


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier export of the feed, as it was read and in standard form: all tables in the order of their keys, with the columns that are needed."""

    raw_records: pa.Table
    std_records: pa.Table
    events: pa.Table
    again: pa.Table
    """Contract ``records_again``, a row for each of the standard records"""


def needed(table: Table) -> list[str]:
    """Columns of an earlier export that are looked at: of where a row came from, only its place in it."""
    return [name for name in table.names if name not in LINEAGE_NAMES or name in PLACE]


def none_again(rows: int) -> NDArray[np.int64]:
    """As ``rows_again`` where nothing was there before."""
    return np.full(rows, -1, np.int64)


def rows_again(before: Before, raw: pa.Table, identity: Identity) -> NDArray[np.int64]:
    """(rows,) place in the earlier standard records of the one that a row is again; -1 of a row to be standardised.

    Rows are found by what they are known by, and then compared cell by cell. One whose key another row has too, with other
    content, is not again: its id hangs on the order of the rows.
    """
    found = none_again(len(raw))
    of_code = np.full(1 + max(identity.codes.max(initial=0), identity.earlier.max(initial=0)), -1, np.int64)
    of_code[identity.earlier[::-1]] = np.arange(len(identity.earlier))[::-1]
    place = of_code[identity.codes]
    place[[*identity.same_as, *identity.occurrence]] = -1
    rows = np.flatnonzero(place >= 0)
    rows = rows[_says_the_same(raw, rows, before.raw_records, place[rows])]
    record = _record_of(before)[place[rows]]
    is_lasting = np.append(before.again.column("is_lasting").to_numpy(), False)
    found[rows] = np.where(is_lasting[record], record, -1)
    return found


def in_runs(table: pa.Table, rows: NDArray[np.int64]) -> pa.Table:
    """As ``take``; without a copy where most of the rows follow each other."""
    ends = np.flatnonzero(np.diff(rows) != 1) + 1
    if not len(rows) or len(ends) * ROWS_A_RUN > len(rows):
        return table.take(pa.array(rows))
    starts = np.concatenate([[0], ends])
    lengths = np.diff(np.append(starts, len(rows)))
    return pa.concat_tables(
        table.slice(at, length) for at, length in zip(rows[starts].tolist(), lengths.tolist(), strict=True)
    )


def _says_the_same(
    raw: pa.Table, rows: NDArray[np.int64], earlier: pa.Table, places: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """(rows,) whether some rows have the same as those of an earlier export in every cell, formatting included."""
    names = [
        name
        for name in raw.column_names
        if name not in LINEAGE_NAMES and not all(is_empty(table.column(name)) for table in (raw, earlier))
    ]
    one, other = in_runs(raw.select(names), rows), in_runs(earlier.select(names), places)
    is_same = np.ones(len(rows), bool)
    for own, its in zip(one.columns, other.columns, strict=True):
        if not own.equals(its):
            is_same &= _same_cells(own.combine_chunks(), its.combine_chunks())
    return is_same


def _same_cells(own: pa.Array, its: pa.Array) -> NDArray[np.bool_]:
    """(rows,) whether two cells are the same; null is null."""
    if pa.types.is_map(own.type):
        own, its = (column.cast(pa.list_(column.type.field(0).type)) for column in (own, its))
    if pa.types.is_list(own.type):
        return _same_lists(own, its)
    is_same = pc.equal(own, its)
    if is_same.null_count:
        is_same = pc.or_(pc.fill_null(is_same, False), pc.and_(own.is_null(), its.is_null()))
    found: NDArray[np.bool_] = is_same.to_numpy(zero_copy_only=False)
    return found


def _same_lists(own: pa.Array, its: pa.Array) -> NDArray[np.bool_]:
    lengths, other = (pc.fill_null(pc.list_value_length(column), -1).to_numpy() for column in (own, its))
    is_same: NDArray[np.bool_] = lengths == other
    if not is_same.all():
        own, its = (column.filter(pa.array(is_same)) for column in (own, its))
    rows = np.flatnonzero(is_same)
    rows = np.repeat(rows, np.maximum(lengths[rows], 0))
    flat = [pc.list_flatten(column) for column in (own, its)]
    parts = [column.flatten() if pa.types.is_struct(column.type) else [column] for column in flat]
    for one, another in zip(*parts, strict=True):
        is_same[rows[~_same_cells(one, another)]] = False
    return is_same


def is_empty(column: pa.ChunkedArray) -> bool:
    """Whether all rows are null."""
    return bool(column.null_count == len(column))


def _record_of(before: Before) -> NDArray[np.int64]:
    """(raw rows,) place of the standard record that came of each; -1 of a row that was rejected."""
    own, its = _places(before.raw_records, before.std_records)
    if max(own.max(initial=0), its.max(initial=0)) > ROOMY * len(own):
        return pc.index_in(pa.array(own), pa.array(its)).fill_null(-1).to_numpy().astype(np.int64)
    record = none_again(1 + max(own.max(initial=0), its.max(initial=0)))
    record[its] = np.arange(len(its))
    return record[own]


def _places(*tables: pa.Table) -> tuple[NDArray[np.int64], ...]:
    """(rows,) of each table where a row stood in the export, as one number."""
    places = tuple(np.zeros(len(table), np.int64) for table in tables)
    for name in PLACE:
        columns = [table.column(name) for table in tables]
        if all(is_empty(column) or is_one(column, columns[0][0]) for column in columns):
            continue
        if pa.types.is_string(columns[0].type):
            texts = pc.unique(columns[0])
            numbers = [pc.index_in(column, texts).to_numpy() for column in columns]
        else:
            numbers = [column.to_numpy() for column in columns]
        n_numbers = 1 + max(int(own.max(initial=0)) for own in numbers)
        places = tuple(place * n_numbers + own for place, own in zip(places, numbers, strict=True))
    return places


def is_one(column: pa.ChunkedArray, value: pa.Scalar) -> bool:
    """Whether all rows have one value, which is not null."""
    if not value.is_valid or (len(column) and (column[0] != value or column[-1] != value)):
        return False
    return not column.null_count and bool(pc.all(pc.equal(column, value), min_count=0).as_py())


@dataclass(frozen=True, slots=True)
class TakenUp:
    """Records and events that were made tonight, and those that are again, in the order of their keys."""

    std_records: pa.Table
    events: pa.Table
    made: NDArray[np.int64]
    """(records,) which of tonight's it is; -1 of one that is again"""


def taken_up(made: tuple[pa.Table, pa.Table], before: Before, again: NDArray[np.int64], raw: pa.Table) -> TakenUp:
    """Tonight's records and events put among those that are again.

    Args:
        made: tonight's records and their events.
        before: the earlier export.
        again: (rows,) as ``rows_again``.
        raw: all rows of the export.
    """
    std_records, events = made
    row_of = none_again(len(before.std_records))
    row_of[again[again >= 0]] = np.flatnonzero(again >= 0)
    old, old_ids = np.flatnonzero(row_of >= 0), before.std_records.column("record_id")
    gone = old_ids.filter(pa.array(row_of < 0)).combine_chunks()
    is_old_event = pc.invert(pc.is_in(before.events.column("record_id"), gone))
    old_events = np.flatnonzero(is_old_event.to_numpy())
    own = [name for name in std_records.column_names if name not in LINEAGE_NAMES]
    order = _order(std_records.column("record_id"), old_ids.filter(pa.array(row_of >= 0)))
    said = _picked(std_records.select(own), before.std_records.select(own), old, order)
    lineage = _picked(std_records.select(LINEAGE_NAMES), raw.select(LINEAGE_NAMES), row_of[old], order)
    columns = dict(zip((*own, *LINEAGE_NAMES), (*said, *lineage), strict=True))
    event_order = _order(events.column("event_id"), before.events.column("event_id").filter(is_old_event))
    return TakenUp(
        pa.table([columns[name] for name in std_records.column_names], schema=std_records.schema),
        pa.table(_picked(events, before.events, old_events, event_order), schema=events.schema),
        np.where(order < len(std_records), order, -1),
    )


def _order(made: pa.ChunkedArray, old: pa.ChunkedArray) -> NDArray[np.int64]:
    order: NDArray[np.int64] = (
        pc.sort_indices(pa.chunked_array([*made.chunks, *old.chunks], pa.string())).to_numpy().astype(np.int64)
    )
    return order


def _picked(
    made: pa.Table, old: pa.Table, places: NDArray[np.int64], order: NDArray[np.int64]
) -> list[pa.ChunkedArray]:
    """Columns of the made rows and of some places of the old ones, one after the other, in the order given."""
    picks = pa.array(np.concatenate([np.arange(len(made)), len(made) + places])[order])
    return [_of_both(made.column(name), old.column(name), picks) for name in made.column_names]


def _of_both(made: pa.ChunkedArray, old: pa.ChunkedArray, picks: pa.Array) -> pa.ChunkedArray:
    """As ``take`` from both, one after the other; many columns of a feed are empty or say the same in every row."""
    if is_empty(made) and is_empty(old):
        return pa.chunked_array([pa.nulls(len(picks), made.type)])
    if pa.types.is_string(made.type) and len(old) and all(is_one(column, old[0]) for column in (made, old)):
        return pa.chunked_array([pa.repeat(old[0], len(picks))])
    return pa.chunked_array([pa.chunked_array([*made.chunks, *old.chunks], made.type).combine_chunks().take(picks)])


def hangs_on_day(std_records: pa.Table, events: pa.Table, as_of: dt.date) -> NDArray[np.bool_]:
    """(records,) whether a later night of the same year may read the row otherwise. Input: an event a record, in one order."""
    hangs = np.zeros(len(std_records), bool)
    nulled = std_records.column("nulled").combine_chunks()
    hangs[_owners(nulled, pc.equal(pc.struct_field(pc.list_flatten(nulled), "reason"), TO_COME))] = True
    born, planned = {as_of.year, as_of.year - 100}, {as_of.year + PLANNED_YEARS, as_of.year + PLANNED_YEARS - 100}
    for table, name, years in (
        (std_records, "date_of_birth", born),
        (std_records, "date_of_birth_alt", born),
        (std_records, "recorded_at", planned),
        (events, "started_at", planned),
        (events, "ended_at", planned),
    ):
        found = pc.is_in(pc.year(table.column(name)), pa.array(sorted(years), pa.int64()))
        hangs |= found.to_numpy(zero_copy_only=False).astype(bool)
    attributes = events.column("attributes").combine_chunks()
    texts = attributes.cast(pa.list_(attributes.type.field(0).type))
    items = pc.struct_field(pc.list_flatten(texts), 1)
    for year in planned:
        hangs[_owners(texts, pc.starts_with(items, f"{year}-"))] = True
    return hangs


def _owners(lists: pa.Array, hits: pa.Array) -> NDArray[np.int64]:
    is_hit = pc.fill_null(hits, False)
    return pc.list_parent_indices(lists).filter(is_hit).to_numpy(zero_copy_only=False).astype(np.int64)
