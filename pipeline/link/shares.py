"""Level shares of all comparisons side by side, and which of them are fixed rather than estimated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from schemas.model import LEVELS, RATES, Comparison
from schemas.plan import FixedParameters

MOST_LEVELS = max(map(len, LEVELS.values()))
LEAST = 1e-9


class Shares(NamedTuple):
    """Share of each level in each class: (comparisons, MOST_LEVELS), exact last of a kind's levels, 0 beyond them."""

    m: np.ndarray
    u: np.ndarray
    related: np.ndarray


def sizes_of(comparisons: Sequence[Comparison]) -> np.ndarray:
    """How many levels each comparison has."""
    return np.array([len(LEVELS[comparison.kind]) for comparison in comparisons], int)


def shares_of(comparisons: Sequence[Comparison]) -> Shares:
    """The shares of trained comparisons."""
    shares = Shares(*(np.zeros((len(comparisons), MOST_LEVELS)) for _ in Shares._fields))
    for number, comparison in enumerate(comparisons):
        for name, column in zip(Shares._fields, shares, strict=True):
            column[number, : len(comparison.levels)] = [getattr(level, name) for level in comparison.levels]
    return shares


def fixed_shares(comparisons: Sequence[Comparison], fixed: FixedParameters) -> Shares:
    """The fixed shares; NaN where training estimates."""
    shares = Shares(*(np.full((len(comparisons), MOST_LEVELS), np.nan) for _ in Shares._fields))
    for number, comparison in enumerate(comparisons):
        for name, levels in fixed.shares.get(comparison.field, {}).items():
            for level, share in levels.items():
                getattr(shares, name)[number, LEVELS[comparison.kind].index(level)] = share
    return shares


def fixed_rates(fixed: FixedParameters) -> np.ndarray:
    """(classes,) the fixed parts of the prior, pairs a record; NaN where training estimates."""
    return np.array([fixed.rates.get(rate, np.nan) for rate in RATES])


def with_fixed(free: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Shares that sum to 1: the fixed ones as they are, the others in their proportions beside them."""
    is_fixed = ~np.isnan(fixed)
    held, estimated = np.where(is_fixed, fixed, 0.0), np.where(is_fixed, 0.0, free)
    room = np.maximum(1.0 - held.sum(1, keepdims=True), 0.0)
    return held + estimated * room / np.maximum(estimated.sum(1, keepdims=True), LEAST)
