"""Training without labels: u from random pairs, m and the related class by EM over pattern counts.

Three classes of pairs: match, related (relatives and neighbours: free only on the fields they share, else like random
pairs), and random. Without the related class EM takes households for persons. Expectation-maximisation for record
linkage: Winkler (1988); the exact level's u is the frequency of the value itself (Winkler 1989).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.engines.frequency import Frequencies, NamePairs
from pipeline.engines.port import PatternCounts
from pipeline.link.weights import (
    LEAST,
    NAMESAKES,
    RELATIVES,
    chance_bits,
    lift_bits,
    name_columns,
    relative_shares,
    spread_bits,
)
from schemas.model import LEVELS, Comparison, Level, Model, Prior

MOST_ROUNDS = 300
SETTLED = 1e-4  # of the expected matches: no class moves by more in a round
MOST_RARE = 0.05  # of the relatives that share a household, no more are twins, and no more are namesakes


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
    together: NamePairs,
    candidates: PatternCounts,
    scale: float,
    random: PatternCounts,
    records: int,
    pairs: float,
) -> Training:
    """Estimate every level's m, u and related share, and the prior.

    Args:
        model: its levels, where it has any, are not used.
        frequencies: of each comparison's values in the data.
        together: how forenames and surnames go together in it.
        candidates: patterns of a sample of the candidate pairs; each stands for ``scale`` pairs.
        scale: candidate pairs that one counted pair stands for.
        random: patterns of random pairs.
        records: rows of the table.
        pairs: pairs of them that may be compared; those that are no candidates count as non-matches.
    """
    comparisons = model.comparison
    records = max(records, 2)  # so that a table without pairs gives a model too: the prior of its start
    pairs = max(pairs, 1.0)
    count = candidates.count * scale
    observed = [_level_shares(c, random.levels[:, k], random.count) for k, c in enumerate(comparisons)]
    shares = [_start(c, u) for c, u in zip(comparisons, observed, strict=True)]
    prior = np.array([0.3, *_START_RELATIVES]) * records / pairs
    is_told = np.array([True, *_told_apart(comparisons)])
    prior[~is_told] = LEAST / pairs
    folded = [np.minimum(candidates.levels[:, k], len(LEVELS[c.kind])) for k, c in enumerate(comparisons)]
    names = name_columns(comparisons)
    if names is not None:
        above = [candidates.levels[:, c].astype(int) - len(LEVELS[comparisons[c].kind]) for c in names]
        both = np.minimum(*above) >= 0
        sum_of_bins = np.where(both, above[0] + above[1], 0)
    rounds, has_converged = 0, False
    while rounds < MOST_ROUNDS and not has_converged:
        rounds += 1
        odds = np.repeat(np.log2(prior)[:, None], len(count), axis=1)
        for k, comparison in enumerate(comparisons):
            level, own = candidates.levels[:, k], shares[k]
            chance = chance_bits(frequencies[k], prior[0] * pairs / records * own.m[-1])
            odds[0] += spread_bits(comparison, own.m, own.u, frequencies[k], chance)[level]
            for r, share in enumerate(relative_shares(comparison, own.m, own.u, own.related), start=1):
                if share is not own.u:
                    odds[r] += spread_bits(comparison, share, own.u, frequencies[k], chance)[level]
        if names is not None:
            own_rate = prior[0] * pairs / records * float(np.prod([shares[c].m[-1] for c in names]))
            lift = np.where(both, lift_bits(together, own_rate)[sum_of_bins], 0.0)
            odds[0] -= lift
            odds[1 + NAMESAKES] -= lift
        is_class = np.exp2(odds)
        is_class *= count / (1 + is_class.sum(0))
        before, prior = prior, np.where(is_told, np.maximum(is_class.sum(1), 0.5) / pairs, prior)
        prior[2:] = np.minimum(prior[2:], MOST_RARE * prior[1])
        for k, comparison in enumerate(comparisons):
            shares[k] = _update(comparison, folded[k], is_class[0], is_class[1:].sum(0), observed[k], prior[0])
        has_converged = rounds > 8 and bool(np.abs(prior - before).max() < SETTLED * prior[0])
    trained = tuple(_with_levels(c, s) for c, s in zip(comparisons, shares, strict=True))
    rates = dict(zip(_RATES, map(float, prior * pairs / records), strict=True))
    found = model.model_copy(update={"comparison": trained, "prior": Prior(**rates)})
    return Training(found, rounds, bool(has_converged), float(prior[0] * pairs), float(prior[1:].sum() * pairs))


_RATES = ("matches_per_record", "related_per_record", "twins_per_record", "namesakes_per_record")
_START_RELATIVES = (1.0, 0.02, 0.05)


def _told_apart(comparisons: Sequence[Comparison]) -> list[bool]:
    """Which classes of relatives these comparisons can tell from strangers, and from plain relatives."""
    has_shared = any(c.is_shared for c in comparisons)
    kinds = {c.kind for c in comparisons if not c.is_shared}
    return [has_shared, *(has_shared and also[0] in kinds for also in RELATIVES.values() if also)]


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
