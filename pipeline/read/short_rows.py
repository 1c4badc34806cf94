"""Rows of a CSV with fewer cells than its headings: some exporters leave empty ones out at the end, others lose one in the middle."""

from __future__ import annotations

from pipeline.read.sheets import Notice, Row
from schemas.tables import SHORT

FILL = "Ask the borough to write every cell of a row, empty ones too."


class ShortRows:
    """The short rows among a sheet's rows of people: each marked with how many cells it has under how many headings, and the notice."""

    def __init__(self, place: str, n_headings: int) -> None:
        self._place, self._n_headings = place, n_headings
        self._first: Row | None = None
        self._n_rows = 0

    def of_row(self, row: Row) -> Row:
        """The row, marked where it is short."""
        if len(row.cells) >= self._n_headings:
            return row
        self._first = self._first or row
        self._n_rows += 1
        return row._replace(marks=(*row.marks, f"{SHORT}{len(row.cells)}/{self._n_headings}"))

    def notices(self) -> list[Notice]:
        """One of all; none where no row is short."""
        if self._first is None:
            return []
        rows = f"row {self._first.number} has" + (f", as have {self._n_rows - 1:,} more," if self._n_rows > 1 else "")
        about = (
            f"{self._place}: {rows} fewer cells than the headings ({len(self._first.cells)} under {self._n_headings}); "
            "those at the end count as empty, and a row in which a date or a number then does not fit its column is in quarantine."
        )
        return [Notice(f"{about} {FILL}", self._n_rows)]
