"""When a record's person was born: the birthday, or the span that a stated age leaves open."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

UNKNOWN = -(2**31)
YEAR = 365.2425


def birth_days(table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """First and last possible birthday of each record, int32 days since 1970; both UNKNOWN where nothing is known.

    Input: columns date_of_birth, age_low, age_high (years) and recorded_at, each where the table has it.
    """
    n = len(table)
    low = high = np.full(n, UNKNOWN, np.int64)
    if {"age_low", "age_high", "recorded_at"} <= set(table.column_names):
        recorded_on = _numbers(table.column("recorded_at").cast(pa.date32()).cast(pa.int32()))
        youngest, oldest = _numbers(table.column("age_low")), _numbers(table.column("age_high"))
        oldest = np.where(oldest == UNKNOWN, youngest, oldest)
        youngest = np.where(youngest == UNKNOWN, oldest, youngest)
        is_known = (recorded_on != UNKNOWN) & (youngest != UNKNOWN)
        low = np.where(is_known, recorded_on - np.ceil((oldest + 1) * YEAR), UNKNOWN)
        high = np.where(is_known, recorded_on - np.floor(youngest * YEAR), UNKNOWN)
    if "date_of_birth" in table.column_names and not pa.types.is_nested(table.schema.field("date_of_birth").type):
        birthday = _numbers(_days(table.column("date_of_birth")).cast(pa.int32()))
        low, high = np.where(birthday != UNKNOWN, birthday, low), np.where(birthday != UNKNOWN, birthday, high)
    return low.astype(np.int32), high.astype(np.int32)


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    return pc.fill_null(column.cast(pa.int64()), UNKNOWN).to_numpy()


def _days(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Dates; of text those that the calendar has."""
    if pa.types.is_date(column.type):
        return column
    return pc.strptime(column.cast(pa.string()), format="%Y-%m-%d", unit="s", error_is_null=True).cast(pa.date32())
