"""Which records stand in blocks that came or went since an earlier table.

A pair of two records that stand as they did is a candidate in both tables, or in neither, unless a block that holds both has
grown too large, or come down to a size that counts, or a token of both has become so common that it is no longer a key by
itself. The records of such blocks have moved: their pairs with one another are decided anew.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit

from pipeline.engines.local.keys import RULE_BITS, KeyPlan
from pipeline.engines.local.some_blocks import dealt, shared_keys
from pipeline.engines.local.values import Tokens
from pipeline.engines.port import MOVED, NEW, STANDS

GONE = 3  # of the earlier table only


def mark_moved(
    tokens: Tokens, state: np.ndarray, then: KeyPlan, now: KeyPlan, pool: ThreadPoolExecutor, threads: int
) -> None:
    """Make of STANDS, in ``state``, MOVED where a record stands in a block that came or went.

    Args:
        tokens: of the records of both tables.
        state: (records,) NEW, STANDS or GONE.
        then: what of these tokens was a key among the records that stand or are gone.
        now: what is one among those that stand or are new.
        pool: threads.
        threads: how many.
    """
    is_moved = (then.alone != now.alone) | (then.joins != now.joins)
    moved = np.zeros(tokens.n, np.bool_)
    place = np.flatnonzero(is_moved[tokens.token]) if is_moved.any() else np.empty(0, np.int64)
    moved[np.searchsorted(tokens.token_start, place, side="right") - 1] = True
    touched = np.flatnonzero(state != STANDS)
    told = tokens.token_start, tokens.token, tokens.token_field
    both = KeyPlan(*told, *now[3:])._replace(joins=then.joins & now.joins)
    key, row = shared_keys(touched, tokens, both, pool, threads)
    _mark(*dealt(key, row), both.largest, RULE_BITS, state, moved)
    state[moved & (state == STANDS)] = MOVED


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
