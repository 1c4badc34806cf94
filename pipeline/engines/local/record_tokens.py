"""The blocking tokens of every record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numba import njit

from pipeline.engines.local.columns import I32, Column, Vocabulary
from pipeline.engines.local.names import MOST
from pipeline.engines.local.values import Tokens
from pipeline.engines.tokens import Groups, Token, check_rules, domain, token_key, token_kinds, tokens_of
from schemas.model import BlockingRule, Model


class _ValueTokens(NamedTuple):
    """Tokens of value v of one domain: token[start[v]:start[v + 1]]."""

    start: np.ndarray
    token: np.ndarray


def record_tokens(
    n: int,
    model: Model,
    columns: Mapping[str, Column],
    vocabularies: Mapping[str, Vocabulary],
    names: tuple[np.ndarray, np.ndarray, np.ndarray],
    groups: Groups,
    rules: Sequence[BlockingRule],
) -> Tokens:
    """Tokens of every record, its aliases' too, once each a field; only those that a rule may make a key of."""
    kinds = token_kinds(model)
    check_rules(rules, kinds)
    known: dict[str, dict[Token, int]] = {}
    made: dict[str, _ValueTokens] = {}
    sources = []
    for field in model.blocking.fields:
        kind = model.comparison_of(field).kind
        name = domain(kind, field)
        if name not in made:
            tokens_so_far = sum(map(len, known.values()))
            made[name] = _value_tokens(vocabularies[name], known.setdefault(name, {}), tokens_so_far, groups)
        if name == "name":
            start, code = names[0], names[1] if kind == "forename" else names[2]
        else:
            start, code = columns[field].start, columns[field].code
        sources.append((start, code, made[name]))
    kind_code = {kind: code for code, kind in enumerate(kinds)}
    token_kind = np.concatenate(
        [
            np.fromiter((kind_code[f"{name}.{word}"] for word, _ in own), np.uint8, len(own))
            for name, own in known.items()
        ]
    )
    count = _occurrences(len(token_kind), sources)
    is_useful = _useful(count, token_kind, kind_code, rules)
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
    named = (f"{name}.{word}:{text}" for name, own in known.items() for word, text in own)
    keys = np.fromiter(map(token_key, named), np.uint64, len(token_kind))
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


def _occurrences(tokens: int, sources: list[tuple[np.ndarray, np.ndarray, _ValueTokens]]) -> np.ndarray:
    """How often each token stands in a value of a record; no fewer than the records that have it."""
    count = np.zeros(tokens, np.int64)
    for _, code, of_value in sources:
        values = np.bincount(code[code >= 0], minlength=len(of_value.start) - 1)
        repeated = np.repeat(values, np.diff(of_value.start))
        count += np.bincount(of_value.token, weights=repeated, minlength=tokens).astype(np.int64)
    return count


def _value_tokens(vocabulary: Vocabulary, known: dict[Token, int], first: int, groups: Groups) -> _ValueTokens:
    """Tokens of a domain's values; ``known`` gets those that it has not met, numbered from ``first`` on."""
    kind, number = vocabulary.kind, known.setdefault
    found = [[number(token, first + len(known)) for token in tokens_of(kind, x, groups)] for x in vocabulary.code]
    start = np.concatenate([[0], np.cumsum([len(own) for own in found])]).astype(np.int64)
    return _ValueTokens(start, np.fromiter(chain.from_iterable(found), I32, start[-1]))


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
