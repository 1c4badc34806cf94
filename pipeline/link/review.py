"""Pairs that wait for a steward, as questions: one a pair of clusters."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.core.parquet import conform
from pipeline.engines.port import ScoredPairs
from pipeline.link.rules import RuleHits
from pipeline.link.weights import probability
from schemas.tables import REVIEW_PAIRS

GREY, BROKEN = "grey_pair", "broken_cluster"


def review_pairs(
    ids: pa.Array, cluster_of: np.ndarray, pairs: ScoredPairs, hits: RuleHits, waits: np.ndarray, link_bits: float
) -> pa.Table:
    """One row a pair of clusters with pairs that wait: its strongest pair, and the rules that any of its pairs met.

    The question's type is the first rule, in the model's order, that one of its pairs met; where none, ``broken_cluster`` if the
    strongest pair by itself would link (other records of the two clusters keep them apart), else ``grey_pair``.
    """
    own = np.flatnonzero(waits)
    a, b = cluster_of[pairs.left[own]], cluster_of[pairs.right[own]]
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((own, -pairs.weight[own], high, low))
    own, low, high = own[order], low[order], high[order]
    begins = np.ones(len(own), bool)
    begins[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    first = np.flatnonzero(begins)
    met = np.maximum.reduceat(hits.holds[own], first, axis=0) if len(first) else np.zeros((0, len(hits.names)), bool)
    counts = np.diff(np.append(first, len(own)))
    best = own[first]
    weight = pairs.weight[best].astype(float)
    rules = [[hits.names[r] for r in np.flatnonzero(row)] for row in met]
    columns = {
        "record_id_l": ids.take(pa.array(pairs.left[best])),
        "record_id_r": ids.take(pa.array(pairs.right[best])),
        "cluster_id_l": ids.take(pa.array(cluster_of[pairs.left[best]])),
        "cluster_id_r": ids.take(pa.array(cluster_of[pairs.right[best]])),
        "match_weight": pa.array(np.round(weight, 6)),
        "match_probability": pa.array(np.round(probability(weight), 9)),
        "n_pairs": pa.array(counts),
        "review_type": pa.array(
            [_type(own_rules, own >= link_bits) for own_rules, own in zip(rules, weight.tolist(), strict=True)],
            pa.string(),
        ),
        "rules": pa.array([own_rules or None for own_rules in rules], pa.list_(pa.string())),
    }
    return conform(pa.table(columns), REVIEW_PAIRS)


def _type(rules: list[str], would_link: bool) -> str:
    return rules[0] if rules else BROKEN if would_link else GREY
