"""The tokens of a table as tables that can be kept, and how those of the next table follow from them.

A token is told by its key of 64 bits: no text of a record is kept.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numba import njit

from pipeline.engines.local.columns import I32
from pipeline.engines.local.values import Tokens
from pipeline.engines.port import Before, Remembered

NOT_COUNTED = np.empty(0, I32)
RECORDS, OCCURRENCES, TOKENS = "token_records", "token_occurrences", "tokens"


def remembered(tokens: Tokens, group: pa.Array) -> Remembered:
    """Input: all tokens of a table, also those that no rule makes a key of; and what it says of the group of each record."""
    return {
        RECORDS: pa.table({"size": np.diff(tokens.token_start).astype(I32), "group": group}),
        OCCURRENCES: pa.table({"token": tokens.token, "field": tokens.token_field}),
        TOKENS: pa.table({"kind": tokens.token_kind, "key": tokens.token_key}),
    }


def recalled(kept: Remembered, kinds: tuple[str, ...]) -> Tokens:
    """The tokens that ``remembered`` was given."""
    size = kept[RECORDS].column("size").to_numpy()
    token, field = (kept[OCCURRENCES].column(name).to_numpy() for name in ("token", "field"))
    kind, key = (kept[TOKENS].column(name).to_numpy() for name in ("kind", "key"))
    start = np.concatenate([[0], np.cumsum(size)])
    return Tokens(len(size), start, token, field, NOT_COUNTED, kinds, kind, key)


class Union(NamedTuple):
    """The records of two tables in a row: new ones, those that stand, and those that are gone."""

    tokens: Tokens
    new: int
    """How many are"""
    row: np.ndarray
    """(those there now,) row number now"""
    source: np.ndarray
    """(all,) place in the earlier table; behind its end stand the new ones"""


def union_of(then: Tokens, before: Before, fresh: Tokens) -> Union:
    """Input: tokens of the earlier table; how the records differ; tokens of those that are new, in their order."""
    row_of, is_new = before.row_of, before.is_new
    is_standing = row_of >= 0
    is_standing[is_standing] = ~is_new[row_of[is_standing]]
    stands, gone = np.flatnonzero(is_standing), np.flatnonzero(~is_standing)
    place, key, kind = _places(then, fresh)
    source = np.concatenate([then.n + np.arange(fresh.n), stands, gone])
    size = np.concatenate([np.diff(then.token_start), np.diff(fresh.token_start)])
    begin = np.concatenate([then.token_start[:-1], fresh.token_start[:-1] + len(then.token)])
    told = then.token, then.token_field, place[fresh.token].astype(I32), fresh.token_field
    tokens = _gathered(replace(then, token_kind=kind, token_key=key), source, size, begin, told)
    return Union(tokens, fresh.n, np.concatenate([np.flatnonzero(is_new), row_of[stands]]), source)


def then_and_now(union: Union) -> tuple[Tokens, Tokens]:
    """Tokens of the records that were there then, and of those that are there now; each numbered from 0 on."""
    tokens, many = union.tokens, len(union.tokens.token_key)
    new, now, every = union.new, len(union.row), tokens.n
    bounds = tokens.token_start[[0, new, now, every]].tolist()
    fresh, stands, gone = (_count(tokens.token[first:last], many) for first, last in pairwise(bounds))
    return (
        replace(tokens, n=every - new, token_start=tokens.token_start[new:], token_count=stands + gone),
        replace(tokens, n=now, token_start=tokens.token_start[: now + 1], token_count=fresh + stands),
    )


def in_rows(union: Union) -> Tokens:
    """Tokens of the records that are there now, in the order of their row numbers."""
    start = union.tokens.token_start[: len(union.row) + 1]
    told = union.tokens.token, union.tokens.token_field, np.empty(0, I32), np.empty(0, np.uint8)
    return _gathered(union.tokens, np.argsort(union.row), np.diff(start), start[:-1], told)


def _places(then: Tokens, fresh: Tokens) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number of each fresh token among those of the earlier table and, behind them, the others; key and kind of all of these."""
    order = np.argsort(then.token_key)
    known = np.append(then.token_key[order], np.uint64(0))
    at = np.searchsorted(known[:-1], fresh.token_key)
    is_other = (at == len(order)) | (known[at] != fresh.token_key)
    place = np.append(order, 0)[at]
    place[is_other] = len(order) + np.arange(is_other.sum())
    key, kind = (
        np.concatenate([getattr(then, name), getattr(fresh, name)[is_other]]) for name in ("token_key", "token_kind")
    )
    return place, key, kind


def _gathered(
    tokens: Tokens, source: np.ndarray, size: np.ndarray, begin: np.ndarray, told: tuple[np.ndarray, ...]
) -> Tokens:
    """Tokens of the records ``source``: record s has size[s] of them, from begin[s] on in both pairs of arrays, one behind the other."""
    start = np.concatenate([[0], np.cumsum(size[source])])
    token, field = np.empty(start[-1], I32), np.empty(start[-1], np.uint8)
    _copy(source, begin, start, told, token, field)
    return replace(tokens, n=len(source), token_start=start, token=token, token_field=field, token_count=NOT_COUNTED)


def _count(token: np.ndarray, many: int) -> np.ndarray:
    return np.bincount(token, minlength=many).astype(I32)


@njit(cache=True, nogil=True)
def _copy(source, begin, start, told, to_token, to_field):
    token, field, more_token, more_field = told
    end = token.shape[0]
    for i in range(source.shape[0]):
        at = begin[source[i]]
        for to in range(start[i], start[i + 1]):
            if at < end:
                to_token[to], to_field[to] = token[at], field[at]
            else:
                to_token[to], to_field[to] = more_token[at - end], more_field[at - end]
            at += 1
