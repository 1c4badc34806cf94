"""Which texts of any table of people gave no value, though something stands there: a spoilt column must not look sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.standardise.reference import Reference
from schemas.fields import AGE, ColumnUse

TOLD = ("date_of_birth", "age", "recorded_at", "postcode", "phone", "email")
"""Kinds of which not every text can be a value"""


def not_understood(raw: pa.Table, uses: Sequence[ColumnUse], table: pa.Table, reference: Reference) -> dict[str, int]:
    """How many rows of a column say something that could not be read; columns of which every row could are left out.

    What stands for nothing, such as ``unknown``, is understood. Of a field that several columns fill nothing is told.

    Args:
        raw: the columns of ``uses``, as they were written.
        uses: what each holds.
        table: the linkage table of them, in the same order.
        reference: what stands for nothing.
    """
    n_columns = Counter(use.field for use in uses)
    lost: dict[str, int] = {}
    for use in uses:
        name = AGE[0] if use.kind == "age" else use.field
        if use.kind in TOLD and n_columns[use.field] == 1 and name in table.column_names:
            texts = _without_value(raw.column(use.column), table.column(name))
            counts = {row["values"]: row["counts"] for row in pc.value_counts(texts).to_pylist()}
            lost[use.column] = sum(n for text, n in counts.items() if not reference.stands_for_nothing(use.kind, text))
    return {column: n for column, n in lost.items() if n}


def _without_value(written: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.Array:
    """The texts of rows that have no value; of rows that list texts none."""
    if pa.types.is_list(written.type) or pa.types.is_list(values.type):
        return pa.array([], pa.string())
    return written.filter(pc.is_null(values)).cast(pa.string()).combine_chunks().drop_null()
