"""Records as integer codes: every distinct value once, with all that comparisons and keys need to know of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.engines.frequency import Frequencies, frequencies
from pipeline.engines.birth import birth_days
from pipeline.engines.local.names import alternatives
from pipeline.engines.tokens import Groups, domain, tokens_of
from schemas.model import LEVELS, Kind, Model

WIDTH = 24  # bytes of a value that comparisons look at
GROUPS = 4  # nickname and variant groups of a name that comparisons look at
I32, U8, U32 = np.int32, np.uint8, np.uint32
KIND_CODE: dict[str, int] = {kind: code for code, kind in enumerate(LEVELS)}
TEXT_KINDS = ("forename", "surname", "postcode", "phone", "identifier")


class Values(NamedTuple):
    """What kernels know of each distinct value; row = value code."""

    text: np.ndarray
    """(values, WIDTH) uint8, ASCII, zero-padded"""
    length: np.ndarray
    mask: np.ndarray
    """uint32, one bit a letter that occurs"""
    packed: np.ndarray
    """uint32, a date as eight decimal digits, four bits each"""
    part1: np.ndarray
    part2: np.ndarray
    part3: np.ndarray
    """int32 codes of coarser parts: postcode sector, district, area; e-mail local part; ethnicity group"""
    group: np.ndarray
    """(values, GROUPS) int32, nickname and variant groups of a name, -1 none"""
    is_established: np.ndarray
    """bool, a name so common in the data that it is no mistyping of another"""
    word_start: np.ndarray
    word: np.ndarray
    """words of value v: word[word_start[v]:word_start[v + 1]], sorted"""
    rarity: np.ndarray
    rarity_start: np.ndarray
    """frequency bin of value v in comparison c: rarity[rarity_start[c] + v]"""


class Records(NamedTuple):
    """Which values a record has: of field f, value[start[i * fields + f]:start[i * fields + f + 1]]."""

    start: np.ndarray
    value: np.ndarray
    name_start: np.ndarray
    """The record's ways of being named: forename[k], surname[k] for k in name_start[i]:name_start[i + 1]; -1 is missing"""
    forename: np.ndarray
    surname: np.ndarray
    born_from: np.ndarray
    born_to: np.ndarray
    """Days since 1970 between which the record's person was born; equal where the birthday is known, UNKNOWN where nothing is"""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A table of records, ready for the kernels."""

    n: int
    fields: tuple[str, ...]
    values: Values
    records: Records
    frequencies: tuple[Frequencies, ...]
    token_start: np.ndarray
    token: np.ndarray
    token_field: np.ndarray
    """Tokens of record i: token[token_start[i]:token_start[i + 1]]; forename and surname tokens share a vocabulary"""
    token_count: np.ndarray
    """Occurrences of each token over all records"""


@dataclass(slots=True)
class _Column:
    """One field of all records: CSR of codes into the vocabulary of its domain."""

    start: np.ndarray
    code: np.ndarray


class _Vocabulary:
    """The distinct values of one domain."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.code: dict[str, int] = {}

    def encode(self, texts: pa.Array) -> np.ndarray:
        coded = texts.dictionary_encode()
        local = np.fromiter(
            (self.code.setdefault(text, len(self.code)) for text in coded.dictionary.to_pylist()), I32, len(coded.dictionary)
        )
        return local[coded.indices.to_numpy(zero_copy_only=False)].astype(I32) if len(local) else np.empty(0, I32)

    @property
    def texts(self) -> list[str]:
        return list(self.code)


