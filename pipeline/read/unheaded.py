"""Values in columns without a heading, which nobody reads: a heading was lost, or somebody wrote beside the table.

Numbers of rows, as pandas and R write them before the first column, need no heading: they are no values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipeline.read.sheets import Notice, Row, column_letter

STARTS = ("0", "1")


class UnheadedCells:
    """What stands under no heading among a sheet's rows of people, and the notices about it."""

    def __init__(self, place: str, columns: Sequence[int]) -> None:
        self._place, self._columns = place, columns
        self._n_rows: Counter[int] = Counter()
        self._first: dict[int, int] = {}
        self._numbers = dict.fromkeys(columns, 0)
        """The number that the next row of each column has that so far only counts its rows"""

    def see(self, row: Row) -> None:
        """Count the cells of a row that are filled."""
        for column in self._columns:
            if column < len(row.cells) and (cell := row.cells[column]):
                self._count_on(column, cell)
                self._n_rows[column] += 1
                self._first.setdefault(column, row.number)

    def _count_on(self, column: int, cell: str) -> None:
        if column not in self._numbers:
            return
        if not self._n_rows[column] and cell in STARTS:
            self._numbers[column] = int(cell)
        if cell == str(self._numbers[column]):
            self._numbers[column] += 1
        else:
            del self._numbers[column]

    def notices(self) -> list[Notice]:
        """One a column; none where nothing stands under no heading, or row numbers alone: 1, 2, 3, or from 0 on."""
        return [
            Notice(
                f"{self._place}, column {column_letter(column)}: has no heading, and values from row {self._first[column]:,} on, "
                "which are not read. Ask the borough for its heading, or to leave the column out.",
                n_rows,
            )
            for column, n_rows in sorted(self._n_rows.items())
            if column not in self._numbers
        ]
