"""Second pass: clusters compared with clusters, by all that their records know together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.core.numbers import distinct, is_among
from pipeline.engines.port import LevelWeights, ScoredPairs, Workspace
from pipeline.link.more_pairs import keys_of, pair_keys
from pipeline.link.together import Compared, bits_together, cluster_pairs, compare_clusters, comparisons_needed


@dataclass(frozen=True, slots=True)
class Questions:
    """Pairs of clusters, each named by its smallest record, the most promising first."""

    low: np.ndarray
    high: np.ndarray
    together: np.ndarray
    """Weight together, bits; -inf where a rule keeps them apart, NaN where they were not compared"""

    def answered(self) -> Questions:
        """Those that were compared."""
        is_known = ~np.isnan(self.together)
        return Questions(self.low[is_known], self.high[is_known], self.together[is_known])


NONE_ASKED = Questions(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
Judge = Callable[[ScoredPairs], tuple[np.ndarray, np.ndarray]]
"""Tells of pairs which no cluster may hold, and which link nothing by themselves."""


@dataclass(frozen=True, slots=True)
class JoinTerms:
    """What two clusters must meet to join."""

    link_bits: float
    """at least this weight together"""
    judge: Judge
    """no pair of their records that may not be in one cluster, and not only pairs that link nothing"""
    parted: np.ndarray
    """(pairs, 2) no two records that stewards keep apart"""


def join_clusters(
    workspace: Workspace,
    weights: LevelWeights,
    pairs: ScoredPairs,
    cluster_of: np.ndarray,
    terms: JoinTerms,
    earlier: Questions = NONE_ASKED,
) -> tuple[np.ndarray, Questions]:
    """Clusters after the pass: two join where their weight together is enough and nothing forbids it.

    Returns (records,) the cluster of each record, and the questions that were answered, now or earlier.

    Args:
        workspace: compares pairs of records.
        weights: of the model on these records.
        pairs: scored pairs; two clusters that none of them joins are not compared.
        cluster_of: (records,) cluster of each record, named by its smallest record.
        terms: what two clusters must meet to join.
        earlier: answers on clusters whose records have not changed.

    Each cluster joins at most one other, the best that wants it; ties go to the smaller records.
    """
    low, high = _questions(pairs, cluster_of, terms.parted)
    size = comparisons_needed(cluster_of, low, high)
    together = np.where(size > 0, _earlier_bits(low, high, earlier, len(cluster_of)), np.nan)
    for compared in compare_clusters(workspace, cluster_of, low, high, np.where(np.isnan(together), size, 0)):
        together[compared.of] = _answers(weights, terms.judge, compared)
    fits = np.flatnonzero(together >= terms.link_bits)
    joined = _join(cluster_of, low[fits], high[fits], together[fits])
    return joined, Questions(low, high, together).answered()


def _answers(weights: LevelWeights, judge: Judge, compared: Compared) -> np.ndarray:
    """Weight together of each question; -inf where a rule keeps them apart."""
    left, right, starts = compared.left, compared.right, compared.starts
    is_apart, is_neutral = judge(
        ScoredPairs(left, right, compared.patterns, np.zeros(len(left), np.float32), len(left))
    )
    is_free = ~np.logical_or.reduceat(is_apart, starts) & ~np.logical_and.reduceat(is_neutral, starts)
    return np.where(is_free, bits_together(weights, compared), -np.inf)


def _earlier_bits(low: np.ndarray, high: np.ndarray, earlier: Questions, records: int) -> np.ndarray:
    """(questions,) weight together where it was answered earlier; NaN elsewhere."""
    keys, wanted = pair_keys(earlier.low, earlier.high, records), pair_keys(low, high, records)
    order = np.argsort(keys)
    place = np.searchsorted(keys[order], wanted)
    bits = np.full(len(wanted), np.nan)
    is_there = place < len(keys)
    position = order[place[is_there]]
    bits[is_there] = np.where(keys[position] == wanted[is_there], earlier.together[position], np.nan)
    return bits


def _questions(pairs: ScoredPairs, cluster_of: np.ndarray, parted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of clusters that some scored pair of records joins and no steward parts, by that pair's weight."""
    records = len(cluster_of)
    low, high, strongest = cluster_pairs(cluster_of[pairs.left], cluster_of[pairs.right], pairs.weight, records)
    if len(parted):
        is_free = ~is_among(pair_keys(low, high, records), distinct(keys_of(cluster_of[parted], records)))
        low, high, strongest = low[is_free], high[is_free], strongest[is_free]
    best = np.argsort(-strongest, kind="stable")  # equal ones by the clusters' names
    return low[best], high[best]


def _join(cluster_of: np.ndarray, low: np.ndarray, high: np.ndarray, weight: np.ndarray) -> np.ndarray:
    is_taken = np.zeros(len(cluster_of), bool)
    into = np.arange(len(cluster_of))
    for nth in np.lexsort((high, low, -weight)):
        cluster_l, cluster_r = low[nth], high[nth]
        if not is_taken[cluster_l] and not is_taken[cluster_r]:
            is_taken[cluster_l] = is_taken[cluster_r] = True
            into[cluster_r] = cluster_l
    return into[cluster_of]
