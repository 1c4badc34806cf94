"""What becomes of each scored pair: in one person, waiting for a steward, or parted by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.core.numbers import distinct, is_among
from pipeline.engines.port import ScoredPairs
from pipeline.link.decided import Decisions, parted_clusters
from pipeline.link.more_pairs import keys_of, pair_keys


@dataclass(frozen=True, slots=True)
class Fates:
    """What becomes of each scored pair; (pairs,) bool each."""

    inside: np.ndarray
    """in one person"""
    waits: np.ndarray
    """for a steward"""
    is_parted: np.ndarray
    """would wait, but a steward parted the two, or records of their persons; or parted these two themselves"""
    is_must: np.ndarray
    """a steward linked the two"""
    by_steward: np.ndarray
    """in one person or apart because a steward said so"""


def fates_of(
    pairs: ScoredPairs, machine: np.ndarray, cluster_of: np.ndarray, decisions: Decisions, is_worth_asking: np.ndarray
) -> Fates:
    """Input: clusters as the machine forms them, and after the links of stewards; ``is_worth_asking``: of pairs not in one person."""
    across, records = (cluster_of[pairs.left], cluster_of[pairs.right]), len(cluster_of)
    inside = across[0] == across[1]
    is_must, is_cannot = (
        _are_among(pairs.left, pairs.right, distinct(keys_of(rows, records)), records)
        for rows in (decisions.must, decisions.cannot)
    )
    is_parted = (
        ~inside & _are_among(*across, parted_clusters(cluster_of, decisions), records) & (is_worth_asking | is_cannot)
    )
    joined = is_must if machine is cluster_of else is_must | (machine[pairs.left] != machine[pairs.right])
    return Fates(inside, ~inside & is_worth_asking & ~is_parted, is_parted, is_must, (inside & joined) | is_parted)


def _are_among(left: np.ndarray, right: np.ndarray, keys: np.ndarray, records: int) -> np.ndarray:
    """(pairs,) whether each is one of some, given by their keys in ascending order; mostly there are none."""
    return is_among(pair_keys(left, right, records), keys) if len(keys) else np.zeros(len(left), bool)
