"""From scored pairs to clusters, and how each cluster holds together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.engines.average_link import Exclusions, average_link, bottleneck, components
from pipeline.engines.port import ScoredPairs

LEAST, MOST = (-3.0, 6.0)  # bits over the link threshold: no single pair may count for more, or against, than this
MISSING = -1.0  # a pair that no rule brought together speaks a little against
NEUTRAL = 0.0  # a pair that may not link by itself neither speaks for nor against
MOST_RECORDS = 2_000  # of a component; a larger one is cut at its weakest pairs first


@dataclass(frozen=True, slots=True)
class ClusterShape:
    """One row a cluster of at least one record, ordered by first record."""

    first: np.ndarray
    size: np.ndarray
    pairs: np.ndarray
    weakest_bits: np.ndarray
    """Lowest weight on the best path that joins all its records; nan for a single record, and where stewards alone join them"""


def cluster(
    records: int,
    pairs: ScoredPairs,
    link_bits: float,
    is_apart: np.ndarray,
    is_neutral: np.ndarray,
    exclusions: Exclusions,
) -> np.ndarray:
    """Cluster of each record, named by its smallest record.

    Args:
        records: rows of the table.
        pairs: scored pairs.
        link_bits: weight from which a pair speaks for a merge.
        is_apart: pairs that no cluster may hold.
        is_neutral: pairs that count as neither for nor against.
        exclusions: records that never share a cluster.
    """
    over = np.clip(pairs.weight.astype(float) - link_bits, LEAST, MOST)
    over[is_neutral] = np.minimum(over[is_neutral], NEUTRAL)
    root = _bounded_components(records, pairs, np.where(is_apart, LEAST, over))
    return average_link(records, pairs.left, pairs.right, over, is_apart, root, exclusions, MISSING)


def _bounded_components(records: int, pairs: ScoredPairs, over: np.ndarray) -> np.ndarray:
    """Components over pairs above 0; those with too many records again, with ever stronger pairs only."""
    least = 1e-9
    root = components(records, pairs.left, pairs.right, over, least)
    while True:
        is_large = np.bincount(root, minlength=records)[root] > MOST_RECORDS
        if not is_large.any() or least >= MOST:
            return root
        least = min(least + 1.0, MOST)
        keep = is_large[pairs.left]
        cut = components(records, pairs.left[keep], pairs.right[keep], over[keep], least)
        root = np.where(is_large, cut, root)


def shape(cluster_of: np.ndarray, pairs: ScoredPairs, is_must: np.ndarray) -> ClusterShape:
    """Size, scored pairs and weakest point of every cluster; a pair that a steward linked (``is_must``) is nowhere weak."""
    n = len(cluster_of)
    size = np.bincount(cluster_of, minlength=n)
    first = np.flatnonzero(size)
    inside = np.flatnonzero(cluster_of[pairs.left] == cluster_of[pairs.right])
    strength = np.where(is_must, np.inf, pairs.weight)
    order = inside[np.argsort(-strength[inside])]
    left, right = pairs.left[order], pairs.right[order]
    weakest = bottleneck(n, left, right, strength[order], cluster_of)[first]
    pairs_inside = np.bincount(cluster_of[left], minlength=n)[first]
    return ClusterShape(first, size[first], pairs_inside, np.where(np.isinf(weakest), np.nan, weakest))
