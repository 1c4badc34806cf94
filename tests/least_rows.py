"""What a row of a published table must at least say."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from schemas.tables import Table

LEAST: dict[pa.DataType, Any] = {
    pa.string(): "-",
    pa.int64(): 1,
    pa.int16(): 1,
    pa.int32(): 1,
    pa.float64(): 1.0,
    pa.list_(pa.string()): ["-"],
}


def least(table: Table) -> dict[str, Any]:
    """A value, whatever it is, of each column that has one in every row."""
    return {column.name: LEAST[column.type] for column in table.columns if not column.nullable}
