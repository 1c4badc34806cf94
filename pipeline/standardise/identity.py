"""Stable ids: of a record from its feed and the source's own key, of an event from its record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.standardise.cells import raw_cells

FIELD, CELL = "\x1e", "\x1f"
ID_BYTES = 16


class Identity(NamedTuple):
    """The id of each row, and for a row that only repeats an earlier one the number of that one."""

    record_ids: list[str]
    same_as: dict[int, int]
    is_shared: NDArray[np.bool_]
    """(rows,) whether another row has the same key: its id then hangs on the order in which they come"""


def identify(raw: pa.Table, feed_id: str, key: tuple[str, ...]) -> Identity:
    """Ids of raw_records from the key fields' raw text, or from all content where a row has none.

    Ids of different authorities may coincide, so the feed is part of every id. Rows of one key and one content are one
    record; rows of one key and different content are told apart by the order in which they come.
    """
    base = bases(raw, key)
    texts = base.to_pylist()
    ids = [stable_id("record", feed_id, text) for text in texts]
    is_shared = ~is_alone(base.dictionary_encode())
    shared = np.flatnonzero(is_shared)
    contents = _joined(raw_cells(raw.take(pa.array(shared))), len(shared)).to_pylist()
    variants: dict[str, dict[str, int]] = {}
    same_as: dict[int, int] = {}
    for row, content in zip(shared.tolist(), contents, strict=True):
        known = variants.setdefault(texts[row], {})
        if known.setdefault(content, row) != row:
            same_as[row] = known[content]
        occurrence = list(known).index(content) + 1
        if occurrence > 1:
            ids[row] = stable_id("record", feed_id, texts[row], str(occurrence))
    return Identity(ids, same_as, is_shared)


def bases(raw: pa.Table, key: tuple[str, ...]) -> pa.Array:
    """(rows,) what each row of raw_records is known by in its feed: its key and part, or all content where it has no key."""
    keyed = _joined(raw_cells(raw, key), len(raw), key)
    part = pc.binary_join_element_wise("part", raw.column("part").combine_chunks().cast(pa.string()), FIELD)
    with_part = pc.binary_join_element_wise(keyed, part, CELL)
    has_key = pc.not_equal(keyed, "")
    if pc.all(has_key, min_count=0).as_py():
        return with_part
    return pc.if_else(has_key, with_part, _joined(raw_cells(raw), len(raw)))


def is_alone(encoded: pa.DictionaryArray) -> NDArray[np.bool_]:
    """(rows,) whether no other row has the same text."""
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    alone: NDArray[np.bool_] = (np.bincount(codes, minlength=len(encoded.dictionary)) == 1)[codes]
    return alone


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
