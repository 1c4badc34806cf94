"""Merged cells: what stands in one stands, to the eye, beside every row that it reaches over, but in the file only in the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pipeline.read.ods_layout import Range
from pipeline.read.sheets import Cell, MergedCell, Notice, Row, column_letter
from schemas.tables import NEVER_SHARED

MOST_NOTICES = 20  # of a sheet
UNMERGE = "Ask the borough to unmerge the cells and to write the value into every row."


class MergedCells:
    """The merged cells of one sheet that reach over several rows, asked row by row from the top."""

    def __init__(self, ranges: Iterable[Range]) -> None:
        self._ahead = sorted((cells for cells in ranges if cells[1][0] > cells[0][0]), reverse=True)
        self._open: list[MergedCell] = []

    def beside(self, number: int, cells: Sequence[Cell]) -> tuple[MergedCell, ...]:
        """Those that begin above a row, where the row has no value of its own.

        Args:
            number: of the row, from 1.
            cells: of the row.
        """
        self._open = [cell for cell in self._open if cell.last_row >= number]
        beside = tuple(cell for cell in self._open if cell.column >= len(cells) or cells[cell.column] is None)
        self._open += [cell for cell in self._beginning(number, cells) if cell.value is not None]
        return beside

    def _beginning(self, number: int, cells: Sequence[Cell]) -> Iterator[MergedCell]:
        while self._ahead and self._ahead[-1][0][0] < number:
            (first_row, column), (last_row, last_column) = self._ahead.pop()
            is_here = first_row == number - 1 and column < len(cells)
            value = cells[column] if is_here else None
            yield MergedCell(column, first_row + 1, last_row + 1, value, last_column > column)


class MergedCellsRead:
    """The merged cells among a sheet's rows of people, and the notices about them."""

    def __init__(self, place: str, fields: Sequence[str | None], heading_row: int) -> None:
        self._place, self._fields, self._heading_row = place, fields, heading_row
        self._n_rows: dict[MergedCell, int] = {}

    def of_row(self, row: Row) -> Row:
        """The row with those of its merged cells that lie in a column with a field and below the headings."""
        if not row.merged or not any(cell and field for cell, field in zip(row.cells, self._fields, strict=False)):
            return row._replace(merged=())
        merged = tuple(
            cell for cell in row.merged if cell.first_row > self._heading_row and self._field(cell) is not None
        )
        for cell in merged:
            self._n_rows[cell] = self._n_rows.get(cell, 0) + 1
        return row._replace(merged=merged)

    def notices(self) -> list[Notice]:
        """One of each merged cell, in order; the last one sums up where there are many."""
        cells = list(self._n_rows)
        notices = [self._notice(cell) for cell in cells[:MOST_NOTICES]]
        if more := cells[MOST_NOTICES:]:
            about = f"{self._place}: {len(more)} more cells are merged over several rows. {UNMERGE}"
            notices.append(Notice(about, sum(self._n_rows[cell] for cell in more)))
        return notices

    def _notice(self, cell: MergedCell) -> Notice:
        field = self._field(cell)
        where = f"{self._place}, rows {cell.first_row} to {cell.last_row}, column {column_letter(cell.column)}"
        if cell.is_block:
            outcome = "it reaches over several columns too, so only the first row has its value"
        elif field in NEVER_SHARED:
            outcome = "no two people have the same, so only the first row has its value"
        else:
            outcome = "each of these rows has its value"
        return Notice(f"{where}: {field} stands in one merged cell; {outcome}. {UNMERGE}", self._n_rows[cell])

    def _field(self, cell: MergedCell) -> str | None:
        return self._fields[cell.column] if cell.column < len(self._fields) else None
