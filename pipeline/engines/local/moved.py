"""Which records stand in blocks that came or went since an earlier table.

A pair of two records that stand as they did is a candidate in both tables, or in neither, unless a block that holds both has
grown too large, or come down to a size that counts, or a token of both has become so common that it is no longer a key by
itself. The records of such blocks have moved: their pairs with one another are decided anew.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pipeline.engines.local.keys import RULE_BITS, KeyPlan
from pipeline.engines.local.some_blocks import deal_into_heaps, shared_keys
from pipeline.engines.local.values import Tokens
from pipeline.engines.local.workers import Workers
from pipeline.engines.port import MOVED, NEW, UNCHANGED

REMOVED = 3  # of the earlier table only


def mark_moved(tokens: Tokens, state: np.ndarray, earlier: KeyPlan, current: KeyPlan, workers: Workers) -> None:
    """Set UNCHANGED records in ``state`` to MOVED where they stand in a block that came or went.

    Args:
        tokens: of the records of both tables.
        state: (records,) NEW, UNCHANGED or REMOVED.
        earlier: which of these tokens were keys among the unchanged and the removed records.
        current: which are keys among the unchanged and the new records.
        workers: the threads that do it.
    """
    is_moved = (earlier.alone != current.alone) | (earlier.joins != current.joins)
    moved = np.zeros(tokens.n, np.bool_)
    positions = np.flatnonzero(is_moved[tokens.token]) if is_moved.any() else np.empty(0, np.int64)
    moved[np.searchsorted(tokens.token_start, positions, side="right") - 1] = True
    touched = np.flatnonzero(state != UNCHANGED)
    token_columns = tokens.token_start, tokens.token, tokens.token_field
    common = KeyPlan(*token_columns, *current[3:])._replace(joins=earlier.joins & current.joins)
    key, row = shared_keys(touched, tokens, common, workers)
    _mark(*deal_into_heaps(key, row), common.largest, RULE_BITS, state, moved)
    state[moved & (state == UNCHANGED)] = MOVED


@njit(cache=True, nogil=True)
def _mark(key, row, start, largest, rule_bits, state, moved):
    for heap in range(start.shape[0] - 1):
        first, last = start[heap], start[heap + 1]
        order = np.argsort(key[first:last], kind="mergesort")
        begin = 0
        while begin < last - first:
            unchanged, added, removed = 0, 0, 0
            key_here = key[first + order[begin]]
            end = begin
            while end < last - first and key[first + order[end]] == key_here:
                state_here = state[row[first + order[end]]]
                unchanged += state_here == UNCHANGED
                added += state_here == NEW
                removed += state_here == REMOVED
                end += 1
            max_block = largest[np.int64(key_here) & ((1 << rule_bits) - 1)]
            if unchanged > 1 and (unchanged + added <= max_block) != (unchanged + removed <= max_block):
                for position in range(begin, end):
                    moved[row[first + order[position]]] = True
            begin = end
