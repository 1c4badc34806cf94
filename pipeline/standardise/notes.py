"""Flags and nulled values of all rows, gathered while columns are standardised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.standardise.cells import Cells
from pipeline.standardise.distinct import Note, RowNote
from schemas.tables import NULLED, TEXTS


@dataclass(slots=True)
class Remarks:
    """What there is to say about rows, in any order."""

    notes: list[RowNote] = field(default_factory=list)
    flags: list[tuple[int, str]] = field(default_factory=list)

    def add_notes(self, notes: Iterable[RowNote]) -> None:
        """Remember why values of rows were nulled or changed."""
        self.notes.extend(notes)

    def add_flag(self, rows: NDArray[np.int64], flag: str) -> None:
        """Remember a flag of some rows."""
        self.flags.extend((int(row), flag) for row in rows)

    def add_merged(self, cells: Cells) -> None:
        """Remember which values stood in a merged cell of a row above, and whether they were taken."""
        for rows_of_field, reason in ((cells.merged, "from_merged_cell"), (cells.not_taken, "merged_cell")):
            for field_name, rows in rows_of_field.items():
                note = Note(field_name, field_name, reason)
                self.add_notes(RowNote(int(row), note) for row in rows)

    def flag_column(self, rows: int) -> pa.Array:
        """The flags of each row, sorted; null where there is none."""
        row_flags = sorted(set(self.flags))
        flat = pa.array([flag for _, flag in row_flags], pa.string())
        return _lists([row for row, _ in row_flags], flat, rows).cast(TEXTS)

    def nulled_column(self, cells: Cells) -> pa.Array:
        """The raw text and reason of everything that was nulled or changed, row by row; null where there is none."""
        row_notes = sorted(set(self.notes))
        texts = _raw_texts(row_notes, cells)
        flat = pa.array(
            [
                {"field": row_note.note.field, "raw": text, "reason": row_note.note.reason}
                for row_note, text in zip(row_notes, texts, strict=True)
            ],
            NULLED.value_type,
        )
        return _lists([row_note.row for row_note in row_notes], flat, cells.rows).cast(NULLED)


def _raw_texts(row_notes: list[RowNote], cells: Cells) -> list[str]:
    """The text in the export, or what a constant or colour put there."""
    by_column: dict[str, list[int]] = {}
    for position, row_note in enumerate(row_notes):
        by_column.setdefault(row_note.note.column, []).append(position)
    texts = [""] * len(row_notes)
    for column, positions in by_column.items():
        rows = pa.array([row_notes[position].row for position in positions], pa.int64())
        raw = cells.raw[column].take(rows) if column in cells.raw else pa.nulls(len(rows), pa.string())
        translated = cells[column].take(rows)
        for position, text, translated_text in zip(positions, raw.to_pylist(), translated.to_pylist(), strict=True):
            texts[position] = text if text is not None else translated_text or ""
    return texts


def offsets_of(rows: NDArray[np.int64], count: int) -> pa.Array:
    """Where the list of each of ``count`` rows begins among items of these rows; null for a row without items."""
    lengths = np.bincount(rows, minlength=count)
    return pa.array(np.append(0, np.cumsum(lengths)), pa.int32(), mask=np.append(lengths == 0, False))


def _lists(rows: list[int], flat: pa.Array, count: int) -> pa.Array:
    """One list a row out of values sorted by row; null for a row without values."""
    return pa.ListArray.from_arrays(offsets_of(np.array(rows, np.int64), count), flat)
