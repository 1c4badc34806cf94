"""What two persons weigh as one: by all that their records say together, and beside others who fit as well.

A pair of records is weighed by itself, as if nothing else were known. But where one record of a person fits, the others may
speak against it; and a name that fits one person fits every person of that name, of whom one at most is right. If the second
and the third of three persons cannot be one, the first is the second at odds of o2 / (1 + o3), where o are the odds of each
pair by itself: the third is a rival, and takes log2(1 + o3) bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.core.numbers import distinct, is_among
from pipeline.engines.port import LevelWeights, ScoredPairs, Workspace
from pipeline.link.more_pairs import pair_keys
from pipeline.link.together import bits_together, cluster_pairs, compare_clusters, comparisons_needed

LEAST = -5.0  # bits of a pair of records: who fits less is no rival
AS_ONE = -3.0  # bits from which two rivals may as well be one person, who takes nothing
MOST = 60.0  # bits of a rival that count


@dataclass(frozen=True, slots=True)
class PersonPairs:
    """Pairs of clusters that may be one person."""

    keys: np.ndarray
    """``pair_keys`` of their names, ascending"""
    together: np.ndarray
    """What all their records say together, bits; of two single records what their pair says"""
    rivals: np.ndarray
    """What others who fit one of the two as well take off, bits, <= 0"""

    @property
    def weight(self) -> np.ndarray:
        """Log2 odds that the two are one person, bits."""
        weight: np.ndarray = self.together + self.rivals
        return weight

    def of(self, keys: np.ndarray) -> np.ndarray:
        """Where pairs of clusters with these keys stand; all are there."""
        return np.searchsorted(self.keys, keys)


def person_pairs(
    workspace: Workspace,
    weights: LevelWeights,
    pairs: ScoredPairs,
    cluster_of: np.ndarray,
    is_asked: np.ndarray,
    parted: np.ndarray,
) -> PersonPairs:
    """Every pair of clusters that one of these pairs joins.

    Args:
        workspace: compares pairs of records.
        weights: of the model on these records.
        pairs: scored pairs.
        cluster_of: (records,) cluster of each record, named by its smallest record.
        is_asked: (pairs,) whose clusters are wanted.
        parted: keys of pairs of clusters that stewards keep apart, ascending: they are no rivals.
    """
    records = len(cluster_of)
    left, right = cluster_of[pairs.left], cluster_of[pairs.right]
    is_asked_of = np.zeros(records, bool)
    is_asked_of[left[is_asked]] = is_asked_of[right[is_asked]] = True
    near = np.flatnonzero(((pairs.weight >= LEAST) | is_asked) & (is_asked_of[left] | is_asked_of[right]))
    low, high, strongest = cluster_pairs(left[near], right[near], pairs.weight[near], records)
    together = _together(workspace, weights, cluster_of, low, high, strongest)
    keys = pair_keys(low, high, records)
    asked = np.flatnonzero(is_among(keys, distinct(pair_keys(left[is_asked], right[is_asked], records))))
    odds = np.where(is_among(keys, parted), 0.0, np.exp2(np.minimum(together, MOST)))
    fitting = _Fitting.of(low, high, odds, keys, np.exp2(np.minimum(together - AS_ONE, 0.0)), records)
    taken = fitting.taken(low[asked], high[asked]) + fitting.taken(high[asked], low[asked])
    return PersonPairs(keys[asked], together[asked], 0.0 - taken)


def _together(
    workspace: Workspace,
    weights: LevelWeights,
    cluster_of: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    strongest: np.ndarray,
) -> np.ndarray:
    """Weight together of pairs of clusters, bits; of those that were not compared what their strongest pair says."""
    together = strongest.astype(float)
    best = np.argsort(-strongest, kind="stable")
    low, high = low[best], high[best]
    size = comparisons_needed(cluster_of, low, high)
    for compared in compare_clusters(workspace, cluster_of, low, high, size):
        together[best[compared.of]] = bits_together(weights, compared)
    return together


@dataclass(frozen=True, slots=True)
class _Fitting:
    """Who fits each cluster: one row a cluster and another that fits it, ordered by the first."""

    cluster: np.ndarray
    other: np.ndarray
    odds: np.ndarray
    keys: np.ndarray
    """``pair_keys`` of pairs of clusters, ascending"""
    as_one: np.ndarray
    """How far each of these pairs may be one person, [0, 1]"""
    records: int

    @classmethod
    def of(
        cls,
        low: np.ndarray,
        high: np.ndarray,
        odds: np.ndarray,
        keys: np.ndarray,
        as_one: np.ndarray,
        records: int,
    ) -> _Fitting:
        """Input: pairs of clusters ordered by name, their odds as rivals, their keys, and how far they may be one person."""
        cluster, other = np.concatenate([low, high]), np.concatenate([high, low])
        order = np.argsort(cluster, kind="stable")
        return cls(cluster[order], other[order], np.concatenate([odds, odds])[order], keys, as_one, records)

    def taken(self, cluster: np.ndarray, other: np.ndarray) -> np.ndarray:
        """(pairs,) bits that others who fit the cluster take off from its being one person with the other."""
        begin, end = (np.searchsorted(self.cluster, cluster, side=side) for side in ("left", "right"))
        times = end - begin
        of = np.repeat(np.arange(len(cluster)), times)
        row = np.arange(len(of)) + np.repeat(begin - np.cumsum(times) + times, times)
        is_other = self.other[row] != other[of]
        odds = np.where(is_other, self.odds[row] * (1.0 - self._as_one(self.other[row], other[of])), 0.0)
        taken: np.ndarray = np.log2(1.0 + np.bincount(of, odds, len(cluster)))
        return taken

    def _as_one(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """(pairs,) how far two clusters may be one person; 0 where nothing says so."""
        keys = pair_keys(left, right, self.records)
        is_there = is_among(keys, self.keys)
        return np.where(is_there, self.as_one[np.searchsorted(self.keys, keys) * is_there], 0.0)
