"""Who is linked worse: quality of each group beside that of everybody else, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.evaluate.bootstrap import Share, share_of
from pipeline.evaluate.cells import Cells
from pipeline.evaluate.groups import Grouping
from pipeline.evaluate.linkage import Linkage
from pipeline.evaluate.quality import together

LEAST_PERSONS = 20
"""Of fewer persons nothing is told: chance would speak, and perhaps of somebody."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """A share in a group, and among everybody else."""

    group: Share
    others: Share

    @property
    def is_worse(self) -> bool:
        """The group's interval lies wholly below that of everybody else's."""
        return self.group.is_below(self.others)


@dataclass(frozen=True, slots=True, eq=False)
class PairCounts:
    """What each person has of a group's pairs: found of those to be found, and right of those linked."""

    found: np.ndarray
    to_find: np.ndarray
    right: np.ndarray
    linked: np.ndarray

    @property
    def recall(self) -> float | None:
        """Found of those to be found, all persons together; None where there are none."""
        return _ratio(self.found, self.to_find)

    @property
    def precision(self) -> float | None:
        """Right of those linked."""
        return _ratio(self.right, self.linked)

    def less(self, part: PairCounts) -> PairCounts:
        """What is left without a part."""
        return self._with(part, lambda own, others: own - others)

    def mean_with(self, other: PairCounts) -> PairCounts:
        """Half of both."""
        return self._with(other, lambda own, others: (own + others) / 2)

    def _with(self, other: PairCounts, together: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> PairCounts:
        names = ("found", "to_find", "right", "linked")
        return PairCounts(*(together(getattr(self, name), getattr(other, name)) for name in names))


@dataclass(frozen=True, slots=True, eq=False)
class GroupQuality:
    """Quality of the pairs of a group's records: one of a record inside and one outside is half the group's, half the others'.

    Counted whole, a wrong link of two groups would be charged to each, and to nobody else.
    """

    grouping: str
    group: str
    persons: int
    """who have a pair to be found"""
    counts: PairCounts
    other_counts: PairCounts
    """of everybody else"""

    @property
    def is_too_small(self) -> bool:
        """Nothing is to be told of so few."""
        return self.persons < LEAST_PERSONS

    def recall(self) -> Contrast | None:
        """Found of those to be found; None where there are none on a side."""
        return _contrast((self.counts.found, self.counts.to_find), (self.other_counts.found, self.other_counts.to_find))

    def precision(self) -> Contrast | None:
        """Right of those linked; None where there are none on a side."""
        return _contrast((self.counts.right, self.counts.linked), (self.other_counts.right, self.other_counts.linked))


def measured_by_group(linkage: Linkage, entity: np.ndarray, groupings: Sequence[Grouping]) -> Iterator[GroupQuality]:
    """Quality by the truth: pairs of one person that were found, and pairs of one cluster that are right.

    Args:
        linkage: records and who they were linked to.
        entity: (records,) code of who each truly is, from 0.
        groupings: which tell a group of every record.

    Persons are resampled. A pair of two persons, wrongly linked, is half of each.
    """
    clusters, persons = _Blocks(linkage, entity, linkage.cluster), _Blocks(linkage, entity, entity)

    def count(inside: np.ndarray) -> PairCounts:
        (right, wrong), (to_find, _) = clusters.pairs(inside), persons.pairs(inside)
        return PairCounts(right, to_find, right, right + wrong)

    yield from _by_group(count, groupings, len(linkage.records))


def estimated_by_group(linkage: Linkage, groupings: Sequence[Grouping]) -> Iterator[GroupQuality]:
    """Quality by the model's own probabilities: of the matches expected among kept pairs, how many are linked.

    What was never kept is not in it. Persons are those that were linked; a pair of two of them is half of each.
    """
    pairs = linkage.pairs
    owner = np.concatenate([linkage.cluster[pairs.left], linkage.cluster[pairs.right]])

    def count(inside: np.ndarray) -> PairCounts:
        touches = inside[pairs.left] | inside[pairs.right]
        expected = np.where(touches, pairs.probability, 0.0) / 2
        half_links = np.where(touches & pairs.is_link, 0.5, 0.0)
        found, to_find, linked = (
            np.bincount(owner, weights=np.tile(values, 2), minlength=int(linkage.cluster.max(initial=-1)) + 1)
            for values in (np.where(pairs.is_link, expected, 0.0), expected, half_links)
        )
        return PairCounts(found, to_find, found, linked)

    yield from _by_group(count, groupings, len(linkage.records))


class _Blocks:
    """Records by owner and block, for counting the pairs of one block; with sources only pairs of different ones."""

    def __init__(self, linkage: Linkage, owner: np.ndarray, block: np.ndarray) -> None:
        self._all = Cells.of(owner, block)
        self._same_source = None if linkage.source is None else Cells.of(owner, together(block, linkage.source))

    def pairs(self, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(owners,) pairs of one owner, and of two owners, half each; of those with a record inside the group."""
        within, across = self._all.pairs(inside)
        if self._same_source:
            within_source, across_source = self._same_source.pairs(inside)
            return within - within_source, across - across_source
        return within, across


def _by_group(
    count: Callable[[np.ndarray], PairCounts], groupings: Sequence[Grouping], records: int
) -> Iterator[GroupQuality]:
    everybody = count(np.ones(records, bool))
    for grouping in groupings:
        for code, label in enumerate(grouping.labels):
            inside = grouping.code == code
            touching, wholly_inside = count(inside), everybody.less(count(~inside))
            persons = int((touching.to_find > 0).sum())
            if persons:
                own = touching.mean_with(wholly_inside)
                yield GroupQuality(grouping.name, label, persons, own, everybody.less(own))


def _contrast(
    group_cases: tuple[np.ndarray, np.ndarray], other_cases: tuple[np.ndarray, np.ndarray]
) -> Contrast | None:
    """Input: hits and cases, a person each, in the group and elsewhere."""
    group, others = share_of(*group_cases), share_of(*other_cases)
    return Contrast(group, others) if group and others else None


def _ratio(hits: np.ndarray, cases: np.ndarray) -> float | None:
    total = float(cases.sum())
    return float(hits.sum()) / total if total else None
