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
class Compared:
    """A share in a group, and among all pairs that do not touch it."""

    own: Share
    rest: Share

    @property
    def is_worse(self) -> bool:
        """The group's interval lies wholly below that of the rest."""
        return self.own.is_below(self.rest)


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """What each person has of pairs that touch a group: found of those to be found, and right of those said."""

    found: np.ndarray
    to_find: np.ndarray
    right: np.ndarray
    said: np.ndarray

    @property
    def recall(self) -> float | None:
        """Found of those to be found, all persons together; None where there are none."""
        return _ratio(self.found, self.to_find)

    @property
    def precision(self) -> float | None:
        """Right of those said."""
        return _ratio(self.right, self.said)

    def less(self, part: Counted) -> Counted:
        """What is left without a part."""
        return Counted(*(getattr(self, n) - getattr(part, n) for n in ("found", "to_find", "right", "said")))


@dataclass(frozen=True, slots=True, eq=False)
class GroupQuality:
    """Quality of the pairs of which one record at least is of a group."""

    grouping: str
    group: str
    persons: int
    """who have a pair to be found"""
    own: Counted
    rest: Counted
    """of the pairs that do not touch the group"""

    @property
    def is_too_small(self) -> bool:
        """Nothing is to be told of so few."""
        return self.persons < LEAST_PERSONS

    def recall(self) -> Compared | None:
        """Found of those to be found; None where there are none on a side."""
        return _compared((self.own.found, self.own.to_find), (self.rest.found, self.rest.to_find))

    def precision(self) -> Compared | None:
        """Right of those said; None where there are none on a side."""
        return _compared((self.own.right, self.own.said), (self.rest.right, self.rest.said))


def measured_by_group(linkage: Linkage, entity: np.ndarray, groupings: Sequence[Grouping]) -> Iterator[GroupQuality]:
    """Quality by the truth: pairs of one person that were found, and pairs of one cluster that are right.

    Args:
        linkage: records and who they were linked to.
        entity: (records,) code of who each truly is, from 0.
        groupings: which tell a group of every record.

    Persons are resampled. A pair of two persons, wrongly linked, is half of each.
    """
    clusters, persons = _Blocks(linkage, entity, linkage.cluster), _Blocks(linkage, entity, entity)

    def count(inside: np.ndarray) -> Counted:
        (own, cross), (to_find, _) = clusters.pairs(inside), persons.pairs(inside)
        return Counted(own, to_find, own, own + cross)

    yield from _by_group(count, groupings, len(linkage.records))


def estimated_by_group(linkage: Linkage, groupings: Sequence[Grouping]) -> Iterator[GroupQuality]:
    """Quality by the model's own probabilities: of the matches expected among kept pairs, how many are linked.

    What was never kept is not in it. Persons are those that were linked; a pair of two of them is half of each.
    """
    pairs = linkage.pairs
    owner = np.concatenate([linkage.cluster[pairs.left], linkage.cluster[pairs.right]])

    def count(inside: np.ndarray) -> Counted:
        touches = inside[pairs.left] | inside[pairs.right]
        likely = np.where(touches, pairs.probability, 0.0) / 2
        linked = np.where(touches & pairs.is_link, 0.5, 0.0)
        found, to_find, said = (
            np.bincount(owner, weights=np.tile(values, 2), minlength=int(linkage.cluster.max(initial=-1)) + 1)
            for values in (np.where(pairs.is_link, likely, 0.0), likely, linked)
        )
        return Counted(found, to_find, found, said)

    yield from _by_group(count, groupings, len(linkage.records))


class _Blocks:
    """Pairs of one block, a person; with sources only those of different sources."""

    def __init__(self, linkage: Linkage, owner: np.ndarray, block: np.ndarray) -> None:
        self._all = Cells.of(owner, block)
        self._same_source = None if linkage.source is None else Cells.of(owner, together(block, linkage.source))

    def pairs(self, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        own, cross = self._all.pairs(inside)
        if self._same_source:
            less_own, less_cross = self._same_source.pairs(inside)
            return own - less_own, cross - less_cross
        return own, cross


def _by_group(
    count: Callable[[np.ndarray], Counted], groupings: Sequence[Grouping], records: int
) -> Iterator[GroupQuality]:
    everybody = count(np.ones(records, bool))
    for grouping in groupings:
        for code, label in enumerate(grouping.labels):
            own = count(grouping.code == code)
            persons = int((own.to_find > 0).sum())
            if persons:
                yield GroupQuality(grouping.name, label, persons, own, everybody.less(own))


def _compared(own: tuple[np.ndarray, np.ndarray], rest: tuple[np.ndarray, np.ndarray]) -> Compared | None:
    in_group, elsewhere = share_of(*own), share_of(*rest)
    return Compared(in_group, elsewhere) if in_group and elsewhere else None


def _ratio(hits: np.ndarray, of: np.ndarray) -> float | None:
    total = float(of.sum())
    return float(hits.sum()) / total if total else None
