"""The second engine: pandas, recordlinkage and jellyfish; slow and obvious, for small files and as an oracle.

It reads the same definitions (tokens, levels, frequency bins) and carries them out from the strings themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
import pyarrow as pa
import recordlinkage

from pipeline.engines.counted_rows import counted_rows
from pipeline.engines.frequency import Frequencies, NamePairs
from pipeline.engines.groups import comparable_pairs, group_codes
from pipeline.engines.patterns import patterns_of
from pipeline.engines.plain.frame import frame_of, frequencies_of, name_pairs_of
from pipeline.engines.plain.index import TokenIndex
from pipeline.engines.plain.levels import features_of
from pipeline.engines.port import CandidateSample, LevelWeights, PatternCounts, ScoredPairs, name_lift
from pipeline.engines.random_pairs import random_pairs
from pipeline.engines.tokens import SMALL_BLOCK, rules_of, rules_to_try
from schemas.model import BlockingRule, Model


class RecordlinkageEngine:
    """Candidate pairs by a recordlinkage index, levels by its ``Compare``."""

    name = "recordlinkage"

    def __init__(self, groups: Mapping[str, tuple[str, ...]]) -> None:
        self._groups = groups

    def load(self, table: pa.Table, model: Model) -> RecordlinkageWorkspace:
        """Take in a table."""
        return RecordlinkageWorkspace(table, model, self._groups)


class RecordlinkageWorkspace:
    """A table as a pandas frame of tuples of values."""

    def __init__(self, table: pa.Table, model: Model, groups: Mapping[str, tuple[str, ...]]) -> None:
        self._frame = frame_of(table, model)
        self._model, self._group = model, group_codes(table, model)
        self._counted = counted_rows(table, model)
        self._frequencies, self._bins, spelling_bins = frequencies_of(self._frame.iloc[self._counted], model, groups)
        self._compare = recordlinkage.Compare(features_of(model, self._frame, groups, self._bins, spelling_bins))
        self._groups = groups
        self._candidates: pd.MultiIndex | None = None

    @property
    def n_records(self) -> int:
        """Rows of the table."""
        return len(self._frame)

    @property
    def n_pairs(self) -> int:
        """Pairs of records that may be compared."""
        return comparable_pairs(self._group)

    @property
    def frequencies(self) -> tuple[Frequencies, ...]:
        """Rarity of the values of each comparison."""
        return self._frequencies

    @property
    def name_pairs(self) -> NamePairs:
        """How often forenames and surnames go together."""
        return name_pairs_of(self._frame.iloc[self._counted], self._model, self._bins)

    def random_patterns(self, pairs: int, seed: int) -> PatternCounts:
        """Levels of pairs drawn at random."""
        return _count(self.compare(*random_pairs(self._counted, pairs, seed)))

    def sample(self, records: int) -> CandidateSample:
        """All candidate pairs: this engine takes no sample."""
        del records
        rules = rules_to_try(self._model, self.n_records)
        finds: list[tuple[tuple[int, int], int, int]] = []
        n_keys = np.zeros(len(rules))
        for number, rule in enumerate(rules):
            for block in TokenIndex(self._model, self._groups, _tried_with(rule, rules)).blocks(self._frame, rule):
                rows = sorted(set(block))
                n_keys[number] += len(block)
                finds += [(pair, number, len(block)) for pair in combinations(rows, 2) if self._is_comparable(pair)]
        pair_number = {pair: number for number, pair in enumerate(sorted({pair for pair, _, _ in finds}))}
        left, right = np.array(list(pair_number), np.int32).reshape(-1, 2).T
        distinct, pattern, count = np.unique(self.compare(left, right), axis=0, return_inverse=True, return_counts=True)
        columns = np.array([(pair_number[pair], rule, size) for pair, rule, size in finds], np.int64).reshape(-1, 3).T
        return CandidateSample(
            PatternCounts(distinct.astype(np.uint8), count.astype(np.int64)),
            1.0,
            rules,
            pattern.ravel().astype(np.int32),
            pair=columns[0].astype(np.int32),
            rule=columns[1].astype(np.uint16),
            size=columns[2].astype(np.uint8),
            keys=n_keys,
        )

    def block(self, rules: Sequence[BlockingRule]) -> None:
        """Find the candidate pairs of these rules."""
        self._candidates = TokenIndex(self._model, self._groups, rules).index(self._frame)

    def _is_comparable(self, pair: tuple[int, int]) -> bool:
        a, b = (self._group[row] for row in pair)
        return bool(a < 0 or a != b)

    def compare(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Levels of the given pairs."""
        if not len(left):
            return np.zeros((0, len(self._model.comparison)), np.uint8)
        wanted = pd.MultiIndex.from_arrays([left, right])
        distinct = wanted.unique()
        levels = self._compare.compute(distinct, self._frame)
        return levels.loc[wanted].to_numpy().astype(np.uint8)

    def score(self, weights: LevelWeights, floor: float) -> ScoredPairs:
        """Every candidate pair whose weight reaches the floor."""
        left, right = self._pairs()
        levels = self.compare(left, right)
        columns = np.arange(levels.shape[1])
        lift = name_lift(weights, levels)
        match = weights.prior_match + weights.match[columns, levels].sum(1) - lift
        odds = weights.prior_relatives[:, None] + weights.relatives[:, columns, levels].sum(2)
        odds[weights.namesakes] -= lift
        weight = match - np.log2(1 + np.exp2(np.minimum(odds, 60.0)).sum(0))
        keep = weight >= floor
        return ScoredPairs(
            left[keep], right[keep], patterns_of(levels[keep]), weight[keep].astype(np.float32), len(left), len(left)
        )

    def _pairs(self) -> tuple[np.ndarray, np.ndarray]:
        if self._candidates is None:
            self.block(rules_of(self._model, self.n_records))
        left, right = (self._candidates.get_level_values(end).to_numpy(np.int32) for end in (0, 1))  # type: ignore[union-attr]  # set just now
        is_comparable = (self._group[left] < 0) | (self._group[left] != self._group[right])
        left, right = left[is_comparable], right[is_comparable]
        order = np.lexsort((right, left))
        return left[order], right[order]


def _tried_with(rule: BlockingRule, rules: Sequence[BlockingRule]) -> list[BlockingRule]:
    """The rule, and for one of two kinds of token those of each kind alone: their tokens join only from a small count on."""
    if len(rule.keys) == 1:
        return [rule]
    single = [each for each in rules if len(each.keys) == 1 and each.keys[0] in rule.keys]
    return [*(each.model_copy(update={"max_block": min(each.max_block, SMALL_BLOCK)}) for each in single), rule]


def _count(levels: np.ndarray) -> PatternCounts:
    distinct, count = np.unique(levels, axis=0, return_counts=True)
    return PatternCounts(distinct.astype(np.uint8), count.astype(np.int64))
