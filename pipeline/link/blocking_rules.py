"""Which blocking rules are worth their pairs: chosen on a sample, by what each brings beyond the others.

Greedy weighted cover: again and again the rule, or the larger block size of a rule, that brings the most matches not yet
found for each pair that must be compared (Michelson and Knoblock 2006; Bilenko, Kamath and Mooney 2006), until more pairs
are not worth it. What counts as a match is told by the model, so no labels are needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.core.numbers import distinct
from pipeline.engines.port import CandidateSample
from schemas.model import BlockingRule

SIZES = (8, 15, 30, 60, 120, 250)  # block sizes that are tried
PAIRS_A_MATCH = 3_000  # a rule must find a match for so many pairs
FREE_PAIRS = 2_000_000  # up to so many, any rule that finds anything is taken
KEY_COST = 0.5  # what a key costs to make, in pairs
LEAST = 0.01  # matches less probable than this do not count
LIKELY_PAIRS = 60_000  # of the sample are enough to tell what a rule finds


@dataclass(frozen=True, slots=True)
class RuleGain:
    """What one chosen rule brings, in the order in which rules were chosen."""

    rule: BlockingRule
    pairs_per_record: float
    """pairs of its own blocks"""
    matches: float
    """expected matches among them"""
    new_matches: float
    """of these, matches that no rule before it brings"""


@dataclass(frozen=True, slots=True)
class ChosenRules:
    """The rules and what they bring together."""

    gains: tuple[RuleGain, ...]
    matches: float
    """expected matches that they find"""
    unseen_matches: float
    """matches that no rule finds: Chao's estimate from those that one and two rules find (Chao 1987)"""

    @property
    def rules(self) -> tuple[BlockingRule, ...]:
        """As a model has them."""
        return tuple(gain.rule for gain in self.gains)

    @property
    def expected_recall(self) -> float:
        """Share of all matches that are candidate pairs; an estimate from below of what is missed."""
        everything = self.matches + self.unseen_matches
        return self.matches / everything if everything else 1.0


def choose_rules(sample: CandidateSample, probability: np.ndarray, records: int) -> ChosenRules:
    """The rules that are worth their pairs.

    Args:
        sample: candidate pairs under every rule there can be.
        probability: (patterns,) match probability of each pattern of the sample.
        records: rows of the table.
    """
    chance = _thinned(probability[sample.pattern])
    steps = _Steps.of(sample, chance > 0)
    likely_pair, likely_step = steps.pair, steps.step
    cost = (steps.pairs * sample.scale + KEY_COST * steps.keys).reshape(len(sample.rules), -1).cumsum(1)
    left = chance.copy()
    level = np.zeros(len(sample.rules), int)  # how many steps of each rule are taken
    order: list[int] = []
    spent = 0.0
    while True:
        gain = (
            np.bincount(likely_step, left[likely_pair], len(steps.pairs)).reshape(cost.shape).cumsum(1) * sample.scale
        )
        taken = np.where(level > 0, level - 1, 0)
        base_cost, base_gain = (
            np.where(level > 0, np.take_along_axis(a, taken[:, None], 1)[:, 0], 0.0) for a in (cost, gain)
        )
        more_gain, more_cost = gain - base_gain[:, None], np.maximum(cost - base_cost[:, None], 1.0)
        is_new = np.arange(cost.shape[1]) >= level[:, None]
        worth = np.where(is_new & (more_gain > 0), more_gain / more_cost, 0.0)
        best = int(worth.argmax())
        rule, step = divmod(best, cost.shape[1])
        bar = 0.0 if spent + more_cost[rule, step] <= FREE_PAIRS else 1 / PAIRS_A_MATCH
        if worth[rule, step] <= bar:
            break
        spent += more_cost[rule, step]
        level[rule] = step + 1
        if rule not in order:
            order.append(rule)
        found = likely_pair[(likely_step // cost.shape[1] == rule) & (likely_step % cost.shape[1] <= step)]
        left[found] = 0.0
    return _described(sample, chance, steps, order, level, records)


def _thinned(chance: np.ndarray) -> np.ndarray:
    """(pairs,) expected matches that each pair stands for: some of the likely ones for all, the others for none."""
    likely = np.flatnonzero(chance >= LEAST)
    step = -(-len(likely) // LIKELY_PAIRS) or 1
    out = np.zeros(len(chance))
    out[likely[::step]] = chance[likely[::step]] * step
    return out


@dataclass(frozen=True, slots=True)
class _Steps:
    """Finds by rule and step of block size."""

    pair: np.ndarray
    step: np.ndarray
    """(finds of likely pairs,) each pair once a step; a step is rule * sizes + size"""
    pairs: np.ndarray
    """(rules * sizes,) pairs of the sample that the step brings"""
    keys: np.ndarray
    """(rules * sizes,) keys of the rule, at its first step"""

    @classmethod
    def of(cls, sample: CandidateSample, is_likely: np.ndarray) -> _Steps:
        sizes = len(SIZES)
        every = len(sample.rules) * sizes
        step = sample.rule.astype(np.int64) * sizes + np.searchsorted(SIZES, np.arange(256))[sample.size]
        own = is_likely[sample.pair]
        found = distinct(sample.pair[own].astype(np.int64) * every + step[own])
        keys = np.zeros((len(sample.rules), sizes))
        keys[:, 0] = sample.keys
        pairs = np.bincount(step, minlength=every).astype(float)
        return cls(found // every, found % every, pairs, keys.ravel())


def _described(
    sample: CandidateSample, chance: np.ndarray, steps: _Steps, order: list[int], level: np.ndarray, records: int
) -> ChosenRules:
    """What the chosen rules bring, in their order, and what none of them finds."""
    sizes, scale = len(SIZES), sample.scale
    rule_of = steps.step // sizes
    is_taken = steps.step % sizes < level[rule_of]
    seen, hits = np.zeros(len(chance), bool), np.zeros(len(chance), np.int64)
    gains = []
    for rule in order:
        own = distinct(steps.pair[is_taken & (rule_of == rule)])
        new = own[~seen[own]]
        seen[own] = True
        hits[own] += 1
        tried = sample.rules[rule]
        kept = BlockingRule(keys=tried.keys, max_block=min(SIZES[level[rule] - 1], tried.max_block))
        pairs = steps.pairs[rule * sizes : rule * sizes + level[rule]].sum() * scale
        gains.append(RuleGain(kept, pairs / records, chance[own].sum() * scale, chance[new].sum() * scale))
    once, twice = (float(chance[hits == times].sum()) * scale for times in (1, 2))
    unseen = once * once / (2 * twice) if twice else 0.0
    return ChosenRules(tuple(gains), float(chance[seen].sum()) * scale, unseen)
