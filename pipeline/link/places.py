"""Fields that say where somebody lives say one thing: who has moved differs in all of them at once.

Address, postcode and town change together. Were they taken for independent (as Fellegi and Sunter 1969 do), each that
differs would count against a match by itself, and training would take all who moved for strangers of one name, and
relatives who live apart for one person. So the pairs of a class are of two parts, found in one place and in two, between
which all fields of a place are independent (Larsen and Rubin 2001).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.engines.patterns import WIDTH
from pipeline.link.pattern_table import PatternTable
from pipeline.link.shares import LEAST, sizes_of
from pipeline.link.weights import ClassBits
from schemas.model import Comparison, Kind

PLACE: tuple[Kind, ...] = ("address", "postcode", "category")
"""Kinds that may say where somebody lives, where a household shares them: a town is a category."""
FEWEST = 2  # fields of a place, to tell who has moved from who has a wrong address
MOST_MOVED = 0.7  # of the pairs of a class
USUAL_MOVED = 0.2  # the same before anything is seen
CAUTION = 10.0  # pairs counted beside those that are seen: moved as usual, and alike as strangers are
TINY = float(np.finfo(float).tiny)


class Places:
    """The fields of a model that say where somebody lives, and what training makes of them."""

    def __init__(self, comparisons: Sequence[Comparison], observed: np.ndarray) -> None:
        """``observed``: (comparisons, MOST_LEVELS) share of each level among random pairs."""
        is_place = np.array([comparison.is_shared and comparison.kind in PLACE for comparison in comparisons], bool)
        self._is_place = is_place & (is_place.sum() >= FEWEST)
        self._level = np.clip(np.arange(WIDTH) - 1, 0, sizes_of(comparisons)[:, None] - 1)
        self._usual = USUAL_MOVED * float(self._is_place.any())
        self._by_chance = np.where(self._is_place[:, None], observed, 0.0)

    def start(self) -> tuple[np.ndarray, np.ndarray]:
        """(comparisons, MOST_LEVELS) and (2,) as in Estimate, before anything is seen."""
        return self._by_chance, np.full(2, self._usual)

    def odds(
        self,
        table: PatternTable,
        prior: np.ndarray,
        bits: ClassBits,
        shares: tuple[np.ndarray, np.ndarray],
        moved: np.ndarray,
        moved_share: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """(classes, patterns) odds of each class against strangers, and how much of them is of pairs in two places.

        Args:
            table: the patterns.
            prior: (classes,) share of all pairs.
            bits: of each class as a whole.
            shares: (comparisons, MOST_LEVELS) of matches, and of relatives, as a whole.
            moved: the same of pairs in two places.
            moved_share: (2,) how many of matches, and of relatives, these are.
        """
        if not self._usual:
            odds = table.odds(prior, bits)
            return odds, np.zeros_like(odds)
        of_match, of_relatives = (
            self._part_bits(whole, moved, share) for whole, share in zip(shares, moved_share, strict=True)
        )
        of_class = moved_share[np.minimum(np.arange(len(prior)), 1)]
        stayed, has_moved = (
            table.odds(
                prior * share,
                bits._replace(match=bits.match + of_match[part], relatives=bits.relatives + of_relatives[part]),
            )
            for part, share in enumerate((1.0 - of_class, of_class))
        )
        return stayed + has_moved, has_moved / np.maximum(stayed + has_moved, TINY)

    def _part_bits(self, whole: np.ndarray, moved: np.ndarray, moved_share: float) -> np.ndarray:
        """(2, comparisons, WIDTH) bits of each level in one place, and in two, against the class as a whole."""
        stayed = np.maximum(whole - moved_share * moved, LEAST) / (1.0 - moved_share)
        ratio = np.log2(np.maximum(np.stack([stayed, moved]), LEAST) / np.maximum(whole, LEAST))
        bits = np.take_along_axis(ratio, np.broadcast_to(self._level, (2, *self._level.shape)), axis=2)
        bits[:, :, 0] = 0.0
        return np.where(self._is_place[:, None], bits, 0.0)

    def better(self, counts: np.ndarray, has_moved: np.ndarray, is_class: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The next estimate, as in ``start``.

        Args:
            counts: (comparisons, MOST_LEVELS) level counts of the pairs in two places.
            has_moved: (classes,) expected pairs in two places.
            is_class: (classes,) expected pairs.
        """
        levels = np.where(self._is_place[:, None], counts, 0.0) + CAUTION * self._by_chance
        seen, pairs = (np.array([of[0], of[1:].sum()]) for of in (has_moved, is_class))
        return self.tidy(levels, (seen + CAUTION * self._usual) / (pairs + CAUTION))

    def tidy(self, moved: np.ndarray, moved_share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Level shares that sum to 1, and shares of the classes within their bounds."""
        return moved / np.maximum(moved.sum(1, keepdims=True), LEAST), np.minimum(moved_share, MOST_MOVED)

    def fit_to_usual(self, moved: np.ndarray, moved_share: np.ndarray) -> float:
        """Nats by which an estimate agrees with what is counted beforehand."""
        levels = self._by_chance * np.log(np.maximum(moved, LEAST))
        shares = self._usual * np.log(np.maximum(moved_share, LEAST)) + (1.0 - self._usual) * np.log1p(-moved_share)
        return CAUTION * float(levels.sum() + shares.sum())
