"""Agreement patterns: pairs by the million have the same few rows of levels, so what hangs on levels is told of each row once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.model import Comparison, level_numbers

WIDTH = 32  # level indexes that a comparison may have, null and the bins of its levels included
AT_ONCE = 6  # comparisons whose levels go into one number beside what came before


@dataclass(frozen=True, slots=True)
class Patterns:
    """The levels of pairs: the different rows, and which of them each pair has."""

    levels: np.ndarray
    """(patterns, comparisons) uint8 as in PatternCounts; no row twice"""
    of: np.ndarray
    """(pairs,) int32 row of each pair"""

    def only(self, keep: np.ndarray) -> Patterns:
        """Of some of the pairs."""
        return Patterns(self.levels, self.of[keep])

    def used(self) -> Patterns:
        """Without rows that no pair has."""
        is_used = np.bincount(self.of, minlength=len(self.levels)) > 0
        return Patterns(self.levels[is_used], (np.cumsum(is_used) - 1).astype(np.int32)[self.of])


def patterns_of(levels: np.ndarray) -> Patterns:
    """Input: (pairs, comparisons), of level indexes below ``WIDTH``. The rows come in the order in which pairs first have them."""
    code = np.zeros(len(levels), np.int64)
    for begin in range(0, levels.shape[1], AT_ONCE):
        for column in levels.T[begin : begin + AT_ONCE]:
            code = code * WIDTH + column
        code = pa.array(code).dictionary_encode().indices.to_numpy().astype(np.int64)
    first = np.zeros(code.max(initial=-1) + 1, np.int64)
    first[code[::-1]] = np.arange(len(code))[::-1]
    return Patterns(levels[first], code.astype(np.int32))


def level_table(comparisons: Sequence[Comparison]) -> np.ndarray:
    """(comparisons, WIDTH) uint8 number of the level that each index stands for, 0 null; the last one beyond them."""
    numbers = (level_numbers(comparison.kind) for comparison in comparisons)
    rows = [np.pad(np.array(known, np.uint8), (0, WIDTH - len(known)), "edge") for known in numbers]
    return np.stack(rows) if rows else np.zeros((0, WIDTH), np.uint8)


def join_patterns(first: Patterns, second: Patterns) -> tuple[Patterns, Patterns]:
    """Both with the rows of either: those of the first as they are, behind them what only the second has."""
    place = pc.index_in(_as_texts(second.levels), _as_texts(first.levels)).fill_null(-1).to_numpy(zero_copy_only=False)
    is_new = place < 0
    row_of = np.where(is_new, len(first.levels) + np.cumsum(is_new) - 1, place).astype(np.int32)
    levels = np.concatenate([first.levels, second.levels[is_new]])
    return Patterns(levels, first.of), Patterns(levels, row_of[second.of])


def _as_texts(levels: np.ndarray) -> pa.Array:
    """(patterns,) each row as its bytes."""
    rows = np.ascontiguousarray(levels)
    return pa.Array.from_buffers(pa.binary(rows.shape[1]), len(rows), [None, pa.py_buffer(rows)])
