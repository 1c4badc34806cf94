"""All candidate pairs of some of the records, with every blocking rule that brings each, in a block of which size."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numba import njit, uint64

from pipeline.engines.local.blocks import FIRST, group_heaps, heap_bits, single_blocks, spans
from pipeline.engines.local.keys import (
    RULE_BITS,
    SLOT_BITS,
    KeyPlan,
    add_counts,
    count_wanted,
    keys_wanted,
    plan_keys,
    want_keys,
    write_wanted,
)
from pipeline.engines.local.values import Tokens
from schemas.model import BlockingRule

MOST_KEYS = 1_500_000  # of the sampled records
HEAP = 8  # keys that are sorted together, on average


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
    joining = [int(plan.joins[own].sum()) for own in _tokens_of(wanted, tokens)]
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
    key, row, start = _dealt(key, row, heap_bits(len(key) // HEAP))
    of_sample = np.zeros(len(plan.alone), np.bool_)
    of_sample[np.concatenate([[], *_tokens_of(wanted, tokens)]).astype(np.int64)] = True
    single = single_blocks(plan._replace(alone=plan.alone & of_sample), tokens.token_count)
    found = [single, group_heaps(key, row, start, plan.largest, RULE_BITS)]
    members, rules = (np.concatenate(parts) for parts in zip(*found, strict=True))
    keys = np.sum([of_rule for of_rule, _ in counted], axis=0)
    return np.append(members, FIRST).astype(np.int32), np.append(rules, 0).astype(np.uint16), keys


def _tokens_of(records: np.ndarray, tokens: Tokens) -> list[np.ndarray]:
    return [tokens.token[tokens.token_start[at] : tokens.token_start[at + 1]] for at in records.tolist()]


@njit(cache=True, nogil=True)
def _dealt(key, row, bits):
    """Keys and rows dealt into heaps by the leading bits of the keys, in their order, and where each heap begins."""
    shift, size = uint64(64 - bits), key.shape[0]
    start = np.zeros((1 << bits) + 1, np.int64)
    for q in range(size):
        start[np.int64(key[q] >> shift) + 1] += 1
    for heap in range(1, start.shape[0]):
        start[heap] += start[heap - 1]
    filled = start[:-1].copy()
    keys, rows = np.empty(size, np.uint64), np.empty(size, np.int32)
    for q in range(size):
        heap = np.int64(key[q] >> shift)
        keys[filled[heap]], rows[filled[heap]] = key[q], row[q]
        filled[heap] += 1
    return keys, rows, start


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
