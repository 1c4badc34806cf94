"""Fields that say where somebody lives say one thing: who has moved differs in all of them, and neighbours agree in all.

Address, postcode and town change together. Were they taken for independent (as Fellegi and Sunter 1969 do), each that
differs would count against a match by itself, and training would take all who moved for strangers of one name, and
relatives who live apart for one person. So the pairs of a class are of two parts, found in one place and in two, between
which all fields of a place are independent (Larsen and Rubin 2001). And those who live in one street are no relatives: they
are strangers, many more than relatives are, who agree on the fields of a place and on no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.link.pattern_table import PatternTable
from pipeline.link.place_bits import against, two_parts
from pipeline.link.shares import LEAST, rounded
from pipeline.link.weights import ClassBits
from schemas.model import LEVELS, Comparison, Kind, PlaceField, PlaceShares, first_alike
from schemas.usual_headings import names_a_place

PLACE: tuple[Kind, ...] = ("address", "postcode", "category")
"""Kinds that may say where somebody lives, where a household shares them: a town is a category, and its heading says so."""
NAMES: tuple[Kind, ...] = ("forename", "surname")
FEWEST = 2  # fields of a place, to tell who has moved from who has a wrong address
COARSE = 0.05  # one of so many pairs of strangers lives in one town where a list has few: it hardly tells a person,
TELLING: tuple[Kind, ...] = ("date", "age", "identifier", "phone", "email", "middle_names")
"""and where none of these kinds does, who moved is told from a namesake by names alone,"""
MOST_NAMESAKES = 0.1  # of which a record has by chance no more, or the list has two finer fields of a place
MOST_MOVED = 0.7  # of the pairs of a class
USUAL_MOVED = 0.2  # the same before anything is seen
CAUTION = 10.0  # pairs counted beside those that are seen: moved as usual, and alike as strangers are
TINY = float(np.finfo(float).tiny)


class Whereabouts(NamedTuple):
    """What EM looks for; level shares are 0 in fields that say nothing of a place."""

    moved: np.ndarray
    """(comparisons, MOST_LEVELS) level shares of matches and relatives in two places"""
    moved_share: np.ndarray
    """(2,) share of the matches, and of the relatives, that these are"""
    neighbours: np.ndarray
    """(comparisons, MOST_LEVELS) level shares of strangers in one place"""
    neighbours_share: np.ndarray
    """(1,) share of all pairs that these are"""


class PlaceOdds(NamedTuple):
    """Odds against strangers who live nowhere near."""

    classes: np.ndarray
    """(classes, patterns) of each class"""
    moved: np.ndarray
    """(classes, patterns) how much of that is of pairs in two places"""
    neighbours: np.ndarray
    """(patterns,)"""


class Places:
    """The fields of a model that say where somebody lives, and what training makes of them."""

    def __init__(self, comparisons: Sequence[Comparison], observed: np.ndarray, pairs_per_record: float) -> None:
        """``observed``: (comparisons, MOST_LEVELS) share of each level among random pairs."""
        self._comparisons = comparisons
        is_place = np.array([_says_where(comparison) for comparison in comparisons], bool)
        is_town = np.array([comparison.kind == "category" for comparison in comparisons], bool)
        is_fine = is_place & (~is_town | (_exact(comparisons, observed) < COARSE))
        is_told = any(comparison.kind in TELLING for comparison in comparisons)
        are_few_namesakes = _namesakes(comparisons, observed) * pairs_per_record <= MOST_NAMESAKES
        needed = is_place if is_told or are_few_namesakes else is_fine
        self.are_known = bool(needed.sum() >= FEWEST)
        self._is_place = is_place & self.are_known
        self._usual = USUAL_MOVED if self.are_known else 0.0
        self._by_chance = np.where(self._is_place[:, None], observed, 0.0)

    def start(self, alike: np.ndarray, neighbours_share: float) -> Whereabouts:
        """Before anything is seen: who moved is alike by chance, and neighbours are as ``alike`` says."""
        share = neighbours_share if self.are_known else 0.0
        return Whereabouts(
            self._by_chance, np.full(2, self._usual), np.where(self._is_place[:, None], alike, 0.0), np.array([share])
        )

    def odds(
        self,
        table: PatternTable,
        prior: np.ndarray,
        bits: ClassBits,
        m: np.ndarray,
        related: np.ndarray,
        at: Whereabouts,
    ) -> PlaceOdds:
        """Odds of each class of pairs, in one place and in two, and of neighbours.

        Args:
            table: the patterns.
            prior: (classes,) share of all pairs.
            bits: of each class as a whole.
            m: (comparisons, MOST_LEVELS) level shares of matches as a whole.
            related: the same of relatives.
            at: the estimate.
        """
        if not self.are_known:
            odds = table.odds(prior, bits)
            return PlaceOdds(odds, np.zeros_like(odds), np.zeros(odds.shape[1]))
        of_class = at.moved_share[np.minimum(np.arange(len(prior)), 1)]
        of_match, of_relatives = (
            self._against(two_parts(whole, at.moved, share), whole)
            for whole, share in zip((m, related), at.moved_share, strict=True)
        )
        neighbours = np.where(self._is_place[:, None], bits.match + self._against(at.neighbours, m), 0.0)
        stayed = table.odds(
            np.append(prior * (1.0 - of_class), at.neighbours_share),
            bits._replace(
                match=bits.match + of_match[0],
                relatives=np.concatenate([bits.relatives + of_relatives[0], neighbours[None]]),
            ),
        )
        moved = table.odds(
            prior * of_class,
            bits._replace(match=bits.match + of_match[1], relatives=bits.relatives + of_relatives[1]),
        )
        both = stayed[:-1] + moved
        return PlaceOdds(both, moved / np.maximum(both, TINY), stayed[-1])

    def _against(self, part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        return against(part, whole, self._comparisons, self._is_place)

    def better(
        self,
        moved: np.ndarray,
        neighbours: np.ndarray,
        has_moved: np.ndarray,
        is_class: np.ndarray,
        neighbours_share: float,
    ) -> Whereabouts:
        """The next estimate, not yet tidy.

        Args:
            moved: (comparisons, MOST_LEVELS) level counts of matches and relatives in two places.
            neighbours: the same of neighbours.
            has_moved: (classes,) expected pairs in two places.
            is_class: (classes,) expected pairs.
            neighbours_share: of all pairs.
        """
        counts = (
            np.where(self._is_place[:, None], seen, 0.0) + CAUTION * self._by_chance for seen in (moved, neighbours)
        )
        seen, pairs = (np.array([of[0], of[1:].sum()]) for of in (has_moved, is_class))
        share = (seen + CAUTION * self._usual) / (pairs + CAUTION)
        moved, neighbours = counts
        return Whereabouts(moved, share, neighbours, np.array([neighbours_share]))

    def tidy(self, at: Whereabouts) -> Whereabouts:
        """The estimate with level shares that sum to 1, and shares of pairs within their bounds."""
        moved, neighbours = (
            levels / np.maximum(levels.sum(1, keepdims=True), LEAST) for levels in (at.moved, at.neighbours)
        )
        return Whereabouts(moved, np.minimum(at.moved_share, MOST_MOVED), neighbours, at.neighbours_share)

    def fit_to_usual(self, at: Whereabouts) -> float:
        """Nats by which an estimate agrees with what is counted beforehand."""
        levels = self._by_chance * (np.log(np.maximum(at.moved, LEAST)) + np.log(np.maximum(at.neighbours, LEAST)))
        stayed, moved = np.log1p(-at.moved_share), np.log(np.maximum(at.moved_share, LEAST))
        return CAUTION * float(levels.sum() + (self._usual * moved + (1.0 - self._usual) * stayed).sum())

    def shares(self, at: Whereabouts, pairs_per_record: float) -> PlaceShares | None:
        """The estimate as a model has it; None where too few fields say where somebody lives."""
        if not self.are_known:
            return None
        fields = []
        for number in np.flatnonzero(self._is_place).tolist():
            comparison = self._comparisons[number]
            levels = slice(0, len(LEVELS[comparison.kind]))
            moved, neighbours = (tuple(map(rounded, part[number, levels])) for part in (at.moved, at.neighbours))
            fields.append(PlaceField(field=comparison.field, moved=moved, neighbours=neighbours))
        return PlaceShares(
            matches_moved=rounded(at.moved_share[0]),
            relatives_moved=rounded(at.moved_share[1]),
            neighbours_per_record=rounded(at.neighbours_share[0] * pairs_per_record),
            field=tuple(fields),
        )


def _says_where(comparison: Comparison) -> bool:
    """Whether a field may change when somebody moves: a birthplace or an occupation of many values does not."""
    is_category = comparison.kind == "category"
    return comparison.is_shared and comparison.kind in PLACE and (not is_category or names_a_place(comparison.field))


def _exact(comparisons: Sequence[Comparison], observed: np.ndarray) -> np.ndarray:
    """(comparisons,) share of pairs that agree by chance."""
    return np.array([levels[len(LEVELS[of.kind]) - 1] for of, levels in zip(comparisons, observed, strict=True)])


def _namesakes(comparisons: Sequence[Comparison], observed: np.ndarray) -> float:
    """Share of pairs that would be alike in both names if names went together by chance."""
    share = 1.0
    for comparison, levels in zip(comparisons, observed, strict=True):
        if comparison.kind in NAMES:
            share *= float(levels[first_alike(comparison.kind) : len(LEVELS[comparison.kind])].sum())
    return share
