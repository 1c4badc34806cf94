"""Candidate pairs without a list of pairs: which records share a key of a blocking rule.

A token on few records is a key by itself where a rule says so. A commoner one counts only together with a token of
another field. Keys are never written as strings nor joined. Some of all keys at a time are dealt, with the record
numbers, into small heaps by their leading bits and sorted there, so that sorting stays in the processor's cache; groups
that are worth it become blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
from numba import njit

from pipeline.engines.local.kernel import inner
from pipeline.engines.local.keys import KeyPlan, count_heaps, fill_heaps, plan_keys
from pipeline.engines.local.values import Tokens
from schemas.model import BlockingRule

FIRST = np.int32(1 << 30)  # marks the first record of a block
ROUND_KEYS = 12_000_000  # taken at a time: some 90 MB a thread; more where that would need too many rounds
MOST_ROUNDS = 16
Result = TypeVar("Result")
HEAPS_A_RECORD, MOST_HEAP_BITS = 2, 22


class Blocks(NamedTuple):
    """All blocks; each record knows its places in them."""

    member: np.ndarray
    """int32 record numbers, block after block, ascending in each; the first of a block has FIRST set"""
    own_start: np.ndarray
    own: np.ndarray
    """places of record i in ``member`` where somebody follows it: own[own_start[i]:own_start[i + 1]]"""


def find_blocks(tokens: Tokens, rules: Sequence[BlockingRule], pool: ThreadPoolExecutor, threads: int) -> Blocks:
    """All blocks of the rules. Cost: O(keys) with a pass over the records for each round; memory is that of the blocks."""
    plan, n = plan_keys(tokens, rules), tokens.n

    def block(key: np.ndarray, row: np.ndarray, start: np.ndarray, rule_bits: int) -> np.ndarray:
        return group_heaps(key, row, start, plan.largest, rule_bits)[0]

    found = in_heaps(plan, n, block, pool, threads)
    member = np.concatenate([single_blocks(plan, tokens.token_count)[0], *found, np.array([FIRST])], dtype=np.int32)
    return Blocks(member, *owners(n, member, pool, threads))


HeapWork = Callable[[np.ndarray, np.ndarray, np.ndarray, int], Result]
"""Works on keys and their records, where each heap of them begins (one more for the end), and the bits that tell the rule."""


def in_heaps(plan: KeyPlan, n: int, work: HeapWork[Result], pool: ThreadPoolExecutor, threads: int) -> list[Result]:
    """Work on all keys of n records, some heaps at a time; equal keys are in one heap, and their records ascend."""
    bits, rule_bits = heap_bits(HEAPS_A_RECORD * n), len(plan.largest).bit_length()
    counted = pool.map(lambda own: count_heaps(own[0], own[1], plan, bits), spans(n, threads))
    start = np.concatenate([[0], np.cumsum(np.sum(list(counted), axis=0, dtype=np.int64))])

    def one(heaps: tuple[int, int]) -> Result:
        first, last = heaps
        many = int(start[last] - start[first])
        key, row = np.empty(many, np.uint32), np.empty(many, np.int32)
        fill_heaps(first, last, n, plan, bits, rule_bits, start, key, row)
        return work(key, row, start[first : last + 1] - start[first], rule_bits)

    return list(pool.map(one, _rounds(start, threads)))


def heap_bits(heaps: int) -> int:
    """Leading bits of a key that tell about so many heaps apart."""
    return min(max(1, heaps).bit_length(), MOST_HEAP_BITS)


def spans(n: int, parts: int) -> list[tuple[int, int]]:
    """Runs of rows, from first up to last, one for each thread."""
    return [(n * part // parts, n * (part + 1) // parts) for part in range(parts)]


def owners(n: int, member: np.ndarray, pool: ThreadPoolExecutor, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each record stands with somebody after it: start of its places, and the places."""
    own = spans(n, threads)
    count = np.concatenate(list(pool.map(lambda span: _count_places(span[0], span[1], member), own)))
    start = np.concatenate([[0], np.cumsum(count)])
    place = np.empty(start[-1], np.uint32)
    list(pool.map(lambda span: _fill_places(span[0], span[1], member, start, place), own))
    return start, place


