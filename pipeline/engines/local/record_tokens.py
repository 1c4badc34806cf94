"""The blocking tokens of every record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numba import njit

from pipeline.core.numbers import distinct
from pipeline.engines.local.coded import CodedTable
from pipeline.engines.local.columns import I32, Vocabulary
from pipeline.engines.local.keys import text_keys
from pipeline.engines.local.names import MOST_NAMINGS
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


class _FieldSource(NamedTuple):
    """Where the tokens of one blocking field come from."""

    start: np.ndarray
    code: np.ndarray
    """Values of record i: code[start[i]:start[i + 1]], -1 missing"""
    tokens: _DomainTokens
    """Those of the values"""


@dataclass(frozen=True, slots=True)
class TokenSources:
    """What the tokens of any records are made from; a token is a number, the same for all records."""

    fields: tuple[_FieldSource, ...]
    """(blocking fields,)"""
    kinds: tuple[str, ...]
    """Kinds of token, as ``tokens.token_kinds`` names them"""
    kind: np.ndarray
    key: np.ndarray
    """(tokens,) uint8 kind of each, and uint64 that stands for it in all data"""


def record_tokens(
    coded: CodedTable, n: int, model: Model, groups: Groups, rules: Sequence[BlockingRule] | None
) -> Tokens:
    """Tokens of every record, its aliases' too, once each a field; where there are rules, only those that one may make a key of."""
    check_rules(rules or (), token_kinds(model))
    sources = token_sources(coded, model, groups)
    is_useful = np.ones(len(sources.kind), np.bool_) if rules is None else _useful(sources, rules)
    return tokens_of_rows(0, n, sources, is_useful)


def token_sources(coded: CodedTable, model: Model, groups: Groups) -> TokenSources:
    """The tokens of all values, and who has these values."""
    kinds = token_kinds(model)
    domains = _tokens_by_domain(coded, model, {kind: code for code, kind in enumerate(kinds)}, groups)
    fields = tuple(_source(coded, model, field, domains) for field in model.blocking.fields)
    kind, key = (
        np.concatenate(parts) for parts in zip(*((tokens.kind, tokens.key) for tokens in domains.values()), strict=True)
    )
    return TokenSources(fields, kinds, kind, key)


def tokens_of_rows(first: int, last: int, sources: TokenSources, is_useful: np.ndarray) -> Tokens:
    """The useful tokens of the records first .. last, and how often these have each."""
    fields = [source._replace(start=source.start[first : last + 1]) for source in sources.fields]
    start, token, of_field = _gather(last - first, fields, is_useful)
    count = np.bincount(token, minlength=len(sources.kind)).astype(I32)
    return Tokens(last - first, start, token, of_field, count, sources.kinds, sources.kind, sources.key)


def _tokens_by_domain(
    coded: CodedTable, model: Model, kind_code: Mapping[str, int], groups: Groups
) -> dict[str, _DomainTokens]:
    """The tokens of each domain that gives keys, numbered through all domains."""
    domains: dict[str, _DomainTokens] = {}
    for field in model.blocking.fields:
        name = domain(model.comparison_of(field).kind, field)
        if name not in domains:
            first = sum(len(tokens.kind) for tokens in domains.values())
            domains[name] = _domain_tokens(name, coded.vocabularies[name], first, kind_code, groups)
    return domains


def _source(coded: CodedTable, model: Model, field: str, domains: Mapping[str, _DomainTokens]) -> _FieldSource:
    kind = model.comparison_of(field).kind
    name = domain(kind, field)
    if name == "name":
        start, forename, surname = coded.names
        return _FieldSource(start, forename if kind == "forename" else surname, domains[name])
    column = coded.columns[field]
    return _FieldSource(column.start, column.code, domains[name])


