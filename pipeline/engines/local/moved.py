"""Which records stand in blocks that came or went since an earlier table.

A pair of two records that stand as they did is a candidate in both tables, or in neither, unless a block that holds both has
grown too large, or come down to a size that counts, or a token of both has become so common that it is no longer a key by
itself. The records of such blocks have moved: their pairs with one another are decided anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numba import njit

from pipeline.engines.local.blocks import in_heaps
from pipeline.engines.local.keys import KeyPlan, plan_keys
from pipeline.engines.local.values import Tokens
from pipeline.engines.port import MOVED, NEW, STANDS
from schemas.model import BlockingRule

GONE = 3  # of the earlier table only


def states(
    tokens: Tokens, is_new: np.ndarray, rules: Sequence[BlockingRule], pool: ThreadPoolExecutor, threads: int
) -> np.ndarray:
    """(records,) STANDS, MOVED or NEW. Cost: O(keys), as to find the blocks.

    Args:
        tokens: of the records of the table, and behind them of those that are gone.
        is_new: (records,) of the table.
        rules: which keys there are, and the largest blocks.
        pool: threads.
        threads: how many.
    """
    state = np.full(tokens.n, GONE, np.uint8)
    state[: len(is_new)] = np.where(is_new, NEW, STANDS)
    own = np.repeat(state, np.diff(tokens.token_start))
    many = len(tokens.token_count)
    stands, new, gone = (np.bincount(tokens.token[own == kind], minlength=many) for kind in (STANDS, NEW, GONE))
    then, now = (plan_keys(replace(tokens, token_count=stands + more), rules) for more in (gone, new))
    is_moved = ((then.alone != now.alone) | (then.joins != now.joins)) & (stands > 1)
    moved = np.zeros(tokens.n, np.bool_)
    moved[np.repeat(np.arange(tokens.n), np.diff(tokens.token_start))[is_moved[tokens.token]]] = True
    _mark_moved(now._replace(joins=then.joins & now.joins), tokens.n, state, moved, pool, threads)
    state[moved & (state == STANDS)] = MOVED
    return state[: len(is_new)]


def of_first(tokens: Tokens, n: int) -> Tokens:
    """The tokens of the first n records."""
    last = tokens.token_start[n]
    count = np.bincount(tokens.token[:last], minlength=len(tokens.token_count)).astype(np.int32)
    return replace(
        tokens, n=n, token_start=tokens.token_start[: n + 1], token=tokens.token[:last],
        token_field=tokens.token_field[:last], token_count=count,
    )  # fmt: skip


def _mark_moved(
    plan: KeyPlan, n: int, state: np.ndarray, moved: np.ndarray, pool: ThreadPoolExecutor, threads: int
) -> None:
    """Mark the records of blocks that came or went, of keys that were keys then and are now."""

    def mark(key: np.ndarray, row: np.ndarray, start: np.ndarray, rule_bits: int) -> None:
        _mark(key, row, start, plan.largest, rule_bits, state, moved)

    in_heaps(plan, n, mark, pool, threads)


@njit(cache=True, nogil=True)
def _mark(key, row, start, largest, rule_bits, state, moved):
    for heap in range(start.shape[0] - 1):
        a, b = start[heap], start[heap + 1]
        order = np.argsort(key[a:b], kind="mergesort")
        x = 0
        while x < b - a:
            stands, new, gone = 0, 0, 0
            own = key[a + order[x]]
            y = x
            while y < b - a and key[a + order[y]] == own:
                kind = state[row[a + order[y]]]
                stands += kind == STANDS
                new += kind == NEW
                gone += kind == GONE
                y += 1
            most = largest[np.int64(own) & ((1 << rule_bits) - 1)]
            if stands > 1 and (stands + new <= most) != (stands + gone <= most):
                for z in range(x, y):
                    moved[row[a + order[z]]] = True
            x = y
