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


def calibration(probability: np.ndarray, is_match: np.ndarray, bins: int = 10) -> list[Bin]:
    """Reliability of probabilities in bins of equal width; empty bins are left out."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    out = []
    for at in range(bins):
        own = place == at
        if own.any():
            observed = float(is_match[own].mean())
            low, high = wilson(int(is_match[own].sum()), int(own.sum()))
            out.append(Bin(float(probability[own].mean()), observed, low, high, int(own.sum())))
    return out


def calibration_error(bins: list[Bin]) -> float:
    """Expected calibration error: mean gap between predicted and observed, weighted by pairs (Naeini et al. 2015)."""
    total = sum(own.pairs for own in bins)
    return sum(own.pairs * abs(own.predicted - own.observed) for own in bins) / total if total else 0.0


def wilson(hits: float, of: float, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a share (Wilson 1927)."""
    if not of:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, spread = hits / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z * float(np.sqrt(share * (1 - share) / of + spread / (4 * of))) / (1 + spread)
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
    found = np.concatenate([[0.0], np.cumsum(right[~is_held][order].astype(float))])
    out = []
    for bits in thresholds.tolist():
        pairs = int(np.searchsorted(ordered, -bits, side="right"))
        hits = float(found[pairs])
        out.append(
            AtThreshold(bits, pairs, Score(hits / pairs if pairs else 1.0, hits / true_pairs if true_pairs else 1.0))
        )
    return out
