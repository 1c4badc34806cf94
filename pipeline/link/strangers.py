"""What strangers agree on together, because one field hangs on another.

Who is called Grace is a girl, and so is the other Grace; who was born in one year is of one age; who lives at one address
lives in one town. Were fields taken for independent (as Fellegi and Sunter 1969 do), there would be many more such pairs
than chance explains, and training would take the surplus for matches. How fields hang together is read off the random pairs,
as a tree of their strongest dependences (Chow and Liu 1968).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from pipeline.engines.patterns import level_table
from pipeline.engines.port import PatternCounts
from pipeline.link.shares import LEAST, LEAST_CHANCE, rounded, sizes_of, unlike_levels
from schemas.model import LEVELS, Comparison, Dependence, Kind, first_alike

COMMON = 0.01  # of random pairs: where fewer agree exactly, agreement tells of a match
NAMES: tuple[Kind, ...] = ("forename", "surname")  # tell of a match, however few names there are
GO_WITH_NAMES: Mapping[Kind, tuple[str, ...]] = {
    "email": ("similar", "same_local_part", "close"),
    "date": ("both_first_of_january",),
}
"""Levels that people of one name have oftener than others. An e-mail address is often made of the name; 1 January stands for the
birthday of those of whom nobody knows it, who come from the same countries. That a value is the same is no matter of chance."""
CAUTION = 50.0  # pairs of independent fields that are counted beside those that are seen,
FEW_NAMES = 5.0  # and so many of those alone that have both names alike, who are few


class Tie(NamedTuple):
    """How the levels of one comparison hang on those of another among strangers."""

    information: float
    """mutual information of both, nats a pair"""
    is_real: bool
    """more than pairs of independent comparisons would show, too (Schwarz 1978)"""
    parent: int
    child: int
    times: np.ndarray
    """(1 or 2, levels of the parent, levels of the child) times as often together as if independent; second: where ``beside`` is alike"""
    beside: int | None = None


def dependences_of(
    comparisons: Sequence[Comparison],
    observed: np.ndarray,
    random: PatternCounts,
    candidates: PatternCounts,
    pairs: float,
    names_together_bits: float = 0.0,
) -> tuple[Dependence, ...]:
    """The strongest dependences among strangers.

    Args:
        comparisons: of the model.
        observed: (comparisons, MOST_LEVELS) share of each level among the random pairs that have it.
        random: patterns of random pairs; of a small table each is drawn many times, and counts once.
        candidates: patterns of candidate pairs, among which are those of one name that random pairs hardly show.
        pairs: that the table has.
        names_together_bits: as in Evidence.
    """
    random, candidates = (without_bins(patterns, comparisons) for patterns in (random, candidates))
    random = PatternCounts(random.levels, random.count * min(1.0, pairs / max(float(random.count.sum()), 1.0)))
    exact = np.array([observed[c, len(LEVELS[comparison.kind]) - 1] for c, comparison in enumerate(comparisons)])
    is_telling = is_telling_of(comparisons, exact)
    ties = [
        *_ties(comparisons, is_telling, observed, random),
        *_ties_to_names(comparisons, is_telling, observed, random, candidates),
        *_ties_between_names(comparisons, is_telling, random, names_together_bits),
    ]
    return tuple(
        Dependence(
            field=comparisons[tie.child].field,
            on=comparisons[tie.parent].field,
            times=_written(tie.times[0]),
            beside=None if tie.beside is None else comparisons[tie.beside].field,
            times_beside=() if tie.beside is None else _written(tie.times[1]),
        )
        for tie in _tree(ties, len(comparisons))
    )


def _written(times: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(rounded, row)) for row in times.tolist())


def _ties(
    comparisons: Sequence[Comparison], is_telling: np.ndarray, observed: np.ndarray, random: PatternCounts
) -> Iterator[Tie]:
    """Of every comparison on which strangers agree often, how it hangs on each other one.

    Two that a household shares are left to the classes of relatives. Random pairs that agree on something telling may be
    matches, which agree on everything: they are left out, but for agreement on the parent alone. Where nothing else is
    telling, matches cannot be told from strangers.
    """
    for parent in range(len(comparisons)):
        if not np.delete(is_telling, parent).any():
            continue
        strangers = strangers_of(comparisons, is_telling, random, but_for=[parent])
        for child in np.flatnonzero(~is_telling).tolist():
            if child != parent and not (comparisons[parent].is_shared and comparisons[child].is_shared):
                yield _tie(comparisons, strangers, parent, child, observed)


def _ties_to_names(
    comparisons: Sequence[Comparison],
    is_telling: np.ndarray,
    observed: np.ndarray,
    random: PatternCounts,
    candidates: PatternCounts,
) -> Iterator[Tie]:
    """How what goes with names hangs on them, on both together: who is called Daniel Wilson has an address like the other one's.

    Read off pairs that are unlike in something telling. Strangers of the same names are few among random pairs; nearly all of
    them are candidates.
    """
    names = [number for kind in NAMES for number, comparison in enumerate(comparisons) if comparison.kind == kind]
    for child, comparison in enumerate(comparisons):
        if not names or comparison.kind not in GO_WITH_NAMES:
            continue
        telling = is_telling & (np.arange(len(comparisons)) != child)
        by_chance, by_names = (
            _counts_beside_names(
                comparisons,
                _apart(comparisons, telling, strangers_of(comparisons, telling, patterns, but_for=names)),
                names,
                child,
            )
            for patterns in (random, candidates)
        )
        overall = _overall(observed[child, : by_chance.shape[2]], by_chance.sum((0, 1)))
        yield _tie_to_names(comparisons, np.stack([by_chance, by_names]), names, child, overall)


def _ties_between_names(
    comparisons: Sequence[Comparison], is_telling: np.ndarray, random: PatternCounts, together_bits: float
) -> Iterator[Tie]:
    """How much oftener names that are alike go together, because communities name alike and write alike.

    A Khan's forename is a spelling of another Khan's oftener than of a Smith's. Of both names the same the lift of name pairs
    tells it by rarity; here it is of pairs in which one of them at least is written otherwise. Read off random pairs that are
    unlike in something telling: in what is a person's own, where there is that, for persons move. Few random
    pairs are; what names that are the same show is the least.
    """
    number = {comparison.kind: nth for nth, comparison in enumerate(comparisons)}
    if not set(NAMES) <= set(number):
        return
    forename, surname = (number[kind] for kind in NAMES)
    others = is_telling & ~np.isin(np.arange(len(comparisons)), (forename, surname))
    own = others & np.array([not comparison.is_shared for comparison in comparisons])
    telling = own if own.any() else others
    strangers = _apart(comparisons, telling, strangers_of(comparisons, is_telling, random, but_for=[forename, surname]))
    shape = 1 + len(LEVELS["surname"]), 1 + len(LEVELS["forename"])
    cell = np.ravel_multi_index((strangers.levels[:, surname], strangers.levels[:, forename]), shape)
    seen = np.bincount(cell, weights=strangers.count, minlength=int(np.prod(shape))).reshape(shape)[1:, 1:]
    pairs = max(seen.sum(), 1.0)
    by_chance = np.outer(seen.sum(1), seen.sum(0)) / pairs
    is_spelling = np.zeros(seen.shape, bool)
    is_spelling[first_alike("surname") :, first_alike("forename") :] = True
    is_spelling[-1, -1] = False
    n_seen, n_by_chance = seen[is_spelling].sum(), by_chance[is_spelling].sum()
    oftener = max((n_seen + FEW_NAMES) / (n_by_chance + FEW_NAMES), 1.0)
    gain = float(n_seen * np.log(oftener) - n_by_chance * (oftener - 1.0))
    is_real = gain > np.log(pairs) / 2
    if oftener < 2.0**together_bits:
        oftener, is_real = 2.0**together_bits, True
        gain = float(n_by_chance * (oftener * np.log(oftener) - oftener + 1.0))
    times = np.where(is_spelling, oftener, 1.0)
    yield Tie(gain / pairs, is_real, surname, forename, times[None])


def _apart(comparisons: Sequence[Comparison], is_telling: np.ndarray, strangers: PatternCounts) -> PatternCounts:
    """Those that are unlike in something telling."""
    is_unlike = np.pad(unlike_levels(comparisons), ((0, 0), (1, 0)))[np.arange(len(comparisons)), strangers.levels]
    is_apart = (is_unlike & is_telling).any(1)
    return PatternCounts(strangers.levels[is_apart], strangers.count[is_apart])


def _counts_beside_names(
    comparisons: Sequence[Comparison], patterns: PatternCounts, names: list[int], child: int
) -> np.ndarray:
    """(1 or 2, levels of the first name, levels of the child) pairs; second: where the other name is alike."""
    first, *others = names
    sizes = sizes_of(comparisons)
    is_beside = (patterns.levels[:, others] > [first_alike(comparisons[other].kind) for other in others]).all(1)
    shape = 2, 1 + int(sizes[first]), 1 + int(sizes[child])
    cell = np.ravel_multi_index((is_beside.astype(int), patterns.levels[:, first], patterns.levels[:, child]), shape)
    counts = np.bincount(cell, weights=patterns.count, minlength=int(np.prod(shape))).reshape(shape)
    return counts[:, 1:, 1:][0 if others else 1 :]


def _tie_to_names(
    comparisons: Sequence[Comparison], counts: np.ndarray, names: list[int], child: int, overall: np.ndarray
) -> Tie:
    """Where few pairs are alike in both names, what goes with either is taken to go with them independently.

    Args:
        comparisons: of the model.
        counts: of random pairs, then of candidates, as ``_counts_beside_names``.
        names: one or two comparisons.
        child: that hangs on them.
        overall: (levels of the child,) share among strangers of any names.
    """
    kind, kind_of_name = comparisons[child].kind, comparisons[names[0]].kind
    level = np.arange(counts.shape[2])
    is_alike = np.tile(level >= first_alike(kind_of_name), (len(names), 1))
    is_same = is_alike.copy()  # both names, or the only one
    if len(names) > 1:
        is_same[0] = level == LEVELS[kind_of_name].index("swapped")
    overall = overall[:-1] / overall[:-1].sum()
    seen, of_same = counts[0, :, :, :-1], counts[1, is_same, :-1].sum(0)  # that it is the same is no matter of chance
    share = _towards(overall, seen)
    usual = overall
    if len(names) > 1:
        usual = share[0, -1] * _towards(overall, seen[1, ~is_alike[1]].sum(0)) / overall
    share[is_same] = _towards(usual, of_same)
    times = np.ones((*share.shape[:2], share.shape[2] + 1))
    at = [LEVELS[kind].index(name) for name in GO_WITH_NAMES[kind]]
    times[:, :, at] = (share / overall)[:, :, at]
    rows = np.concatenate([seen[~is_same], of_same[None]])
    gain = (rows * np.log(np.concatenate([times[~is_same], times[is_same][:1]])[:, :-1])).sum()
    pairs = max(rows.sum(), 1.0)
    is_real = gain > np.count_nonzero(rows[:, at]) * np.log(pairs) / 2
    return Tie(float(gain / pairs), bool(is_real), names[0], child, times, *names[1:])


def _overall(observed: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Level shares among strangers: as counted, and no less than training takes them for.

    Args:
        observed: (levels,) share among random pairs, matches among them.
        counts: (levels,) of strangers.
    """
    share = np.maximum(counts / max(counts.sum(), 1.0), np.maximum(LEAST_CHANCE * observed, LEAST))
    return share / share.sum()