def _rounds(start: np.ndarray, threads: int) -> list[tuple[int, int]]:
    """Runs of heaps, from first up to last, that are taken at a time; each run is a pass over all records."""
    many = int(start[-1])
    wanted = threads * -(-max(1, min(MOST_ROUNDS, -(-many // ROUND_KEYS))) // threads)
    bounds = np.searchsorted(start, np.linspace(0, many, wanted + 1)[1:-1])
    return [(int(a), int(b)) for a, b in pairwise([0, *bounds, len(start) - 1])]


@njit(cache=True, nogil=True)
def group_heaps(key, row, start, largest, rule_bits):
    """Members and rules of the groups of equal keys that are neither alone nor too large; records ascend in each.

    Heap h stands at start[h]:start[h + 1]; the last bits of a key are its rule; what is kept moves to the front of the same arrays.
    """
    room = 0
    for heap in range(start.shape[0] - 1):
        room = max(room, start[heap + 1] - start[heap])
    spare_keys, spare_rows = np.empty(room, key.dtype), np.empty(room, np.int32)
    total = 0
    for heap in range(start.shape[0] - 1):
        x, b = start[heap], start[heap + 1]
        _sort_heap(key, row, spare_keys, spare_rows, x, b)
        while x < b:
            y = x + 1
            while y < b and key[y] == key[x]:
                y += 1
            rule = np.int64(key[x]) & ((1 << rule_bits) - 1)
            if 1 < y - x <= largest[rule]:
                for z in range(x, y):
                    row[total] = row[z] if z > x else row[z] | FIRST
                    key[total] = rule
                    total += 1
            x = y
    return row[:total].copy(), key[:total].astype(np.uint16)


@njit(cache=True, nogil=True)
def _sort_heap(keys, rows, spare_keys, spare_rows, a, b):
    """Sort keys[a:b], and rows with them, keeping the order of equal ones: runs of 16 by insertion, then merged."""
    for begin in range(a, b, 16):
        for x in range(begin + 1, min(begin + 16, b)):
            k, r, z = keys[x], rows[x], x
            while z > begin and keys[z - 1] > k:
                keys[z], rows[z] = keys[z - 1], rows[z - 1]
                z -= 1
            keys[z], rows[z] = k, r
    width = 16
    while width < b - a:
        for begin in range(a, b, 2 * width):
            middle, end = min(begin + width, b), min(begin + 2 * width, b)
            x, y = begin, middle
            for z in range(begin - a, end - a):
                if x < middle and (y >= end or keys[x] <= keys[y]):
                    spare_keys[z], spare_rows[z] = keys[x], rows[x]
                    x += 1
                else:
                    spare_keys[z], spare_rows[z] = keys[y], rows[y]
                    y += 1
        for z in range(b - a):
            keys[a + z], rows[a + z] = spare_keys[z], spare_rows[z]
        width *= 2


@njit(cache=True, nogil=True)
def single_blocks(plan, count):
    """Members and rules of the blocks of tokens that are keys by themselves."""
    place = np.zeros(count.shape[0], np.int64)
    total = 0
    for t in range(count.shape[0]):
        place[t] = total
        if plan.alone[t]:
            total += count[t]
    member, rule = np.empty(total, np.int32), np.empty(total, np.uint16)
    filled = np.zeros(count.shape[0], np.int32)
    for i in range(plan.start.shape[0] - 1):
        for q in range(plan.start[i], plan.start[i + 1]):
            t = plan.token[q]
            if plan.alone[t]:
                at = place[t] + filled[t]
                member[at] = i if filled[t] else i | FIRST
                rule[at] = plan.alone_rule[plan.kind[t]]
                filled[t] += 1
    return member, rule


@njit(cache=True, nogil=True)
def _count_places(first, last, member):
    count = np.zeros(last - first, np.int64)
    for at in range(member.shape[0] - 1):
        i = member[at] & (FIRST - 1)
        if first <= i < last and member[at + 1] < FIRST:
            count[i - first] += 1
    return count


@njit(cache=True, nogil=True)
def _fill_places(first, last, member, start, place):
    filled = start[first:last].copy()
    for at in range(member.shape[0] - 1):
        i = member[at] & (FIRST - 1)
        if first <= i < last and member[at + 1] < FIRST:
            place[filled[i - first]] = at
            filled[i - first] += 1


@inner
def fellows(i, blocks, group, stamp, found):
    """Write the later fellows of record i in all its blocks, each once; returns how many."""
    own_group, size = group[i], 0
    for z in range(blocks.own_start[i], blocks.own_start[i + 1]):
        at = np.int64(blocks.own[z]) + 1
        while blocks.member[at] < FIRST:
            j = blocks.member[at]
            if stamp[j] != i and j != i:
                stamp[j] = i
                if own_group < 0 or group[j] != own_group:
                    found[size] = j
                    size += 1
            at += 1
    return size
