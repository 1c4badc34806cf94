"""Values of a source that became null because nothing knows what they mean: a column of them is mostly a gap in its contract."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from schemas.null_reasons import NOT_UNDERSTOOD


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """The values of one source and field that became null for one reason."""

    source: str
    field: str
    reason: str
    """in words"""
    n_values: int
    n_records: int
    """of the source"""


def not_understood(records: pa.Table) -> list[NotUnderstood]:
    """Counts by source, field and reason, those of the greatest share of a source first.

    Args:
        records: with source and nulled.
    """
    nulled, source = records.column("nulled").combine_chunks(), records.column("source").combine_chunks()
    values = nulled.flatten()
    counted = (
        pa.table(
            {
                "source": source.take(pc.list_parent_indices(nulled)).cast(pa.string()),
                "field": pc.struct_field(values, "field"),
                "reason": pc.struct_field(values, "reason"),
            }
        )
        .group_by(["source", "field", "reason"])
        .aggregate([([], "count_all")])
    )
    of_source = {row["values"]: row["counts"] for row in source.value_counts().to_pylist()}
    rows = [
        NotUnderstood(
            row["source"], row["field"], NOT_UNDERSTOOD[row["reason"]], row["count_all"], of_source[row["source"]]
        )
        for row in counted.to_pylist()
        if row["reason"] in NOT_UNDERSTOOD
    ]
    return sorted(rows, key=lambda row: (-row.n_values / row.n_records, row.source, row.field, row.reason))
