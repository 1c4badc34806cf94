"""What a run's folder says of the run as a whole: ``run.json``, written whole or not at all."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from pipeline.core.durable import make_folder, sync_folder, write_synced
from pipeline.core.errors import StateError
from pipeline.core.places import Home
from pipeline.core.run_ids import run_folders

RunState = Literal["unfinished", "published", "failed", "refused", "abandoned"]
NOTE = "run.json"
NEW = ".new-"


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


def utc_now() -> str:
    """This moment by the system's clock, UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def read_note(folder: Path) -> RunNote | None:
    """The note of a run's folder; None where it has none, as runs of before this note was kept.

    Raises:
        StateError: If it cannot be read.
    """
    path = folder / NOTE
    try:
        note = RunNote(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        note = None
    if note is None or note.run_id != folder.name or note.state not in get_args(RunState):
        raise StateError(str(path), "is damaged.", "Delete this file: the run then counts as ended, a new one begins.")
    return note


def write_note(folder: Path, note: RunNote) -> None:
    """Keep the note; it is on disk when this returns."""
    write_synced(folder / NOTE, json.dumps(asdict(note), indent=1, sort_keys=True))


def change_note(folder: Path, **facts: object) -> RunNote | None:
    """Change what a run's note says; nothing where there is none."""
    note = read_note(folder)
    if note is not None:
        note = replace(note, **facts)  # type: ignore[arg-type]
        write_note(folder, note)
    return note


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
    """The note of the run that began last; a damaged one is passed over."""
    notes = []
    for folder in run_folders(home):
        with suppress(StateError):
            notes.append(read_note(folder))
    return max((note for note in notes if note), key=lambda note: (note.began_at, note.run_id), default=None)


def unfinished_runs(home: Home) -> list[RunNote]:
    """Notes of the runs that died or failed, in order of beginning; a damaged note ends its run, and says so.

    Call it under the run lock: then none of them is at work.
    """
    notes = []
    for folder in run_folders(home):
        note = _note_or_abandoned(folder)
        if note and note.state in ("unfinished", "failed"):
            notes.append(note)
    return sorted(notes, key=lambda note: (note.began_at, note.run_id))


def _note_or_abandoned(folder: Path) -> RunNote | None:
    try:
        return read_note(folder)
    except StateError as error:
        write_note(folder, RunNote(folder.name, "abandoned", folder.name.rpartition("-")[0], reason=str(error)))
        return None
