"""Scan the blocks: weigh every candidate pair once, and keep those that reach the floor."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.engines.local import levels as lv
from pipeline.engines.local.blocks import Blocks, fellows
from pipeline.engines.local.kernel import inner, kernel
from pipeline.engines.local.pair_levels import field_level, name_levels, names_of, rarity_of
from pipeline.engines.local.plan import NameCache, Plan, Weights, make_scratch
from pipeline.engines.local.values import Records, Values
from pipeline.engines.port import MOVED, NEW


class PairColumns(NamedTuple):
    """Room for the pairs that one thread keeps."""

    left: np.ndarray
    right: np.ndarray
    pattern: np.ndarray
    weight: np.ndarray


def make_columns(pairs: int) -> PairColumns:
    """Room for so many."""
    return PairColumns(*(np.empty(pairs, dtype) for dtype in (np.int32, np.int32, np.int64, np.float32)))


@inner
def _name_bound(row_l, row_r, plan, values, records, weights):
    """No name levels of the pair are worth more than this, told from codes alone, without reading a letter."""
    forename_l, surname_l, forename_r, surname_r = names_of(row_l, row_r, plan, records)
    if min(forename_l, surname_l, forename_r, surname_r) < 0 or forename_l == surname_r or surname_l == forename_r:
        return weights.best_names[0]
    forename_bits, surname_bits = weights.best_names[1], weights.best_names[2]
    if forename_l == forename_r:
        forename_bits = np.float64(
            weights.match[plan.forename, lv.FORENAME_EXACT + rarity_of(plan.forename, forename_l, values)]
        )
    if surname_l == surname_r:
        surname_bits = np.float64(
            weights.match[plan.surname, lv.SURNAME_EXACT + rarity_of(plan.surname, surname_l, values)]
        )
    return forename_bits + surname_bits


@inner
def _level_in(pattern, comparison, plan):
    """Level of a comparison in a pattern."""
    begin, end = plan.shift[comparison], plan.shift[comparison + 1]
    return (pattern >> begin) & ((np.int64(1) << (end - begin)) - 1)


@kernel
def _relatives_bits(pattern, lift, plan, weights):
    """Bits that the classes of relatives take off a pair."""
    total = 1.0
    for relation in range(weights.relatives.shape[0]):
        odds = weights.prior_relatives[relation] - (lift if relation == weights.namesakes else 0.0)
        for comparison in range(plan.kind.shape[0]):
            odds += weights.relatives[relation, comparison, _level_in(pattern, comparison, plan)]
        total += 2.0 ** min(odds, 60.0)
    return np.log2(total)


@inner
def _keep_open(state_of_row, size, state, near):
    """Move the fellows with whom a record of this state makes an open pair to the front; returns how many."""
    n_open = 0
    for nth in range(size):
        state_of_fellow = state[near[nth]]
        if NEW in (state_of_row, state_of_fellow) or (state_of_row == MOVED and state_of_fellow == MOVED):
            near[n_open] = near[nth]
            n_open += 1
    return n_open


@kernel
def count_open(n, blocks, group, state, scratch):
    """How many open pairs the blocks hold."""
    total = 0
    for row in range(n):
        total += _keep_open(state[row], fellows(row, blocks, group, scratch.stamp, scratch.near), state, scratch.near)
    return total


@inner
def _weigh(row, fellow, plan, values, records, weights, cache):
    """Weight and pattern of a pair; the weight is -inf where it cannot reach the floor.

    Comparisons run in the plan's order, the cheap and telling ones first; names, the dearest, last. The pair is dropped
    as soon as the most that it could still reach is under the floor.
    """
    bits, pattern = weights.prior_match, np.int64(0)
    bits_needed = weights.floor - _name_bound(row, fellow, plan, values, records, weights)
    for step in range(plan.order.shape[0]):
        if bits + weights.reach[step] < bits_needed:
            break
        comparison = plan.order[step]
        level = field_level(row, fellow, comparison, plan, values, records)
        bits += weights.match[comparison, level]
        pattern |= level << plan.shift[comparison]
    if bits < bits_needed:
        return -np.inf, pattern
    level_f, level_s = name_levels(row, fellow, plan, values, records, cache)
    if plan.forename >= 0:
        bits += weights.match[plan.forename, level_f]
        pattern |= np.int64(level_f) << plan.shift[plan.forename]
    if plan.surname >= 0:
        bits += weights.match[plan.surname, level_s]
        pattern |= np.int64(level_s) << plan.shift[plan.surname]
    lift = 0.0
    has_both = plan.forename >= 0 and plan.surname >= 0
    if has_both and lv.is_equal(level_f, lv.FORENAME_EXACT) and lv.is_equal(level_s, lv.SURNAME_EXACT):
        lift = weights.name_lift[level_f - lv.FORENAME_EXACT + level_s - lv.SURNAME_EXACT]
        bits -= lift
    if bits < weights.floor:
        return -np.inf, pattern
    return bits - _relatives_bits(pattern, lift, plan, weights), pattern


@kernel
def score_pairs(thread, threads, n, blocks, state, scratch, cache, plan, values, records, weights, out):
    """Write the candidate pairs of one thread's records whose weight reaches the floor; only open ones where there is a state.

    Returns: how many reach it (more than ``out`` holds where it is too small), how many candidate pairs there are, and how
    many of them are open, and so were compared.
    """
    n_kept, n_met, n_open = 0, 0, 0
    for row in range(n):
        if (row >> 9) % threads != thread:
            continue
        n_near = fellows(row, blocks, records.group, scratch.stamp, scratch.near)
        n_met += n_near
        if state.shape[0] > 0:
            n_near = _keep_open(state[row], n_near, state, scratch.near)
        n_open += n_near
        for nth in range(n_near):
            fellow = np.int64(scratch.near[nth])
            weight, pattern = _weigh(row, fellow, plan, values, records, weights, cache)
            if weight >= weights.floor:
                if n_kept < out.left.shape[0]:
                    out.left[n_kept], out.right[n_kept] = row, fellow
                    out.pattern[n_kept], out.weight[n_kept] = pattern, weight
                n_kept += 1
    return n_kept, n_met, n_open


class Scan(NamedTuple):
    """What a scan of blocks found."""

    kept: PairColumns
    """Pairs at or above the floor"""
    met: int
    """Candidate pairs in all"""
    compared: int
    """Those of them that were open"""


def scan_blocks(
    rows: tuple[int, int, int],
    blocks: Blocks,
    state: np.ndarray,
    room: int,
    cache: NameCache,
    inputs: tuple[Plan, Values, Records],
    weights: Weights,
) -> Scan:
    """Score the blocks of some records.

    Args:
        rows: number of the thread, of how many, and records in all; each thread takes its share of them.
        blocks: of the records.
        state: (records,) as in ``IncrementalWorkspace``, or empty.
        room: no record has more fellows than these.
        cache: levels of names that are known.
        inputs: the comparisons, and what they read.
        weights: bits, with the floor.
    """
    _, threads, n = rows
    capacity = 1000 + 4 * n // threads
    while True:
        out, scratch = make_columns(capacity), make_scratch(n, room)
        n_kept, n_met, n_open = score_pairs(*rows, blocks, state, scratch, cache, *inputs, weights, out)
        if n_kept <= capacity:
            return Scan(PairColumns(*(column[:n_kept] for column in out)), n_met, n_open)
        capacity = n_kept
