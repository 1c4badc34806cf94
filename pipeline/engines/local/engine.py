"""The local engine behind the port."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa

from pipeline.engines.frequency import Frequencies
from pipeline.engines.local import scan
from pipeline.engines.local.blocks import Blocks, find_blocks
from pipeline.engines.local.encode import encode
from pipeline.engines.local.values import Encoded
from pipeline.engines.port import LevelWeights, PatternCounts, ScoredPairs
from pipeline.engines.random_pairs import random_pairs
from pipeline.engines.tokens import max_block
from schemas.model import Model


class LocalEngine:
    """Numba kernels on as many threads as there are cores; the result does not depend on how many."""

    name = "local"

    def __init__(self, groups: Mapping[str, tuple[str, ...]], threads: int | None = None) -> None:
        self._groups = groups
        self._threads = threads or os.cpu_count() or 1

    def load(self, table: pa.Table, model: Model) -> LocalWorkspace:
        """Encode the table and find its blocks."""
        records = encode(table, model, self._groups)
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="link")
        return LocalWorkspace(records, model, pool, self._threads)


class LocalWorkspace:
    """Encoded records and their blocks."""

    def __init__(self, records: Encoded, model: Model, pool: ThreadPoolExecutor, threads: int) -> None:
        self._records, self._pool, self._threads = records, pool, threads
        self._plan = scan.make_plan(model)
        cap = max_block(model.blocking.max_block, records.n)
        self._blocks: tuple[Blocks, ...] = find_blocks(records, cap, pool)
        self._room = int(scan.most_fellows(records.n, self._blocks, cap))

    @property
    def n_records(self) -> int:
        """Rows of the table."""
        return self._records.n

    @property
    def frequencies(self) -> tuple[Frequencies, ...]:
        """Rarity of the values of each comparison."""
        return self._records.frequencies

    def random_patterns(self, pairs: int, seed: int) -> PatternCounts:
        """Levels of pairs drawn at random."""
        left, right = random_pairs(self.n_records, pairs, seed)
        parts = [slice(t, None, self._threads) for t in range(self._threads)]
        found = self._pool.map(
            lambda part: scan.patterns_of(
                left[part], right[part], self._plan, self._records.values, self._records.records
            ),
            parts,
        )
        return self._count(np.concatenate(list(found)))

    def candidate_patterns(self, pairs: int) -> tuple[PatternCounts, float]:
        """Levels of the candidate pairs of every k-th record."""
        n = self.n_records
        probe = max(1, n // 2_000)
        _, seen = self._sample(probe, 0)
        step = max(1, round(seen * probe / max(pairs, 1)))
        found, _ = self._sample(step, 2 * max(pairs, seen * probe // step) + 1000)
        return self._count(found), float(step)

    def score(self, weights: LevelWeights, floor: float) -> ScoredPairs:
        """Every candidate pair whose weight reaches the floor."""
        packed = scan.Weights(
            weights.match.astype(np.float32), weights.related.astype(np.float32),
            weights.prior_match, weights.prior_related, floor,
        )  # fmt: skip

        def part(thread: int) -> tuple[np.ndarray, ...]:
            capacity = 1000 + 4 * self.n_records // self._threads
            while True:
                *arrays, kept, seen = scan.score_pairs(
                    thread, self._threads, self.n_records, self._blocks, self._room, self._plan,
                    self._records.values, self._records.records, packed, capacity,
                )  # fmt: skip
                if kept <= capacity:
                    return *arrays, np.array([seen])
                capacity = kept

        left, right, pattern, weight, seen = (
            np.concatenate(p) for p in zip(*self._pool.map(part, range(self._threads)), strict=True)
        )
        order = np.lexsort((np.maximum(left, right), np.minimum(left, right)))
        left, right = np.minimum(left, right)[order], np.maximum(left, right)[order]
        return ScoredPairs(left, right, scan.unpack(pattern[order], self._plan), weight[order], int(seen.sum()))

    def _sample(self, step: int, capacity: int) -> tuple[np.ndarray, int]:
        found = list(
            self._pool.map(
                lambda thread: scan.sample_patterns(
                    thread, self._threads, step, self.n_records, self._blocks, self._room,
                    self._plan, self._records.values, self._records.records, capacity,
                ),
                range(self._threads),
            )
        )  # fmt: skip
        return np.concatenate([patterns for patterns, _ in found]), sum(count for _, count in found)

    def _count(self, patterns: np.ndarray) -> PatternCounts:
        distinct, count = np.unique(patterns, return_counts=True)
        return PatternCounts(scan.unpack(distinct, self._plan), count.astype(np.int64))
