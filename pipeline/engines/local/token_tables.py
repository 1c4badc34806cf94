"""The tokens of a table as tables that can be kept, and how those of the next table follow from them.

A token is kept as its key of 64 bits: no text of a record is kept.
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
from pipeline.engines.port import EarlierTable, EngineMemory

NOT_COUNTED = np.empty(0, I32)
RECORDS, OCCURRENCES, TOKENS = "token_records", "token_occurrences", "tokens"


def token_tables(tokens: Tokens, group: pa.Array) -> EngineMemory:
    """Input: all tokens of a table, also those that no rule makes a key of; and what it says of the group of each record."""
    return {
        RECORDS: pa.table({"size": np.diff(tokens.token_start).astype(I32), "group": group}),
        OCCURRENCES: pa.table({"token": tokens.token, "field": tokens.token_field}),
        TOKENS: pa.table({"kind": tokens.token_kind, "key": tokens.token_key}),
    }


def tokens_of_tables(tables: EngineMemory, kinds: tuple[str, ...]) -> Tokens:
    """The tokens that ``token_tables`` was given."""
    size = tables[RECORDS].column("size").to_numpy()
    token, field = (tables[OCCURRENCES].column(name).to_numpy() for name in ("token", "field"))
    kind, key = (tables[TOKENS].column(name).to_numpy() for name in ("kind", "key"))
    start = np.concatenate([[0], np.cumsum(size)])
    return Tokens(len(size), start, token, field, NOT_COUNTED, kinds, kind, key)


class BothTables(NamedTuple):
    """The records of two tables in a row: new ones, unchanged ones, and those that are gone."""

    tokens: Tokens
    n_new: int
    row: np.ndarray
    """(current records,) row number in the current table"""
    source: np.ndarray
    """(all,) row number in the earlier table; behind its end stand the new ones"""


def both_tables(earlier: Tokens, difference: EarlierTable, fresh: Tokens) -> BothTables:
    """Input: tokens of the earlier table; how the records differ; tokens of those that are new, in their order."""
    row_of, is_new = difference.row_of, difference.is_new
    is_unchanged = row_of >= 0
    is_unchanged[is_unchanged] = ~is_new[row_of[is_unchanged]]
    unchanged, removed = np.flatnonzero(is_unchanged), np.flatnonzero(~is_unchanged)
    number_of, key, kind = _number_tokens(earlier, fresh)
    source = np.concatenate([earlier.n + np.arange(fresh.n), unchanged, removed])
    size = np.concatenate([np.diff(earlier.token_start), np.diff(fresh.token_start)])
    begin = np.concatenate([earlier.token_start[:-1], fresh.token_start[:-1] + len(earlier.token)])
    token_columns = earlier.token, earlier.token_field, number_of[fresh.token].astype(I32), fresh.token_field
    tokens = _gather(replace(earlier, token_kind=kind, token_key=key), source, size, begin, token_columns)
    return BothTables(tokens, fresh.n, np.concatenate([np.flatnonzero(is_new), row_of[unchanged]]), source)


def earlier_and_current(both: BothTables) -> tuple[Tokens, Tokens]:
    """Tokens of the earlier table's records, and of those of the current one; the records of each numbered from 0 on."""
    tokens, n_tokens = both.tokens, len(both.tokens.token_key)
    n_new, n_current, n_all = both.n_new, len(both.row), tokens.n
    bounds = tokens.token_start[[0, n_new, n_current, n_all]].tolist()
    added, unchanged, removed = (_count(tokens.token[first:last], n_tokens) for first, last in pairwise(bounds))
    return (
        replace(tokens, n=n_all - n_new, token_start=tokens.token_start[n_new:], token_count=unchanged + removed),
        replace(tokens, n=n_current, token_start=tokens.token_start[: n_current + 1], token_count=added + unchanged),
    )


def current_tokens(both: BothTables) -> Tokens:
    """Tokens of the current table's records, in the order of their row numbers."""
    start = both.tokens.token_start[: len(both.row) + 1]
    token_columns = both.tokens.token, both.tokens.token_field, np.empty(0, I32), np.empty(0, np.uint8)
    return _gather(both.tokens, np.argsort(both.row), np.diff(start), start[:-1], token_columns)


def _number_tokens(earlier: Tokens, fresh: Tokens) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number of each fresh token: the earlier table's where it has the token, else the next free one; then key and kind of all tokens."""
    order = np.argsort(earlier.token_key)
    known_keys = np.append(earlier.token_key[order], np.uint64(0))
    position = np.searchsorted(known_keys[:-1], fresh.token_key)
    is_unknown = (position == len(order)) | (known_keys[position] != fresh.token_key)
    number = np.append(order, 0)[position]
    number[is_unknown] = len(order) + np.arange(is_unknown.sum())
    key, kind = (
        np.concatenate([getattr(earlier, name), getattr(fresh, name)[is_unknown]])
        for name in ("token_key", "token_kind")
    )
    return number, key, kind


def _gather(
    tokens: Tokens, sources: np.ndarray, size: np.ndarray, begin: np.ndarray, token_columns: tuple[np.ndarray, ...]
) -> Tokens:
    """Tokens of the records ``sources``: record s has size[s] of them, from begin[s] on in both pairs of arrays, one behind the other."""
    start = np.concatenate([[0], np.cumsum(size[sources])])
    token, field = np.empty(start[-1], I32), np.empty(start[-1], np.uint8)
    _copy(sources, begin, start, token_columns, token, field)
    return replace(tokens, n=len(sources), token_start=start, token=token, token_field=field, token_count=NOT_COUNTED)


def _count(token: np.ndarray, n_tokens: int) -> np.ndarray:
    return np.bincount(token, minlength=n_tokens).astype(I32)


@njit(cache=True, nogil=True)
def _copy(sources, begin, start, token_columns, to_token, to_field):
    token, field, more_token, more_field = token_columns
    end = token.shape[0]
    for record in range(sources.shape[0]):
        position = begin[sources[record]]
        for place in range(start[record], start[record + 1]):
            if position < end:
                to_token[place], to_field[place] = token[position], field[position]
            else:
                to_token[place], to_field[place] = more_token[position - end], more_field[position - end]
            position += 1
