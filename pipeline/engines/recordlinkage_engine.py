"""The second engine: pandas, recordlinkage and jellyfish; slow and obvious, for small files and as an oracle.

It reads the same definitions (tokens, levels, frequency bins) and carries them out from the strings themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import recordlinkage

from pipeline.engines.frequency import Frequencies, NamePairs
from pipeline.engines.groups import comparable_pairs, group_codes
from pipeline.engines.plain.frame import frame_of, frequencies_of, name_pairs_of
from pipeline.engines.plain.index import TokenIndex
from pipeline.engines.plain.levels import features_of
from pipeline.engines.port import LevelWeights, PatternCounts, ScoredPairs, name_lift
from pipeline.engines.random_pairs import random_pairs
from schemas.model import Model


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
        self._frequencies, self._bins = frequencies_of(self._frame, model)
        self._compare = recordlinkage.Compare(features_of(model, self._frame, groups, self._bins))
        self._index = TokenIndex(model, groups)
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
        return name_pairs_of(self._frame, self._model, self._bins)

    def random_patterns(self, pairs: int, seed: int) -> PatternCounts:
        """Levels of pairs drawn at random."""
        return _count(self.compare(*random_pairs(self.n_records, pairs, seed)))

    def candidate_patterns(self, pairs: int) -> tuple[PatternCounts, float]:
        """Levels of all candidate pairs: this engine takes no sample."""
        del pairs
        return _count(self.compare(*self._pairs())), 1.0

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
        return ScoredPairs(left[keep], right[keep], levels[keep], weight[keep].astype(np.float32), len(left))

    def _pairs(self) -> tuple[np.ndarray, np.ndarray]:
        if self._candidates is None:
            self._candidates = self._index.index(self._frame)
        left, right = (self._candidates.get_level_values(at).to_numpy(np.int32) for at in (0, 1))
        is_comparable = (self._group[left] < 0) | (self._group[left] != self._group[right])
        left, right = left[is_comparable], right[is_comparable]
        order = np.lexsort((right, left))
        return left[order], right[order]


def _count(levels: np.ndarray) -> PatternCounts:
    distinct, count = np.unique(levels, axis=0, return_counts=True)
    return PatternCounts(distinct.astype(np.uint8), count.astype(np.int64))
