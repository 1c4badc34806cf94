"""Exports that move on from night to night: rows of a synthetic London arrive, are corrected and leave.

Only files of one row a line are moved (CSV and JSON lines; only CSV is corrected); all others stay as they are. A row stays the same row through all
nights, so that the truth about it is known wherever it stands in its file.
"""

from __future__ import annotations

import hashlib
import random
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

NEVER = 10**6
LETTER = re.compile(rb"(?<=[A-Za-z])[a-z](?=[a-z])")
KEPT_ROWS = 3  # of a file that is cut short, so that its feed is held


@dataclass(frozen=True, slots=True)
class Drift:
    """Shares of the rows that come, change and go in one night."""

    arrive: float = 0.004
    correct: float = 0.004
    leave: float = 0.002


@dataclass(slots=True)
class _Row:
    number: int
    """Line in the file of the whole London"""
    text: bytes
    arrives: int
    leaves: int


@dataclass(slots=True)
class Exports:
    """The exports of one London on one night."""

    place: Path
    drift: Drift
    seed: int
    nights: int
    _files: dict[str, tuple[bytes | None, list[_Row]]] = field(default_factory=dict)
    _truth: dict[tuple[str, int, int], str] = field(default_factory=dict)
    _written: dict[tuple[str, str], dict[int, int]] = field(default_factory=dict)
    """Of each file as it was written on some night: line to the line in the whole London"""

    def begin(self) -> None:
        """Note when each row arrives and leaves."""
        root = self.place / "exports"
        shutil.copytree(root, self.place / "whole", dirs_exist_ok=True)
        truth = pq.read_table(self.place / "truth" / "records.parquet").to_pylist()
        last: dict[str, int] = {}
        for row in truth:
            last[row["file"]] = max(last.get(row["file"], 0), row["row_number"])
        for path in sorted(p for p in (self.place / "whole").rglob("*") if p.suffix in (".csv", ".jsonl")):
            name = str(path.relative_to(self.place / "whole"))
            head, rows = self._read(path)
            if rows and rows[-1].number == last[name]:  # else some row takes more than a line
                self._files[name] = head, rows
        self._truth = {
            (row["file"] + (f"#{row['sheet']}" if row["sheet"] else ""), row["row_number"], row["part"]): row[
                "true_person_id"
            ]
            for row in truth
        }

    def _read(self, path: Path) -> tuple[bytes | None, list[_Row]]:
        lines = path.read_bytes().splitlines(keepends=True)
        head = lines.pop(0) if path.suffix == ".csv" else None
        chance = random.Random(f"{self.seed}/{path.name}")
        rows = []
        for number, text in enumerate(lines, start=1 if head is None else 2):
            arrives_by, leaves_by = chance.random(), chance.random()
            arrives = chance.randint(1, self.nights) if arrives_by < self.drift.arrive * self.nights else 0
            leaves = chance.randint(1, self.nights) if leaves_by < self.drift.leave * self.nights else NEVER
            rows.append(_Row(number, text, arrives, leaves))
        return head, rows

    @property
    def files(self) -> list[str]:
        """Those that move."""
        return sorted(self._files)

    def write(self, night: int, *, held: str | None = None) -> None:
        """Write the exports of a night, 0 the first; ``held``: a file that is cut short."""
        for name, (head, rows) in self._files.items():
            chance = random.Random(f"{self.seed}/{name}/{night}")
            for row in rows if night else ():
                if chance.random() < self.drift.correct and head is not None:
                    row.text = _corrected(row.text, chance)
            present = self._here(name, night)
            rows_written = present[: KEPT_ROWS if name == held else None]
            text = b"".join([head] * (head is not None) + [row.text for row in rows_written])
            (self.place / "exports" / name).write_bytes(text)
            first = 1 if head is None else 2
            numbers = {line: row.number for line, row in enumerate(rows_written, start=first)}
            self._written[name, hashlib.sha256(text).hexdigest()] = numbers

    def _here(self, name: str, night: int) -> list[_Row]:
        return [row for row in self._files[name][1] if row.arrives <= night < row.leaves]

    def truth_of(self, file: str, sha256: str, sheet: str | None, row: int, part: int) -> str | None:
        """True person of a row of an export that was written on any of the nights."""
        numbers = self._written.get((file, sha256))
        number = row if numbers is None else numbers[row]
        return self._truth.get((f"{file}#{sheet}" if sheet else file, number, part))


def _corrected(text: bytes, chance: random.Random) -> bytes:
    """The row with one letter another one."""
    places = [letter.start() for letter in LETTER.finditer(text)]
    if not places:
        return text
    place = chance.choice(places)
    return text[:place] + bytes([ord("a") + chance.randrange(26)]) + text[place + 1 :]