def _towards(usual: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Shares along the last axis of what was counted, and of some pairs beside it that are as usual."""
    usual = usual / usual.sum(-1, keepdims=True)
    return (counts + CAUTION * usual) / (counts.sum(-1, keepdims=True) + CAUTION)


def is_telling_of(comparisons: Sequence[Comparison], exact: np.ndarray) -> np.ndarray:
    """(comparisons,) where agreement tells of a match; ``exact``: share of random pairs that agree exactly."""
    return (exact < COMMON) | np.array([comparison.kind in NAMES for comparison in comparisons])


def strangers_of(
    comparisons: Sequence[Comparison], is_telling: np.ndarray, random: PatternCounts, but_for: list[int]
) -> PatternCounts:
    """Random pairs that agree on nothing telling, but for these comparisons."""
    tells = (random.levels >= np.array([1 + first_alike(comparison.kind) for comparison in comparisons])) & is_telling
    is_stranger = ~np.delete(tells, but_for, axis=1).any(1)
    return PatternCounts(random.levels[is_stranger], random.count[is_stranger])


def _tie(
    comparisons: Sequence[Comparison], strangers: PatternCounts, parent: int, child: int, observed: np.ndarray
) -> Tie:
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
    return Tie(information, information * pairs > free * np.log(pairs) / 2, parent, child, times[None])


def _tree(ties: Iterable[Tie], comparisons: int) -> list[Tie]:
    """The strongest dependences of which no comparison hangs on itself by way of others (Kruskal 1956)."""
    part = np.arange(comparisons)
    tree: list[Tie] = []
    for tie in sorted(ties, key=lambda one: (-one.information, one.parent, one.child)):
        parent, child = part[tie.parent], part[tie.child]
        if parent != child and tie.is_real:
            part[part == child] = parent
            tree.append(tie)
    return tree


def without_bins(patterns: PatternCounts, comparisons: Sequence[Comparison]) -> PatternCounts:
    """The same with the bins of a level as that level."""
    levels = level_table(comparisons)[np.arange(len(comparisons)), patterns.levels]
    return PatternCounts(levels, patterns.count)
