"""Pairs that wait for a steward, as questions: one a pair of clusters."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.core.parquet import conform
from pipeline.engines.port import ScoredPairs
from pipeline.link.asked import Asked
from pipeline.link.more_pairs import pair_keys
from pipeline.link.rules import RuleHits
from pipeline.link.tables import rules_met
from pipeline.link.weights import probability
from schemas.model import Policy
from schemas.tables import REVIEW_PAIRS

GREY, BROKEN, SHARED = "grey_pair", "broken_cluster", "shared_identifier"


def review_pairs(
    ids: pa.Array,
    cluster_of: np.ndarray,
    pairs: ScoredPairs,
    hits: RuleHits,
    waits: np.ndarray,
    doubts: Asked,
    thresholds: Policy,
) -> pa.Table:
    """One row a pair of clusters with pairs that wait: its weight, its strongest pair, and the rules that any of its pairs met.

    The question's type is the first rule, in the model's order, that one of its pairs met. Where none, it is ``shared_identifier`` if
    a pair shares an identifier, and nobody would ask but for that; ``broken_cluster`` if the strongest pair by itself would
    link (other records of the two clusters keep them apart); else ``grey_pair``.
    """
    persons = doubts.persons
    waiting = np.flatnonzero(waits)
    cluster_l, cluster_r = cluster_of[pairs.left[waiting]], cluster_of[pairs.right[waiting]]
    low, high = np.minimum(cluster_l, cluster_r), np.maximum(cluster_l, cluster_r)
    order = np.lexsort((waiting, -pairs.weight[waiting], high, low))
    waiting, low, high = waiting[order], low[order], high[order]
    is_first = np.ones(len(waiting), bool)
    is_first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    first = np.flatnonzero(is_first)
    met = (
        np.maximum.reduceat(hits.holds[waiting], first, axis=0) if len(first) else np.zeros((0, len(hits.names)), bool)
    )
    counts = np.diff(np.append(first, len(waiting)))
    best = waiting[first]
    at = persons.of(pair_keys(low[first], high[first], len(cluster_of)))
    weight = persons.weight[at]
    shares = np.logical_or.reduceat(doubts.shares_identifier[waiting], first) if len(first) else np.zeros(0, bool)
    is_strong = pairs.weight[best] >= thresholds.link_bits
    without_rule = np.select([shares & (weight < thresholds.review_bits), is_strong], [2, 1], 0)
    kind = np.where(met.any(1), met.argmax(1) if met.size else 0, len(hits.names) + without_rule)
    columns = {
        "record_id_l": ids.take(pa.array(pairs.left[best])),
        "record_id_r": ids.take(pa.array(pairs.right[best])),
        "cluster_id_l": ids.take(pa.array(cluster_of[pairs.left[best]])),
        "cluster_id_r": ids.take(pa.array(cluster_of[pairs.right[best]])),
        "match_weight": pa.array(np.round(weight, 6)),
        "match_probability": pa.array(np.round(probability(weight), 9)),
        "together_weight": pa.array(np.round(persons.together[at], 6)),
        "rivals_weight": pa.array(np.round(persons.rivals[at], 6) + 0.0),  # no -0.0: people read it
        "n_pairs": pa.array(counts),
        "review_type": pa.array([*hits.names, GREY, BROKEN, SHARED]).take(pa.array(kind)),
        "rules": rules_met(hits.names, met),
    }
    return conform(pa.table(columns), REVIEW_PAIRS)
