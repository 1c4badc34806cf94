"""Pairs that share an identifier are kept however much else speaks against them: a false name, or a false identifier."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pipeline.engines.port import LevelWeights, ScoredPairs, Workspace
from pipeline.link.more_pairs import with_pairs

MOST_HOLDERS = 30  # of one identifier whose pairs are all kept; of more, each with the next


def with_shared_identifiers(
    workspace: Workspace,
    weights: LevelWeights,
    pairs: ScoredPairs,
    identifiers: Iterable[np.ndarray],
    group: np.ndarray,
) -> ScoredPairs:
    """The weighed pairs, and with them every comparable pair that shares an identifier but fell under the floor.

    Input: (records,) codes of each kind of identifier, -1 none; ``group`` as ``group_codes`` gives it: two records of one
        group are not compared.
    """
    sharing = np.concatenate([np.empty((0, 2), np.int64), *map(_pairs_sharing, identifiers)])
    left, right = group[sharing.T]
    return with_pairs(workspace, weights, pairs, sharing[(left != right) | (left < 0)])


def _pairs_sharing(codes: np.ndarray, most: int = MOST_HOLDERS) -> np.ndarray:
    """(pairs, 2) records of one code; -1 is none."""
    order = np.flatnonzero(codes >= 0)
    order = order[np.argsort(codes[order], kind="stable")]
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    size = np.diff(starts, append=len(order))
    return pairs_of_groups(order, starts, np.where(size <= most, size, 1))


def pairs_of_groups(rows: np.ndarray, starts: np.ndarray, followers: np.ndarray) -> np.ndarray:
    """(pairs, 2) rows of the same group: each with those behind it, ``followers`` of its group at most.

    Input: rows by group, where each group begins, and (groups,) how many are paired with each.
    """
    size = np.diff(starts, append=len(rows))
    behind = np.repeat(starts + size, size) - np.arange(len(rows)) - 1
    behind = np.minimum(behind, np.repeat(followers, size))
    left = np.repeat(np.arange(len(rows)), behind)
    right = left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(behind) - behind, behind)
    return np.stack([rows[left], rows[right]], axis=1)
