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
    chance = _thin(probability[sample.pattern])
    steps = _Steps.of(sample, chance > 0)
    n_sizes = len(SIZES)
    cost = (steps.pairs * sample.scale + KEY_COST * steps.keys).reshape(-1, n_sizes).cumsum(1)
    remaining = chance.copy()
    steps_taken = np.zeros(len(sample.rules), int)  # of each rule
    chosen: list[int] = []
    spent = 0.0
    while True:
        step_gain = np.bincount(steps.step, remaining[steps.pair], len(steps.pairs)).reshape(cost.shape)
        rule, step, worth, more_cost = _best_step(step_gain.cumsum(1) * sample.scale, cost, steps_taken)
        least_worth = 0.0 if spent + more_cost <= FREE_PAIRS else 1 / PAIRS_A_MATCH
        if worth <= least_worth:
            break
        spent += more_cost
        steps_taken[rule] = step + 1
        if rule not in chosen:
            chosen.append(rule)
        remaining[steps.pair[(steps.step // n_sizes == rule) & (steps.step % n_sizes <= step)]] = 0.0
    return _describe(sample, chance, steps, chosen, steps_taken, records)


def _best_step(gain: np.ndarray, cost: np.ndarray, steps_taken: np.ndarray) -> tuple[int, int, float, float]:
    """The rule, and the step of block size up to which it is worth most; its new matches a pair, and what it costs, pairs.

    Input: (rules, steps) matches not yet found and pairs of each rule up to each step; steps of each rule that are taken already.
    """
    last_step = np.where(steps_taken > 0, steps_taken - 1, 0)
    base_cost, base_gain = (
        np.where(steps_taken > 0, np.take_along_axis(total, last_step[:, None], 1)[:, 0], 0.0) for total in (cost, gain)
    )
    more_gain, more_cost = gain - base_gain[:, None], np.maximum(cost - base_cost[:, None], 1.0)
    is_new = np.arange(cost.shape[1]) >= steps_taken[:, None]
    worth = np.where(is_new & (more_gain > 0), more_gain / more_cost, 0.0)
    rule, step = divmod(int(worth.argmax()), cost.shape[1])
    return rule, step, float(worth[rule, step]), float(more_cost[rule, step])


def _thin(chance: np.ndarray) -> np.ndarray:
    """(pairs,) expected matches that each pair stands for: some of the likely ones for all, the others for none."""
    likely = np.flatnonzero(chance >= LEAST)
    step = -(-len(likely) // LIKELY_PAIRS) or 1
    expected = np.zeros(len(chance))
    expected[likely[::step]] = chance[likely[::step]] * step
    return expected


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
        n_steps = len(sample.rules) * sizes
        step = sample.rule.astype(np.int64) * sizes + np.searchsorted(SIZES, np.arange(256))[sample.size]
        is_find = is_likely[sample.pair]
        distinct_finds = distinct(sample.pair[is_find].astype(np.int64) * n_steps + step[is_find])
        keys = np.zeros((len(sample.rules), sizes))
        keys[:, 0] = sample.keys
        pairs = np.bincount(step, minlength=n_steps).astype(float)
        return cls(distinct_finds // n_steps, distinct_finds % n_steps, pairs, keys.ravel())


def _describe(
    sample: CandidateSample, chance: np.ndarray, steps: _Steps, order: list[int], steps_taken: np.ndarray, records: int
) -> ChosenRules:
    """What the chosen rules bring, in their order, and what none of them finds."""
    sizes, scale = len(SIZES), sample.scale
    rule_of = steps.step // sizes
    is_taken = steps.step % sizes < steps_taken[rule_of]
    is_found, n_rules = np.zeros(len(chance), bool), np.zeros(len(chance), np.int64)
    gains = []
    for rule in order:
        found = distinct(steps.pair[is_taken & (rule_of == rule)])
        new_pairs = found[~is_found[found]]
        is_found[found] = True
        n_rules[found] += 1
        tried = sample.rules[rule]
        rule_chosen = BlockingRule(keys=tried.keys, max_block=min(SIZES[steps_taken[rule] - 1], tried.max_block))
        pairs = steps.pairs[rule * sizes : rule * sizes + steps_taken[rule]].sum() * scale
        gains.append(
            RuleGain(rule_chosen, pairs / records, chance[found].sum() * scale, chance[new_pairs].sum() * scale)
        )
    once, twice = (float(chance[n_rules == times].sum()) * scale for times in (1, 2))
    unseen = once * once / (2 * twice) if twice else 0.0
    return ChosenRules(tuple(gains), float(chance[is_found].sum()) * scale, unseen)
