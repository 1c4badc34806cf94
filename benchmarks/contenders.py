"""Who takes part, and how each is called: a process of its own that gets records and writes its answer to a folder."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets import DataSet


@dataclass(frozen=True, slots=True)
class Contender:
    """One tool, used one way."""

    name: str
    title: str
    command: Callable[[DataSet, Path], list[str]]
    candidates: Callable[[DataSet, Path], list[str]] | None = None
    """counts candidate pairs, in a process that is not timed; None where the answer tells them"""
    most_rows: int | None = None
    """sets with more records are left out"""
    by_threshold: bool = True
    """links from a weight on and takes connected components"""

    def takes(self, rows: int) -> bool:
        """Whether it is meant for so many records."""
        return self.most_rows is None or rows <= self.most_rows


def _boroughlink(data: DataSet, out: Path) -> list[str]:
    """As a user calls it: trained on the input, own threshold, report and all."""
    fields = [text for column, kind in data.family.kinds.items() for text in ("--field", f"{column}={kind}")]
    command = [str(Path(sys.executable).with_name("boroughlink")), "link", str(data.records), "--out", str(out)]
    return [
        *command,
        "--field",
        "unique_id=record_id",
        *fields,
        *(["--link-only"] if data.family.is_link else []),
        "--json",
    ]


def _splink(data: DataSet, out: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.run_splink", data.family.name, str(data.records), str(out)]


def _splink_candidates(data: DataSet, out: Path) -> list[str]:
    return [*_splink(data, out), "--candidates", str(data.truth)]


def _recordlinkage(keys: str) -> Callable[[DataSet, Path], list[str]]:
    def command(data: DataSet, out: Path) -> list[str]:
        return [
            sys.executable,
            "-m",
            "benchmarks.run_recordlinkage",
            data.family.name,
            str(data.records),
            str(out),
            keys,
        ]

    return command


SMALL = 10_000  # the recordlinkage package says of itself that it is for small and medium files
CONTENDERS = (
    Contender("boroughlink", "boroughlink", _boroughlink, by_threshold=False),
    Contender("splink", "Splink", _splink, _splink_candidates),
    Contender("recordlinkage", "recordlinkage, one key", _recordlinkage("one"), most_rows=SMALL),
    Contender("recordlinkage_keys", "recordlinkage, several keys", _recordlinkage("several"), most_rows=SMALL),
)
OURS = CONTENDERS[0]
PEER = CONTENDERS[1]
BY_NAME = {contender.name: contender for contender in CONTENDERS}
