"""From several starts to the best estimate: accelerated EM, and how far the starts agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from pipeline.link.em import Estimate, Mixture, Round, usual_m
from pipeline.link.evidence import Evidence, thin
from pipeline.link.places import TINY, Whereabouts
from pipeline.link.shares import LEAST
from schemas.model import Comparison
from schemas.plan import FixedParameters

MOST_ROUNDS = 500
MOST_LOG = 30.0  # of a share that a leap points to: more would overflow, and is as far out
SETTLED = 1e-5  # of the expected matches: no more are made, unmade or moved in a round
SAME = 3e-3  # of the expected matches: two estimates that differ by no more are one
BEHIND_ROUNDS = 40  # a start that is still behind the best by then is given up
RACE_PATTERNS = 30_000  # starts are tried on about so many patterns; the best goes on with all
STARTS = ((0.8, 0.3, 1.0), (0.95, 0.1, 0.3), (0.6, 1.0, 3.0), (0.9, 1.0, 0.1), (0.5, 0.05, 0.05))
"""Share of exact agreement among matches, expected matches a record, and expected relatives a record.

Each favours agreement among matches, so that the classes cannot change places.
"""
START_RELATIVES = (1.0, 0.02, 0.05)


Outcome = Literal["settled", "joined", "behind", "unsettled"]


@dataclass(frozen=True, slots=True)
class End:
    """Where EM came to from one start."""

    estimate: Estimate
    log_likelihood: float
    matches: float
    """expected among the candidates"""
    rounds: int
    outcome: Outcome
    """joined: it came to where an earlier start had ended; behind: given up; unsettled: still moving after most rounds"""


class Race(NamedTuple):
    """What came of all starts."""

    best: End
    ends: tuple[End, ...]
    at_best: int
    """starts that ended where the best did"""


def best_of_starts(comparisons: Sequence[Comparison], evidence: Evidence, fixed: FixedParameters) -> Race:
    """The estimate that fits best of those that EM comes to from several starts."""
    race = thin(evidence, RACE_PATTERNS)
    mixture = Mixture(comparisons, race, fixed)
    ends: list[End] = []
    for start in STARTS:
        ends.append(climb(mixture, _start(mixture, *start), _best(ends) if ends else None))
    best = _best(ends)
    at_best = sum(_matches_moved(end.estimate, best.estimate) < SAME for end in ends)
    if race is not evidence:
        last = climb(Mixture(comparisons, evidence, fixed), best.estimate)
        best = replace(last, rounds=best.rounds + last.rounds)
    return Race(best, tuple(ends), at_best)


def _best(ends: Sequence[End]) -> End:
    """The end that fits best; one that joined another is no end of its own."""
    return max((end for end in ends if end.outcome != "joined"), key=lambda end: end.log_likelihood)


def climb(mixture: Mixture, start: Estimate, best: End | None = None) -> End:
    """EM from one start, sped up by squared extrapolation (SQUAREM, scheme S3: Varadhan and Roland 2008).

    Args:
        mixture: the pairs.
        start: where to begin.
        best: the best end so far; who comes to it, or stays behind it, goes no further.
    """
    here, rounds = start, 0
    while True:
        one = mixture.round(here)
        two = mixture.round(one.better)
        rounds += 2
        if outcome := _outcome(here, one, two, rounds, best):
            return End(two.better, two.log_likelihood, two.matches, rounds, outcome)
        leap = mixture.round(mixture.tidy(_extrapolate(here, one.better, two.better)))
        rounds += 1
        here = leap.better if leap.log_likelihood >= two.log_likelihood else two.better


def _outcome(here: Estimate, one: Round, two: Round, rounds: int, best: End | None) -> Outcome | None:
    if max(_matches_moved(here, one.better), _matches_moved(one.better, two.better)) < SETTLED:
        return "settled"
    if best and _matches_moved(two.better, best.estimate) < SAME:
        return "joined"
    if best and rounds >= BEHIND_ROUNDS and two.log_likelihood < best.log_likelihood:
        return "behind"
    return "unsettled" if rounds >= MOST_ROUNDS else None


def _start(mixture: Mixture, exact: float, matches: float, relatives: float) -> Estimate:
    m = usual_m(mixture.comparisons, exact)
    prior = np.array([matches, *(relatives * share for share in START_RELATIVES)]) * mixture.records / mixture.pairs
    places = mixture.places.start(m, relatives * mixture.records / mixture.pairs)
    return mixture.tidy(Estimate(prior, m, m, places))


def _matches_moved(before: Estimate, after: Estimate) -> float:
    """Matches that are made, unmade, or move to another level, for each expected match.

    Relatives count by what they do to matches: where one field only is shared, they and strangers may change places
    for ever without an end and without effect.
    """
    moved = np.abs(after.prior[0] * after.m - before.prior[0] * before.m).sum(1).max(initial=0.0)
    return float(moved / after.prior[0])


def _extrapolate(first: Estimate, second: Estimate, third: Estimate) -> Estimate:
    """Where three estimates in a row point to, on the scale of logarithms; steps count by the pairs that they move."""
    arrays = [_arrays(estimate) for estimate in (first, second, third)]
    logs = [[np.log(np.where(part > 0, part, 1.0)) for part in parts] for parts in arrays]
    step = [b - a for a, b in zip(logs[0], logs[1], strict=True)]
    turn = [c - b - s for b, c, s in zip(logs[1], logs[2], step, strict=True)]
    worth = _worth(first)
    size, bend = (sum(float((w * d**2).sum()) for w, d in zip(worth, part, strict=True)) for part in (step, turn))
    far = max(float(np.sqrt(size / max(bend, LEAST * size, TINY))), 1.0)
    parts = [
        np.exp(np.minimum(a + 2 * far * s + far**2 * t, MOST_LOG)) for a, s, t in zip(logs[0], step, turn, strict=True)
    ]
    prior, m, related, *places = (np.where(old > 0, new, 0.0) for old, new in zip(arrays[0], parts, strict=True))
    return Estimate(prior, m, related, Whereabouts(*places))


def _arrays(estimate: Estimate) -> tuple[np.ndarray, ...]:
    return estimate.prior, estimate.m, estimate.related, *estimate.places


def _worth(estimate: Estimate) -> tuple[np.ndarray, ...]:
    """Share of all pairs that each figure is about, in the order of ``_arrays``."""
    matches, related = estimate.prior[:2]
    at = estimate.places
    moved = estimate.prior[:2] * at.moved_share
    neighbours = at.neighbours_share[0] * at.neighbours
    return (
        estimate.prior,
        matches * estimate.m,
        related * estimate.related,
        moved.sum() * at.moved,
        moved,
        neighbours,
        at.neighbours_share,
    )
