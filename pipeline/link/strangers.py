"""What strangers agree on together, because one field hangs on another.

Who is called Grace is a girl, and so is the other Grace; who was born in one year is of one age; who lives at one address
lives in one town. Were fields taken for independent (as Fellegi and Sunter 1969 do), there would be many more such pairs
than chance explains, and training would take the surplus for matches. How fields hang together is read off the random pairs,
as a tree of their strongest dependences (Chow and Liu 1968).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from pipeline.engines.port import PatternCounts
from schemas.model import LEVELS, Comparison

COMMON = 0.01  # of random pairs: where fewer agree exactly, agreement tells of a match
NAMES = ("forename", "surname")  # tell of a match, however few names there are
CAUTION = 50.0  # pairs of independent fields that are counted beside those that are seen


class Dependence(NamedTuple):
    """How the levels of one comparison hang on those of another among strangers."""

    information: float
    """mutual information of both, nats a pair"""
    parent: int
    child: int
    ratio: np.ndarray
    """(1 + levels of the parent, 1 + levels of the child) times as often together as if independent; 1 where one is null"""


def dependence_lift(
    comparisons: Sequence[Comparison], observed: np.ndarray, random: PatternCounts, levels: np.ndarray
) -> np.ndarray:
    """(patterns,) how many times as likely each is among strangers as if its fields were independent.

    Args:
        comparisons: of the model.
        observed: (comparisons, MOST_LEVELS) share of each level among the random pairs that have it.
        random: patterns of random pairs.
        levels: (patterns, comparisons) to be judged.
    """
    sizes = np.array([len(LEVELS[comparison.kind]) for comparison in comparisons])
    strongest = _tree(_dependences(comparisons, observed, without_bins(random, sizes)), len(comparisons))
    rows = np.minimum(levels, sizes)
    lift = np.ones(len(levels))
    for dependence in strongest:
        lift *= dependence.ratio[rows[:, dependence.parent], rows[:, dependence.child]]
    return lift


def _dependences(
    comparisons: Sequence[Comparison], observed: np.ndarray, random: PatternCounts
) -> Iterator[Dependence]:
    """Of every comparison on which strangers agree often, how it hangs on each other one.

    Two that a household shares are left to the classes of relatives. Random pairs that agree on something telling may be
    matches, which agree on everything: they are left out, but for agreement on the parent alone. Where nothing else is
    telling, matches cannot be told from strangers.
    """
    exact = np.array([observed[c, len(LEVELS[comparison.kind]) - 1] for c, comparison in enumerate(comparisons)])
    is_telling = is_telling_of(comparisons, exact)
    for parent in range(len(comparisons)):
        if not np.delete(is_telling, parent).any():
            continue
        strangers = strangers_of(comparisons, is_telling, random, but_for=[parent])
        for child in np.flatnonzero(~is_telling).tolist():
            if child != parent and not (comparisons[parent].is_shared and comparisons[child].is_shared):
                parent_levels, levels = (len(LEVELS[comparisons[c].kind]) for c in (parent, child))
                yield _dependence(strangers, parent, child, parent_levels, observed[child, :levels])


def is_telling_of(comparisons: Sequence[Comparison], exact: np.ndarray) -> np.ndarray:
    """(comparisons,) where agreement tells of a match; ``exact``: share of random pairs that agree exactly."""
    return (exact < COMMON) | np.array([comparison.kind in NAMES for comparison in comparisons])


def strangers_of(
    comparisons: Sequence[Comparison], is_telling: np.ndarray, random: PatternCounts, but_for: list[int]
) -> PatternCounts:
    """Random pairs that agree on nothing telling, but for these comparisons."""
    tells = (random.levels >= np.array([_first_alike(comparison) for comparison in comparisons])) & is_telling
    is_stranger = ~np.delete(tells, but_for, axis=1).any(1)
    return PatternCounts(random.levels[is_stranger], random.count[is_stranger])


def _dependence(
    strangers: PatternCounts, parent: int, child: int, parent_levels: int, of_child: np.ndarray
) -> Dependence:
    """From the pairs that have both; ``of_child``: share of each of the child's levels among random pairs."""
    shape = 1 + parent_levels, 1 + len(of_child)
    cell = np.ravel_multi_index((strangers.levels[:, parent], strangers.levels[:, child]), shape)
    together = np.bincount(cell, weights=strangers.count, minlength=shape[0] * shape[1]).reshape(shape)[1:, 1:]
    overall = (together.sum(0) + CAUTION * of_child) / (together.sum() + CAUTION)
    share = (together + CAUTION * overall) / (together.sum(1, keepdims=True) + CAUTION)
    ratio = np.ones(shape)
    ratio[1:, 1:] = share / overall
    information = float((together * np.log(ratio[1:, 1:])).sum() / max(together.sum(), 1.0))
    return Dependence(information, parent, child, ratio)


def _tree(dependences: Iterator[Dependence], comparisons: int) -> list[Dependence]:
    """The strongest dependences of which no comparison hangs on itself by way of others (Kruskal 1956)."""
    part = np.arange(comparisons)
    tree: list[Dependence] = []
    for dependence in sorted(dependences, key=lambda one: (-one.information, one.parent, one.child)):
        parent, child = part[dependence.parent], part[dependence.child]
        if parent != child:
            part[part == child] = parent
            tree.append(dependence)
    return tree


def without_bins(patterns: PatternCounts, sizes: np.ndarray) -> PatternCounts:
    """The same with the frequency bins of an exact level as that level."""
    return PatternCounts(np.minimum(patterns.levels, sizes), patterns.count)


def _first_alike(comparison: Comparison) -> int:
    """The first level index of values that may well be one person's: close, where the kind has that, else exact."""
    names = LEVELS[comparison.kind]
    return 1 + (names.index("close") if "close" in names else len(names) - 1)
