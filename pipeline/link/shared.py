"""Pairs that share an identifier are kept however much else speaks against them: a false name, or a false identifier."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np

from pipeline.engines.port import LevelWeights, ScoredPairs, Workspace
from pipeline.link.more_pairs import with_pairs

MOST_HOLDERS = 30  # of one identifier whose pairs are all kept; of more, each with the next


def with_shared_identifiers(
    workspace: Workspace, weights: LevelWeights, pairs: ScoredPairs, identifiers: np.ndarray
) -> ScoredPairs:
    """The weighed pairs, and with them every pair that shares an identifier but fell under the floor."""
    sharing = np.array(sorted(_sharing(identifiers)), np.int32).reshape(-1, 2)
    return with_pairs(workspace, weights, pairs, sharing)


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
