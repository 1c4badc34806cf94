"""The local engine behind the port."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa

from pipeline.engines.frequency import Frequencies, NamePairs
from pipeline.engines.groups import comparable_pairs
from pipeline.engines.local import scan
from pipeline.engines.local.blocks import Blocks, find_blocks
from pipeline.engines.local.encode import encode
from pipeline.engines.local.plan import Plan, make_plan, make_scratch, make_weights, unpack
from pipeline.engines.local.values import Encoded, Records, Values
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
        records, tokens = encode(table, model, self._groups)
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="link")
        cap = max_block(model.blocking.max_block, records.n)
        return LocalWorkspace(records, model, find_blocks(tokens, cap, pool), cap, pool, self._threads)


class LocalWorkspace:
    """Encoded records and their blocks."""

    def __init__(
        self,
        records: Encoded,
        model: Model,
        blocks: tuple[Blocks, ...],
        cap: int,
        pool: ThreadPoolExecutor,
        threads: int,
    ) -> None:
        self._records, self._model, self._pool, self._threads = records, model, pool, threads
        self._plan = make_plan(model)
        self._blocks = blocks
        room = int(scan.most_fellows(records.n, self._blocks, cap))
        self._scratch = [make_scratch(records.n, room) for _ in range(threads)]

    @property
    def n_records(self) -> int:
        """Rows of the table."""
        return self._records.n

    @property
    def n_pairs(self) -> int:
        """Pairs of records that may be compared."""
        return comparable_pairs(self._records.records.group)

    @property
    def frequencies(self) -> tuple[Frequencies, ...]:
        """Rarity of the values of each comparison."""
        return self._records.frequencies

    @property
    def name_pairs(self) -> NamePairs:
        """How often forenames and surnames go together."""
        return self._records.name_pairs

    def random_patterns(self, pairs: int, seed: int) -> PatternCounts:
        """Levels of pairs drawn at random."""
        return self._count(self._patterns(*random_pairs(self.n_records, pairs, seed)))

    def compare(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Levels of the given pairs."""
        return unpack(self._patterns(left, right), self._plan)

    def candidate_patterns(self, pairs: int) -> tuple[PatternCounts, float]:
        """Levels of the candidate pairs of every k-th record."""
        probe = max(1, self.n_records // 2_000)
        _, seen = self._sample(probe, 0)
        step = max(1, round(seen * probe / max(pairs, 1)))
        found, _ = self._sample(step, 2 * max(pairs, seen * probe // step) + 1000)
        return self._count(found), float(step)

    def score(self, weights: LevelWeights, floor: float) -> ScoredPairs:
        """Every candidate pair whose weight reaches the floor."""
        packed = make_weights(weights, floor, self._model, self._plan)

        def part(thread: int) -> tuple[np.ndarray, ...]:
            capacity = 1000 + 4 * self.n_records // self._threads
            while True:
                out = tuple(np.empty(capacity, kind) for kind in (np.int32, np.int32, np.int64, np.float32))
                self._scratch[thread].stamp.fill(-1)
                kept, seen = scan.score_pairs(
                    thread,
                    self._threads,
                    self.n_records,
                    self._blocks,
                    self._scratch[thread],
                    *self._told(),
                    packed,
                    *out,
                )
                if kept <= capacity:
                    return *(array[:kept] for array in out), np.array([seen])
                capacity = kept

        parts = self._pool.map(part, range(self._threads))
        left, right, pattern, weight, seen = (np.concatenate(own) for own in zip(*parts, strict=True))
        left, right = np.minimum(left, right), np.maximum(left, right)
        order = np.lexsort((right, left))
        return ScoredPairs(
            left[order], right[order], unpack(pattern[order], self._plan), weight[order], int(seen.sum())
        )

    def _patterns(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        out = np.empty(len(left), np.int64)
        bounds = np.linspace(0, len(left), self._threads + 1).astype(int)

        def part(thread: int) -> None:
            own, room = slice(bounds[thread], bounds[thread + 1]), self._scratch[thread]
            scan.patterns_of(left[own], right[own], *self._told(), room.keys, room.found, out[own])

        list(self._pool.map(part, range(self._threads)))
        return out

    def _told(self) -> tuple[Plan, Values, Records]:
        return self._plan, self._records.values, self._records.records

    def _sample(self, step: int, capacity: int) -> tuple[np.ndarray, int]:
        def part(thread: int) -> tuple[np.ndarray, int]:
            out = np.empty(capacity, np.int64)
            self._scratch[thread].stamp.fill(-1)
            count = scan.sample_patterns(
                thread, self._threads, step, self.n_records, self._blocks, self._scratch[thread], *self._told(), out
            )
            return out[:count], count

        found = list(self._pool.map(part, range(self._threads)))
        return np.concatenate([patterns for patterns, _ in found]), sum(count for _, count in found)

    def _count(self, patterns: np.ndarray) -> PatternCounts:
        distinct, count = np.unique(patterns, return_counts=True)
        return PatternCounts(unpack(distinct, self._plan), count.astype(np.int64))
