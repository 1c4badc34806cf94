"""Stable ids: of a record from its feed and the source's own key, of an event from its record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.standardise.cells import raw_cells

FIELD, CELL = "\x1e", "\x1f"
ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Identity:
    """What each row of a feed's raw records is known by."""

    bases: pa.DictionaryArray
    """(rows,) its key and part, or all its content where it has no key"""
    same_as: dict[int, int]
    """A row that only repeats an earlier one, and the number of that one"""
    occurrence: dict[int, int]
    """Which of the contents of its key a row has, from 1; rows whose key has one content are left out"""

    def record_ids(self, feed_id: str, rows: NDArray[np.int64]) -> list[str]:
        """The ids of some rows. Ids of different authorities may coincide, so the feed is part of every id."""
        texts = self.bases.take(pa.array(rows)).cast(pa.string()).to_pylist()
        counts = (self.occurrence.get(row, 1) for row in rows.tolist())
        return [
            stable_id("record", feed_id, text, *((str(count),) if count > 1 else ()))
            for text, count in zip(texts, counts, strict=True)
        ]


def identify(raw: pa.Table, key: tuple[str, ...]) -> Identity:
    """Identity from the key fields' raw text, or from all content where a row has none.

    Rows of one key and one content are one record; rows of one key and different content are told apart by the order in which
    they come.
    """
    encoded = bases(raw, key).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    shared = np.flatnonzero((np.bincount(codes, minlength=1) > 1)[codes])
    contents = _joined(raw_cells(raw.take(pa.array(shared))), len(shared)).to_pylist()
    variants: dict[int, dict[str, int]] = {}
    same_as: dict[int, int] = {}
    for row, content in zip(shared.tolist(), contents, strict=True):
        known = variants.setdefault(int(codes[row]), {})
        if known.setdefault(content, row) != row:
            same_as[row] = known[content]
    occurrence = {
        row: list(known).index(content) + 1
        for row, content in zip(shared.tolist(), contents, strict=True)
        if len(known := variants[int(codes[row])]) > 1
    }
    return Identity(encoded, same_as, occurrence)


def bases(raw: pa.Table, key: tuple[str, ...]) -> pa.Array:
    """(rows,) what each row of raw_records is known by in its feed: its key and part, or all content where it has no key."""
    keyed = _joined(raw_cells(raw, key), len(raw), key)
    part = pc.binary_join_element_wise("part", raw.column("part").combine_chunks().cast(pa.string()), FIELD)
    with_part = pc.binary_join_element_wise(keyed, part, CELL)
    has_key = pc.not_equal(keyed, "")
    if pc.all(has_key, min_count=0).as_py():
        return with_part
    return pc.if_else(has_key, with_part, _joined(raw_cells(raw), len(raw)))


def stable_id(*parts: str) -> str:
    """A hash that only depends on the texts: the same tonight, tomorrow and elsewhere."""
    return hashlib.blake2b(CELL.join(parts).encode("utf-8", "replace"), digest_size=ID_BYTES).hexdigest()


def _joined(cells: Mapping[str, pa.Array], rows: int, names: tuple[str, ...] | None = None) -> pa.Array:
    """Each row's cells with the names of their fields, so that a new empty column changes nothing."""
    wanted = [name for name in (sorted(cells) if names is None else names) if name in cells]
    named = [pc.binary_join_element_wise(name, cells[name], FIELD) for name in wanted]
    if not named:
        return pa.array([""] * rows, pa.string())
    if len(named) == 1:  # Arrow leaves out the rows in which the only column is null
        return named[0].fill_null("")
    return pc.binary_join_element_wise(*named, CELL, null_handling="skip")
