"""Which pairs of records are worth a steward's time: those whose persons, by all that is known of them, may be one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.engines.port import LevelWeights, ScoredPairs, Workspace
from pipeline.link.decided import parted_clusters
from pipeline.link.more_pairs import pair_keys
from pipeline.link.passes import Grounds
from pipeline.link.rivals import PersonPairs, person_pairs
from pipeline.link.rules import share_identifier

DOUBT = 3.0  # bits under the review threshold at which persons are still asked about: their weight is less sure than a pair's


@dataclass(frozen=True, slots=True)
class Asked:
    """What may be asked."""

    is_worth_asking: np.ndarray
    """(pairs,) bool, of pairs not in one person"""
    shares_identifier: np.ndarray
    """(pairs,) bool, of these"""
    persons: PersonPairs
    """the persons of these pairs, and of others that were not worth it"""


def asked(
    grounds: Grounds, workspace: Workspace, weights: LevelWeights, pairs: ScoredPairs, cluster_of: np.ndarray
) -> Asked:
    """A pair is worth asking about at the review threshold, if its persons reach it, too, but for DOUBT; or if it shares an identifier.

    Policy ``balanced`` asks nobody as a rule: what it does not link is listed by what each pair says, for those who judge pairs.
    """
    left, right = cluster_of[pairs.left], cluster_of[pairs.right]
    review_bits, across = grounds.thresholds.review_bits, left != right
    shares = across & share_identifier(grounds.model, pairs.patterns.levels)[pairs.patterns.of]
    is_close = across & (pairs.weight >= review_bits)
    parted = parted_clusters(cluster_of, grounds.decisions)
    persons = person_pairs(workspace, weights, pairs, cluster_of, is_close | shares, parted)
    close = np.flatnonzero(is_close)
    may_be_one = (persons.weight >= review_bits - DOUBT) | (grounds.policy == "balanced")
    is_worth_asking = shares.copy()
    is_worth_asking[close] |= may_be_one[persons.of(pair_keys(left[close], right[close], len(cluster_of)))]
    return Asked(is_worth_asking, shares, persons)
