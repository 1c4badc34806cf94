"""The id of a run: the date of its night and a number; its form, its order, and the folders that have one for a name."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.core.places import Home

RUN_ID = re.compile(r"\d{4}-\d\d-\d\d-\d+")


def run_order(run_id: str) -> tuple[str, int]:
    """Key that sorts runs in time: by date, then number; 2026-11-20-10 comes after 2026-11-20-9."""
    day, _, number = run_id.rpartition("-")
    return day, int(number) if number.isdigit() else 0


def run_folders(home: Home) -> list[Path]:
    """The folder of every run, oldest first; nothing that a process which died has left beside them."""
    return _of_runs(home.runs)


def publication_folders(home: Home) -> list[Path]:
    """The folder of every publication, oldest first; neither ``current`` nor leftovers."""
    return _of_runs(home.published)


def _of_runs(parent: Path) -> list[Path]:
    found = parent.iterdir() if parent.is_dir() else ()
    folders = [path for path in found if RUN_ID.fullmatch(path.name) and path.is_dir()]
    return sorted(folders, key=lambda path: run_order(path.name))