def encode(table: pa.Table, model: Model, groups: Groups) -> Encoded:
    """Encode the fields that the model compares.

    Input: std_records or a table like it: a column a field, text or list of text or date, and ``alias``; sorted by record id.
    """
    n = len(table)
    fields = tuple(comparison.field for comparison in model.comparison)
    kinds = {comparison.field: comparison.kind for comparison in model.comparison}
    vocabularies: dict[str, _Vocabulary] = {}
    columns: dict[str, _Column] = {}
    for field in fields:
        vocabulary = vocabularies.setdefault(domain(kinds[field], field), _Vocabulary(kinds[field]))
        columns[field] = _read_column(table, field, vocabulary)
    of_kind = {kind: field for field, kind in kinds.items()}
    names = alternatives(
        n, *_column_or_none(columns, of_kind.get("forename"), n), *_column_or_none(columns, of_kind.get("surname"), n),
        *_aliases(table, vocabularies.get("name"), n),
    )  # fmt: skip
    first, total = {}, 0
    for name, vocabulary in vocabularies.items():
        first[name] = total
        total += len(vocabulary.code)
    base = {field: first[domain(kinds[field], field)] for field in fields}
    spread = [
        frequencies(comparison.kind, columns[comparison.field].code, len(vocabularies[domain(comparison.kind, comparison.field)].code))
        for comparison in model.comparison
    ]
    values = _describe(vocabularies, groups, n, names, spread, [base[field] for field in fields])
    name_base = first.get("name", 0)
    shifted = [np.where(part >= 0, part + name_base, -1).astype(I32) for part in names[1:]]
    start, value = _by_record(n, [(columns[field], base[field]) for field in fields])
    records = Records(start, value, names[0], *shifted, *birth_days(table))
    return Encoded(n, fields, values, records, tuple(spread), *_record_tokens(n, model, columns, vocabularies, names, groups))


def _read_column(table: pa.Table, field: str, vocabulary: _Vocabulary) -> _Column:
    parts = [_flatten(table.column(name)) for name in (field, f"{field}_alt") if name in table.column_names]
    if not parts:
        return _Column(np.zeros(len(table) + 1, I32), np.empty(0, I32))
    counts = np.sum([count for count, _ in parts], axis=0)
    start = np.concatenate([[0], np.cumsum(counts)]).astype(I32)
    code = np.empty(start[-1], I32)
    filled = start[:-1].copy()
    for count, texts in parts:
        own = np.repeat(filled, count) + _rank_within(count)
        code[own] = vocabulary.encode(texts)
        filled += count.astype(I32)
    return _Column(start, code)


