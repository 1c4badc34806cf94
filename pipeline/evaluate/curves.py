"""What probabilities are worth: their calibration, and quality at every threshold, with or without the truth."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from pipeline.evaluate.quality import Score


@dataclass(frozen=True, slots=True)
class Bin:
    """Pairs of about one probability."""

    predicted: float
    """mean probability"""
    observed: float
    """share that are matches"""
    low: float
    high: float
    """95 % interval of ``observed``"""
    pairs: int


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What linking every pair by itself from a weight on would give."""

    bits: float
    pairs: int
    score: Score


BINS = 10


def calibration(probability: np.ndarray, is_match: np.ndarray) -> list[Bin]:
    """Reliability of probabilities in ten bins of equal width; empty bins are left out."""
    bin_of = np.minimum((probability * BINS).astype(int), BINS - 1)
    filled_bins = []
    for number in range(BINS):
        is_in = bin_of == number
        if is_in.any():
            observed = float(is_match[is_in].mean())
            low, high = wilson(int(is_match[is_in].sum()), int(is_in.sum()))
            filled_bins.append(Bin(float(probability[is_in].mean()), observed, low, high, int(is_in.sum())))
    return filled_bins


def calibration_error(bins: list[Bin]) -> float:
    """Expected calibration error: mean gap between predicted and observed, weighted by pairs (Naeini et al. 2015)."""
    total = sum(each.pairs for each in bins)
    return sum(each.pairs * abs(each.predicted - each.observed) for each in bins) / total if total else 0.0


def wilson(hits: float, cases: float, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a share (Wilson 1927)."""
    if not cases:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, spread = hits / cases, z * z / cases
    middle = (share + spread / 2) / (1 + spread)
    half = z * float(np.sqrt(share * (1 - share) / cases + spread / (4 * cases))) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def by_threshold(
    weight: np.ndarray, right: np.ndarray, is_held: np.ndarray, true_pairs: float, thresholds: np.ndarray
) -> list[AtThreshold]:
    """Quality of the pairs at or above each threshold, bits.

    Args:
        weight: of every kept pair, those that wait included.
        right: whether each is a match, or how probably it is one: with probabilities the curve is an estimate.
        is_held: pairs that a rule holds back, whatever their weight: no threshold links them.
        true_pairs: how many there are, those that were never compared included.
        thresholds: bits.
    """
    order = np.argsort(-weight[~is_held], kind="stable")
    ordered = -weight[~is_held][order]
    cumulated = np.concatenate([[0.0], np.cumsum(right[~is_held][order].astype(float))])
    points = []
    for bits in thresholds.tolist():
        pairs = int(np.searchsorted(ordered, -bits, side="right"))
        n_right = float(cumulated[pairs])
        score = Score(n_right / pairs if pairs else 1.0, n_right / true_pairs if true_pairs else 1.0)
        points.append(AtThreshold(bits, pairs, score))
    return points
