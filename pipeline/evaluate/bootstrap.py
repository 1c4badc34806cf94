"""Intervals of shares whose cases hang together: pairs of one person are not independent, persons are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.evaluate.curves import wilson

REPEATS, SEED = 1_000, 2016
MOST_KINDS = 200
"""Of persons: more are drawn in so many random groups of equal size, which gives the same spread."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share, and its 95 % interval."""

    value: float
    low: float
    high: float

    def is_below(self, other: Share) -> bool:
        """Whether its interval lies wholly below that of another share."""
        return self.high < other.low


def share_of(hits: np.ndarray, cases: np.ndarray) -> Share | None:
    """Sum of ``hits`` over sum of ``cases``, both a person; None where there is nothing to count.

    Persons are drawn again with replacement (cluster bootstrap, Davison and Hinkley 1997). Where every case is a hit, or
    none is, there is nothing to draw: then the interval is Wilson's, for as many cases as persons of equal size would
    be worth (Kish 1965).
    """
    has_cases = cases > 0
    hits, cases = hits[has_cases].astype(float), cases[has_cases].astype(float)
    total = cases.sum()
    if not total:
        return None
    value = float(hits.sum() / total)
    effective_cases = float(total**2 / (cases**2).sum())
    if value <= 0.0 or value >= 1.0:
        return Share(value, *wilson(value * effective_cases, effective_cases))
    low, high = np.quantile(_resampled(hits, cases), [0.025, 0.975])
    return Share(value, float(low), float(high))


def _resampled(hits: np.ndarray, cases: np.ndarray) -> np.ndarray:
    """(REPEATS,) shares of samples; persons that are alike are drawn together, so that few numbers are drawn."""
    chance = np.random.default_rng(SEED)
    kinds, times = np.unique(np.stack([hits, cases], axis=1), axis=0, return_counts=True)
    if len(kinds) > MOST_KINDS:
        group_of = chance.permutation(len(hits)) % MOST_KINDS
        kinds = np.stack([np.bincount(group_of, weights=column) for column in (hits, cases)], axis=1)
        times = np.ones(len(kinds), int)
    samples = chance.multinomial(times.sum(), times / times.sum(), size=REPEATS) @ kinds
    return samples[:, 0] / np.maximum(samples[:, 1], 1e-12)