def _flatten(column: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """Values a record, and all values in record order, as text; empty text counts as null."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], column.type)
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        owner = pc.list_parent_indices(array)
        texts = pc.list_flatten(array).cast(pa.string())
    else:
        owner, texts = pa.array(np.arange(len(array))), array.cast(pa.string())
    keep = pc.and_(pc.is_valid(texts), pc.not_equal(pc.fill_null(texts, ""), ""))
    owner, texts = owner.filter(keep), texts.filter(keep)
    return np.bincount(owner.to_numpy(zero_copy_only=False), minlength=len(array)), texts


def _rank_within(counts: np.ndarray) -> np.ndarray:
    """0, 1, .. within each group of the given sizes."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)


def _column_or_none(columns: Mapping[str, _Column], field: str | None, n: int) -> tuple[np.ndarray, np.ndarray]:
    if field is None:
        return np.zeros(n + 1, I32), np.empty(0, I32)
    return columns[field].start, columns[field].code


def _aliases(table: pa.Table, names: _Vocabulary | None, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Aliases as forename and surname codes; a single word counts as a forename."""
    if names is None or "alias" not in table.column_names:
        return np.zeros(n + 1, I32), np.empty(0, I32), np.empty(0, I32)
    counts, texts = _flatten(table.column("alias"))
    words = [text.split() for text in texts.to_pylist()]
    fore = names.encode(pa.array([w[0] for w in words], pa.string()))
    sur = names.encode(pa.array([w[-1] for w in words], pa.string()))
    sur[[len(w) < 2 for w in words]] = -1
    return np.concatenate([[0], np.cumsum(counts)]).astype(I32), fore, sur


def _by_record(n: int, columns: list[tuple[_Column, int]]) -> tuple[np.ndarray, np.ndarray]:
    counts = np.stack([np.diff(column.start) for column, _ in columns], axis=1)
    start = np.concatenate([[0], np.cumsum(counts.ravel())]).astype(I32)
    value = np.empty(start[-1], I32)
    fields = len(columns)
    for at, (column, base) in enumerate(columns):
        size = np.diff(column.start)
        value[np.repeat(start[at:-1:fields], size) + _rank_within(size)] = column.code + base
    return start, value


def _describe(
    vocabularies: Mapping[str, _Vocabulary],
    groups: Groups,
    n: int,
    names: tuple[np.ndarray, np.ndarray, np.ndarray],
    spread: list[Frequencies],
    bases: list[int],
) -> Values:
    kinds = [vocabulary.kind for vocabulary in vocabularies.values()]
    texts = [vocabulary.texts for vocabulary in vocabularies.values()]
    text, length, mask = _letters(kinds, texts)
    parts = [np.concatenate(part).astype(I32) if part else np.empty(0, I32) for part in zip(*map(_parts, kinds, texts), strict=True)]
    packed = np.concatenate([_digits(k, t) for k, t in zip(kinds, texts, strict=True)] or [np.empty(0, U32)])
    word_start, word = _words(kinds, texts)
    established = [_established(k, len(t), n, names) for k, t in zip(kinds, texts, strict=True)]
    sizes = np.cumsum([0, *(len(spread_of.bin) for spread_of in spread)])
    return Values(
        text, length, mask, packed, *parts, _name_groups(kinds, texts, groups), np.concatenate(established), word_start, word,
        np.concatenate([spread_of.bin for spread_of in spread]), (sizes[:-1] - np.array(bases)).astype(np.int64),
    )  # fmt: skip


def _letters(kinds: list[Kind], texts: list[list[str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    flat = [
        text[:WIDTH] if kind in TEXT_KINDS else "" for kind, group in zip(kinds, texts, strict=True) for text in group
    ]
    raw = np.array([text.encode("ascii", "replace") for text in flat], dtype=f"S{WIDTH}")
    text = raw.view(U8).reshape(len(flat), WIDTH).copy()
    mask = np.zeros(len(flat), U32)
    for at in range(WIDTH):
        letter = text[:, at].astype(U32)
        bit = np.where(letter >= 65, letter - 65, np.where(letter >= 48, (letter - 48) % 10 + 16, 26)) & 31
        mask |= np.where(letter > 0, U32(1) << bit, 0).astype(U32)
    return text, (text != 0).sum(1).astype(I32), mask


def _digits(kind: Kind, texts: list[str]) -> np.ndarray:
    if kind != "date":
        return np.zeros(len(texts), U32)
    return np.array([int(text.replace("-", "")[:8] or "0", 16) for text in texts], U32)


def _parts(kind: Kind, texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    none = np.full(len(texts), -1, I32)
    match kind:
        case "postcode":
            district = [text.split(" ")[0] for text in texts]
            return _codes(text[:-2] for text in texts), _codes(district), _codes(d.rstrip("0123456789")[:2] for d in district)
        case "email":
            return _codes(text.split("@")[0] for text in texts), none, none
        case "ethnicity":
            return _codes(text[:1] for text in texts), none, none
        case _:
            return none, none, none


def _codes(parts: Iterable[str]) -> np.ndarray:
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(part, len(seen)) for part in parts], I32)


def _words(kinds: list[Kind], texts: list[list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Words of each address, and of each name that has several."""
    seen: dict[str, int] = {}
    counts, found = [], []
    for kind, group in zip(kinds, texts, strict=True):
        if kind not in ("forename", "surname", "address"):
            counts.append(np.zeros(len(group), I32))
            continue
        words = [text.split() if kind == "address" or " " in text else () for text in group]
        codes = [sorted({seen.setdefault(word, len(seen)) for word in own}) for own in words]
        counts.append(np.array([len(own) for own in codes], I32))
        found.append(np.fromiter(chain.from_iterable(codes), I32))
    start = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(I32) if counts else np.zeros(1, I32)
    return start, np.concatenate(found) if found else np.empty(0, I32)


def _name_groups(kinds: list[Kind], texts: list[list[str]], groups: Groups) -> np.ndarray:
    seen: dict[str, int] = {}
    out = np.full((sum(map(len, texts)), GROUPS), -1, I32)
    at = 0
    for kind, group in zip(kinds, texts, strict=True):
        if kind in ("forename", "surname"):
            for offset, text in enumerate(group):
                for slot, name in enumerate(groups.get(text, ())[:GROUPS]):
                    out[at + offset, slot] = seen.setdefault(name, len(seen))
        at += len(group)
    return out


def _established(kind: Kind, size: int, n: int, names: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    if kind not in ("forename", "surname"):
        return np.zeros(size, np.bool_)
    used = np.concatenate(names[1:])
    return np.bincount(used[used >= 0], minlength=size) >= max(5, n / 10_000)


def _record_tokens(
    n: int,
    model: Model,
    columns: Mapping[str, _Column],
    vocabularies: Mapping[str, _Vocabulary],
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
        tokens.append(token[np.repeat(first[:-1][code], size) + _rank_within(size)])
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
