"""Values in columns without a heading, which nobody reads: a heading was lost, or somebody wrote beside the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipeline.read.sheets import Notice, Row, column_letter


class UnheadedCells:
    """What stands under no heading among a sheet's rows of people, and the notices about it."""

    def __init__(self, place: str, columns: Sequence[int]) -> None:
        self._place, self._columns = place, columns
        self._n_rows: Counter[int] = Counter()
        self._first: dict[int, int] = {}

    def see(self, row: Row) -> None:
        """Count the cells of a row that are filled."""
        for column in self._columns:
            if column < len(row.cells) and row.cells[column]:
                self._n_rows[column] += 1
                self._first.setdefault(column, row.number)

    def notices(self) -> list[Notice]:
        """One a column; none where nothing stands under no heading."""
        return [
            Notice(
                f"{self._place}, column {column_letter(column)}: has no heading, and values from row {self._first[column]:,} on, "
                "which are not read. Ask the borough for its heading, or to leave the column out.",
                n_rows,
            )
            for column, n_rows in sorted(self._n_rows.items())
        ]
