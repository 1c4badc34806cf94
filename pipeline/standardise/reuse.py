"""Standard records of the earlier export that rows of tonight's export can keep, because they are unchanged.

A standard record depends on its row, the contract, the reference lists, the code and the year of the night. Some depend on the
date of the night as well (``date_dependence``): those are not lasting, and their rows are standardised each night.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.standardise.identity import ROOMY, Identity
from pipeline.standardise.same_cells import LINEAGE_NAMES, has_same_cells, is_constant, is_empty
from schemas.tables import PLACE, Table

Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EarlierExport:
    """An earlier export of the feed, raw and in standard form: all tables in the order of their keys, with the columns that are needed."""

    raw_records: pa.Table
    std_records: pa.Table
    events: pa.Table
    again: pa.Table
    """Contract ``records_again``, a row for each of the standard records"""


def needed_columns(table: Table) -> list[str]:
    """Columns of an earlier export that are looked at: of a row's lineage, only its place in the export."""
    return [name for name in table.names if name not in LINEAGE_NAMES or name in PLACE]


def nothing_reused(rows: int) -> Positions:
    """As ``reusable_records`` where there is no earlier export."""
    return np.full(rows, -1, np.int64)


def reusable_records(earlier: EarlierExport, raw: pa.Table, identity: Identity) -> Positions:
    """(rows,) position of the earlier standard record that the row can keep; -1 of a row to be standardised.

    Rows are paired by their identity, and then compared cell by cell. A row whose key another row has too, with other
    content, keeps nothing: its id depends on the order of the rows.
    """
    reused = nothing_reused(len(raw))
    earlier_row = _earlier_rows(identity)
    earlier_row[[*identity.same_as, *identity.occurrence]] = -1
    rows = np.flatnonzero(earlier_row >= 0)
    rows = rows[has_same_cells(raw, rows, earlier.raw_records, earlier_row[rows])]
    record = _record_of_row(earlier)[earlier_row[rows]]
    is_lasting = np.append(earlier.again.column("is_lasting").to_numpy(), False)
    reused[rows] = np.where(is_lasting[record], record, -1)
    return reused


def _earlier_rows(identity: Identity) -> Positions:
    """(rows,) position of the first earlier row with the same identity; -1 where there is none."""
    row_of_code = np.full(1 + max(identity.codes.max(initial=0), identity.earlier.max(initial=0)), -1, np.int64)
    row_of_code[identity.earlier[::-1]] = np.arange(len(identity.earlier))[::-1]
    earlier_rows: Positions = row_of_code[identity.codes]
    return earlier_rows


def _record_of_row(earlier: EarlierExport) -> Positions:
    """(raw rows,) position of the standard record that came of each; -1 of a row that was rejected."""
    row_place, record_place = _places_in_export(earlier.raw_records, earlier.std_records)
    highest = max(row_place.max(initial=0), record_place.max(initial=0))
    if highest > ROOMY * len(row_place):
        return pc.index_in(pa.array(row_place), pa.array(record_place)).fill_null(-1).to_numpy().astype(np.int64)
    record_at = nothing_reused(1 + highest)
    record_at[record_place] = np.arange(len(record_place))
    return record_at[row_place]


def _places_in_export(*tables: pa.Table) -> tuple[Positions, ...]:
    """(rows,) of each table: where a row stood in the export, as one number."""
    places = tuple(np.zeros(len(table), np.int64) for table in tables)
    for name in PLACE:
        columns = [table.column(name) for table in tables]
        if all(is_empty(column) or is_constant(column, columns[0][0]) for column in columns):
            continue
        if pa.types.is_string(columns[0].type):
            texts = pc.unique(columns[0])
            numbers = [pc.index_in(column, texts).to_numpy() for column in columns]
        else:
            numbers = [column.to_numpy() for column in columns]
        n_numbers = 1 + max(int(column.max(initial=0)) for column in numbers)
        places = tuple(place * n_numbers + number for place, number in zip(places, numbers, strict=True))
    return places


@dataclass(frozen=True, slots=True)
class MergedRecords:
    """Records and events that were standardised tonight, and those that were kept, in the order of their keys."""

    std_records: pa.Table
    events: pa.Table
    new_record: Positions
    """(records,) which of tonight's records it is; -1 of one that was kept"""


def merge_reused(
    new_records: pa.Table, new_events: pa.Table, earlier: EarlierExport, reused: Positions, raw: pa.Table
) -> MergedRecords:
    """Put tonight's records and events among those that are kept.

    Args:
        new_records: standardised tonight.
        new_events: theirs.
        earlier: the earlier export.
        reused: (rows,) as ``reusable_records``.
        raw: all rows of tonight's export; a kept record gets the lineage of its row.
    """
    row_of_record = nothing_reused(len(earlier.std_records))
    row_of_record[reused[reused >= 0]] = np.flatnonzero(reused >= 0)
    kept_records, earlier_ids = np.flatnonzero(row_of_record >= 0), earlier.std_records.column("record_id")
    dropped_ids = earlier_ids.filter(pa.array(row_of_record < 0)).combine_chunks()
    is_kept_event = pc.invert(pc.is_in(earlier.events.column("record_id"), dropped_ids))
    kept_events = np.flatnonzero(is_kept_event.to_numpy())
    content_names = [name for name in new_records.column_names if name not in LINEAGE_NAMES]
    order = _order(new_records.column("record_id"), earlier_ids.filter(pa.array(row_of_record >= 0)))
    content = _merged(new_records.select(content_names), earlier.std_records.select(content_names), kept_records, order)
    kept_rows = row_of_record[kept_records]
    lineage = _merged(new_records.select(LINEAGE_NAMES), raw.select(LINEAGE_NAMES), kept_rows, order)
    columns = dict(zip((*content_names, *LINEAGE_NAMES), (*content, *lineage), strict=True))
    event_order = _order(new_events.column("event_id"), earlier.events.column("event_id").filter(is_kept_event))
    return MergedRecords(
        pa.table([columns[name] for name in new_records.column_names], schema=new_records.schema),
        pa.table(_merged(new_events, earlier.events, kept_events, event_order), schema=new_events.schema),
        np.where(order < len(new_records), order, -1),
    )


def _order(new_ids: pa.ChunkedArray, kept_ids: pa.ChunkedArray) -> Positions:
    """What sorts the new ids and the kept ones, one after the other."""
    both = pa.chunked_array([*new_ids.chunks, *kept_ids.chunks], pa.string())
    order: Positions = pc.sort_indices(both).to_numpy().astype(np.int64)
    return order


def _merged(new: pa.Table, old: pa.Table, old_rows: Positions, order: Positions) -> list[pa.ChunkedArray]:
    """Columns of the new rows and of some old ones, one after the other, in the order given."""
    picks = pa.array(np.concatenate([np.arange(len(new)), len(new) + old_rows])[order])
    return [_merged_column(new.column(name), old.column(name), picks) for name in new.column_names]


def _merged_column(new: pa.ChunkedArray, old: pa.ChunkedArray, picks: pa.Array) -> pa.ChunkedArray:
    """As ``take`` from both, one after the other; many columns of a feed are empty or constant."""
    if is_empty(new) and is_empty(old):
        return pa.chunked_array([pa.nulls(len(picks), new.type)])
    if pa.types.is_string(new.type) and len(old) and all(is_constant(column, old[0]) for column in (new, old)):
        return pa.chunked_array([pa.repeat(old[0], len(picks))])
    return pa.chunked_array([pa.chunked_array([*new.chunks, *old.chunks], new.type).combine_chunks().take(picks)])
