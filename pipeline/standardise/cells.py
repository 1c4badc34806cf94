"""The cells of an export as its contract means them: blanks, translations, constants, colours and strikethrough."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from operator import eq

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.contract import Contract, Meaning
from schemas.tables import ATTRIBUTE, EVENT_RAW_FIELDS, MERGED, MERGED_BLOCK, NEVER_SHARED, PERSON_RAW_FIELDS, SHORT


@dataclass(frozen=True, slots=True)
class Cells:
    """Each field's text for every row; an attribute is a field too, named ``attribute.NAME``."""

    rows: int
    raw: Mapping[str, pa.Array]
    """As it stood in the export; blank is null."""
    translated: Mapping[str, pa.Array]
    """As the contract translates it."""
    inferred: Mapping[str, NDArray[np.bool_]]
    """Field to the rows whose value was read from a fill colour."""
    merged: Mapping[str, NDArray[np.int64]]
    """Field to the rows whose value stands in a merged cell that begins in a row above, and was taken from there."""
    not_taken: Mapping[str, NDArray[np.int64]]
    """Field to the rows for which it was not taken: it may well be another person's, or no value of the column."""

    def __getitem__(self, name: str) -> pa.Array:
        return self.translated[name] if name in self.translated else pa.nulls(self.rows, pa.string())

    @property
    def attributes(self) -> list[str]:
        """The attribute fields, sorted."""
        return sorted(name for name in self.translated if name.startswith(ATTRIBUTE))


def read_cells(raw: pa.Table, contract: Contract) -> Cells:
    """The cells of raw_records, row by row as in the table."""
    fields = raw_cells(raw)
    translated = {
        name: _translated(column, contract.values[name]) if name in contract.values else column
        for name, column in fields.items()
    }
    merged, not_taken = _merged(raw)
    for name, rows in not_taken.items():
        translated[name] = _without(translated[name], rows)
    for name, value in contract.constants.items():
        translated[name] = pc.fill_null(translated[name], value) if name in translated else pa.array([value] * len(raw))
    inferred = _formatting(raw, contract, translated)
    return Cells(len(raw), fields, translated, inferred, merged, not_taken)


def _merged(raw: pa.Table) -> tuple[dict[str, NDArray[np.int64]], dict[str, NDArray[np.int64]]]:
    """Field to the rows whose text stands in a merged cell above: where it is theirs too, and where it is not."""
    merged: dict[str, NDArray[np.int64]] = {}
    not_taken: dict[str, NDArray[np.int64]] = {}
    for mark in pc.unique(pc.list_flatten(raw.column("marks").combine_chunks())).to_pylist():
        kind, _, field = mark.rpartition(":")
        if f"{kind}:" in (MERGED, MERGED_BLOCK):
            is_taken = f"{kind}:" == MERGED and field not in NEVER_SHARED
            (merged if is_taken else not_taken)[field] = np.flatnonzero(_marked(raw, partial(eq, mark)))
    return merged, not_taken


def _without(column: pa.Array, rows: NDArray[np.int64]) -> pa.Array:
    """The column without its values in some rows."""
    is_left = np.ones(len(column), bool)
    is_left[rows] = False
    return pc.if_else(pa.array(is_left), column, pa.scalar(None, pa.string()))


def raw_cells(raw: pa.Table, wanted: Collection[str] | None = None) -> dict[str, pa.Array]:
    """Each field's text as it stood in the export, blank is null; only fields that are wanted, and that some row fills."""
    fields = {
        name: _text(raw.column(name))
        for name in (*PERSON_RAW_FIELDS, *EVENT_RAW_FIELDS)
        if (wanted is None or name in wanted) and raw.column(name).null_count < len(raw)
    }
    if wanted is None or any(name.startswith(ATTRIBUTE) for name in wanted):
        fields |= {name: text for name, text in _attributes(raw).items() if wanted is None or name in wanted}
    return {name: column for name, column in fields.items() if column.null_count < len(column)}


