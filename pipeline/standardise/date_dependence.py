"""Which standard records depend on the date of the night.

Those with a date that was still to come, or that may have been read with another century had the night been another one.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.standardise.times import PLANNED_YEARS

TO_COME = "in_the_future"


def depends_on_date(std_records: pa.Table, events: pa.Table, as_of: dt.date) -> NDArray[np.bool_]:
    """(records,) whether a later night of the same year may read the row otherwise. Input: an event a record, in one order."""
    depends = np.zeros(len(std_records), bool)
    nulled = std_records.column("nulled").combine_chunks()
    depends[_rows_of_items(nulled, pc.equal(pc.struct_field(pc.list_flatten(nulled), "reason"), TO_COME))] = True
    birth_years = [as_of.year - 100, as_of.year]
    event_years = [as_of.year + PLANNED_YEARS - 100, as_of.year + PLANNED_YEARS]
    for table, name, years in (
        (std_records, "date_of_birth", birth_years),
        (std_records, "date_of_birth_alt", birth_years),
        (std_records, "recorded_at", event_years),
        (events, "started_at", event_years),
        (events, "ended_at", event_years),
    ):
        is_open = pc.is_in(pc.year(table.column(name)), pa.array(years, pa.int64()))
        depends |= is_open.to_numpy(zero_copy_only=False).astype(bool)
    attributes = events.column("attributes").combine_chunks()
    pairs = attributes.cast(pa.list_(attributes.type.field(0).type))
    texts = pc.struct_field(pc.list_flatten(pairs), 1)
    for year in event_years:
        depends[_rows_of_items(pairs, pc.starts_with(texts, f"{year}-"))] = True
    return depends


def _rows_of_items(lists: pa.Array, is_hit: pa.Array) -> NDArray[np.int64]:
    """The rows whose list has an item that is hit."""
    hits = pc.fill_null(is_hit, False)
    return pc.list_parent_indices(lists).filter(hits).to_numpy(zero_copy_only=False).astype(np.int64)
