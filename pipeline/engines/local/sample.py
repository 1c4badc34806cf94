"""All candidate pairs of some of the records, with every blocking rule that brings each, in a block of which size."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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
from pipeline.engines.local.some_blocks import grouped, tokens_of
from pipeline.engines.local.values import Tokens
from schemas.model import BlockingRule

MOST_KEYS = 1_500_000  # of the sampled records


class Finds(NamedTuple):
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
    pool: ThreadPoolExecutor,
    threads: int,
) -> Finds:
    """Candidate pairs of about so many records, evenly spread over the table.

    Args:
        tokens: of all records.
        rules: to be tried; their block sizes are the largest that are looked at.
        group: (records,) two records of one code are not compared, -1 is compared with all.
        records: wanted in the sample; fewer where they have very many keys.
        alone_up_to: tokens on more records than this are tried as parts of keys too.
        pool: threads.
        threads: how many.
    """
    plan = plan_keys(tokens, rules, alone_up_to)
    wanted = np.arange(0, tokens.n, max(1, -(-tokens.n // records)))
    size, own = tokens_of(wanted, tokens)
    joining = np.bincount(np.repeat(np.arange(len(wanted)), size), plan.joins[own], len(wanted))
    per_record = float(np.square(joining).mean() / 2) if len(wanted) else 0.0
    wanted = wanted[:: max(1, int(np.ceil(len(wanted) * per_record / MOST_KEYS)))]
    largest = int(plan.largest.max(initial=2))
    member, rule, keys = _blocks_of(wanted, tokens, plan, largest, pool, threads)
    alone = np.bincount(plan.kind, tokens.token_count, minlength=len(plan.alone_rule)).astype(np.int64)
    has_alone = plan.alone_rule >= 0
    keys[plan.alone_rule[has_alone]] += alone[has_alone]
    place = np.full(tokens.n, -1, np.int64)
    place[wanted] = np.arange(len(wanted))
    start, own = _places(place, len(wanted), member)
    left, right, pair, of_rule, size = _finds(
        wanted, start, own, member, rule, group, np.full(tokens.n, -1, np.int64), _most_finds(start, own, member)
    )
    return Finds(left, right, pair, of_rule, size, keys, len(wanted))


def _blocks_of(
    wanted: np.ndarray, tokens: Tokens, plan: KeyPlan, largest: int, pool: ThreadPoolExecutor, threads: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The blocks that the keys of some records make, and maybe a few others.

    Returns: members as in ``Blocks``, the rule at each, and (rules,) how many keys all records have of each rule.
    """
    own = spans(tokens.n, threads)
    marked = np.zeros(1 << SLOT_BITS, np.uint8)
    want_keys(wanted, plan, marked)
    counted = list(pool.map(lambda span: count_wanted(span[0], span[1], plan, marked.copy()), own))
    seen = counted[0][1].copy()
    for _, other in counted[1:]:
        add_counts(seen, other)
    size = list(pool.map(lambda found: keys_wanted(found[1], seen, largest), counted))
    key, row = np.empty(sum(size), np.uint64), np.empty(sum(size), np.int32)
    ends = np.cumsum([0, *size])

    def write(part: int) -> None:
        first, last = own[part]
        mine = slice(ends[part], ends[part + 1])
        write_wanted(first, last, plan, seen, largest, key[mine], row[mine])

    list(pool.map(write, range(threads)))
    keys = np.sum([of_rule for of_rule, _ in counted], axis=0)
    return *grouped(key, row, wanted, tokens, plan), keys


@njit(cache=True, nogil=True)
def _places(place, sampled, member):
    """Where each sampled record stands: start of its places, and the places of the first members of its blocks."""
    start = np.zeros(sampled + 1, np.int64)
    for at in range(member.shape[0] - 1):
        p = place[member[at] & (FIRST - 1)]
        if p >= 0:
            start[p + 1] += 1
    for p in range(sampled):
        start[p + 1] += start[p]
    filled, own = start[:-1].copy(), np.empty(start[sampled], np.int64)
    first = 0
    for at in range(member.shape[0] - 1):
        if member[at] >= FIRST:
            first = at
        p = place[member[at] & (FIRST - 1)]
        if p >= 0:
            own[filled[p]] = first
            filled[p] += 1
    return start, own


@njit(cache=True, nogil=True)
def _most_finds(start, own, member):
    total = 0
    for z in range(start[-1]):
        at = own[z] + 1
        while member[at] < FIRST:
            total += 1
            at += 1
    return total


@njit(cache=True, nogil=True)
def _finds(wanted, start, own, member, rule, group, known, most):
    left, right, pair = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most, np.int32)
    of_rule, of_size = np.empty(most, np.uint16), np.empty(most, np.uint8)
    pairs, finds = 0, 0
    for p in range(wanted.shape[0]):
        i, begins = wanted[p], pairs
        for z in range(start[p], start[p + 1]):
            first = own[z]
            last = first + 1
            while member[last] < FIRST:
                last += 1
            for at in range(first, last):
                j = member[at] & (FIRST - 1)
                if j == i or (group[i] >= 0 and group[i] == group[j]):
                    continue
                if known[j] < begins:
                    known[j] = pairs
                    left[pairs], right[pairs] = i, j
                    pairs += 1
                pair[finds], of_rule[finds], of_size[finds] = known[j], rule[first], last - first
                finds += 1
    return (
        left[:pairs].copy(),
        right[:pairs].copy(),
        pair[:finds].copy(),
        of_rule[:finds].copy(),
        of_size[:finds].copy(),
    )
