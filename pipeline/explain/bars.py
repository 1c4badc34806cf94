"""Bars of a waterfall as text, for a terminal."""

from __future__ import annotations

from dataclasses import dataclass

FOR, AGAINST, ZERO, MARK = "█", "▒", "│", "┊"


@dataclass(frozen=True, slots=True)
class Scale:
    """Columns of a terminal for bits: lowest at column 0, highest at the last one."""

    low: float
    high: float
    width: int

    def column(self, bits: float) -> int:
        """The column of so many bits."""
        return round((bits - self.low) / ((self.high - self.low) or 1.0) * (self.width - 1))

    def bar(self, before: float, after: float, mark: float | None = None) -> str:
        """A bar between two totals, dark if it rises, light if it falls; the zero line, and a mark such as a threshold."""
        cells = [" "] * self.width
        if mark is not None and self.low <= mark <= self.high:
            cells[self.column(mark)] = MARK
        if self.low <= 0 <= self.high:
            cells[self.column(0)] = ZERO
        start, end = sorted((self.column(before), self.column(after)))
        for column in range(start, max(end, start + 1)):
            cells[column] = FOR if after >= before else AGAINST
        return "".join(cells)
