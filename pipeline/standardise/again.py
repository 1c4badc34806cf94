"""Rows that say what they said in an earlier export, and so are the same records.

A record hangs on the day of the night where a date of its row was still to come, or may have been read with another century had
the night been another one. Such a row is standardised each night. All else that a record hangs on is its row, the
contract, the reference lists, the code and the year of the night.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.standardise.identity import CELL, FIELD, Identity, bases
from pipeline.standardise.times import PLANNED_YEARS
from schemas.tables import LINEAGE

TO_COME = "in_the_future"
ROWS_A_RUN = 16  # from which on slices cost less than a copy
LINEAGE_NAMES = tuple(column.name for column in LINEAGE)


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier export of the feed, as it was read and in standard form: all tables in the order of their keys."""

    raw_records: pa.Table
    std_records: pa.Table
    events: pa.Table
    again: pa.Table
    """Contract ``records_again``, a row for each of the standard records"""


def none_again(rows: int) -> NDArray[np.int64]:
    """As ``rows_again`` where nothing was there before."""
    return np.full(rows, -1, np.int64)


def rows_again(before: Before, raw: pa.Table, identity: Identity, key: tuple[str, ...]) -> NDArray[np.int64]:
    """(rows,) place in the earlier standard records of the one that a row is again; -1 of a row to be standardised.

    Rows are found by what they are known by, and then compared cell by cell. One whose key another row has too, with other
    content, is not again: its id hangs on the order of the rows.
    """
    found = none_again(len(raw))
    there = pc.index_in(identity.bases.dictionary, bases(before.raw_records, key)).fill_null(-1)
    place = there.to_numpy(zero_copy_only=False)[identity.bases.indices.to_numpy(zero_copy_only=False)]
    place[[*identity.same_as, *identity.occurrence]] = -1
    rows = np.flatnonzero(place >= 0)
    rows = rows[_says_the_same(in_runs(raw, rows), in_runs(before.raw_records, place[rows]))]
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
    return pa.concat_tables(table.slice(at, length) for at, length in zip(rows[starts].tolist(), lengths.tolist(), strict=True))  # fmt: skip


def _says_the_same(one: pa.Table, other: pa.Table) -> NDArray[np.bool_]:
    """(rows,) whether two tables of raw records have the same in every cell of a row, its formatting included."""
    is_same = np.ones(len(one), bool)
    for name in one.column_names:
        own, its = one.column(name), other.column(name)
        if name in LINEAGE_NAMES or own.equals(its):
            continue
        own, its = _as_text(own), _as_text(its)
        both = pc.or_(pc.fill_null(pc.equal(own, its), False), pc.and_(own.is_null(), its.is_null()))
        is_same &= both.to_numpy(zero_copy_only=False)
    return is_same


def _as_text(column: pa.ChunkedArray) -> pa.Array:
    """One text a row, of lists and maps too."""
    whole = column.combine_chunks()
    if pa.types.is_map(whole.type):
        lists = whole.cast(pa.list_(whole.type.field(0).type))
        pairs = pc.list_flatten(lists)
        said = pc.binary_join_element_wise(
            pc.struct_field(pairs, 0), pc.struct_field(pairs, 1), FIELD, null_handling="skip"
        )
        ends = np.cumsum(pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False))
        whole = pa.ListArray.from_arrays(pa.array(np.append(0, ends), pa.int32()), said)
    return pc.binary_join(whole, CELL) if pa.types.is_list(whole.type) else whole


def _record_of(before: Before) -> NDArray[np.int64]:
    """(raw rows,) place of the standard record that came of each; -1 of a row that was rejected."""
    raw, records = before.raw_records, before.std_records
    sets = {name: pc.unique(raw.column(name)) for name in ("file", "sheet")}
    own, its = (_places(table, sets) for table in (raw, records))
    return pc.index_in(pa.array(own), pa.array(its)).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


def _places(table: pa.Table, sets: Mapping[str, pa.Array]) -> NDArray[np.int64]:
    """(rows,) where a row stood in the export, as one number."""
    place = np.zeros(len(table), np.int64)
    for name, own in sets.items():
        place = place * len(own) + pc.index_in(table.column(name), own).to_numpy()
    for name, bits in (("row_number", 31), ("part", 15)):
        place = (place << bits) + table.column(name).to_numpy()
    return place


def taken_up(
    made: tuple[pa.Table, pa.Table], before: Before, again: NDArray[np.int64], raw: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """Records and events that were made tonight, and those that are again, in the order of their keys.

    Args:
        made: tonight's records and their events.
        before: the earlier export.
        again: (rows,) as ``rows_again``.
        raw: all rows of the export.
    """
    std_records, events = made
    rows = np.flatnonzero(again >= 0)
    rows = rows[np.argsort(again[rows])]
    old_ids = before.std_records.column("record_id").take(pa.array(again[rows])).combine_chunks()
    old_events = np.flatnonzero(pc.is_in(before.events.column("record_id"), old_ids).to_numpy())
    own = [name for name in std_records.column_names if name not in LINEAGE_NAMES]
    order = _order(std_records.column("record_id"), old_ids)
    said = _picked(std_records.select(own), before.std_records.select(own), again[rows], order)
    lineage = _picked(std_records.select(LINEAGE_NAMES), raw.select(LINEAGE_NAMES), rows, order)
    columns = dict(zip((*own, *LINEAGE_NAMES), (*said.columns, *lineage.columns), strict=True))
    event_order = _order(events.column("event_id"), before.events.column("event_id").take(pa.array(old_events)))
    return (
        pa.table([columns[name] for name in std_records.column_names], schema=std_records.schema),
        _picked(events, before.events, old_events, event_order),
    )


def _order(made: pa.ChunkedArray, old: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
    chunks = [*made.chunks, *(old.chunks if isinstance(old, pa.ChunkedArray) else [old])]
    order: NDArray[np.int64] = pc.sort_indices(pa.chunked_array(chunks, pa.string())).to_numpy().astype(np.int64)
    return order


def _picked(made: pa.Table, old: pa.Table, places: NDArray[np.int64], order: NDArray[np.int64]) -> pa.Table:
    """The made rows and some places of the old ones, one after the other, in the order given."""
    all_places = np.concatenate([np.arange(len(made)), len(made) + places])
    return pa.concat_tables([made, old]).take(pa.array(all_places[order]))


def hangs_on_day(std_records: pa.Table, events: pa.Table, as_of: dt.date) -> NDArray[np.bool_]:
    """(records,) whether a later night of the same year may read the row otherwise. Input: an event a record, in one order."""
    hangs = np.zeros(len(std_records), bool)
    nulled = std_records.column("nulled").combine_chunks()
    hangs[_owners(nulled, pc.equal(pc.struct_field(pc.list_flatten(nulled), "reason"), TO_COME))] = True
    born, planned = {as_of.year, as_of.year - 100}, {as_of.year + PLANNED_YEARS, as_of.year + PLANNED_YEARS - 100}
    for table, name, years in (
        (std_records, "date_of_birth", born), (std_records, "date_of_birth_alt", born), (std_records, "recorded_at", planned),
        (events, "started_at", planned), (events, "ended_at", planned),
    ):  # fmt: skip
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
