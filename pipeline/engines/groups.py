"""Records that are not compared with one another: those of one source, where only links across sources are wanted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from schemas.model import Model


def group_codes(table: pa.Table, model: Model) -> np.ndarray:
    """(records,) int32: two records of one code are not compared; -1 throughout where all are."""
    return text_codes(group_texts(table, model))


def group_texts(table: pa.Table, model: Model) -> pa.ChunkedArray:
    """(records,) what groups go by; null throughout where the model has none."""
    field = model.blocking.across
    return table.column(field).cast(pa.string()) if field else pa.chunked_array([pa.nulls(len(table), pa.string())])


def text_codes(texts: pa.ChunkedArray) -> np.ndarray:
    """(records,) int32: a number for each text, -1 for null."""
    codes = texts.combine_chunks().dictionary_encode().indices
    return codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)


def comparable_pairs(group: np.ndarray) -> int:
    """Pairs of records that may be compared."""
    size = np.bincount(group[group >= 0]).astype(np.int64) if len(group) else np.zeros(0, np.int64)
    return len(group) * (len(group) - 1) // 2 - int((size * (size - 1) // 2).sum())
