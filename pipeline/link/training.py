"""Training without labels: u from random pairs, m and the related class by EM over pattern counts.

Three classes of pairs: match, related (relatives and neighbours: free only on the fields they share, else like random
pairs), and random. Without the related class EM takes households for persons. Expectation-maximisation for record
linkage: Winkler (1988); the exact level's u is the frequency of the value itself (Winkler 1989).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.engines.frequency import Frequencies
from pipeline.engines.port import PatternCounts
from pipeline.link.weights import LEAST, spread_bits
from schemas.model import LEVELS, Comparison, Level, Model, Prior

MOST_ROUNDS = 300
SETTLED = 2e-4  # bits of change a round of both priors


@dataclass(frozen=True, slots=True)
class Training:
    """A trained model, and how the training went."""

    model: Model
    rounds: int
    has_converged: bool
    expected_matches: float
    expected_related: float


@dataclass(slots=True)
class _Shares:
    """m, u and related shares of one comparison's levels, exact last."""

    m: np.ndarray
    u: np.ndarray
    related: np.ndarray


def train(
    model: Model,
    frequencies: Sequence[Frequencies],
    candidates: PatternCounts,
    scale: float,
    random: PatternCounts,
    records: int,
) -> Training:
    """Estimate every level's m, u and related share, and the prior.

    Args:
        model: its levels, where it has any, are not used.
        frequencies: of each comparison's values in the data.
        candidates: patterns of a sample of the candidate pairs; each stands for ``scale`` pairs.
        scale: candidate pairs that one counted pair stands for.
        random: patterns of random pairs.
        records: rows of the table; all pairs that are no candidates count as non-matches.
    """
    comparisons = model.comparison
    records = max(records, 2)  # so that a table without pairs gives a model too: the prior of its start
    pairs = records * (records - 1) / 2
    count = candidates.count * scale
    observed = [_level_shares(c, random.levels[:, k], random.count) for k, c in enumerate(comparisons)]
    shares = [_start(c, u) for c, u in zip(comparisons, observed, strict=True)]
    match, related = 0.3 * records / pairs, records / pairs
    folded = [np.minimum(candidates.levels[:, k], len(LEVELS[c.kind])) for k, c in enumerate(comparisons)]
    rounds, has_converged = 0, False
    while rounds < MOST_ROUNDS and not has_converged:
        rounds += 1
        odds_match, odds_related = np.full(len(count), np.log2(match)), np.full(len(count), np.log2(related))
        for k, comparison in enumerate(comparisons):
            level = candidates.levels[:, k]
            odds_match += spread_bits(comparison, shares[k].m, shares[k].u, frequencies[k])[level]
            if comparison.is_shared:
                odds_related += spread_bits(comparison, shares[k].related, shares[k].u, frequencies[k])[level]
        is_match, is_related = np.exp2(odds_match), np.exp2(odds_related)
        total = 1 + is_match + is_related
        is_match, is_related = count * is_match / total, count * is_related / total
        before = match, related
        match, related = (max(weight.sum(), 0.5) / pairs for weight in (is_match, is_related))
        for k, comparison in enumerate(comparisons):
            shares[k] = _update(comparison, folded[k], is_match, is_related, observed[k], match)
        moved = np.abs(np.log2(np.divide((match, related), before)))
        has_converged = rounds > 8 and bool((moved < SETTLED).all())
    trained = tuple(_with_levels(c, s) for c, s in zip(comparisons, shares, strict=True))
    prior = Prior(matches_per_record=match * pairs / records, related_per_record=related * pairs / records)
    return Training(
        model.model_copy(update={"comparison": trained, "prior": prior}),
        rounds,
        bool(has_converged),
        match * pairs,
        related * pairs,
    )


def _level_shares(comparison: Comparison, levels: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Share of each level among pairs that have the field on both sides, smoothed."""
    exact = len(LEVELS[comparison.kind])
    seen = np.bincount(np.minimum(levels, exact), weights=count, minlength=exact + 1)[1:]
    smooth = 0.5 / exact
    return (seen + smooth) / (seen.sum() + 0.5)


def _start(comparison: Comparison, u: np.ndarray) -> _Shares:
    """M begins by favouring agreement, so that the classes cannot change places."""
    m = np.full(len(u), 0.03)
    m[0], m[-1] = 0.08, 0.8
    if comparison.kind == "forename":
        m[LEVELS["forename"].index("swapped")] = 0.01
    m /= m.sum()
    return _Shares(m, u.copy(), m.copy() if comparison.is_shared else u.copy())


def _update(
    comparison: Comparison,
    level: np.ndarray,
    is_match: np.ndarray,
    is_related: np.ndarray,
    observed: np.ndarray,
    match: float,
) -> _Shares:
    m = _class_shares(comparison, level, is_match)
    u = np.maximum(observed - match * m, observed * 0.1)
    u /= u.sum()
    related = _class_shares(comparison, level, is_related) if comparison.is_shared else u.copy()
    return _Shares(m, u, related)


def _class_shares(comparison: Comparison, level: np.ndarray, weight: np.ndarray) -> np.ndarray:
    exact = len(LEVELS[comparison.kind])
    seen = np.bincount(level, weights=weight, minlength=exact + 1)[1:]
    return (seen + 1) / (seen.sum() + exact)


def _with_levels(comparison: Comparison, shares: _Shares) -> Comparison:
    levels = tuple(
        Level(name=name, m=_round(m), u=_round(u), related=_round(r))
        for name, m, u, r in zip(LEVELS[comparison.kind], shares.m, shares.u, shares.related, strict=True)
    )
    return comparison.model_copy(update={"levels": levels})


def _round(share: float) -> float:
    """Eight significant digits, so that a model file reads well and reads back the same."""
    return float(f"{min(max(share, LEAST), 1.0):.8g}")
