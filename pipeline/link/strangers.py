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
from pipeline.link.shares import rounded, sizes_of, unlike_levels
from schemas.model import LEVELS, Comparison, Dependence

COMMON = 0.01  # of random pairs: where fewer agree exactly, agreement tells of a match
NAMES = ("forename", "surname")  # tell of a match, however few names there are
MADE_OF_NAMES = ("email",)
CAUTION = 50.0  # pairs of independent fields that are counted beside those that are seen


class _Tie(NamedTuple):
    """How the levels of one comparison hang on those of another among strangers."""

    information: float
    """mutual information of both, nats a pair"""
    is_real: bool
    """more than pairs of independent comparisons would show, too (Schwarz 1978)"""
    parent: int
    child: int
    times: np.ndarray
    """(levels of the parent, levels of the child) times as often together as if independent"""


def dependences_of(
    comparisons: Sequence[Comparison], observed: np.ndarray, random: PatternCounts, pairs: float
) -> tuple[Dependence, ...]:
    """The strongest dependences among strangers.

    Args:
        comparisons: of the model.
        observed: (comparisons, MOST_LEVELS) share of each level among the random pairs that have it.
        random: patterns of random pairs; of a small table each is drawn many times, and counts once.
        pairs: that the table has.
    """
    random = without_bins(random, sizes_of(comparisons))
    random = PatternCounts(random.levels, random.count * min(1.0, pairs / max(float(random.count.sum()), 1.0)))
    return tuple(
        Dependence(
            field=comparisons[tie.child].field,
            on=comparisons[tie.parent].field,
            times=tuple(tuple(map(rounded, row)) for row in tie.times.tolist()),
        )
        for tie in _tree(_ties(comparisons, observed, random), len(comparisons))
    )


def _ties(comparisons: Sequence[Comparison], observed: np.ndarray, random: PatternCounts) -> Iterator[_Tie]:
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
                yield _tie(comparisons, strangers, parent, child, observed)
        for child in np.flatnonzero(_is_made_of(comparisons, parent)).tolist():
            yield _likeness(
                comparisons, _apart(comparisons, is_telling, strangers, parent, child), parent, child, observed
            )


def _is_made_of(comparisons: Sequence[Comparison], parent: int) -> np.ndarray:
    """(comparisons,) which are made of what the parent says, as an e-mail address is of a name."""
    is_name = comparisons[parent].kind in NAMES
    return np.array([is_name and comparison.kind in MADE_OF_NAMES for comparison in comparisons], bool)


def _apart(
    comparisons: Sequence[Comparison], is_telling: np.ndarray, strangers: PatternCounts, parent: int, child: int
) -> PatternCounts:
    """Those that are unlike in something telling other than these two."""
    is_unlike = np.pad(unlike_levels(comparisons), ((0, 0), (1, 0)))[np.arange(len(comparisons)), strangers.levels]
    is_apart = np.delete(is_unlike & is_telling, [parent, child], axis=1).any(1)
    return PatternCounts(strangers.levels[is_apart], strangers.count[is_apart])


def _likeness(
    comparisons: Sequence[Comparison], strangers: PatternCounts, parent: int, child: int, observed: np.ndarray
) -> _Tie:
    """How what is like, but not the same, hangs on the parent: that it is the same is no matter of chance."""
    tie = _tie(comparisons, strangers, parent, child, observed)
    tie.times[:, LEVELS[comparisons[child].kind].index("close") :] = 1.0
    return tie


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


def _tie(
    comparisons: Sequence[Comparison], strangers: PatternCounts, parent: int, child: int, observed: np.ndarray
) -> _Tie:
    """From the pairs that have both; ``observed``: share of each level among random pairs."""
    parent_levels, levels = (len(LEVELS[comparisons[c].kind]) for c in (parent, child))
    of_child = observed[child, :levels]
    shape = 1 + parent_levels, 1 + len(of_child)
    cell = np.ravel_multi_index((strangers.levels[:, parent], strangers.levels[:, child]), shape)
    together = np.bincount(cell, weights=strangers.count, minlength=shape[0] * shape[1]).reshape(shape)[1:, 1:]
    overall = (together.sum(0) + CAUTION * of_child) / (together.sum() + CAUTION)
    share = (together + CAUTION * overall) / (together.sum(1, keepdims=True) + CAUTION)
    times = share / overall
    pairs, free = max(together.sum(), 1.0), (parent_levels - 1) * (levels - 1)
    information = float((together * np.log(times)).sum() / pairs)
    return _Tie(information, information * pairs > free * np.log(pairs) / 2, parent, child, times)


def _tree(ties: Iterator[_Tie], comparisons: int) -> list[_Tie]:
    """The strongest dependences of which no comparison hangs on itself by way of others (Kruskal 1956)."""
    part = np.arange(comparisons)
    tree: list[_Tie] = []
    for tie in sorted(ties, key=lambda one: (-one.information, one.parent, one.child)):
        parent, child = part[tie.parent], part[tie.child]
        if parent != child and tie.is_real:
            part[part == child] = parent
            tree.append(tie)
    return tree


def without_bins(patterns: PatternCounts, sizes: np.ndarray) -> PatternCounts:
    """The same with the frequency bins of an exact level as that level."""
    return PatternCounts(np.minimum(patterns.levels, sizes), patterns.count)


def _first_alike(comparison: Comparison) -> int:
    """The first level index of values that may well be one person's: close, where the kind has that, else exact."""
    names = LEVELS[comparison.kind]
    return 1 + (names.index("close") if "close" in names else len(names) - 1)
