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
        """Whether its interval lies wholly below the other's."""
        return self.high < other.low


def share_of(hits: np.ndarray, of: np.ndarray) -> Share | None:
    """Sum of ``hits`` over sum of ``of``, both a person; None where there is nothing to count.

    Persons are drawn again with replacement (cluster bootstrap, Davison and Hinkley 1997). Where every case is a hit, or
    none is, there is nothing to draw: then the interval is Wilson's, for as many cases as persons of equal size would
    be worth (Kish 1965).
    """
    drawn = of > 0
    hits, of = hits[drawn].astype(float), of[drawn].astype(float)
    total = of.sum()
    if not total:
        return None
    value = float(hits.sum() / total)
    worth = float(total**2 / (of**2).sum())
    if value <= 0.0 or value >= 1.0:
        return Share(value, *wilson(value * worth, worth))
    low, high = np.quantile(_drawn_again(hits, of), [0.025, 0.975])
    return Share(value, float(low), float(high))


def _drawn_again(hits: np.ndarray, of: np.ndarray) -> np.ndarray:
    """(REPEATS,) shares of samples; persons that are alike are drawn together, so that few numbers are drawn."""
    chance = np.random.default_rng(SEED)
    kinds, times = np.unique(np.stack([hits, of], axis=1), axis=0, return_counts=True)
    if len(kinds) > MOST_KINDS:
        place = chance.permutation(len(hits)) % MOST_KINDS
        kinds = np.stack([np.bincount(place, weights=column) for column in (hits, of)], axis=1)
        times = np.ones(len(kinds), int)
    samples = chance.multinomial(times.sum(), times / times.sum(), size=REPEATS) @ kinds
    return samples[:, 0] / np.maximum(samples[:, 1], 1e-12)
