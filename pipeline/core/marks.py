"""Roles and flags of records, as arrays."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def has_role(records: pa.Table, roles: Collection[str]) -> np.ndarray:
    """(records,) which records have one of these roles; none in a table without roles."""
    if "role" not in records.column_names:
        return np.zeros(len(records), bool)
    return pc.fill_null(pc.is_in(records.column("role"), pa.array(roles, pa.string())), False).to_numpy()


def has_flag(records: pa.Table, flag: str) -> np.ndarray:
    """(records,) which records carry the flag; none in a table without flags."""
    is_flagged = np.zeros(len(records), bool)
    if "flags" in records.column_names:
        flags = records.column("flags").combine_chunks()
        hit = pc.equal(pc.list_flatten(flags), flag).to_numpy(zero_copy_only=False).astype(bool)
        is_flagged[pc.list_parent_indices(flags).to_numpy(zero_copy_only=False)[hit]] = True
    return is_flagged


def flag_bits(records: pa.Table, flags: Sequence[str]) -> np.ndarray:
    """(records,) int64 with bit i where the record carries flag i."""
    bits = np.zeros(len(records), np.int64)
    for place, flag in enumerate(flags):
        bits |= has_flag(records, flag).astype(np.int64) << place
    return bits


def are_different(bits_l: np.ndarray, bits_r: np.ndarray) -> np.ndarray:
    """Whether both carry some of the flags of ``flag_bits``, and none in common; arrays that broadcast together."""
    return (bits_l > 0) & (bits_r > 0) & (bits_l & bits_r == 0)
