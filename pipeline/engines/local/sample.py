"""All candidate pairs of some of the records, with every blocking rule that brings each, in a block of which size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from pipeline.engines.local.blocks import FIRST, spans
from pipeline.engines.local.keys import (
    SLOT_BITS,
    KeyPlan,
    add_counts,
    count_wanted,
    keys_wanted,
    plan_keys,
    want_keys,
    write_wanted,
)
from pipeline.engines.local.some_blocks import group_keys, tokens_of
from pipeline.engines.local.values import Tokens
from pipeline.engines.local.workers import Workers
from schemas.model import BlockingRule

MOST_KEYS = 1_500_000  # of the sampled records


class RuleFinds(NamedTuple):
    """Which rule brought which pair."""

    left: np.ndarray
    right: np.ndarray
    """(pairs,) int32 row numbers: a sampled record and another; a pair of two sampled records stands twice"""
    pair: np.ndarray
    rule: np.ndarray
    size: np.ndarray
    """(finds,) number of the pair, number of the rule, and records of the block; a rule may find a pair more than once"""
    keys: np.ndarray
    """(rules,) keys that all records have of each rule"""
    sampled: int
    """records in the sample"""


def sample_finds(
    tokens: Tokens,
    rules: Sequence[BlockingRule],
    group: np.ndarray,
    records: int,
    alone_up_to: int,
    workers: Workers,
) -> RuleFinds:
    """Candidate pairs of about so many records, evenly spread over the table.

    Args:
        tokens: of all records.
        rules: to be tried; their block sizes are the largest that are looked at.
        group: (records,) two records of one code are not compared, -1 is compared with all.
        records: wanted in the sample; fewer where they have very many keys.
        alone_up_to: tokens on more records than this are tried as parts of keys too.
        workers: the threads that do it.
    """
    plan = plan_keys(tokens, rules, alone_up_to)
    sampled = np.arange(0, tokens.n, max(1, -(-tokens.n // records)))
    size, sampled_tokens = tokens_of(sampled, tokens)
    joining = np.bincount(np.repeat(np.arange(len(sampled)), size), plan.joins[sampled_tokens], len(sampled))
    per_record = float(np.square(joining).mean() / 2) if len(sampled) else 0.0
    sampled = sampled[:: max(1, int(np.ceil(len(sampled) * per_record / MOST_KEYS)))]
    largest = int(plan.largest.max(initial=2))
    member, rule, keys = _blocks_of(sampled, tokens, plan, largest, workers)
    alone = np.bincount(plan.kind, tokens.token_count, minlength=len(plan.alone_rule)).astype(np.int64)
    has_alone = plan.alone_rule >= 0
    keys[plan.alone_rule[has_alone]] += alone[has_alone]
    place = np.full(tokens.n, -1, np.int64)
    place[sampled] = np.arange(len(sampled))
    start, block_start = _places(place, len(sampled), member)
    pair_with, max_finds = np.full(tokens.n, -1, np.int64), _most_finds(start, block_start, member)
    left, right, pair, of_rule, size = _finds(sampled, start, block_start, member, rule, group, pair_with, max_finds)
    return RuleFinds(left, right, pair, of_rule, size, keys, len(sampled))


def _blocks_of(
    wanted: np.ndarray, tokens: Tokens, plan: KeyPlan, largest: int, workers: Workers
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The blocks that the keys of some records make, and maybe a few others.

    Returns: members as in ``Blocks``, the rule at each, and (rules,) how many keys all records have of each rule.
    """
    parts = spans(tokens.n, workers.count)
    marked = np.zeros(1 << SLOT_BITS, np.uint8)
    want_keys(wanted, plan, marked)
    thread_counts = workers.map(lambda span: count_wanted(span[0], span[1], plan, marked.copy()), parts)
    slot_counts = thread_counts[0][1].copy()
    for _, more_counts in thread_counts[1:]:
        add_counts(slot_counts, more_counts)
    n_wanted = workers.map(lambda counts: keys_wanted(counts[1], slot_counts, largest), thread_counts)
    key, row = np.empty(sum(n_wanted), np.uint64), np.empty(sum(n_wanted), np.int32)
    ends = np.cumsum([0, *n_wanted])

    def write(part: int) -> None:
        first, last = parts[part]
        mine = slice(ends[part], ends[part + 1])
        write_wanted(first, last, plan, slot_counts, largest, key[mine], row[mine])

    workers.each(write)
    keys = np.sum([of_rule for of_rule, _ in thread_counts], axis=0)
    return *group_keys(key, row, wanted, tokens, plan), keys


@njit(cache=True, nogil=True)
def _places(place, sampled, member):
    """Where each sampled record stands: start of its places, and the places of the first members of its blocks."""
    start = np.zeros(sampled + 1, np.int64)
    for position in range(member.shape[0] - 1):
        nth = place[member[position] & (FIRST - 1)]
        if nth >= 0:
            start[nth + 1] += 1
    for nth in range(sampled):
        start[nth + 1] += start[nth]
    filled, block_start = start[:-1].copy(), np.empty(start[sampled], np.int64)
    first = 0
    for position in range(member.shape[0] - 1):
        if member[position] >= FIRST:
            first = position
        nth = place[member[position] & (FIRST - 1)]
        if nth >= 0:
            block_start[filled[nth]] = first
            filled[nth] += 1
    return start, block_start


@njit(cache=True, nogil=True)
def _most_finds(start, block_start, member):
    n_finds = 0
    for nth in range(start[-1]):
        position = block_start[nth] + 1
        while member[position] < FIRST:
            n_finds += 1
            position += 1
    return n_finds


@njit(cache=True, nogil=True)
def _finds(wanted, start, block_start, member, rule, group, pair_with, max_finds):
    """The columns of ``RuleFinds``; ``pair_with`` holds, of each other record, its last pair with a sampled one."""
    left, right, pair = np.empty(max_finds, np.int32), np.empty(max_finds, np.int32), np.empty(max_finds, np.int32)
    of_rule, of_size = np.empty(max_finds, np.uint16), np.empty(max_finds, np.uint8)
    n_pairs, n_finds = 0, 0
    for nth in range(wanted.shape[0]):
        row, first_pair = wanted[nth], n_pairs
        for position in range(start[nth], start[nth + 1]):
            first = block_start[position]
            last = first + 1
            while member[last] < FIRST:
                last += 1
            for place in range(first, last):
                fellow = member[place] & (FIRST - 1)
                if fellow == row or (group[row] >= 0 and group[row] == group[fellow]):
                    continue
                if pair_with[fellow] < first_pair:
                    pair_with[fellow] = n_pairs
                    left[n_pairs], right[n_pairs] = row, fellow
                    n_pairs += 1
                pair[n_finds], of_rule[n_finds], of_size[n_finds] = pair_with[fellow], rule[first], last - first
                n_finds += 1
    return (
        left[:n_pairs].copy(),
        right[:n_pairs].copy(),
        pair[:n_finds].copy(),
        of_rule[:n_finds].copy(),
        of_size[:n_finds].copy(),
    )
