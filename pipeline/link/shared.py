"""Pairs that share an identifier are kept however much else speaks against them: a false name, or a false identifier."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np

from pipeline.engines.port import LevelWeights, ScoredPairs, Workspace
from pipeline.link.weights import waterfall

MOST_HOLDERS = 30  # of one identifier whose pairs are all kept; of more, each with the next


def with_shared_identifiers(
    workspace: Workspace, weights: LevelWeights, pairs: ScoredPairs, identifiers: np.ndarray
) -> ScoredPairs:
    """The scored pairs, and with them every pair that shares an identifier but fell under the floor."""
    pairs = _weighed(weights, pairs)
    sharing = _sharing(identifiers)
    known = set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) if sharing else set()
    wanted = sorted(sharing - known)
    if not wanted:
        return pairs
    left, right = (np.array([pair[at] for pair in wanted], np.int32) for at in (0, 1))
    more = _weighed(weights, ScoredPairs(left, right, workspace.compare(left, right), np.zeros(len(left)), 0))
    left, right, levels, weight = (
        np.concatenate([getattr(part, name) for part in (pairs, more)])
        for name in ("left", "right", "levels", "weight")
    )
    order = np.lexsort((right, left))
    return ScoredPairs(left[order], right[order], levels[order], weight[order], pairs.candidates)


def _weighed(weights: LevelWeights, pairs: ScoredPairs) -> ScoredPairs:
    """The pairs with their weights summed anew in double precision, so that every engine gives the same bits."""
    parts, related = waterfall(weights, pairs.levels)
    weight = parts.sum(1) + weights.prior_match + related
    return ScoredPairs(pairs.left, pairs.right, pairs.levels, weight, pairs.candidates)


def _sharing(identifiers: np.ndarray) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for codes in identifiers.T if len(identifiers) else ():
        order = np.argsort(codes, kind="stable")
        starts = np.flatnonzero(np.diff(codes[order], prepend=-2))
        for holders in np.split(order, starts[1:]):
            if codes[holders[0]] >= 0 and len(holders) > 1:
                own = holders.tolist()
                found.update(combinations(own, 2) if len(own) <= MOST_HOLDERS else pairwise(own))
    return found
