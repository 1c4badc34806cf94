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
    for rule_number, rule in enumerate(rules):
        codes = [kinds[key] for key in rule.keys]
        if len(codes) == 1:
            alone_rule[codes[0]] = rule_number
        else:
            pair_rule[codes[0], codes[1]] = pair_rule[codes[1], codes[0]] = rule_number
    largest = np.array([rule.max_block for rule in rules], np.int64)
    limit = np.where(alone_rule >= 0, largest[alone_rule] if len(rules) else 0, 0)
    count, kind = tokens.token_count, tokens.token_kind
    alone = (count > 1) & (count <= limit[kind])
    above = limit if alone_up_to is None else np.minimum(limit, alone_up_to)
    joins = (count > np.maximum(above, 1)[kind]) & np.any(pair_rule >= 0, axis=1)[kind]
    token_columns = tokens.token_start, tokens.token, tokens.token_field, tokens.token_key
    return KeyPlan(*token_columns, alone, joins, kind, alone_rule, pair_rule, largest)


@inner
def _mix(bits):
    """The finaliser of SplitMix64: every bit depends on every bit."""
    bits ^= bits >> uint64(30)
    bits *= uint64(0xBF58476D1CE4E5B9)
    bits ^= bits >> uint64(27)
    bits *= uint64(0x94D049BB133111EB)
    bits ^= bits >> uint64(31)
    return bits


@inner
def key_hash(token_key, other_key):
    """64-bit hash of an unordered pair of token keys."""
    return _mix(uint64(token_key) + uint64(other_key))


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
    keys = np.empty(start.shape[0] - 1, np.uint64)
    for text in range(keys.shape[0]):
        bits = seed
        for byte_number in range(start[text], start[text + 1]):
            bits = (bits ^ uint64(data[byte_number])) * FNV_PRIME
        keys[text] = _mix(bits)
    return keys


@inner
def _gather(record, plan, tokens, fields):
    """Write the tokens of a record that join others, and their fields; returns how many."""
    n_tokens = 0
    for position in range(plan.start[record], plan.start[record + 1]):
        if plan.joins[plan.token[position]] and n_tokens < MOST_TOKENS:
            tokens[n_tokens], fields[n_tokens] = plan.token[position], plan.field[position]
            n_tokens += 1
    return n_tokens


@inner
def _make_buffers():
    """Empty arrays for the tokens of a record, their fields, and its keys."""
    most = MOST_TOKENS * (MOST_TOKENS - 1) // 2
    return np.empty(MOST_TOKENS, np.int32), np.empty(MOST_TOKENS, np.uint8), np.empty(most, np.uint64)


@inner
def _keys_of(record, plan, tokens, fields, keys):
    """Write the keys of a record, their last bits the rule; returns how many."""
    n_tokens, n_keys = _gather(record, plan, tokens, fields), 0
    for one in range(n_tokens):
        for another in range(one + 1, n_tokens):
            token, other_token = tokens[one], tokens[another]
            rule = plan.pair_rule[plan.kind[token], plan.kind[other_token]]
            if rule >= 0 and fields[one] != fields[another]:
                bits = key_hash(plan.key[token], plan.key[other_token])
                keys[n_keys] = (bits & ~uint64((1 << RULE_BITS) - 1)) | uint64(rule)
                n_keys += 1
    return n_keys


@inner
def _slot(key, slots):
    return (key >> uint64(RULE_BITS)) & uint64(slots.shape[0] - 1)


@inner
def _is_wanted(key, slot_counts, largest):
    """Whether the key is one of those looked for, and not of too many records."""
    return 3 <= slot_counts[_slot(key, slot_counts)] <= largest + 1


@njit(cache=True, nogil=True)
def count_heaps(first, last, plan, bits):
    """(heaps,) keys of the records first .. last by their leading bits."""
    size = np.zeros(1 << bits, np.int32)
    tokens, fields, keys = _make_buffers()
    for record in range(first, last):
        for nth in range(_keys_of(record, plan, tokens, fields, keys)):
            size[keys[nth] >> uint64(64 - bits)] += 1
    return size


