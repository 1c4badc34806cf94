"""Pairs of records drawn at random: the same for the same seed, on every engine."""

from __future__ import annotations

import numpy as np


def random_pairs(rows: np.ndarray, pairs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Left and right of these ascending row numbers, never the same row twice in a pair."""
    records = len(rows)
    if records < 2:
        return np.empty(0, np.int32), np.empty(0, np.int32)
    generator = np.random.default_rng(seed)
    left = generator.integers(0, records, pairs)
    right = (left + generator.integers(1, records, pairs)) % records
    return rows[np.minimum(left, right)].astype(np.int32), rows[np.maximum(left, right)].astype(np.int32)
