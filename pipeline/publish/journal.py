"""The record of what operators did with publications: one JSON line a release, rollback or prune, only ever appended."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pipeline.core.clock import utc_now
from pipeline.core.durable import cannot_read, make_folder, sync_folder
from pipeline.core.known_fields import from_known
from pipeline.core.places import Home

Action = Literal["release", "rollback", "prune"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One act."""

    at: str
    action: Action
    run_id: str | None
    """The run that was released or gone back to"""
    came_from: str | None
    """The publication that was current until then"""
    runs: tuple[str, ...]
    """Runs that a rollback took back, or a prune removed"""
    by: str | None
    reason: str | None
    """Free text; it stays in this file"""


def append(
    home: Home,
    action: Action,
    *,
    run_id: str | None = None,
    came_from: str | None = None,
    runs: tuple[str, ...] = (),
    by: str | None = None,
    reason: str | None = None,
) -> Entry:
    """Write one line; it is on disk when this returns, and the act itself comes after."""
    entry = Entry(utc_now(), action, run_id, came_from, runs, by, reason)
    path = home.journal
    make_folder(path.parent)
    with path.open("a+b") as handle:
        line = json.dumps(asdict(entry)).encode() + b"\n"
        handle.write(line if _ends_whole(path) else b"\n" + line)
        handle.flush()
        os.fsync(handle.fileno())
    sync_folder(path.parent)
    return entry


def read(home: Home) -> list[Entry]:
    """All acts, oldest first; a line that was cut off when the power went was not acknowledged and does not count.

    Raises:
        StorageError: If the system does not let it be read.
    """
    return [entry for entry in _entries(home) if entry is not None]


def n_unreadable(home: Home) -> int:
    """How many lines cannot be read, not counting a last one that was cut off."""
    entries = _entries(home)
    return entries[:-1].count(None) + (entries[-1:] == [None] and _ends_whole(home.journal))


def _entries(home: Home) -> list[Entry | None]:
    path = home.journal
    try:
        return [_entry(line) for line in path.read_bytes().splitlines()]
    except (
        FileNotFoundError,
        NotADirectoryError,
    ):  # a file where its folder belongs is told by whoever needs the folder
        return []
    except OSError as error:
        raise cannot_read(path, error) from None


def _entry(line: bytes) -> Entry | None:
    try:
        fields = json.loads(line)
        return from_known(Entry, fields, runs=tuple(fields["runs"]))
    except (ValueError, TypeError, KeyError):
        return None


def _ends_whole(path: Path) -> bool:
    data = path.read_bytes()
    return not data or data.endswith(b"\n")
