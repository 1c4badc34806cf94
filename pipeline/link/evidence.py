"""What a model is trained on: counted patterns of levels, value frequencies, and what stewards decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from pipeline.engines.frequency import Frequencies, NamePairs
from pipeline.engines.port import PatternCounts


class DecidedLevels(NamedTuple):
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
    decided: DecidedLevels | None = None
    names_together_bits: float = 0.0
    """by which strangers at least have names alike together oftener than by chance, as far as a first training has found"""


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
    decided_levels, is_link = evidence.decided
    distinct_levels, row = np.unique(np.concatenate([levels, decided_levels]), axis=0, return_inverse=True)
    of_candidates, of_decided = row[: len(levels)], row[len(levels) :]
    n_decided = np.bincount(of_decided, minlength=len(distinct_levels))
    remaining = np.maximum(pairs - n_decided[of_candidates], 0.0)
    parts = [(levels, remaining)]
    for verdict in (True, False):
        count = np.bincount(of_decided[is_link == verdict], minlength=len(distinct_levels)).astype(float)
        parts.append((distinct_levels[count > 0], count[count > 0]))
    kind = np.repeat([0, 1, 2], [len(count) for _, count in parts])
    all_levels, all_pairs = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Rows(all_levels, all_pairs, kind == 1, kind == 2)


def thin(evidence: Evidence, most: int) -> Evidence:
    """About so many of the candidates' patterns at most; each rare one stands for those beside it that are left out."""
    candidates = evidence.candidates
    step = -(-len(candidates.count) // most)
    if step <= 1:
        return evidence
    is_common = candidates.count > step
    keep = is_common | (np.arange(len(candidates.count)) % step == 0)
    count = np.where(is_common, candidates.count, candidates.count * step)
    return replace(evidence, candidates=PatternCounts(candidates.levels[keep], count[keep]))
