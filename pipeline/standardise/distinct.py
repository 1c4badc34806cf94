"""Columns standardised once for each distinct text: exports repeat themselves, so this is most of the speed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

R = TypeVar("R")
V = TypeVar("V")


class Note(NamedTuple):
    """Why a text was set to null or changed: the raw column it stood in, the field it was meant for, the reason."""

    column: str
    field: str
    reason: str


class Reading(NamedTuple, Generic[V]):
    """One text read: its standard value, or why there is none."""

    value: V | None
    notes: tuple[Note, ...] = ()


def no_value(field: str, reason: str) -> Reading[Any]:
    """Why a text is no value of the field, in whose own column it stood."""
    return Reading(None, (Note(field, field, reason),))


class RowNote(NamedTuple):
    """A note and the row it is about."""

    row: int
    note: Note


@dataclass(frozen=True, slots=True)
class Mapped(Generic[R]):
    """A standardised column: the result of each distinct text, and which of them every row has (-1: blank)."""

    codes: NDArray[np.int64]
    results: Sequence[R]

    def column(self, pick: Callable[[R], object], kind: pa.DataType) -> pa.Array:
        """What ``pick`` takes from the results, for every row."""
        values = pa.array([pick(result) for result in self.results], kind)
        return values.take(pa.array(self.codes, mask=self.codes < 0))

    def notes(self, pick: Callable[[R], Sequence[Note]]) -> Iterator[RowNote]:
        """The notes of every row that has some, in row order."""
        noted = np.array([bool(pick(result)) for result in self.results] + [False])
        for row in np.flatnonzero(noted[self.codes]):
            for note in pick(self.results[self.codes[row]]):
                yield RowNote(int(row), note)

    def rows_where(self, test: Callable[[R], bool]) -> NDArray[np.int64]:
        """The rows whose result passes the test."""
        passed = np.array([test(result) for result in self.results] + [False])
        return np.flatnonzero(passed[self.codes])


def map_distinct(column: pa.Array, standardise: Callable[[str], R]) -> Mapped[R]:
    """The column standardised; null stays null."""
    encoded = column.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Mapped(codes, [standardise(text) for text in encoded.dictionary.to_pylist()])


def map_rows(rows: Sequence[Hashable], standardise: Callable[..., R]) -> Mapped[R]:
    """The same over tuples of texts: each distinct tuple is standardised once."""
    code_of: dict[Hashable, int] = {}
    codes = np.fromiter((code_of.setdefault(row, len(code_of)) for row in rows), np.int64, len(rows))
    return Mapped(codes, [standardise(*row) for row in code_of])  # type: ignore[misc]
