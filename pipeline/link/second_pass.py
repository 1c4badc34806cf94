"""Second pass: clusters compared with clusters, by all that their records know together.

A record may be like no single other record and still fit a person: one record has the name, another the birthday, a
third the address. For two clusters each field counts half by its best and half by its mean weight over all pairs of
their records; the prior and the related class count once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.core.numbers import distinct, is_among
from pipeline.engines.patterns import Patterns, patterns_of
from pipeline.engines.port import LevelWeights, ScoredPairs, Workspace
from pipeline.link.more_pairs import keys_of, pair_keys
from pipeline.link.weights import against, class_parts

MOST_SIDE = 12  # records of a cluster that are looked at, the first ones
MOST_PAIRS = 3_000_000  # compared in all; the most promising clusters come first
AT_ONCE = 250_000  # pairs of records compared at a time: memory stays the same however many there are


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
    questions = _questions(pairs, cluster_of, terms.parted)
    members, first = _members(cluster_of)
    size = _cross_sizes(questions, first)
    together = np.where(size > 0, _earlier_bits(questions, earlier, len(cluster_of)), np.nan)
    size = np.where(np.isnan(together), size, 0)
    bounds = np.searchsorted(np.cumsum(size), np.arange(AT_ONCE, size.sum() + AT_ONCE, AT_ONCE), side="right")
    for begin, end in pairwise((0, *bounds.tolist(), len(size))):
        left, right, owner = _cross_pairs(questions, members, first, size, begin, end)
        if len(left):
            starts = np.flatnonzero(np.diff(owner, prepend=-1))
            together[owner[starts]] = _answers(workspace, weights, terms.judge, left, right, starts)
    fits = np.flatnonzero(together >= terms.link_bits)
    joined = _join(cluster_of, questions.low[fits], questions.high[fits], together[fits])
    return joined, Questions(questions.low, questions.high, together).answered()


def _answers(
    workspace: Workspace, weights: LevelWeights, judge: Judge, left: np.ndarray, right: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """Weight together of each question whose pairs of records begin at ``starts``; -inf where a rule keeps them apart."""
    patterns = patterns_of(workspace.compare(left, right))
    is_apart, is_neutral = judge(ScoredPairs(left, right, patterns, np.zeros(len(left), np.float32), len(left)))
    is_free = ~np.logical_or.reduceat(is_apart, starts) & ~np.logical_and.reduceat(is_neutral, starts)
    return np.where(is_free, _together(weights, patterns, starts), -np.inf)


def _earlier_bits(questions: Questions, earlier: Questions, records: int) -> np.ndarray:
    """(questions,) weight together where it was answered earlier; NaN elsewhere."""
    keys, wanted = (pair_keys(clusters.low, clusters.high, records) for clusters in (earlier, questions))
    order = np.argsort(keys)
    place = np.searchsorted(keys[order], wanted)
    bits = np.full(len(wanted), np.nan)
    is_there = place < len(keys)
    position = order[place[is_there]]
    bits[is_there] = np.where(keys[position] == wanted[is_there], earlier.together[position], np.nan)
    return bits


def _questions(pairs: ScoredPairs, cluster_of: np.ndarray, parted: np.ndarray) -> Questions:
    """Pairs of clusters that some scored pair of records joins and no steward parts, by that pair's weight."""
    cluster_l, cluster_r = cluster_of[pairs.left], cluster_of[pairs.right]
    is_across = cluster_l != cluster_r
    keys = pair_keys(cluster_l, cluster_r, len(cluster_of))
    if len(parted):
        is_across &= ~is_among(keys, distinct(keys_of(cluster_of[parted], len(cluster_of))))
    keys = keys[is_across]
    order = np.argsort(keys)
    keys = keys[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    keys, weight = (
        keys[first],
        np.maximum.reduceat(pairs.weight[is_across][order], first) if len(first) else np.empty(0),
    )
    best = np.argsort(-weight, kind="stable")  # equal ones by the clusters' names
    low, high = np.divmod(keys[best], len(cluster_of))
    return Questions(low, high, np.full(len(best), np.nan))


def _members(cluster_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Records ordered by cluster, and where each cluster (named by a record) begins; one more for the end."""
    size = np.bincount(cluster_of, minlength=len(cluster_of))
    return np.argsort(cluster_of, kind="stable"), np.concatenate([[0], np.cumsum(size)])


def _cross_sizes(questions: Questions, first: np.ndarray) -> np.ndarray:
    """Pairs of records that each question needs; 0 where it is settled already, or comes too late."""
    rows, columns = first[questions.low + 1] - first[questions.low], first[questions.high + 1] - first[questions.high]
    is_single = (rows == 1) & (columns == 1)  # two single records have been compared already
    size = np.where(is_single, 0, np.minimum(rows, MOST_SIDE) * np.minimum(columns, MOST_SIDE))
    size[np.cumsum(size) > MOST_PAIRS] = 0
    return size


def _cross_pairs(
    questions: Questions, members: np.ndarray, first: np.ndarray, size: np.ndarray, begin: int, end: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every record of the one cluster with every record of the other, and the question they belong to, for begin .. end."""
    sizes = size[begin:end]
    owner = begin + np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    columns = np.minimum(first[questions.high[owner] + 1] - first[questions.high[owner]], MOST_SIDE)
    row_l = members[first[questions.low[owner]] + within // columns]
    row_r = members[first[questions.high[owner]] + within % columns]
    return np.minimum(row_l, row_r).astype(np.int32), np.maximum(row_l, row_r).astype(np.int32), owner


def _together(weights: LevelWeights, patterns: Patterns, starts: np.ndarray) -> np.ndarray:
    """Weight of each question, bits; its pairs begin at ``starts``."""
    levels, pattern_of = patterns.levels, patterns.of
    is_known = (levels > 0).T[:, pattern_of]
    n_known = np.add.reduceat(is_known, starts, axis=1, dtype=np.int64)
    odds = []
    for prior, parts in class_parts(weights, levels):
        bits = np.full(len(starts), prior)
        for comparison in np.flatnonzero(parts.any(0)).tolist():
            of_pairs = parts[:, comparison][pattern_of]
            bits += _half_best_half_mean(of_pairs, is_known[comparison], n_known[comparison], starts)
        odds.append(bits)
    return odds[0] - against(np.stack(odds[1:]))


def _half_best_half_mean(bits: np.ndarray, is_known: np.ndarray, n_known: np.ndarray, starts: np.ndarray) -> np.ndarray:
    best = np.maximum.reduceat(np.where(is_known, bits, -np.inf), starts)
    mean = np.add.reduceat(np.where(is_known, bits, 0.0), starts) / np.maximum(n_known, 1)
    return np.where(n_known > 0, (best + mean) / 2, 0.0)


def _join(cluster_of: np.ndarray, low: np.ndarray, high: np.ndarray, weight: np.ndarray) -> np.ndarray:
    is_taken = np.zeros(len(cluster_of), bool)
    into = np.arange(len(cluster_of))
    for nth in np.lexsort((high, low, -weight)):
        cluster_l, cluster_r = low[nth], high[nth]
        if not is_taken[cluster_l] and not is_taken[cluster_r]:
            is_taken[cluster_l] = is_taken[cluster_r] = True
            into[cluster_r] = cluster_l
    return into[cluster_of]
