"""Rows that say what they said in an earlier export, and so are the same records.

A record hangs on the day of the night where a date of its row was still to come, or may have been read with another century had
the night been another one. Such a row is standardised each night. All else that a record hangs on is its row, the
contract, the reference lists, the code and the year of the night.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.standardise.cells import Cells
from pipeline.standardise.identity import CELL, FIELD, ID_BYTES, Identity
from pipeline.standardise.times import PLANNED_YEARS
from schemas.tables import LINEAGE

TO_COME = "in_the_future"
LINEAGE_NAMES = tuple(column.name for column in LINEAGE)


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier export of the feed in standard form."""

    std_records: pa.Table
    events: pa.Table
    content: pa.Table
    """Of each record what its row said, a hash; null where the record hangs on the day of the night"""


def content_of(cells: Cells, raw: pa.Table) -> pa.Array:
    """(rows,) hash of all that a row says, the marks of its cells included."""
    named = [pc.binary_join_element_wise(pa.scalar(name), cells.raw[name], FIELD) for name in sorted(cells.raw)]
    marks = pc.binary_join(raw.column("marks").combine_chunks(), FIELD)
    joined = pc.binary_join_element_wise(*named, marks, CELL, null_handling="skip").to_pylist()
    hashes = [hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=ID_BYTES).digest() for text in joined]
    return pa.array(hashes, pa.binary())


def none_again(rows: int) -> NDArray[np.int64]:
    """As ``rows_again`` where nothing was there before."""
    return np.full(rows, -1, np.int64)


def rows_again(before: Before, identity: Identity, content: pa.Array) -> NDArray[np.int64]:
    """(rows,) place in the earlier export of the record that a row is again; -1 of a row to be standardised."""
    place = pc.index_in(pa.array(identity.record_ids, pa.string()), before.content.column("record_id").combine_chunks())
    is_same = pc.fill_null(pc.equal(before.content.column("content").combine_chunks().take(place), content), False)
    found = np.where(is_same.to_numpy(zero_copy_only=False), place.fill_null(-1).to_numpy(zero_copy_only=False), -1)
    found[list(identity.same_as)] = -1
    return found.astype(np.int64)


def taken_up(
    made: tuple[pa.Table, pa.Table, NDArray[np.int64]], before: Before, again: NDArray[np.int64], raw: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """Records and events that were made tonight, and those that are again, in the order of the rows.

    Args:
        made: tonight's records, their events, and their rows.
        before: the earlier export.
        again: (rows,) as ``rows_again``.
        raw: all rows of the export.
    """
    std_records, events, own_rows = made
    rows = np.flatnonzero(again >= 0)
    ids = before.content.column("record_id").take(pa.array(again[rows]))
    old = before.std_records.take(pc.index_in(ids, before.std_records.column("record_id").combine_chunks()))
    told = raw.select(LINEAGE_NAMES).take(pa.array(rows))
    for name in LINEAGE_NAMES:
        old = old.set_column(old.schema.get_field_index(name), old.schema.field(name), told.column(name))
    old_events = before.events.take(pc.index_in(ids, before.events.column("record_id").combine_chunks()))
    both = pa.concat_tables([std_records, old])
    order = pa.array(np.argsort(np.concatenate([own_rows, rows]), kind="stable"))
    return both.take(order), pa.concat_tables([events, old_events]).take(order)


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
