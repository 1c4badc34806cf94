"""Candidate pairs without a list of pairs: which records share a rare token, or a rare pair of common tokens.

A token on 2 to ``cap`` records is a key by itself. A commoner one counts only together with a token of another field,
if at most ``cap`` occurrences share that pair. Keys are never written as strings nor joined: each pair of tokens is
hashed to a slot; the first pass counts the occurrences a slot, the second writes record numbers into the slots that
are worth it. Two keys that meet in a slot are told apart by eight more bits of their hash.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numba import njit, uint8, uint64

from pipeline.engines.local.kernel import inner
from pipeline.engines.local.values import Tokens

PARTS_BITS = 1
PARTS = 1 << PARTS_BITS  # the slots are split so that each thread owns a part: no locks, same result on any machine
FIRST = np.int32(1 << 30)  # marks the first record of a block
GROUP = 16  # slots that share one running total
MOST_TOKENS = 255  # of a record that make pairs; no record of people has as many


class Blocks(NamedTuple):
    """Blocks of one kind of key; each record knows its place in every block where somebody follows it."""

    member: np.ndarray
    """int32 record numbers, block after block; the first of a block has FIRST set"""
    check: np.ndarray
    """uint8 hash bits of the key that put the member there"""
    own_start: np.ndarray
    own: np.ndarray
    """places of record i in ``member``: own[own_start[i]:own_start[i + 1]]"""


def find_blocks(records: Tokens, cap: int, pool: ThreadPoolExecutor) -> tuple[Blocks, ...]:
    """All blocks of at most ``cap`` occurrences. Cost: two passes over the pairs of common tokens of each record."""
    count = records.token_count
    single = _single_blocks(records.n, records.token_start, records.token, count, (count > 1) & (count <= cap))
    is_common = (count > cap) & records.token_pairs
    bits = slot_bits(records.n)

    def part(number: int) -> Blocks:
        tokens = (records.token_start, records.token, records.token_field, is_common, records.token_key)
        slots = _count_slots(records.n, number, bits, *tokens)
        return Blocks(*_fill_slots(records.n, number, bits, cap, slots, *tokens))

    return (Blocks(*single), *pool.map(part, range(PARTS)))


def slot_bits(records: int) -> int:
    """Slots, as a power of two: sixty to a hundred and twenty a record."""
    return int(max(18, min(29, np.ceil(np.log2(max(records, 1) * 60)))))


@inner
def key_hash(a, b):
    """64-bit hash of an unordered pair of token keys (the finaliser of SplitMix64 over their sum)."""
    h = uint64(a) + uint64(b)
    h ^= h >> uint64(30)
    h *= uint64(0xBF58476D1CE4E5B9)
    h ^= h >> uint64(27)
    h *= uint64(0x94D049BB133111EB)
    h ^= h >> uint64(31)
    return h


@njit(cache=True, nogil=True)
def _single_blocks(n, token_start, token, count, is_rare):
    place = np.zeros(count.shape[0], np.int64)
    total = 0
    for t in range(count.shape[0]):
        place[t] = total
        if is_rare[t]:
            total += count[t]
    member = np.full(total + 1, FIRST, np.int32)
    filled = np.zeros(count.shape[0], np.int32)
    own_start = np.empty(n + 1, np.int64)
    own = np.empty(total, np.uint32)
    owned = 0
    for i in range(n):
        own_start[i] = owned
        for q in range(token_start[i], token_start[i + 1]):
            t = token[q]
            if is_rare[t]:
                at = place[t] + filled[t]
                member[at] = i if filled[t] else i | FIRST
                filled[t] += 1
                if filled[t] < count[t]:
                    own[owned] = at
                    owned += 1
    own_start[n] = owned
    return member, np.zeros(total + 1, np.uint8), own_start, own[:owned]


@inner
def _gather(i, token_start, token, token_field, is_common, token_key, keys, fields):
    """Keys and fields of the common tokens of record i; returns how many."""
    size = 0
    for x in range(token_start[i], token_start[i + 1]):
        if is_common[token[x]] and size < MOST_TOKENS:
            keys[size] = token_key[token[x]]
            fields[size] = token_field[x]
            size += 1
    return size


@njit(cache=True, nogil=True)
def _count_slots(n, part, bits, token_start, token, token_field, is_common, token_key):
    """Occurrences a slot, at most 255."""
    inner = bits - PARTS_BITS
    shift, low = uint64(64 - bits), uint64((1 << inner) - 1)
    slots = np.zeros(1 << inner, np.uint8)
    keys, fields = np.empty(MOST_TOKENS, np.uint64), np.empty(MOST_TOKENS, np.uint8)
    for i in range(n):
        size = _gather(i, token_start, token, token_field, is_common, token_key, keys, fields)
        for x in range(size):
            for y in range(x + 1, size):
                if fields[x] != fields[y]:
                    slot = key_hash(keys[x], keys[y]) >> shift
                    if slot >> uint64(inner) == uint64(part):
                        at = slot & low
                        if slots[at] < 255:
                            slots[at] += 1
    return slots


@njit(cache=True, nogil=True)
def _fill_slots(n, part, bits, cap, slots, token_start, token, token_field, is_common, token_key):
    inner = bits - PARTS_BITS
    shift, low = uint64(64 - bits), uint64((1 << inner) - 1)
    before = np.empty(slots.shape[0] // GROUP, np.int64)
    total, blocks = 0, 0
    for g in range(before.shape[0]):
        before[g] = total
        for at in range(g * GROUP, g * GROUP + GROUP):
            if 1 < slots[at] <= cap:
                total += slots[at]
                blocks += 1
            else:
                slots[at] = 0
    has_room = cap < 16  # then a byte holds how large a block is, and how much of it is filled
    filled = slots if has_room else np.zeros(slots.shape[0], np.uint8)
    up = uint8(4) if has_room else uint8(0)
    one, low_bits = uint8(1) << up, uint8(15) if has_room else uint8(255)
    member = np.full(total + 1, FIRST, np.int32)
    check = np.zeros(total + 1, np.uint8)
    own = np.empty(total - blocks, np.uint32)  # the last of a block owns nothing
    own_start = np.empty(n + 1, np.int64)
    keys, fields = np.empty(MOST_TOKENS, np.uint64), np.empty(MOST_TOKENS, np.uint8)
    owned = 0
    for i in range(n):
        own_start[i] = owned
        tokens = _gather(i, token_start, token, token_field, is_common, token_key, keys, fields)
        for x in range(tokens):
            for y in range(x + 1, tokens):
                if fields[x] != fields[y]:
                    h = key_hash(keys[x], keys[y])
                    slot = h >> shift
                    if slot >> uint64(inner) == uint64(part):
                        s = np.int64(slot & low)
                        size = slots[s] & low_bits
                        if size:
                            at = before[s // GROUP]
                            for z in range(s // GROUP * GROUP, s):
                                at += slots[z] & low_bits
                            place = filled[s] >> up
                            at += place
                            member[at] = i if place else i | FIRST
                            check[at] = h & uint64(255)
                            filled[s] += one
                            if place + 1 < size:
                                own[owned] = at
                                owned += 1
    own_start[n] = owned
    return member, check, own_start, own


@inner
def fellows(i, block, group, stamp, found, size):
    """Append the later fellows of record i in all its blocks that ``stamp`` does not know yet; returns the new size."""
    own_group = group[i]
    for z in range(block.own_start[i], block.own_start[i + 1]):
        at = block.own[z]
        check = block.check[at]
        at += 1
        while block.member[at] < FIRST:
            j = block.member[at]
            if block.check[at] == check and stamp[j] != i and j != i:
                stamp[j] = i
                if own_group < 0 or group[j] != own_group:
                    found[size] = j
                    size += 1
            at += 1
    return size
