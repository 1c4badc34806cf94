"""Rows that are in order are not sorted again; all others are."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.parquet import in_order

KEY = ("a", "b")


@given(
    st.lists(st.tuples(st.sampled_from(["", "A", "B", "a"]), st.none() | st.integers(0, 3)), max_size=8), st.booleans()
)
def test_rows_come_in_the_order_of_their_key(rows: list[tuple[str, int | None]], is_sorted: bool) -> None:
    table = pa.table(
        {"a": pa.array([a for a, _ in rows], pa.string()), "b": pa.array([b for _, b in rows], pa.int64())}
    )
    wanted = table.sort_by([(name, "ascending") for name in KEY])
    assert in_order(wanted if is_sorted else table, KEY).equals(wanted)


def test_a_table_in_order_is_handed_back_as_it_is() -> None:
    table = pa.table({"a": ["A", "A", "B"], "b": [1, 2, 0]})
    assert in_order(table, KEY) is table
