"""Stable ids: of a record from its feed and the source's own key, of an event from its record."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.standardise.cells import Cells

FIELD, CELL = "\x1e", "\x1f"
ID_BYTES = 16


class Identity(NamedTuple):
    """The id of each row, and for a row that only repeats an earlier one the number of that one."""

    record_ids: list[str]
    same_as: dict[int, int]


def identify(cells: Cells, feed_id: str, parts: Sequence[int], key: tuple[str, ...]) -> Identity:
    """Ids from the key fields' raw text, or from all content where a row has none.

    Ids of different authorities may coincide, so the feed is part of every id. Rows of one key and one content are one
    record; rows of one key and different content are told apart by the order in which they come.
    """
    contents = _joined(cells, sorted(cells.raw))
    keyed = _joined(cells, [name for name in key if name in cells.raw])
    bases = [f"{k}{CELL}part{FIELD}{part}" if k else c for k, c, part in zip(keyed, contents, parts, strict=True)]
    first: dict[str, int] = {}
    variants: dict[str, dict[str, int]] = {}
    ids: list[str] = []
    same_as: dict[int, int] = {}
    for row, base in enumerate(bases):
        earlier = first.setdefault(base, row)
        occurrence = 1
        if earlier != row:
            known = variants.setdefault(base, {contents[earlier]: earlier})
            if contents[row] in known:
                same_as[row] = known[contents[row]]
            else:
                known[contents[row]] = row
            occurrence = list(known).index(contents[row]) + 1
        ids.append(stable_id("record", feed_id, base, *((str(occurrence),) if occurrence > 1 else ())))
    return Identity(ids, same_as)


def stable_id(*parts: str) -> str:
    """A hash that only depends on the texts: the same tonight, tomorrow and elsewhere."""
    return hashlib.blake2b(CELL.join(parts).encode("utf-8", "replace"), digest_size=ID_BYTES).hexdigest()


def _joined(cells: Cells, names: Sequence[str]) -> list[str]:
    """Each row's cells with the names of their fields, so that a new empty column changes nothing."""
    named = [pc.binary_join_element_wise(pa.scalar(name), cells.raw[name], FIELD) for name in names]
    if not named:
        return [""] * cells.rows
    if len(named) == 1:  # Arrow leaves out the rows in which the only column is null
        return list(named[0].fill_null("").to_pylist())
    return list(pc.binary_join_element_wise(*named, CELL, null_handling="skip").to_pylist())
