"""The blocking tokens of every record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numba import njit

from pipeline.core.numbers import distinct
from pipeline.engines.local.columns import I32, Column, Vocabulary
from pipeline.engines.local.keys import text_keys
from pipeline.engines.local.names import MOST
from pipeline.engines.local.values import Tokens
from pipeline.engines.tokens import Groups, check_rules, domain, token_kinds, tokens_of
from schemas.model import BlockingRule, Model

TOKEN_BITS = 32


class _DomainTokens(NamedTuple):
    """The tokens of the values of one domain."""

    start: np.ndarray
    token: np.ndarray
    """Tokens of value v: token[start[v]:start[v + 1]]"""
    kind: np.ndarray
    key: np.ndarray
    """(tokens,) of each different token: uint8 what kind it is of, and uint64 that stands for it in all data"""


def record_tokens(
    n: int,
    model: Model,
    columns: Mapping[str, Column],
    vocabularies: Mapping[str, Vocabulary],
    names: tuple[np.ndarray, np.ndarray, np.ndarray],
    groups: Groups,
    rules: Sequence[BlockingRule] | None,
) -> Tokens:
    """Tokens of every record, its aliases' too, once each a field; where there are rules, only those that one may make a key of."""
    kinds = token_kinds(model)
    check_rules(rules or (), kinds)
    kind_code = {kind: code for code, kind in enumerate(kinds)}
    made: dict[str, _DomainTokens] = {}
    sources = []
    for field in model.blocking.fields:
        kind = model.comparison_of(field).kind
        name = domain(kind, field)
        if name not in made:
            first = sum(len(own.kind) for own in made.values())
            made[name] = _domain_tokens(name, vocabularies[name], first, kind_code, groups)
        if name == "name":
            start, code = names[0], names[1] if kind == "forename" else names[2]
        else:
            start, code = columns[field].start, columns[field].code
        sources.append((start, code, made[name]))
    token_kind, keys = (
        np.concatenate(own) for own in zip(*((own.kind, own.key) for own in made.values()), strict=True)
    )
    is_useful = np.ones(len(token_kind), np.bool_)
    if rules is not None:
        is_useful = _useful(_occurrences(len(token_kind), sources), token_kind, kind_code, rules)
    size = np.zeros(n + 1, np.int64)
    for start, code, tokens in sources:
        size[1:] += _room(n, start, code, tokens.start, tokens.token, is_useful)
    room = np.cumsum(size)
    token, of_field = np.empty(room[-1], I32), np.empty(room[-1], np.uint8)
    filled = room[:-1].copy()
    for at, (start, code, tokens) in enumerate(sources):
        _append(n, at, start, code, tokens.start, tokens.token, is_useful, filled, token, of_field)
    start = _close_up(n, room, filled, token, of_field)
    token, of_field = token[: start[n]], of_field[: start[n]]
    count = np.bincount(token, minlength=len(token_kind)).astype(I32)
    return Tokens(n, start, token, of_field, count, kinds, token_kind, keys)


def _useful(
    count: np.ndarray, token_kind: np.ndarray, kind_code: Mapping[str, int], rules: Sequence[BlockingRule]
) -> np.ndarray:
    """(tokens,) whether a rule may make the token a key, or a part of one."""
    alone, joins = np.zeros(len(kind_code), np.int64), np.zeros(len(kind_code), np.bool_)
    for rule in rules:
        codes = [kind_code[key] for key in rule.keys]
        if len(codes) == 1:
            alone[codes] = rule.max_block
        else:
            joins[codes] = True
    # of one record's ways to be named all may repeat a token: it stands on more places than records
    return (count > 1) & (joins[token_kind] | (count <= MOST * alone[token_kind]))


def _occurrences(tokens: int, sources: list[tuple[np.ndarray, np.ndarray, _DomainTokens]]) -> np.ndarray:
    """How often each token stands in a value of a record; no fewer than the records that have it."""
    count = np.zeros(tokens, np.int64)
    for _, code, of_value in sources:
        values = np.bincount(code[code >= 0], minlength=len(of_value.start) - 1)
        repeated = np.repeat(values, np.diff(of_value.start))
        count += np.bincount(of_value.token, weights=repeated, minlength=tokens).astype(np.int64)
    return count


def _domain_tokens(
    name: str, vocabulary: Vocabulary, first: int, kind_code: Mapping[str, int], groups: Groups
) -> _DomainTokens:
    """Tokens of all values of a domain, numbered from ``first`` on."""
    values = vocabulary.texts.to_pylist()
    pairs, kinds, keys = [], [], []
    for own in tokens_of(vocabulary.kind, values, groups):
        coded = pa.array(own.text, pa.string()).dictionary_encode()
        pairs.append(np.asarray(own.value, np.int64) << TOKEN_BITS | coded.indices.to_numpy() + first)
        kinds.append(np.full(len(coded.dictionary), kind_code[f"{name}.{own.word}"], np.uint8))
        keys.append(text_keys(coded.dictionary, kind=f"{name}.{own.word}"))
        first += len(coded.dictionary)
    pair = distinct(np.concatenate(pairs))
    start = np.searchsorted(pair, np.arange(len(values) + 1) << TOKEN_BITS)
    return _DomainTokens(
        start, (pair & ((1 << TOKEN_BITS) - 1)).astype(I32), np.concatenate(kinds), np.concatenate(keys)
    )


@njit(cache=True, nogil=True)
def _room(n, start, code, token_start, value_token, is_useful):
    """Useful tokens of each record's values, repeats included."""
    size = np.zeros(n, np.int64)
    for i in range(n):
        for q in range(start[i], start[i + 1]):
            if code[q] >= 0:
                for z in range(token_start[code[q]], token_start[code[q] + 1]):
                    size[i] += is_useful[value_token[z]]
    return size


@njit(cache=True, nogil=True)
def _append(n, field, start, code, token_start, value_token, is_useful, filled, token, of_field):
    """Append the field's tokens to each record, in ascending order and without repeats."""
    for i in range(n):
        first = filled[i]
        for q in range(start[i], start[i + 1]):
            if code[q] < 0:
                continue
            for z in range(token_start[code[q]], token_start[code[q] + 1]):
                t = value_token[z]
                if not is_useful[t]:
                    continue
                at = filled[i]
                while at > first and token[at - 1] > t:
                    at -= 1
                if at > first and token[at - 1] == t:
                    continue
                for k in range(filled[i], at, -1):
                    token[k] = token[k - 1]
                token[at] = t
                of_field[filled[i]] = field
                filled[i] += 1


@njit(cache=True, nogil=True)
def _close_up(n, room, filled, token, of_field):
    """Move the records' tokens together, in place; returns where each record's begin."""
    start = np.empty(n + 1, np.int64)
    to = 0
    for i in range(n):
        start[i] = to
        for k in range(room[i], filled[i]):
            token[to] = token[k]
            of_field[to] = of_field[k]
            to += 1
    start[n] = to
    return start
