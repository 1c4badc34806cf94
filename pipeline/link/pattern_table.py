"""Patterns of levels, looked up by groups of comparisons rather than one by one: a round of EM costs milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.engines.patterns import WIDTH
from pipeline.engines.port import EXACT_NAMES, NAME_BINS
from pipeline.link.relatives import NAMESAKES
from pipeline.link.weights import ClassBits

MOST_COMBINATIONS = 8_192  # of levels of the comparisons of one group


class _Group(NamedTuple):
    """Comparisons whose levels are looked up together."""

    columns: tuple[int, ...]
    rooms: tuple[int, ...]
    """how many level indexes each has"""
    code: np.ndarray
    """(patterns,) combination of their levels"""


class PatternTable:
    """Combinations of levels, one a row."""

    def __init__(self, levels: np.ndarray, names: tuple[int, int] | None) -> None:
        self._names, self._size = names, levels.shape
        self._groups = _groups(levels, names)

    def odds(self, prior: np.ndarray, bits: ClassBits) -> np.ndarray:
        """(classes, patterns) odds of each class against strangers."""
        ratio = np.exp2(np.concatenate([bits.match[None], bits.relatives]))
        odds = np.repeat(prior[:, None], self._size[0], axis=1)
        for group in self._groups:
            odds *= self._products(group, ratio, bits.lift).take(group.code, axis=1)
        return odds

    def counts(self, weight: np.ndarray) -> np.ndarray:
        """(comparisons, WIDTH) how much weight the patterns have at each level of each comparison."""
        totals = np.zeros((self._size[1], WIDTH))
        for group in self._groups:
            counted = np.bincount(group.code, weights=weight, minlength=int(np.prod(group.rooms))).reshape(group.rooms)
            for axis, comparison in enumerate(group.columns):
                other_axes = tuple(other for other in range(len(group.rooms)) if other != axis)
                totals[comparison, : group.rooms[axis]] = counted.sum(other_axes)
        return totals

    def _products(self, group: _Group, ratio: np.ndarray, lift: np.ndarray) -> np.ndarray:
        """(classes, combinations) the product of the ratios of a group's comparisons."""
        table = np.ones((len(ratio), 1))
        for comparison, room in zip(group.columns, group.rooms, strict=True):
            table = (table[:, :, None] * ratio[:, comparison, None, :room]).reshape(len(ratio), -1)
            if self._names and comparison == self._names[1]:
                table[[0, 1 + NAMESAKES]] *= np.exp2(-_lifts(group.rooms[:2], lift)).ravel()
        return table


def _groups(levels: np.ndarray, names: tuple[int, int] | None) -> list[_Group]:
    """Comparisons in their order, both names first: as many together as there are combinations for."""
    order = [*(names or ()), *(comparison for comparison in range(levels.shape[1]) if comparison not in (names or ()))]
    rooms = levels.max(0, initial=0).astype(int) + 1
    parts: list[list[int]] = []
    for comparison in order:
        if parts and np.prod(rooms[[*parts[-1], comparison]]) <= MOST_COMBINATIONS:
            parts[-1].append(comparison)
        else:
            parts.append([comparison])
    return [
        _Group(tuple(part), tuple(rooms[part].tolist()), np.ravel_multi_index(tuple(levels[:, part].T), rooms[part]))
        for part in parts
    ]


def _lifts(rooms: Sequence[int], lift: np.ndarray) -> np.ndarray:
    """(forename levels, surname levels) bits that both names are worth less together."""
    above = [np.arange(room) - exact for room, exact in zip(rooms, EXACT_NAMES, strict=True)]
    are_exact = (np.minimum(above[0][:, None], above[1]) >= 0) & (np.maximum(above[0][:, None], above[1]) < NAME_BINS)
    return np.where(are_exact, lift[np.where(are_exact, above[0][:, None] + above[1], 0)], 0.0)
