"""Pairs that are weighed although no key brought them together, or although they fell under the floor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.core.numbers import distinct, is_among
from pipeline.engines.patterns import Patterns, join_patterns, patterns_of
from pipeline.engines.port import LevelWeights, ScoredPairs, Workspace
from pipeline.link.weights import pattern_waterfall


def pair_keys(left: np.ndarray, right: np.ndarray, records: int) -> np.ndarray:
    """(pairs,) one number a pair of row numbers, the same whichever of the two comes first."""
    low, high = np.minimum(left, right).astype(np.int64), np.maximum(left, right).astype(np.int64)
    return low * records + high


def keys_of(rows: np.ndarray, records: int) -> np.ndarray:
    """As ``pair_keys``, of (pairs, 2) row numbers."""
    return pair_keys(rows[:, 0], rows[:, 1], records)


def weigh(weights: LevelWeights, pairs: ScoredPairs) -> ScoredPairs:
    """The pairs with their weights summed anew in double precision, so that every engine gives the same bits."""
    parts, related = pattern_waterfall(weights, pairs.patterns.levels)
    weight = parts.sum(1) + weights.prior_match + related
    return replace(pairs, weight=weight[pairs.patterns.of])


def with_pairs(workspace: Workspace, weights: LevelWeights, pairs: ScoredPairs, wanted: np.ndarray) -> ScoredPairs:
    """The pairs, and with them the wanted ones, ordered by left and right.

    Input: weighed pairs, in that order; ``wanted``: (pairs, 2) row numbers, in any order, more than once or known already if need be.
    """
    more = missing_pairs(workspace, weights, pairs, distinct(keys_of(wanted, workspace.n_records)))
    return merge(pairs, more, places(pairs, more, workspace.n_records)) if more else pairs


def missing_pairs(
    workspace: Workspace, weights: LevelWeights, pairs: ScoredPairs, wanted: np.ndarray
) -> ScoredPairs | None:
    """Those wanted pairs that are not there, weighed and ordered by left and right; None where all are.

    Input: weighed pairs, in that order; ``wanted``: ``pair_keys``, ascending.
    """
    records = workspace.n_records
    keys = wanted[~is_among(wanted, pair_keys(pairs.left, pairs.right, records))]
    if not len(keys):
        return None
    left, right = (rows.astype(np.int32) for rows in np.divmod(keys, records))
    return weigh(weights, ScoredPairs(left, right, patterns_of(workspace.compare(left, right)), np.zeros(len(left)), 0))


def places(pairs: ScoredPairs, more: ScoredPairs, records: int) -> np.ndarray:
    """(more,) pair before which each of the others belongs. Input: both ordered by left and right."""
    return np.searchsorted(pair_keys(pairs.left, pairs.right, records), pair_keys(more.left, more.right, records))


def merge(pairs: ScoredPairs, more: ScoredPairs, place: np.ndarray) -> ScoredPairs:
    """The pairs with the others among them, as ``places`` tells; no pair is in both."""
    left, right, weight = (
        np.insert(getattr(pairs, name), place, getattr(more, name)) for name in ("left", "right", "weight")
    )
    of_pairs, of_more = join_patterns(pairs.patterns, more.patterns)
    return replace(
        pairs,
        left=left,
        right=right,
        patterns=Patterns(of_pairs.levels, np.insert(of_pairs.of, place, of_more.of)),
        weight=weight,
    )