def _text(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The column in one piece, blank cells null."""
    one_piece = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    is_blank = pc.equal(pc.utf8_trim_whitespace(one_piece), "")
    return pc.if_else(is_blank, pa.scalar(None, pa.string()), one_piece)


def _attributes(raw: pa.Table) -> dict[str, pa.Array]:
    column = raw.column("attributes").combine_chunks()
    counts = pc.fill_null(pc.list_value_length(column.cast(pa.list_(column.type.field(0).type))), 0)
    row = np.repeat(np.arange(len(raw)), counts.to_numpy(zero_copy_only=False))
    start = column.offsets[0].as_py() if len(column) else 0
    keys = column.keys[start : start + len(row)]
    items = column.items[start : start + len(row)]
    texts = {}
    for name in sorted(pc.unique(keys).to_pylist()):
        is_named = pc.equal(keys, name).to_numpy(zero_copy_only=False)
        item_of_row = np.full(len(raw), -1, np.int64)
        item_of_row[row[is_named]] = np.flatnonzero(is_named)
        texts[ATTRIBUTE + name] = _text(items.take(pa.array(item_of_row, mask=item_of_row < 0)))
    return texts


def _translated(column: pa.Array, values: Mapping[str, str]) -> pa.Array:
    """The contract's word for each text, without regard to case and outer space."""
    by_fold = {key.strip().casefold(): value for key, value in values.items()}
    encoded = column.dictionary_encode()
    words = [by_fold.get(text.strip().casefold(), text) or None for text in encoded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(encoded.indices)


def _formatting(raw: pa.Table, contract: Contract, translated: dict[str, pa.Array]) -> dict[str, NDArray[np.bool_]]:
    """Set what a cell's formatting means. A colour only fills a blank; a struck row is struck whatever it says."""
    inferred: dict[str, NDArray[np.bool_]] = {}
    if not contract.colours and not contract.strikethrough:
        return inferred
    for colour, meaning in contract.colours.items():
        marked = _marked(raw, partial(_is_colour, colour))
        filled = marked & _is_null(translated, meaning.field, len(raw))
        _set(translated, meaning, filled)
        inferred[meaning.field] = inferred.get(meaning.field, np.zeros(len(raw), bool)) | filled
    if contract.strikethrough:
        _set(translated, contract.strikethrough, _marked(raw, lambda mark: mark == "strikethrough"))
    return inferred


def short_rows(raw: pa.Table) -> dict[int, str]:
    """Row to its cells and headings, such as ``5/6``, where it has fewer cells than there are headings."""
    marks = raw.column("marks").combine_chunks()
    flat = pc.list_flatten(marks)
    is_short = pc.starts_with(flat, SHORT)
    rows = pc.list_parent_indices(marks).filter(is_short).to_pylist()
    return {row: mark.removeprefix(SHORT) for row, mark in zip(rows, flat.filter(is_short).to_pylist(), strict=True)}


def _marked(raw: pa.Table, is_meant: Callable[[str], bool]) -> NDArray[np.bool_]:
    marks = raw.column("marks").combine_chunks()
    flat = pc.list_flatten(marks)
    wanted = [mark for mark in pc.unique(flat).to_pylist() if is_meant(mark)]
    rows = pc.list_parent_indices(marks).filter(pc.is_in(flat, pa.array(wanted, pa.string())))
    marked = np.zeros(len(raw), bool)
    marked[rows.to_numpy(zero_copy_only=False)] = True
    return marked


def _is_colour(wanted: str, mark: str) -> bool:
    kind, _, colour = mark.partition(":")
    return kind == "colour" and colour.upper()[-6:] == wanted.upper()[-6:]


def _is_null(translated: Mapping[str, pa.Array], name: str, rows: int) -> NDArray[np.bool_]:
    if name not in translated:
        return np.ones(rows, bool)
    return np.asarray(translated[name].is_null().to_numpy(zero_copy_only=False))


def _set(translated: dict[str, pa.Array], meaning: Meaning, rows: NDArray[np.bool_]) -> None:
    earlier = translated.get(meaning.field, pa.nulls(len(rows), pa.string()))
    translated[meaning.field] = pc.if_else(pa.array(rows), pa.scalar(meaning.value), earlier)
