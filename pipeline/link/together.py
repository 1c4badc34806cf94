"""What two clusters say together: every record of the one compared with every record of the other.

A record may be like no single other record and still fit a person: one record has the name, another the birthday, a
third the address. And one pair may fit while all other records of the two speak against it. For two clusters each field
counts half by its best and half by its mean weight over all pairs of their records; the prior and the related class count once.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pipeline.engines.patterns import Patterns, patterns_of
from pipeline.engines.port import LevelWeights, Workspace
from pipeline.link.more_pairs import pair_keys
from pipeline.link.weights import against, class_parts

MOST_SIDE = 12  # records of a cluster that are looked at, the first ones
MOST_PAIRS = 3_000_000  # compared in all; the most promising clusters come first
AT_ONCE = 250_000  # pairs of records compared at a time: memory stays the same however many there are


class ClusterPairs(NamedTuple):
    """Pairs of clusters, each named by its smallest record; ordered by name."""

    low: np.ndarray
    high: np.ndarray
    strongest: np.ndarray
    """Weight of the strongest scored pair of their records, bits"""


class Compared(NamedTuple):
    """Some pairs of clusters, record by record."""

    of: np.ndarray
    """(pairs of clusters,) position of each among those asked for"""
    starts: np.ndarray
    """(pairs of clusters,) where the pairs of records of each begin"""
    left: np.ndarray
    right: np.ndarray
    """(pairs of records,) rows, left < right"""
    patterns: Patterns


def cluster_pairs(left: np.ndarray, right: np.ndarray, weight: np.ndarray, records: int) -> ClusterPairs:
    """Pairs of clusters that some pair of records joins; input: the two clusters of each pair of records, and its weight."""
    keys = pair_keys(left, right, records)
    across = np.flatnonzero(left != right)
    across = across[np.argsort(keys[across])]
    first = np.flatnonzero(np.diff(keys[across], prepend=-1))
    strongest = np.maximum.reduceat(weight[across], first) if len(first) else np.empty(0)
    return ClusterPairs(*np.divmod(keys[across][first], records), strongest)


def comparisons_needed(cluster_of: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(pairs of clusters,) pairs of records to compare for each, the most promising pair of clusters first.

    0 of two single records, whose one pair has been scored, and of those that come when MOST_PAIRS are reached.
    """
    n_records = np.bincount(cluster_of, minlength=len(cluster_of))
    size = np.minimum(n_records[low], MOST_SIDE) * np.minimum(n_records[high], MOST_SIDE)
    size[(n_records[low] == 1) & (n_records[high] == 1)] = 0
    size[np.cumsum(size) > MOST_PAIRS] = 0
    return size


def compare_clusters(
    workspace: Workspace, cluster_of: np.ndarray, low: np.ndarray, high: np.ndarray, size: np.ndarray
) -> Iterator[Compared]:
    """Pairs of clusters, some at a time and in their order; ``size``: as ``comparisons_needed``, 0 of those not wanted."""
    members, first = _members(cluster_of)
    bounds = np.searchsorted(np.cumsum(size), np.arange(AT_ONCE, size.sum() + AT_ONCE, AT_ONCE), side="right")
    for begin, end in pairwise((0, *bounds.tolist(), len(size))):
        left, right, owner = _cross_pairs(low, high, members, first, size, begin, end)
        if len(left):
            starts = np.flatnonzero(np.diff(owner, prepend=-1))
            yield Compared(owner[starts], starts, left, right, patterns_of(workspace.compare(left, right)))


def bits_together(weights: LevelWeights, compared: Compared) -> np.ndarray:
    """(pairs of clusters,) what the records of each say together, bits."""
    starts, (levels, pattern_of) = compared.starts, (compared.patterns.levels, compared.patterns.of)
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


def _members(cluster_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Records ordered by cluster, and where each cluster (named by a record) begins; one more for the end."""
    size = np.bincount(cluster_of, minlength=len(cluster_of))
    return np.argsort(cluster_of, kind="stable"), np.concatenate([[0], np.cumsum(size)])


def _cross_pairs(
    low: np.ndarray, high: np.ndarray, members: np.ndarray, first: np.ndarray, size: np.ndarray, begin: int, end: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every record of the one cluster with every record of the other, and the pair of clusters they belong to, for begin .. end."""
    sizes = size[begin:end]
    owner = begin + np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    columns = np.minimum(first[high[owner] + 1] - first[high[owner]], MOST_SIDE)
    row_l = members[first[low[owner]] + within // columns]
    row_r = members[first[high[owner]] + within % columns]
    return np.minimum(row_l, row_r).astype(np.int32), np.maximum(row_l, row_r).astype(np.int32), owner


def _half_best_half_mean(bits: np.ndarray, is_known: np.ndarray, n_known: np.ndarray, starts: np.ndarray) -> np.ndarray:
    best = np.maximum.reduceat(np.where(is_known, bits, -np.inf), starts)
    mean = np.add.reduceat(np.where(is_known, bits, 0.0), starts) / np.maximum(n_known, 1)
    return np.where(n_known > 0, (best + mean) / 2, 0.0)
