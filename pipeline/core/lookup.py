"""Where ids stand among others that are in order: numbers to go on with instead of text."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

NOWHERE = -1
HEAD = 8  # bytes of an id that are compared as one number


def places_among(ids: pa.Array | pa.ChunkedArray, among: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
    """Place of each id among others, which are in order and differ from each other; NOWHERE of one that is not there.

    Ids that are hashes have one length and soon differ: their first bytes are sorted as numbers, and text is compared once where
    they meet, in a fifth of the time that hashing both sides takes. All others are hashed.
    """
    ids, among = in_one(ids), in_one(among)
    heads, among_heads = _heads(ids), _heads(among)
    if heads is None or among_heads is None or not _soon_differ(among_heads):
        return pc.fill_null(pc.index_in(ids, among), NOWHERE).to_numpy(zero_copy_only=False).astype(np.int64)
    places = _first_places(heads, among_heads)
    rows = np.arange(len(ids))
    while len(rows):  # where numbers meet the text must too; of the few that begin alike, each is tried
        begins_alike = among_heads[np.minimum(places[rows], len(among_heads) - 1)] == heads[rows]
        begins_alike &= places[rows] < len(among_heads)
        places[rows[~begins_alike]] = NOWHERE
        rows = rows[begins_alike]
        texts = ids if len(rows) == len(ids) else ids.take(pa.array(rows))
        rows = rows[pc.not_equal(among.take(pa.array(places[rows])), texts).to_numpy(zero_copy_only=False)]
        places[rows] += 1
    return places


def rows_with(table: pa.Table, ids: Iterable[str], column: str = "record_id") -> pa.Table:
    """The rows whose id is one of these."""
    return table.filter(pc.is_in(table.column(column), pa.array(sorted(ids), pa.string())))


def in_one(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column as one array; copied only where it is in several."""
    if isinstance(column, pa.Array):
        return column
    combined = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)


def _heads(ids: pa.Array) -> NDArray[np.uint64] | None:
    """The first bytes of each id as a number, in the same order; None where ids are missing or of several lengths."""
    if not len(ids) or ids.null_count or ids.type != pa.string():
        return None
    _, offsets, data = ids.buffers()
    bounds = np.frombuffer(offsets, np.int32, len(ids) + 1, ids.offset * 4)
    size = int(bounds[1] - bounds[0])
    if size < HEAD or (np.diff(bounds) != size).any():
        return None
    text = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]].reshape(len(ids), size)
    return np.ascontiguousarray(text[:, :HEAD]).view(">u8")[:, 0].astype(np.uint64)


def _soon_differ(heads: NDArray[np.uint64]) -> bool:
    return bool(2 * np.count_nonzero(heads[1:] != heads[:-1]) >= len(heads) - 1)


def _first_places(heads: NDArray[np.uint64], among: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where each number would first stand among others; numbers in order are found side by side."""
    if (heads[1:] >= heads[:-1]).all():
        return np.searchsorted(among, heads)
    order = np.argsort(heads)
    places = np.empty(len(heads), np.int64)
    places[order] = np.searchsorted(among, heads[order])
    return places
