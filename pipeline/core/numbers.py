"""Arrays of whole numbers."""

from __future__ import annotations

import numpy as np


def distinct(numbers: np.ndarray) -> np.ndarray:
    """The different numbers, ascending: what ``np.unique`` gives, which hashes and takes several times as long."""
    ordered = np.sort(numbers, axis=None)
    is_first = np.ones(len(ordered), np.bool_)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_first]


def is_among(numbers: np.ndarray, ascending: np.ndarray) -> np.ndarray:
    """(numbers,) whether each is one of those that are given in ascending order."""
    if not len(ascending):
        return np.zeros(len(numbers), np.bool_)
    position = np.minimum(np.searchsorted(ascending, numbers), len(ascending) - 1)
    is_there: np.ndarray = ascending[position] == numbers
    return is_there


SLOT_BITS, SPARE_BITS = 22, 4
"""Most bits of a slot's number, and how many more than the keys need: a few keys are not worth a table of millions"""
MIX = np.uint64(0x9E3779B97F4A7C15)


def mixed(keys: np.ndarray) -> np.ndarray:
    """uint64 keys spread over all 64 bits (Fibonacci hashing: Knuth 1973); different ones stay different."""
    spread = keys * MIX
    mixed_keys: np.ndarray = (spread ^ (spread >> np.uint64(29))) * MIX
    return mixed_keys


def common_keys(keys: np.ndarray, rare: int) -> np.ndarray:
    """(keys,) whether a key may stand there more than so many times; never False where it does.

    Input: ``mixed`` keys. Spares sorting those that stand alone.
    """
    bits = min(SLOT_BITS, len(keys).bit_length() + SPARE_BITS)
    slot = (keys >> np.uint64(64 - bits)).astype(np.int64)
    is_common: np.ndarray = np.bincount(slot, minlength=1 << bits)[slot] > rare
    return is_common
