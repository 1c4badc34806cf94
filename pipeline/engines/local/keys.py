"""The keys of records: hashes of tokens that a blocking rule makes a key together.

Keys are never kept: they are made again from the tokens whenever they are needed, which takes less than to remember them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numba import njit, uint64

from pipeline.engines.local.kernel import inner
from pipeline.engines.local.values import Tokens
from schemas.model import BlockingRule

MOST_TOKENS = 255  # of a record that make pairs; no record of people has as many
RULE_BITS = 16  # the last bits of a key say which rule it is of
SLOT_BITS = 23  # of the table that counts some records' keys
FNV_PRIME = np.uint64(0x100000001B3)


class KeyPlan(NamedTuple):
    """The tokens of all records, and what of them is a key, as kernels read them."""

    start: np.ndarray
    token: np.ndarray
    field: np.ndarray
    """Tokens of record i and the fields that have them: token[start[i]:start[i + 1]]"""
    key: np.ndarray
    """(tokens,) uint64 that stands for the token in all data"""

    alone: np.ndarray
    """(tokens,) bool: a key by itself"""
    joins: np.ndarray
    """(tokens,) bool: part of a key together with a token of another field"""
    kind: np.ndarray
    """(tokens,) uint8"""
    alone_rule: np.ndarray
    """(kinds,) rule that makes tokens of the kind keys by themselves, -1 none"""
    pair_rule: np.ndarray
    """(kinds, kinds) rule of a key of two kinds, -1 none"""
    largest: np.ndarray
    """(rules,) largest block"""


def plan_keys(tokens: Tokens, rules: Sequence[BlockingRule], alone_up_to: int | None = None) -> KeyPlan:
    """Which tokens are keys alone, and which together; ``alone_up_to`` lets tokens join from a smaller count on.

    With ``alone_up_to`` a token may be both, so that a sample shows what each way would bring.
    """
    kinds = {kind: code for code, kind in enumerate(tokens.kinds)}
    alone_rule = np.full(len(kinds), -1, np.int64)
    pair_rule = np.full((len(kinds), len(kinds)), -1, np.int64)
    for at, rule in enumerate(rules):
        codes = [kinds[key] for key in rule.keys]
        if len(codes) == 1:
            alone_rule[codes[0]] = at
        else:
            pair_rule[codes[0], codes[1]] = pair_rule[codes[1], codes[0]] = at
    largest = np.array([rule.max_block for rule in rules], np.int64)
    limit = np.where(alone_rule >= 0, largest[alone_rule] if len(rules) else 0, 0)
    count, kind = tokens.token_count, tokens.token_kind
    alone = (count > 1) & (count <= limit[kind])
    above = limit if alone_up_to is None else np.minimum(limit, alone_up_to)
    joins = (count > np.maximum(above, 1)[kind]) & np.any(pair_rule >= 0, axis=1)[kind]
    told = tokens.token_start, tokens.token, tokens.token_field, tokens.token_key
    return KeyPlan(*told, alone, joins, kind, alone_rule, pair_rule, largest)


@inner
def _mixed(h):
    """The finaliser of SplitMix64: every bit depends on every bit."""
    h ^= h >> uint64(30)
    h *= uint64(0xBF58476D1CE4E5B9)
    h ^= h >> uint64(27)
    h *= uint64(0x94D049BB133111EB)
    h ^= h >> uint64(31)
    return h


@inner
def key_hash(a, b):
    """64-bit hash of an unordered pair of token keys."""
    return _mixed(uint64(a) + uint64(b))


def text_keys(texts: pa.Array, kind: str) -> np.ndarray:
    """(texts,) uint64 that stands for a token of a kind whatever the data, its order or the machine."""
    if not len(texts):
        return np.empty(0, np.uint64)
    _, offsets, data = texts.buffers()
    start = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return _text_keys(start, np.frombuffer(data or b"", np.uint8), np.frombuffer(kind.encode(), np.uint8))


@njit(cache=True, nogil=True)
def _text_keys(start, data, kind):
    """64-bit FNV-1a (Fowler, Noll and Vo) of the kind and of each text, its bits mixed."""
    seed = uint64(0xCBF29CE484222325)
    for byte in kind:
        seed = (seed ^ uint64(byte)) * FNV_PRIME
    out = np.empty(start.shape[0] - 1, np.uint64)
    for at in range(out.shape[0]):
        h = seed
        for q in range(start[at], start[at + 1]):
            h = (h ^ uint64(data[q])) * FNV_PRIME
        out[at] = _mixed(h)
    return out


@inner
def _gather(i, plan, tokens, fields):
    """Tokens of record i that join others, and their fields; returns how many."""
    size = 0
    for x in range(plan.start[i], plan.start[i + 1]):
        if plan.joins[plan.token[x]] and size < MOST_TOKENS:
            tokens[size], fields[size] = plan.token[x], plan.field[x]
            size += 1
    return size


@inner
def _room():
    """Room for the tokens of a record, their fields, and its keys."""
    most = MOST_TOKENS * (MOST_TOKENS - 1) // 2
    return np.empty(MOST_TOKENS, np.int32), np.empty(MOST_TOKENS, np.uint8), np.empty(most, np.uint64)


@inner
def _keys_of(i, plan, tokens, fields, keys):
    """Keys of record i, their last bits the rule; returns how many."""
    many, size = _gather(i, plan, tokens, fields), 0
    for x in range(many):
        for y in range(x + 1, many):
            a, b = tokens[x], tokens[y]
            rule = plan.pair_rule[plan.kind[a], plan.kind[b]]
            if rule >= 0 and fields[x] != fields[y]:
                h = key_hash(plan.key[a], plan.key[b])
                keys[size] = (h & ~uint64((1 << RULE_BITS) - 1)) | uint64(rule)
                size += 1
    return size


@inner
def _slot(key, seen):
    return (key >> uint64(RULE_BITS)) & uint64(seen.shape[0] - 1)


@inner
def _is_wanted(key, seen, largest):
    """Whether the key is one of those looked for, and not of too many records."""
    return 3 <= seen[_slot(key, seen)] <= largest + 1


@njit(cache=True, nogil=True)
def count_heaps(first, last, plan, bits):
    """(heaps,) keys of the records first .. last by their leading bits."""
    size = np.zeros(1 << bits, np.int32)
    tokens, fields, keys = _room()
    for i in range(first, last):
        for q in range(_keys_of(i, plan, tokens, fields, keys)):
            size[keys[q] >> uint64(64 - bits)] += 1
    return size


@njit(cache=True, nogil=True)
def fill_heaps(first, last, n, plan, bits, rule_bits, start, key, row):
    """Deal the keys of all records that fall into the heaps first .. last, and who has them; records ascend in a heap.

    Heap h takes the places from start[h] - start[first] on. Of a key are kept the 32 bits that follow those of its heap,
    the last of them replaced by the rule.
    """
    without_rule = ~uint64((1 << rule_bits) - 1)
    filled = start[first:last] - start[first]
    tokens, fields, keys = _room()
    for i in range(n):
        for q in range(_keys_of(i, plan, tokens, fields, keys)):
            heap = np.int64(keys[q] >> uint64(64 - bits))
            if first <= heap < last:
                at = filled[heap - first]
                rule = keys[q] & uint64((1 << RULE_BITS) - 1)
                key[at], row[at] = (((keys[q] << uint64(bits)) >> uint64(32)) & without_rule) | rule, i
                filled[heap - first] += 1


@njit(cache=True, nogil=True)
def write_wanted(begin, end, plan, seen, largest, key, row):
    """Write the keys of the records begin .. end that are looked for, and who has them; records ascend."""
    tokens, fields, keys = _room()
    at = 0
    for i in range(begin, end):
        for q in range(_keys_of(i, plan, tokens, fields, keys)):
            if _is_wanted(keys[q], seen, largest):
                key[at], row[at] = keys[q], i
                at += 1


@njit(cache=True, nogil=True)
def write_marked(begin, end, plan, marked, key, row):
    """Write the keys of the records begin .. end whose slots are marked, and who has them; returns how many there are."""
    tokens, fields, keys = _room()
    at = 0
    for i in range(begin, end):
        for q in range(_keys_of(i, plan, tokens, fields, keys)):
            if marked[_slot(keys[q], marked)]:
                if at < key.shape[0]:
                    key[at], row[at] = keys[q], i
                at += 1
    return at


@njit(cache=True, nogil=True)
def want_keys(wanted, plan, seen):
    """Mark the slots of all keys of these records."""
    tokens, fields, keys = _room()
    for i in wanted:
        for q in range(_keys_of(i, plan, tokens, fields, keys)):
            seen[_slot(keys[q], seen)] = 1


@njit(cache=True, nogil=True)
def count_wanted(first, last, plan, seen):
    """Keys of the records first .. last of each rule, and ``seen`` with those that fall into each marked slot added."""
    tokens, fields, keys = _room()
    of_rule = np.zeros(plan.largest.shape[0], np.int64)
    for i in range(first, last):
        for q in range(_keys_of(i, plan, tokens, fields, keys)):
            of_rule[np.int64(keys[q] & uint64((1 << RULE_BITS) - 1))] += 1
            slot = _slot(keys[q], seen)
            if 0 < seen[slot] < 255:
                seen[slot] += 1
    return of_rule, seen


@njit(cache=True, nogil=True)
def add_counts(seen, other):
    """Add the counts of another thread, at most 255; a marked slot counts from 1 on."""
    for slot in range(seen.shape[0]):
        if seen[slot]:
            seen[slot] = min(int(seen[slot]) + int(other[slot]) - 1, 255)


@njit(cache=True, nogil=True)
def keys_wanted(own, seen, largest):
    """How many of the keys that one thread counted are looked for, by the counts of all threads."""
    total = 0
    for slot in range(seen.shape[0]):
        if 3 <= seen[slot] <= largest + 1:
            total += int(own[slot]) - 1
    return total
