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
    return flag_bits(records, [flag]) > 0


def flag_bits(records: pa.Table, flags: Sequence[str]) -> np.ndarray:
    """(records,) int64 with bit i where the record carries flag i."""
    bits = np.zeros(len(records), np.int64)
    if flags and "flags" in records.column_names:
        carried = records.column("flags").combine_chunks()
        place = pc.fill_null(pc.index_in(pc.list_flatten(carried), pa.array(flags, pa.string())), -1).to_numpy()
        rows = pc.list_parent_indices(carried).to_numpy()[place >= 0]
        np.bitwise_or.at(bits, rows, np.int64(1) << place[place >= 0])
    return bits


def are_different(bits_l: np.ndarray, bits_r: np.ndarray) -> np.ndarray:
    """Whether both carry some of the flags of ``flag_bits``, and none in common; arrays that broadcast together."""
    return (bits_l > 0) & (bits_r > 0) & (bits_l & bits_r == 0)
