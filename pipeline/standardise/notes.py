"""Flags and nulled values of all rows, gathered while columns are standardised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.standardise.cells import Cells
from pipeline.standardise.distinct import RowNote
from schemas.tables import NULLED, TEXTS


@dataclass(slots=True)
class Gathered:
    """What there is to say about rows, in any order."""

    notes: list[RowNote] = field(default_factory=list)
    flags: list[tuple[int, str]] = field(default_factory=list)

    def add_notes(self, notes: Iterable[RowNote]) -> None:
        """Remember why values of rows were nulled or changed."""
        self.notes.extend(notes)

    def add_flag(self, rows: NDArray[np.int64], flag: str) -> None:
        """Remember a flag of some rows."""
        self.flags.extend((int(row), flag) for row in rows)

    def flag_column(self, rows: int) -> pa.Array:
        """The flags of each row, sorted; null where there is none."""
        found = sorted(set(self.flags))
        flat = pa.array([flag for _, flag in found], pa.string())
        return _lists([row for row, _ in found], flat, rows).cast(TEXTS)

    def nulled_column(self, cells: Cells) -> pa.Array:
        """The raw text and reason of everything that was nulled or changed, row by row; null where there is none."""
        found = sorted(set(self.notes))
        texts = _raw_texts(found, cells)
        flat = pa.array(
            [
                {"field": each.note.field, "raw": text, "reason": each.note.reason}
                for each, text in zip(found, texts, strict=True)
            ],
            NULLED.value_type,
        )
        return _lists([each.row for each in found], flat, cells.rows).cast(NULLED)


def _raw_texts(found: list[RowNote], cells: Cells) -> list[str]:
    """The text in the export, or what a constant or colour put there."""
    by_column: dict[str, list[int]] = {}
    for place, each in enumerate(found):
        by_column.setdefault(each.note.column, []).append(place)
    texts = [""] * len(found)
    for column, places in by_column.items():
        rows = pa.array([found[place].row for place in places], pa.int64())
        raw = cells.raw[column].take(rows) if column in cells.raw else pa.nulls(len(rows), pa.string())
        said = cells[column].take(rows)
        for place, text, other in zip(places, raw.to_pylist(), said.to_pylist(), strict=True):
            texts[place] = text if text is not None else other or ""
    return texts


def _lists(rows: list[int], flat: pa.Array, count: int) -> pa.Array:
    """One list a row out of values sorted by row; null for a row without values."""
    lengths = np.bincount(np.array(rows, np.int64), minlength=count)
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    is_null = np.concatenate((lengths == 0, [False]))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32(), mask=is_null), flat)