def _gather(
    n: int, sources: Sequence[_FieldSource], is_useful: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start of each record's useful tokens, the tokens, and the number of the field that has each."""
    size = np.zeros(n + 1, np.int64)
    for start, code, tokens in sources:
        size[1:] += _count_tokens(n, start, code, tokens.start, tokens.token, is_useful)
    room = np.cumsum(size)
    token, of_field = np.empty(room[-1], I32), np.empty(room[-1], np.uint8)
    filled = room[:-1].copy()
    for field_number, (start, code, tokens) in enumerate(sources):
        _append(n, field_number, start, code, tokens.start, tokens.token, is_useful, filled, token, of_field)
    start = _close_up(n, room, filled, token, of_field)
    return start, token[: start[n]], of_field[: start[n]]


def _useful(sources: TokenSources, rules: Sequence[BlockingRule]) -> np.ndarray:
    """(tokens,) whether a rule may make the token a key, or a part of one."""
    kind_code = {kind: code for code, kind in enumerate(sources.kinds)}
    alone, joins = np.zeros(len(kind_code), np.int64), np.zeros(len(kind_code), np.bool_)
    for rule in rules:
        codes = [kind_code[key] for key in rule.keys]
        if len(codes) == 1:
            alone[codes] = rule.max_block
        else:
            joins[codes] = True
    count = _occurrences(len(sources.kind), sources.fields)
    # of one record's ways to be named all may repeat a token: it stands on more places than records
    return (count > 1) & (joins[sources.kind] | (count <= MOST_NAMINGS * alone[sources.kind]))


def _occurrences(tokens: int, sources: Sequence[_FieldSource]) -> np.ndarray:
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
    for tokens in tokens_of(vocabulary.kind, values, groups):
        coded = pa.array(tokens.text, pa.string()).dictionary_encode()
        pairs.append(np.asarray(tokens.value, np.int64) << TOKEN_BITS | coded.indices.to_numpy() + first)
        kinds.append(np.full(len(coded.dictionary), kind_code[f"{name}.{tokens.word}"], np.uint8))
        keys.append(text_keys(coded.dictionary, kind=f"{name}.{tokens.word}"))
        first += len(coded.dictionary)
    pair = distinct(np.concatenate(pairs))
    start = np.searchsorted(pair, np.arange(len(values) + 1) << TOKEN_BITS)
    return _DomainTokens(
        start, (pair & ((1 << TOKEN_BITS) - 1)).astype(I32), np.concatenate(kinds), np.concatenate(keys)
    )


@njit(cache=True, nogil=True)
def _count_tokens(n, start, code, token_start, value_token, is_useful):
    """Useful tokens of each record's values, repeats included."""
    n_tokens = np.zeros(n, np.int64)
    for record in range(n):
        for position in range(start[record], start[record + 1]):
            if code[position] >= 0:
                for nth in range(token_start[code[position]], token_start[code[position] + 1]):
                    n_tokens[record] += is_useful[value_token[nth]]
    return n_tokens


@njit(cache=True, nogil=True)
def _append(n, field, start, code, token_start, value_token, is_useful, filled, token, of_field):
    """Append the field's tokens to each record, in ascending order and without repeats."""
    for record in range(n):
        first = filled[record]
        for position in range(start[record], start[record + 1]):
            if code[position] < 0:
                continue
            for nth in range(token_start[code[position]], token_start[code[position] + 1]):
                new_token = value_token[nth]
                if not is_useful[new_token]:
                    continue
                place = filled[record]
                while place > first and token[place - 1] > new_token:
                    place -= 1
                if place > first and token[place - 1] == new_token:
                    continue
                for shifted in range(filled[record], place, -1):
                    token[shifted] = token[shifted - 1]
                token[place] = new_token
                of_field[filled[record]] = field
                filled[record] += 1


@njit(cache=True, nogil=True)
def _close_up(n, room, filled, token, of_field):
    """Move the records' tokens together, in place; returns where each record's begin."""
    start = np.empty(n + 1, np.int64)
    end = 0
    for record in range(n):
        start[record] = end
        for position in range(room[record], filled[record]):
            token[end] = token[position]
            of_field[end] = of_field[position]
            end += 1
    start[n] = end
    return start
