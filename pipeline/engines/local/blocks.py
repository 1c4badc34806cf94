"""Candidate pairs without a list of pairs: which records share a key of a blocking rule.

A token on few records is a key by itself where a rule says so. A commoner one counts only together with a token of
another field. Keys are never written as strings nor joined. Some of all keys at a time are deal_into_heaps, with the record
numbers, into small heaps by their leading bits and sorted there, so that sorting stays in the processor's cache; groups
that are worth it become blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
from numba import njit

from pipeline.engines.local.kernel import inner
from pipeline.engines.local.keys import RULE_BITS, KeyPlan, count_heaps, fill_heaps, plan_keys
from pipeline.engines.local.values import Tokens
from pipeline.engines.local.workers import Workers
from schemas.model import BlockingRule

FIRST = np.int32(1 << 30)  # marks the first record of a block
ROUND_KEYS = 12_000_000  # keys taken at a time: some 90 MB a thread; more where that would need too many rounds
MOST_ROUNDS = 16
Result = TypeVar("Result")
HEAPS_A_RECORD, MOST_HEAP_BITS = 2, 22


class Blocks(NamedTuple):
    """All blocks; each record knows its places in them."""

    member: np.ndarray
    """int32 record numbers, block after block, ascending in each; the first of a block has FIRST set"""
    place_start: np.ndarray
    place: np.ndarray
    """Places of record i in ``member`` where somebody follows it: place[place_start[i]:place_start[i + 1]]"""


def find_blocks(tokens: Tokens, rules: Sequence[BlockingRule], workers: Workers) -> Blocks:
    """All blocks of the rules. Cost: O(keys) with a pass over the records for each round; memory is that of the blocks."""
    plan, n = plan_keys(tokens, rules), tokens.n

    def block(key: np.ndarray, row: np.ndarray, start: np.ndarray, rule_bits: int) -> np.ndarray:
        return group_heaps(key, row, start, plan.largest, rule_bits)[0]

    heap_members = in_heaps(plan, n, block, workers)
    member = np.concatenate(
        [single_blocks(plan, tokens.token_count)[0], *heap_members, np.array([FIRST])], dtype=np.int32
    )
    return Blocks(member, *record_places(n, member, workers))


HeapWork = Callable[[np.ndarray, np.ndarray, np.ndarray, int], Result]
"""Works on keys and their records, where each heap of them begins (one more for the end), and the bits that tell the rule."""


def in_heaps(plan: KeyPlan, n: int, work: HeapWork[Result], workers: Workers) -> list[Result]:
    """Results of ``work`` on all keys of n records, some heaps at a time; equal keys are in one heap, and their records ascend."""
    bits, rule_bits = heap_bits(HEAPS_A_RECORD * n), len(plan.largest).bit_length()
    counts = workers.map(lambda span: count_heaps(span[0], span[1], plan, bits), spans(n, workers.count))
    start = np.concatenate([[0], np.cumsum(np.sum(counts, axis=0, dtype=np.int64))])

    def work_on_heaps(heaps: tuple[int, int]) -> Result:
        first, last = heaps
        n_keys = int(start[last] - start[first])
        keys, rows = np.empty(n_keys, np.uint32), np.empty(n_keys, np.int32)
        fill_heaps(first, last, n, plan, bits, rule_bits, start, keys, rows)
        return work(keys, rows, start[first : last + 1] - start[first], rule_bits)

    return workers.map(work_on_heaps, _rounds(start, workers.count))


def key_mask(n: int, rules: int) -> np.uint64:
    """The bits of a key by which ``in_heaps`` tells the keys of n records apart: an engine that groups keys otherwise cuts them so too."""
    lost = max(32 - heap_bits(HEAPS_A_RECORD * n) + rules.bit_length(), RULE_BITS)
    return np.uint64((1 << 64) - (1 << lost) + (1 << RULE_BITS) - 1)


def heap_bits(heaps: int) -> int:
    """Leading bits of a key that tell about so many heaps apart."""
    return min(max(1, heaps).bit_length(), MOST_HEAP_BITS)


def spans(n: int, parts: int) -> list[tuple[int, int]]:
    """Runs of rows, from first up to last, one for each thread."""
    return [(n * part // parts, n * (part + 1) // parts) for part in range(parts)]


def record_places(n: int, member: np.ndarray, workers: Workers) -> tuple[np.ndarray, np.ndarray]:
    """Where each record stands with somebody after it: start of its places, and the places."""
    parts = spans(n, workers.count)
    count = np.concatenate(workers.map(lambda span: _count_places(span[0], span[1], member), parts))
    start = np.concatenate([[0], np.cumsum(count)])
    place = np.empty(start[-1], np.uint32)
    workers.map(lambda span: _fill_places(span[0], span[1], member, start, place), parts)
    return start, place


def _rounds(start: np.ndarray, threads: int) -> list[tuple[int, int]]:
    """Runs of heaps, from first up to last, that are taken at a time; each run is a pass over all records."""
    n_keys = int(start[-1])
    rounds = threads * -(-max(1, min(MOST_ROUNDS, -(-n_keys // ROUND_KEYS))) // threads)
    bounds = np.searchsorted(start, np.linspace(0, n_keys, rounds + 1)[1:-1])
    return [(int(a), int(b)) for a, b in pairwise([0, *bounds, len(start) - 1])]


@njit(cache=True, nogil=True)
def group_heaps(key, row, start, largest, rule_bits):
    """Members and rules of the groups of equal keys that are neither alone nor too large; records ascend in each.

    Heap h stands at start[h]:start[h + 1]; the last bits of a key are its rule; what is kept moves to the front of the same arrays.
    """
    largest_heap = 0
    for heap in range(start.shape[0] - 1):
        largest_heap = max(largest_heap, start[heap + 1] - start[heap])
    spare_keys, spare_rows = np.empty(largest_heap, key.dtype), np.empty(largest_heap, np.int32)
    filled = 0
    for heap in range(start.shape[0] - 1):
        begin, heap_end = start[heap], start[heap + 1]
        _sort_heap(key, row, spare_keys, spare_rows, begin, heap_end)
        while begin < heap_end:
            end = begin + 1
            while end < heap_end and key[end] == key[begin]:
                end += 1
            rule = np.int64(key[begin]) & ((1 << rule_bits) - 1)
            if 1 < end - begin <= largest[rule]:
                for position in range(begin, end):
                    row[filled] = row[position] if position > begin else row[position] | FIRST
                    key[filled] = rule
                    filled += 1
            begin = end
    return row[:filled].copy(), key[:filled].astype(np.uint16)


@njit(cache=True, nogil=True)
def _sort_heap(keys, rows, spare_keys, spare_rows, first, last):
    """Sort keys[first:last], and rows with them, keeping the order of equal ones: runs of 16 by insertion, then merged."""
    for begin in range(first, last, 16):
        for left in range(begin + 1, min(begin + 16, last)):
            key, row, hole = keys[left], rows[left], left
            while hole > begin and keys[hole - 1] > key:
                keys[hole], rows[hole] = keys[hole - 1], rows[hole - 1]
                hole -= 1
            keys[hole], rows[hole] = key, row
    width = 16
    while width < last - first:
        for begin in range(first, last, 2 * width):
            middle, end = min(begin + width, last), min(begin + 2 * width, last)
            left, right = begin, middle
            for hole in range(begin - first, end - first):
                if left < middle and (right >= end or keys[left] <= keys[right]):
                    spare_keys[hole], spare_rows[hole] = keys[left], rows[left]
                    left += 1
                else:
                    spare_keys[hole], spare_rows[hole] = keys[right], rows[right]
                    right += 1
        for hole in range(last - first):
            keys[first + hole], rows[first + hole] = spare_keys[hole], spare_rows[hole]
        width *= 2


@njit(cache=True, nogil=True)
def single_blocks(plan, count):
    """Members and rules of the blocks of tokens that are keys by themselves."""
    block_start = np.zeros(count.shape[0], np.int64)
    n_members = 0
    for token in range(count.shape[0]):
        block_start[token] = n_members
        if plan.alone[token]:
            n_members += count[token]
    member, rule = np.empty(n_members, np.int32), np.empty(n_members, np.uint16)
    filled = np.zeros(count.shape[0], np.int32)
    for record in range(plan.start.shape[0] - 1):
        for position in range(plan.start[record], plan.start[record + 1]):
            token = plan.token[position]
            if plan.alone[token]:
                free = block_start[token] + filled[token]
                member[free] = record if filled[token] else record | FIRST
                rule[free] = plan.alone_rule[plan.kind[token]]
                filled[token] += 1
    return member, rule


@njit(cache=True, nogil=True)
def _count_places(first, last, member):
    count = np.zeros(last - first, np.int64)
    for place in range(member.shape[0] - 1):
        record = member[place] & (FIRST - 1)
        if first <= record < last and member[place + 1] < FIRST:
            count[record - first] += 1
    return count


@njit(cache=True, nogil=True)
def _fill_places(first, last, member, start, place):
    filled = start[first:last].copy()
    for position in range(member.shape[0] - 1):
        record = member[position] & (FIRST - 1)
        if first <= record < last and member[position + 1] < FIRST:
            place[filled[record - first]] = position
            filled[record - first] += 1


@inner
def fellows(row, blocks, group, stamp, near):
    """Write into ``near`` the later fellows of a record in all its blocks, each once; returns how many."""
    group_of_row, n_near = group[row], 0
    for position in range(blocks.place_start[row], blocks.place_start[row + 1]):
        place = np.int64(blocks.place[position]) + 1
        while blocks.member[place] < FIRST:
            fellow = blocks.member[place]
            if stamp[fellow] != row and fellow != row:
                stamp[fellow] = row
                if group_of_row < 0 or group[fellow] != group_of_row:
                    near[n_near] = fellow
                    n_near += 1
            place += 1
    return n_near
