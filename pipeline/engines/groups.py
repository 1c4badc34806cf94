"""Records that are not compared with one another: those of one source, where only links across sources are wanted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from schemas.model import Model


def group_codes(table: pa.Table, model: Model) -> np.ndarray:
    """(records,) int32: two records of one code are not compared; -1 throughout where all are."""
    field = model.blocking.across
    if field is None:
        return np.full(len(table), -1, np.int32)
    codes = table.column(field).combine_chunks().dictionary_encode().indices
    return codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)


def comparable_pairs(group: np.ndarray) -> int:
    """Pairs of records that may be compared."""
    size = np.bincount(group[group >= 0]).astype(np.int64) if len(group) else np.zeros(0, np.int64)
    return len(group) * (len(group) - 1) // 2 - int((size * (size - 1) // 2).sum())
