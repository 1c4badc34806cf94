"""From which weight pairs are linked and reviewed: derived from the weights themselves, so that it carries from data to data.

``balanced`` takes the threshold of highest expected F1. For probabilities that mean what they say it is half of the best
F1 that can be reached (Lipton, Elkan and Naryanaswamy 2014). ``strict`` takes the lowest threshold whose links are
expected to be right in 998 of 1,000 cases.
"""

from __future__ import annotations

import numpy as np

from pipeline.link.weights import probability
from schemas.model import Policy, PolicyName

STRICT_PRECISION = 0.998
STRICT_DOUBT = 3.0  # the mixture is surer than it should be: its expected errors count so many times
LEAST_STRICT, MOST_STRICT = 4.0, 12.0  # bits; strict never links under even odds of 16 to 1
REVIEW_BITS = 3.0  # what lies so far under the balanced threshold is still worth a steward's eye
STEP = 0.25


def derive(weight: np.ndarray, expected_matches: float) -> dict[PolicyName, Policy]:
    """Both policies' thresholds in bits, for scored pairs of these weights out of so many expected matches."""
    balanced = _best_f1(weight, expected_matches)
    strict = max(_precise(weight), balanced)
    return {
        "balanced": Policy(link_bits=balanced, review_bits=_rounded(balanced - REVIEW_BITS)),
        "strict": Policy(link_bits=strict, review_bits=_rounded(min(balanced, strict - REVIEW_BITS))),
    }


def _best_f1(weight: np.ndarray, expected_matches: float) -> float:
    chance = probability(np.sort(weight)[::-1])
    expected = np.cumsum(chance)
    f1 = 2 * expected / (np.arange(1, len(chance) + 1) + max(expected_matches, expected[-1] if len(expected) else 1.0))
    best = float(f1.max(initial=0.5))
    return _rounded(float(np.log2(best / 2 / (1 - best / 2))))


def _precise(weight: np.ndarray) -> float:
    for bits in np.arange(LEAST_STRICT, MOST_STRICT, STEP):
        linked = weight[weight >= bits]
        if STRICT_DOUBT * (1 - probability(linked)).sum() <= (1 - STRICT_PRECISION) * len(linked):
            return float(bits)
    return MOST_STRICT


def _rounded(bits: float) -> float:
    """Two decimals; a zero has no sign, for people read it."""
    return round(bits, 2) + 0.0
