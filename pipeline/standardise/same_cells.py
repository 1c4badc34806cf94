"""Whether rows of two tables have the same in every cell, column by column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.tables import LINEAGE

MIN_SLICE_ROWS = 16  # rows a slice on average, from which on slices cost less than a copy
LINEAGE_NAMES = tuple(column.name for column in LINEAGE)


def has_same_cells(
    left: pa.Table, left_rows: NDArray[np.int64], right: pa.Table, right_rows: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """(pairs of rows,) whether they have the same in every cell, formatting included; where they stand does not count."""
    names = [
        name
        for name in left.column_names
        if name not in LINEAGE_NAMES and not all(is_empty(table.column(name)) for table in (left, right))
    ]
    left_part, right_part = _take(left.select(names), left_rows), _take(right.select(names), right_rows)
    is_same = np.ones(len(left_rows), bool)
    for left_column, right_column in zip(left_part.columns, right_part.columns, strict=True):
        if not left_column.equals(right_column):
            is_same &= _same_values(left_column.combine_chunks(), right_column.combine_chunks())
    return is_same


def _take(table: pa.Table, rows: NDArray[np.int64]) -> pa.Table:
    """As ``take``; without a copy where most of the rows follow each other."""
    ends = np.flatnonzero(np.diff(rows) != 1) + 1
    if not len(rows) or len(ends) * MIN_SLICE_ROWS > len(rows):
        return table.take(pa.array(rows))
    starts = np.concatenate([[0], ends])
    lengths = np.diff(np.append(starts, len(rows)))
    return pa.concat_tables(
        table.slice(first, length) for first, length in zip(rows[starts].tolist(), lengths.tolist(), strict=True)
    )


def _same_values(left: pa.Array, right: pa.Array) -> NDArray[np.bool_]:
    """(rows,) whether two columns have the same value; null is null."""
    if pa.types.is_map(left.type):
        left, right = (column.cast(pa.list_(column.type.field(0).type)) for column in (left, right))
    if pa.types.is_list(left.type):
        return _same_lists(left, right)
    equal = pc.equal(left, right)
    if equal.null_count:
        equal = pc.or_(pc.fill_null(equal, False), pc.and_(left.is_null(), right.is_null()))
    is_same: NDArray[np.bool_] = equal.to_numpy(zero_copy_only=False)
    return is_same


def _same_lists(left: pa.Array, right: pa.Array) -> NDArray[np.bool_]:
    lengths, right_lengths = (pc.fill_null(pc.list_value_length(column), -1).to_numpy() for column in (left, right))
    is_same: NDArray[np.bool_] = lengths == right_lengths
    if not is_same.all():
        left, right = (column.filter(pa.array(is_same)) for column in (left, right))
    rows = np.flatnonzero(is_same)
    row_of_item = np.repeat(rows, np.maximum(lengths[rows], 0))
    items = [pc.list_flatten(column) for column in (left, right)]
    parts = [column.flatten() if pa.types.is_struct(column.type) else [column] for column in items]
    for left_part, right_part in zip(*parts, strict=True):
        is_same[row_of_item[~_same_values(left_part, right_part)]] = False
    return is_same


def is_empty(column: pa.ChunkedArray) -> bool:
    """Whether all rows are null."""
    return bool(column.null_count == len(column))


def is_constant(column: pa.ChunkedArray, value: pa.Scalar) -> bool:
    """Whether all rows have one value, which is not null."""
    if not value.is_valid or (len(column) and (column[0] != value or column[-1] != value)):
        return False
    return not column.null_count and bool(pc.all(pc.equal(column, value), min_count=0).as_py())
