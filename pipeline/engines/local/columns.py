"""Fields of a table as codes into vocabularies: one vocabulary a domain, a CSR of codes a field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.engines.local.values import NONE, SEVERAL
from pipeline.engines.tokens import alias_words
from schemas.model import Kind

I32 = np.int32


@dataclass(slots=True)
class Column:
    """One field of all records: CSR of codes into the vocabulary of its domain."""

    start: np.ndarray
    code: np.ndarray


class Vocabulary:
    """The distinct values of one domain."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.texts = pa.array([], pa.string())
        """All distinct values, by code"""

    def __len__(self) -> int:
        return len(self.texts)

    def encode(self, texts: pa.Array) -> np.ndarray:
        """Codes of the texts, int32; new texts get the next codes."""
        coded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
        distinct_texts = coded.dictionary.cast(pa.string())
        if not len(distinct_texts):
            return np.empty(0, I32)
        earlier = pc.index_in(distinct_texts, self.texts)
        new = distinct_texts.filter(earlier.is_null())
        codes = earlier.fill_null(-1).to_numpy(zero_copy_only=False).copy()
        codes[codes < 0] = len(self) + np.arange(len(new))
        self.texts = pa.concat_arrays([self.texts, new])
        return codes[coded.indices.to_numpy(zero_copy_only=False)].astype(I32)


def read_column(table: pa.Table, field: str, vocabulary: Vocabulary) -> Column:
    """The values of a field, with those of its second reading (``<field>_alt``); none where the table lacks it."""
    parts = [flatten(table.column(name)) for name in (field, f"{field}_alt") if name in table.column_names]
    if not parts:
        return Column(np.zeros(len(table) + 1, I32), np.empty(0, I32))
    counts = np.sum([count for count, _ in parts], axis=0)
    start = np.concatenate([[0], np.cumsum(counts)]).astype(I32)
    if len(parts) == 1:
        return Column(start, vocabulary.encode(parts[0][1]))
    code = np.empty(start[-1], I32)
    filled = start[:-1].copy()
    for count, texts in parts:
        position = np.repeat(filled, count) + rank_within(count)
        code[position] = vocabulary.encode(texts)
        filled += count.astype(I32)
    return Column(start, code)


def flatten(column: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """Values a record, and all values in record order, as text; empty text counts as null."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], column.type)
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        owner = pc.list_parent_indices(array)
        texts = pc.list_flatten(array).cast(pa.string())
    elif pa.types.is_dictionary(array.type):
        return array.is_valid().to_numpy(zero_copy_only=False).astype(np.int64), array.drop_null()
    else:
        owner, texts = pa.array(np.arange(len(array))), array.cast(pa.string())
    keep = pc.and_(pc.is_valid(texts), pc.not_equal(pc.fill_null(texts, ""), ""))
    owner, texts = owner.filter(keep), texts.filter(keep)
    return np.bincount(owner.to_numpy(zero_copy_only=False), minlength=len(array)), texts


def rank_within(counts: np.ndarray) -> np.ndarray:
    """0, 1, .. within each group of the given sizes."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)


def column_or_none(columns: Mapping[str, Column], field: str | None, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Start and code arrays of a column; empty ones where the model has no such field."""
    if field is None:
        return np.zeros(n + 1, I32), np.empty(0, I32)
    return columns[field].start, columns[field].code


def aliases(table: pa.Table, names: Vocabulary | None, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Aliases as forename and surname codes; a single word counts as a forename."""
    if names is None or "alias" not in table.column_names:
        return np.zeros(n + 1, I32), np.empty(0, I32), np.empty(0, I32)
    counts, texts = flatten(table.column("alias"))
    alias_name_lists = [alias_words(text) for text in texts.to_pylist()]
    counts = np.bincount(np.repeat(np.arange(n), counts)[[bool(words) for words in alias_name_lists]], minlength=n)
    alias_names = [words for words in alias_name_lists if words]
    forenames = names.encode(pa.array([alias_name[0] for alias_name in alias_names], pa.string()))
    surnames = names.encode(pa.array([alias_name[-1] for alias_name in alias_names], pa.string()))
    surnames[[len(alias_name) < 2 for alias_name in alias_names]] = -1
    return np.concatenate([[0], np.cumsum(counts)]).astype(I32), forenames, surnames


def first_values(n: int, columns: list[tuple[Column, int]]) -> np.ndarray:
    """(records, fields) int32: the one value of each field; NONE where it has none, SEVERAL where more."""
    values = np.full((n, len(columns)), NONE, I32)
    for field, (column, base) in enumerate(columns):
        size = np.diff(column.start)
        is_one = size == 1
        values[is_one, field] = column.code[column.start[:-1][is_one]] + base
        values[size > 1, field] = SEVERAL
    return values


def by_record(columns: list[tuple[Column, int]]) -> tuple[np.ndarray, np.ndarray]:
    """All fields of a record side by side: start of field f of record i at i * fields + f, and the value codes."""
    counts = np.stack([np.diff(column.start) for column, _ in columns], axis=1)
    start = np.concatenate([[0], np.cumsum(counts.ravel())]).astype(I32)
    value = np.empty(start[-1], I32)
    fields = len(columns)
    for field, (column, base) in enumerate(columns):
        size = np.diff(column.start)
        value[np.repeat(start[field:-1:fields], size) + rank_within(size)] = column.code + base
    return start, value
