"""A steward's load: how many pairs each link threshold would leave to be looked at."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipeline.evaluate.pairs import Pairs


def review_load(records: int, pairs: Pairs, thresholds: np.ndarray, review_bits: float) -> list[int]:
    """Pairs that a steward would look at, were every pair linked by itself from each threshold on.

    They are those from the review threshold on that are not linked, and that no other links join either; and those that
    wait because of a rule. A person in doubt is asked about once, so there are fewer questions than pairs.
    """
    is_held = pairs.rule >= 0
    always = is_held & ~pairs.is_link
    out = []
    for bits in thresholds.tolist():
        linked = ~is_held & (pairs.weight >= bits)
        ends = (pairs.left[linked], pairs.right[linked])
        graph = coo_array((np.ones(len(ends[0]), bool), ends), shape=(records, records))
        part = connected_components(graph, directed=False)[1]
        doubtful = ~linked & (is_held | (pairs.weight >= review_bits)) & (part[pairs.left] != part[pairs.right])
        out.append(int((doubtful | always).sum()))
    return out