@njit(cache=True, nogil=True)
def fill_heaps(first, last, n, plan, bits, rule_bits, start, key, row):
    """Deal the keys of all records that fall into the heaps first .. last, and who has them; records ascend in a heap.

    Heap h takes the places from start[h] - start[first] on. Of a key are kept the 32 bits that follow those of its heap,
    the last of them replaced by the rule.
    """
    without_rule = ~uint64((1 << rule_bits) - 1)
    filled = start[first:last] - start[first]
    tokens, fields, keys = _make_buffers()
    for record in range(n):
        for nth in range(_keys_of(record, plan, tokens, fields, keys)):
            heap = np.int64(keys[nth] >> uint64(64 - bits))
            if first <= heap < last:
                free = filled[heap - first]
                rule = keys[nth] & uint64((1 << RULE_BITS) - 1)
                key[free], row[free] = (((keys[nth] << uint64(bits)) >> uint64(32)) & without_rule) | rule, record
                filled[heap - first] += 1


@njit(cache=True, nogil=True)
def write_wanted(begin, end, plan, slot_counts, largest, key, row):
    """Write the keys of the records begin .. end that are looked for, and who has them; records ascend."""
    tokens, fields, keys = _make_buffers()
    filled = 0
    for record in range(begin, end):
        for nth in range(_keys_of(record, plan, tokens, fields, keys)):
            if _is_wanted(keys[nth], slot_counts, largest):
                key[filled], row[filled] = keys[nth], record
                filled += 1


@njit(cache=True, nogil=True)
def write_marked(begin, end, plan, marked, key, row):
    """Write the keys of the records begin .. end whose slots are marked, and who has them; returns how many there are."""
    tokens, fields, keys = _make_buffers()
    filled = 0
    for record in range(begin, end):
        for nth in range(_keys_of(record, plan, tokens, fields, keys)):
            if marked[_slot(keys[nth], marked)]:
                if filled < key.shape[0]:
                    key[filled], row[filled] = keys[nth], record
                filled += 1
    return filled


def every_key(n: int, plan: KeyPlan) -> tuple[np.ndarray, np.ndarray]:
    """The keys of two tokens of the records up to n, and who has each; records ascend."""
    n_keys = int(count_heaps(0, n, plan, 1).sum(dtype=np.int64))
    key, row = np.empty(n_keys, np.uint64), np.empty(n_keys, np.int32)
    write_marked(0, n, plan, np.ones(1, np.bool_), key, row)
    return key, row


@njit(cache=True, nogil=True)
def want_keys(wanted, plan, slots):
    """Mark the slots of all keys of these records."""
    tokens, fields, keys = _make_buffers()
    for record in wanted:
        for nth in range(_keys_of(record, plan, tokens, fields, keys)):
            slots[_slot(keys[nth], slots)] = 1


@njit(cache=True, nogil=True)
def count_wanted(first, last, plan, slot_counts):
    """Keys of the records first .. last of each rule, and ``slot_counts`` with those that fall into each marked slot added."""
    tokens, fields, keys = _make_buffers()
    of_rule = np.zeros(plan.largest.shape[0], np.int64)
    for record in range(first, last):
        for nth in range(_keys_of(record, plan, tokens, fields, keys)):
            of_rule[np.int64(keys[nth] & uint64((1 << RULE_BITS) - 1))] += 1
            slot = _slot(keys[nth], slot_counts)
            if 0 < slot_counts[slot] < 255:
                slot_counts[slot] += 1
    return of_rule, slot_counts


@njit(cache=True, nogil=True)
def add_counts(slot_counts, more_counts):
    """Add the counts of another thread, at most 255; a marked slot counts from 1 on."""
    for slot in range(slot_counts.shape[0]):
        if slot_counts[slot]:
            slot_counts[slot] = min(int(slot_counts[slot]) + int(more_counts[slot]) - 1, 255)


@njit(cache=True, nogil=True)
def keys_wanted(thread_counts, slot_counts, largest):
    """How many of the keys that one thread counted are looked for, by the counts of all threads."""
    total = 0
    for slot in range(slot_counts.shape[0]):
        if 3 <= slot_counts[slot] <= largest + 1:
            total += int(thread_counts[slot]) - 1
    return total
