"""The blocking tokens of every record."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

import numpy as np

from pipeline.engines.local.columns import I32, Column, Vocabulary, rank_within
from pipeline.engines.tokens import Groups, domain, tokens_of
from schemas.model import Kind, Model

U8 = np.uint8


def record_tokens(
    n: int,
    model: Model,
    columns: Mapping[str, Column],
    vocabularies: Mapping[str, Vocabulary],
    names: tuple[np.ndarray, np.ndarray, np.ndarray],
    groups: Groups,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Tokens of every record, those of its aliases too, once each a field."""
    known: dict[str, int] = {}
    made: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    owners, tokens, fields = [], [], []
    for at, field in enumerate(model.blocking.fields):
        kind = model.comparison_of(field).kind
        name = domain(kind, field)
        if name not in made:
            made[name] = _value_tokens(name, kind, vocabularies[name].texts, known, groups)
        first, token = made[name]
        if name == "name":
            code = names[1] if kind == "forename" else names[2]
            owner = np.repeat(np.arange(n), np.diff(names[0]))[code >= 0]
            code = code[code >= 0]
        else:
            code, owner = columns[field].code, np.repeat(np.arange(n), np.diff(columns[field].start))
        size = np.diff(first)[code]
        owners.append(np.repeat(owner, size).astype(I32))
        tokens.append(token[np.repeat(first[:-1][code], size) + rank_within(size)])
        fields.append(np.full(len(tokens[-1]), at, U8))
    return _sorted_tokens(n, np.concatenate(owners), np.concatenate(tokens), np.concatenate(fields), len(known))


def _value_tokens(
    name: str, kind: Kind, texts: list[str], known: dict[str, int], groups: Groups
) -> tuple[np.ndarray, np.ndarray]:
    found = [[known.setdefault(f"{name}|{t}", len(known)) for t in tokens_of(kind, text, groups)] for text in texts]
    start = np.concatenate([[0], np.cumsum([len(own) for own in found])]).astype(np.int64)
    return start, np.fromiter(chain.from_iterable(found), I32, start[-1])


def _sorted_tokens(
    n: int, owner: np.ndarray, token: np.ndarray, field: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    key = (owner.astype(np.int64) << 36) | (field.astype(np.int64) << 31) | token
    del owner, token, field
    key = np.unique(key)
    owner = (key >> 36).astype(I32)
    token = (key & ((1 << 31) - 1)).astype(I32)
    field = ((key >> 31) & 31).astype(U8)
    start = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=n))]).astype(np.int64)
    return start, token, field, np.bincount(token, minlength=size).astype(I32)
