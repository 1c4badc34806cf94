"""A table without some records: their rows, their places in lists, and the names that clusters have from them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.lookup import rows_with
from pipeline.publish.holding import CLUSTERS, RECORD_IDS, lists_records, tells_of_records
from schemas.tables import ENDS, ROW

EMPTIED = {"quarantine": ("record_id", "raw_row"), "review_closed": ENDS}
"""Tables whose rows stay, and the columns that are emptied in them."""


def told_in(table: pa.Table, record_ids: Collection[str]) -> Iterator[tuple[Any, ...]]:
    """Rows of exports that told of the records, as the table has it: by feed, file, sheet, row and part."""
    lost = rows_with(table, record_ids)
    return zip(*(lost.column(part).to_pylist() for part in ROW), strict=True)


def scrubbed(
    table: pa.Table,
    name: str,
    record_ids: Collection[str],
    clusters: Mapping[str, str],
    rows: Collection[tuple[Any, ...]],
) -> pa.Table:
    """The table without the records; the same object where it names none of them.

    Args:
        table: any table of ``schemas/tables.py``.
        name: its name.
        record_ids: records to leave out.
        clusters: new name of each cluster that was named by one of them.
        rows: rows of exports that told of them, by feed, file, sheet, row and part.
    """
    ids = pa.array(sorted(record_ids), pa.string())
    table = _with_other_cluster_names(table, ids, clusters)
    is_lost = _names_a_record(table, ids, rows if name in ("raw_records", "quarantine") else ())
    if is_lost is not None and pc.any(is_lost).as_py():
        table = _emptied(table, EMPTIED[name], is_lost) if name in EMPTIED else table.filter(pc.invert(is_lost))
    return _without_listed(table, record_ids)


def _with_other_cluster_names(table: pa.Table, ids: pa.Array, clusters: Mapping[str, str]) -> pa.Table:
    """The table with the new names of clusters that were named by one of the records."""
    for column in (column for column in CLUSTERS if column in table.column_names):
        if pc.any(pc.is_in(table.column(column), ids)).as_py():
            renamed = [clusters.get(value, value) for value in table.column(column).to_pylist()]
            table = _set(table, column, pa.array(renamed, pa.string()))
    return table


def _names_a_record(table: pa.Table, ids: pa.Array, rows: Collection[tuple[Any, ...]]) -> pa.ChunkedArray | None:
    """Whether each row names one of the records or is one of these rows of exports; None if no column can tell."""
    names = [name for name in RECORD_IDS + CLUSTERS if name in table.column_names]
    masks = [pc.fill_null(pc.is_in(table.column(name), ids), False) for name in names]
    if rows:
        keys = zip(*(table.column(part).to_pylist() for part in ROW), strict=True)
        masks.append(pa.chunked_array([pa.array([key in rows for key in keys], pa.bool_())]))
    return functools.reduce(pc.or_, masks) if masks else None


def _without_listed(table: pa.Table, record_ids: Collection[str]) -> pa.Table:
    """The table with the records taken out of its lists of records and of facts about records."""
    for field in filter(lists_records, table.schema):
        lists = table.column(field.name).to_pylist()
        id_of: Callable[[Any], str] = itemgetter("record_id") if tells_of_records(field) else str
        if any(id_of(entry) in record_ids for entries in lists for entry in entries or ()):
            shorter = [entries and [entry for entry in entries if id_of(entry) not in record_ids] for entries in lists]
            table = _set(table, field.name, pa.array(shorter, field.type))
    return table


def _emptied(table: pa.Table, columns: tuple[str, ...], is_lost: pa.ChunkedArray) -> pa.Table:
    for column in columns:
        values = table.column(column)
        table = _set(table, column, pc.if_else(is_lost, pa.scalar(None, values.type), values))
    return table


def _set(table: pa.Table, column: str, values: Any) -> pa.Table:  # noqa: ANN401
    position = table.schema.get_field_index(column)
    return table.set_column(position, table.schema.field(position), values)
