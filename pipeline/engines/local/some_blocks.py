"""The blocks of some of the records: nothing is dealt or sorted but keys that these have."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

from pipeline.engines.local.blocks import FIRST, group_heaps, heap_bits, single_blocks, spans
from pipeline.engines.local.columns import rank_within
from pipeline.engines.local.keys import RULE_BITS, SLOT_BITS, KeyPlan, want_keys, write_marked
from pipeline.engines.local.values import Tokens
from pipeline.engines.local.workers import Workers

SLOTS_A_RECORD = 512  # that is wanted, of the table that marks keys
HEAP = 8  # keys that are sorted together, on average


def blocks_of_some(wanted: np.ndarray, tokens: Tokens, plan: KeyPlan, workers: Workers) -> np.ndarray:
    """Members, as in ``Blocks``, of every block of the wanted records, and maybe of a few others."""
    key, row = shared_keys(wanted, tokens, plan, workers)
    return group_keys(key, row, wanted, tokens, plan)[0]


def shared_keys(wanted: np.ndarray, tokens: Tokens, plan: KeyPlan, workers: Workers) -> tuple[np.ndarray, np.ndarray]:
    """Keys of two tokens that one of the wanted records has, and maybe a few others; and who has each, records ascending."""
    plan = plan._replace(joins=plan.joins & tokens_among(wanted, tokens))
    marked = np.zeros(1 << min(SLOT_BITS, (SLOTS_A_RECORD * len(wanted)).bit_length()), np.bool_)
    want_keys(wanted, plan, marked)

    def write(span: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        room = 1000 + (span[1] - span[0])
        while True:
            key, row = np.empty(room, np.uint64), np.empty(room, np.int32)
            n_keys = write_marked(*span, plan, marked, key, row)
            if n_keys <= room:
                return key[:n_keys], row[:n_keys]
            room = n_keys

    parts = workers.map(write, spans(len(plan.start) - 1, workers.count))
    key, row = (np.concatenate(part) for part in zip(*parts, strict=True))
    return key, row


def group_keys(
    key: np.ndarray, row: np.ndarray, wanted: np.ndarray, tokens: Tokens, plan: KeyPlan
) -> tuple[np.ndarray, np.ndarray]:
    """Members, as in ``Blocks``, and the rule at each: of blocks of these keys, and of tokens of wanted records that are keys alone."""
    single = single_blocks(plan._replace(alone=plan.alone & tokens_among(wanted, tokens)), tokens.token_count)
    groups = [single, group_heaps(*deal_into_heaps(key, row), plan.largest, RULE_BITS)]
    members, rules = (np.concatenate(parts) for parts in zip(*groups, strict=True))
    return np.append(members, FIRST).astype(np.int32), np.append(rules, 0).astype(np.uint16)


def tokens_of(records: np.ndarray, tokens: Tokens) -> tuple[np.ndarray, np.ndarray]:
    """(records,) how many tokens each has, and the tokens of all, one behind the other."""
    size = tokens.token_start[records + 1] - tokens.token_start[records]
    return size, tokens.token[np.repeat(tokens.token_start[records], size) + rank_within(size)]


def tokens_among(records: np.ndarray, tokens: Tokens) -> np.ndarray:
    """(tokens,) whether one of these records has it."""
    is_among = np.zeros(len(tokens.token_key), np.bool_)
    is_among[tokens_of(records, tokens)[1]] = True
    return is_among


def deal_into_heaps(key: np.ndarray, row: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keys and rows dealt into small heaps by the leading bits of the keys, in their order, and where each heap begins."""
    return _deal(key, row, heap_bits(len(key) // HEAP))


@njit(cache=True, nogil=True)
def _deal(key, row, bits):
    shift, size = uint64(64 - bits), key.shape[0]
    start = np.zeros((1 << bits) + 1, np.int64)
    for nth in range(size):
        start[np.int64(key[nth] >> shift) + 1] += 1
    for heap in range(1, start.shape[0]):
        start[heap] += start[heap - 1]
    filled = start[:-1].copy()
    keys, rows = np.empty(size, np.uint64), np.empty(size, np.int32)
    for nth in range(size):
        heap = np.int64(key[nth] >> shift)
        keys[filled[heap]], rows[filled[heap]] = key[nth], row[nth]
        filled[heap] += 1
    return keys, rows, start
