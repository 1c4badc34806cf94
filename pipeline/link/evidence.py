"""What a model is trained on: counted patterns of levels, value frequencies, and what stewards decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from pipeline.engines.frequency import Frequencies, NamePairs
from pipeline.engines.port import PatternCounts


class Decided(NamedTuple):
    """Pairs of records that stewards decided, link or unlink."""

    levels: np.ndarray
    """(pairs, comparisons) uint8 as in PatternCounts"""
    is_link: np.ndarray
    """(pairs,) bool"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that EM looks at."""

    frequencies: Sequence[Frequencies]
    """of each comparison's values in the data"""
    together: NamePairs
    """how forenames and surnames go together in it"""
    candidates: PatternCounts
    """patterns of a sample of the candidate pairs"""
    scale: float
    """candidate pairs that one counted pair stands for"""
    random: PatternCounts
    """patterns of random pairs"""
    records: int
    """rows of the table"""
    pairs: float
    """pairs of them that may be compared; those that are no candidates count as non-matches"""
    decided: Decided | None = None


class Rows(NamedTuple):
    """Patterns to be divided among the classes."""

    levels: np.ndarray
    pairs: np.ndarray
    """float64, that each stands for"""
    is_link: np.ndarray
    is_unlink: np.ndarray
    """bool: stewards decided so"""


def rows_of(evidence: Evidence) -> Rows:
    """The candidates' patterns, and those of decided pairs, which are then no longer among the candidates.

    A decided pair keeps its place and its count of one: it is not counted twice, nor for more than itself, because
    stewards see doubtful pairs rather than any.
    """
    levels, pairs = evidence.candidates.levels, evidence.candidates.count * float(evidence.scale)
    if evidence.decided is None or not len(evidence.decided.is_link):
        none = np.zeros(len(pairs), bool)
        return Rows(levels, pairs, none, none)
    told, is_link = evidence.decided
    every, at = np.unique(np.concatenate([levels, told]), axis=0, return_inverse=True)
    own, decided = at[: len(levels)], at[len(levels) :]
    taken = np.bincount(decided, minlength=len(every))
    left = np.maximum(pairs - taken[own], 0.0)
    ends = [np.bincount(decided[is_link == wanted], minlength=len(every)).astype(float) for wanted in (True, False)]
    parts = [(levels, left), *((every[counted > 0], counted[counted > 0]) for counted in ends)]
    kind = np.repeat([0, 1, 2], [len(counted) for _, counted in parts])
    every_level, every_pair = (np.concatenate(both) for both in zip(*parts, strict=True))
    return Rows(every_level, every_pair, kind == 1, kind == 2)


def thinned(evidence: Evidence, most: int) -> Evidence:
    """About so many of the candidates' patterns at most; each rare one stands for those beside it that are left out."""
    found = evidence.candidates
    step = -(-len(found.count) // most)
    if step <= 1:
        return evidence
    is_common = found.count > step
    keep = is_common | (np.arange(len(found.count)) % step == 0)
    count = np.where(is_common, found.count, found.count * step)
    return replace(evidence, candidates=PatternCounts(found.levels[keep], count[keep]))
