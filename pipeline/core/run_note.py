"""What a run's folder says of the run as a whole: ``run.json``, written whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal, get_args

from pipeline.core.clock import utc_now
from pipeline.core.durable import cannot_read, make_folder, sync_folder, write_synced
from pipeline.core.errors import StateError
from pipeline.core.known_fields import from_known
from pipeline.core.places import Home
from pipeline.core.run_ids import run_folders

RunState = Literal["unfinished", "published", "failed", "refused", "abandoned"]
NOTE = "run.json"
NEW = ".new-"
MEND = "Until then its run is not continued. Restore it from a backup; else move it away, and the run counts as ended."
NEWER = "A newer version of boroughlink wrote it: use that one. Until then its run is not continued, and nothing of it is lost."


@dataclass(frozen=True, slots=True)
class RunNote:
    """State of a run, and what it was made from."""

    run_id: str
    state: RunState
    as_of: str
    stamps: Mapping[str, str] = field(default_factory=dict)
    """Hash of each thing that its tables depend on besides the exports: settings, model, contracts, code"""
    base: str | None = None
    """Publication that was current when it began"""
    began_at: str = ""
    ended_at: str | None = None
    n_resumed: int = 0
    """How often it was continued after it had died or failed"""
    stage: str | None = None
    """Where it failed or was refused"""
    error: str | None = None
    """Class of the error"""
    reason: str | None = None
    """Message of the error; no personal data"""
    peak_mb: float | None = None
    """Most memory that the process held"""
    run_file: str | None = None
    """Run file that it was made with; None for the bundled sample's, and of runs of before this was kept"""


def read_note(folder: Path) -> RunNote | None:
    """The note of a run's folder; None where it has none, as runs of before this note was kept.

    Raises:
        StateError: If it is damaged, or of a newer version that knows other states.
        StorageError: If the system does not let it be read, which says nothing of what stands in it.
    """
    facts = _facts(folder)
    return None if facts is None else _note(folder, facts)


def _facts(folder: Path) -> dict[str, Any] | None:
    """What stands in a run's note, also what this version does not know; raises as ``read_note``."""
    path = folder / NOTE
    try:
        facts = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise cannot_read(path, error) from None
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        raise StateError(str(path), "is damaged.", MEND)
    return facts


def _note(folder: Path, facts: Mapping[str, Any]) -> RunNote:
    path = str(folder / NOTE)
    try:
        note = from_known(RunNote, facts)
    except TypeError:
        raise StateError(path, "is damaged.", MEND) from None
    if note.run_id != folder.name or not isinstance(note.state, str):
        raise StateError(path, "is damaged.", MEND)
    if note.state not in get_args(RunState):
        raise StateError(path, f"says that its run is {note.state!a}, a state that this version does not know.", NEWER)
    return note


def write_note(folder: Path, note: RunNote) -> None:
    """Keep the note; it is on disk when this returns."""
    _write(folder, asdict(note))


def _write(folder: Path, facts: Mapping[str, Any]) -> None:
    write_synced(folder / NOTE, json.dumps(facts, indent=1, sort_keys=True))


def change_note(folder: Path, **facts: object) -> RunNote | None:
    """Change what a run's note says; nothing where there is none. What this version does not know of it stays.

    Raises:
        StateError, StorageError: As ``read_note``; then it stays as it is.
    """
    written = _facts(folder)
    if written is None:
        return None
    _note(folder, written)
    changed = written | facts
    note = _note(folder, changed)
    _write(folder, changed)
    return note


def note_published(folder: Path) -> None:
    """Note that a run is published, and no more why it was not until now; nothing where it has no note.

    A note that is damaged or of a newer version is kept beside the new one, under another name.

    Raises:
        StorageError: If the system does not let it be read; then it stays as it is.
    """
    facts: dict[str, Any] = {"state": "published", "ended_at": utc_now(), "stage": None, "error": None, "reason": None}
    try:
        change_note(folder, **facts)
    except StateError:
        _set_aside(folder / NOTE)
        write_note(folder, RunNote(folder.name, as_of=folder.name.rpartition("-")[0], **facts))


def _set_aside(path: Path) -> None:
    names = (path.with_name(f"{path.name}.damaged-{number}") for number in count(1))
    path.replace(next(name for name in names if not name.exists()))


def open_run(home: Home, note: RunNote) -> None:
    """Make a run's folder with its note in it, both at once: there is never a run's folder that says nothing."""
    make_folder(home.runs)
    for leftover in home.runs.glob(f"{NEW}*"):
        shutil.rmtree(leftover)
    new = home.runs / f"{NEW}{note.run_id}"
    new.mkdir()
    write_note(new, note)
    new.replace(home.runs / note.run_id)
    sync_folder(home.runs)


def last_note(home: Home) -> RunNote | None:
    """The note of the run that began last; a damaged one, or one of a newer version, is passed over."""
    notes = []
    for folder in run_folders(home):
        with suppress(StateError):
            notes.append(read_note(folder))
    return max((note for note in notes if note), key=lambda note: (note.began_at, note.run_id), default=None)


def unfinished_runs(home: Home) -> list[RunNote]:
    """Notes of the runs that died or failed, in order of beginning; a damaged one, or one of a newer version, is passed over.

    Call it under the run lock: then none of them is at work.

    Raises:
        StorageError: If the system does not let one be read.
    """
    notes = []
    for folder in run_folders(home):
        with suppress(StateError):
            note = read_note(folder)
            if note and note.state in ("unfinished", "failed"):
                notes.append(note)
    return sorted(notes, key=lambda note: (note.began_at, note.run_id))
