"""Level shares of all comparisons side by side, and which of them are fixed rather than estimated."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from schemas.model import LEVELS, RATES, Comparison
from schemas.plan import FixedParameters

MOST_LEVELS = max(map(len, LEVELS.values()))
LEAST = 1e-9
LEAST_CHANCE = 0.1  # of what random pairs show at a level, so much at least is put down to chance


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


UNLIKE = ("else", "far", "apart", "conflict")
"""Levels of two values that have nothing to do with one another."""
FAR = ("far",)
"""Of these the level of two birthdays a generation apart."""


def unlike_levels(comparisons: Sequence[Comparison]) -> np.ndarray:
    """(comparisons, MOST_LEVELS) which levels are those of unlike values."""
    return levels_named(UNLIKE, comparisons)


def levels_named(wanted: Collection[str], comparisons: Sequence[Comparison]) -> np.ndarray:
    """(comparisons, MOST_LEVELS) which levels have one of these names."""
    names = [LEVELS[comparison.kind] for comparison in comparisons]
    return np.array([[k < len(levels) and levels[k] in wanted for k in range(MOST_LEVELS)] for levels in names])


def bounded(shares: np.ndarray, is_bound: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Shares whose bound levels have at most so much together; all keep their proportions beside one another.

    Args:
        shares: (comparisons, MOST_LEVELS), in any scale.
        is_bound: (comparisons, MOST_LEVELS).
        most: (comparisons,) of the whole.
    """
    share = np.where(is_bound, shares, 0.0).sum(1) / np.maximum(shares.sum(1), LEAST)
    less = np.minimum(most / np.maximum(share, LEAST), 1.0)
    more = (1.0 - share * less) / np.maximum(1.0 - share, LEAST)
    return shares * np.where(is_bound, less[:, None], more[:, None])


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


def rounded(share: float) -> float:
    """Eight significant digits, so that a model file reads well and reads back the same."""
    return float(f"{max(share, LEAST):.8g}")
