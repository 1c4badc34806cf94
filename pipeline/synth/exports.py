"""What all exports have in common: how names are written in a cell, and CSV files that know the line of each row."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol

from anyascii import anyascii

from pipeline.synth.dirt import Sighting, mojibake

Truth = Callable[[str, str, str | None, int, int, str], None]
"""feed_id, file, sheet, row number, part, person"""


class Export(Protocol):
    """One kind of export being written."""

    def add(self, sighting: Sighting) -> None:
        """Write one sighting."""

    def close(self) -> None:
        """Finish the files."""


def given_names(sighting: Sighting) -> str:
    """First and middle names in one cell."""
    return f"{sighting.forename} {sighting.middle}".strip()


def full_name(sighting: Sighting) -> str:
    """SURNAME, First Middle."""
    return f"{sighting.surname.upper()}, {given_names(sighting)}".strip(", ")


def police_text(text: str, rng: random.Random) -> str:
    """A name as a cp1252 system holds it: accents lost, or mangled."""
    if text.isascii():
        return text
    return mojibake(text) if rng.random() < 0.3 else anyascii(text)


class CsvFile:
    """Rows of one CSV file and the line each begins on."""

    def __init__(self, path: Path, encoding: str, delimiter: str, headings: tuple[str, ...]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.handle: IO[str] = path.open("w", encoding=encoding, newline="", errors="replace")
        self.writer = csv.writer(self.handle, delimiter=delimiter, lineterminator="\r\n")
        self.writer.writerow(headings)
        self.line = 1

    def row(self, cells: list[str]) -> int:
        """Write a row; returns its line."""
        begins = self.line + 1
        self.writer.writerow(cells)
        self.line = begins + sum(cell.count("\n") for cell in cells)
        return begins


class Lines:
    """A force-wide CSV: MERLIN missing, MERLIN coming to notice, custody."""

    def __init__(
        self,
        root: Path,
        truth: Truth,
        feed: str,
        file: str,
        encoding: str,
        headings: tuple[str, ...],
        row: Callable[[Sighting, int], list[str]],
    ) -> None:
        self.truth, self.feed, self.file, self.make, self.count = truth, feed, file, row, 0
        self.csv = CsvFile(root / file, encoding, ",", headings)

    def add(self, sighting: Sighting) -> None:
        self.count += 1
        self.truth(self.feed, self.file, None, self.csv.row(self.make(sighting, self.count)), 1, sighting.truth)

    def close(self) -> None:
        self.csv.handle.close()
