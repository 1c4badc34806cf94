"""Stable ids: of a record from its feed and the source's own key, of an event from its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.core.text_hash import RECORD_SEPARATOR, UNIT_SEPARATOR, text_hash
from pipeline.standardise.cells import raw_cells
from schemas.tables import ATTRIBUTE

MOST_CODES = 2**62
ROOMY = 4  # codes a row, from which on they are numbered anew: a table of all of them would be large


@dataclass(frozen=True, slots=True)
class Identity:
    """What each row of a feed's raw records is known by."""

    raw: pa.Table
    key: tuple[str, ...]
    codes: NDArray[np.int64]
    """(rows,) the same number for rows that are known by the same"""
    earlier: NDArray[np.int64]
    """(earlier rows,) such numbers of an earlier export"""
    same_as: dict[int, int]
    """A row that only repeats an earlier one, and the number of that one"""
    occurrence: dict[int, int]
    """Which of the contents of its key a row has, from 1; rows whose key has one content are left out"""

    def record_ids(self, feed_id: str, rows: NDArray[np.int64]) -> list[str]:
        """The ids of some rows, given in order. Ids of different authorities may coincide, so the feed is part of every id."""
        texts = _bases(some_rows(self.raw, rows), self.key).to_pylist()
        counts = (self.occurrence.get(row, 1) for row in rows.tolist())
        return [
            stable_id("record", feed_id, text, *((str(count),) if count > 1 else ()))
            for text, count in zip(texts, counts, strict=True)
        ]


def identify(raw: pa.Table, key: tuple[str, ...], earlier: pa.Table | None = None) -> Identity:
    """Identity from the key fields' raw text, or from all content where a row has none.

    Rows of one key and one content are one record; rows of one key and different content are kept apart by the order in which
    they come. With the raw records of an earlier export, what its rows are known by too.
    """
    numbers = _codes([raw] if earlier is None else [raw, earlier], key)
    codes = numbers[: len(raw)]
    shared = np.flatnonzero((np.bincount(codes, minlength=1) > 1)[codes])
    contents = _content(some_rows(raw, shared)).to_pylist()
    variants: dict[int, dict[str, int]] = {}
    same_as: dict[int, int] = {}
    for row, content in zip(shared.tolist(), contents, strict=True):
        row_of_content = variants.setdefault(int(codes[row]), {})
        if row_of_content.setdefault(content, row) != row:
            same_as[row] = row_of_content[content]
    occurrence = {
        row: list(row_of_content).index(content) + 1
        for row, content in zip(shared.tolist(), contents, strict=True)
        if len(row_of_content := variants[int(codes[row])]) > 1
    }
    return Identity(raw, key, codes, numbers[len(raw) :], same_as, occurrence)


def some_rows(table: pa.Table, rows: NDArray[np.int64]) -> pa.Table:
    """As ``take`` of ascending rows, which would put whole columns in one piece first."""
    is_one = np.zeros(len(table), bool)
    is_one[rows] = True
    return table.filter(pa.array(is_one))


def _codes(tables: Sequence[pa.Table], key: tuple[str, ...]) -> NDArray[np.int64]:
    """(rows of all tables,) the same number for rows of one key and part, or of one content where they have no key."""
    code = np.concatenate([table.column("part").to_numpy() for table in tables]).astype(np.int64) - 1
    has_key, n_codes = np.zeros(len(code), bool), int(code.max(initial=0)) + 1
    for name in key:
        cell, n_cells = _numbered([_cell(table, name) for table in tables])
        has_key |= cell > 0
        if n_codes * n_cells > MOST_CODES:
            code, n_codes = _compact(code)
        code, n_codes = code * n_cells + cell, n_codes * n_cells
    if n_codes > ROOMY * len(code):
        code, n_codes = _compact(code)
    if not has_key.all():
        ends = np.cumsum([len(table) for table in tables])
        rows = [np.flatnonzero(~is_keyed) for is_keyed in np.split(has_key, ends[:-1])]
        texts = [_content(some_rows(table, is_keyed)) for table, is_keyed in zip(tables, rows, strict=True)]
        code[~has_key] = n_codes + _numbered([pa.chunked_array([text]) for text in texts])[0]
    return code


def _cell(raw: pa.Table, name: str) -> pa.ChunkedArray:
    if not name.startswith(ATTRIBUTE):
        return raw.column(name)
    return pa.chunked_array([raw_cells(raw, (name,)).get(name, pa.nulls(len(raw), pa.string()))])


def _numbered(columns: Sequence[pa.ChunkedArray]) -> tuple[NDArray[np.int64], int]:
    """A number for each text of all columns, 0 for null and blank, and how many numbers there may be."""
    encoded = (
        pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string())
        .combine_chunks()
        .dictionary_encode()
    )
    texts = encoded.dictionary
    is_blank = pc.or_(pc.utf8_is_space(texts), pc.equal(texts, "")).to_numpy(zero_copy_only=False)
    number = np.where(is_blank, 0, np.arange(1, len(is_blank) + 1))
    codes: NDArray[np.int64] = np.append(number, 0)[encoded.indices.fill_null(-1).to_numpy()]
    return codes, len(number) + 1


def _compact(code: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """The same distinctions in the lowest numbers, and how many there are."""
    encoded = pa.array(code).dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64), len(encoded.dictionary)


def _bases(raw: pa.Table, key: tuple[str, ...]) -> pa.Array:
    """(rows,) the text that each row of raw_records is known by in its feed: its key and part, or all content where it has no key."""
    keyed = _joined(raw_cells(raw, key), len(raw), key)
    part = pc.binary_join_element_wise("part", raw.column("part").combine_chunks().cast(pa.string()), RECORD_SEPARATOR)
    with_part = pc.binary_join_element_wise(keyed, part, UNIT_SEPARATOR)
    has_key = pc.not_equal(keyed, "")
    if pc.all(has_key, min_count=0).as_py():
        return with_part
    return pc.if_else(has_key, with_part, _content(raw))


def _content(raw: pa.Table) -> pa.Array:
    return _joined(raw_cells(raw), len(raw))


def stable_id(*parts: str) -> str:
    """A hash that only depends on the texts: the same tonight, tomorrow and elsewhere."""
    return text_hash(parts, UNIT_SEPARATOR)


def _joined(cells: Mapping[str, pa.Array], rows: int, names: tuple[str, ...] | None = None) -> pa.Array:
    """Each row's cells with the names of their fields, so that a new empty column changes nothing."""
    wanted = [name for name in (sorted(cells) if names is None else names) if name in cells]
    named = [pc.binary_join_element_wise(name, cells[name], RECORD_SEPARATOR) for name in wanted]
    if not named:
        return pa.array([""] * rows, pa.string())
    if len(named) == 1:  # Arrow leaves out the rows in which the only column is null
        return named[0].fill_null("")
    return pc.binary_join_element_wise(*named, UNIT_SEPARATOR, null_handling="skip")
