"""All runs and publications of a home, and what became of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from pipeline.core.errors import StateError, StorageError
from pipeline.core.places import Home
from pipeline.core.run_ids import run_folders, run_order
from pipeline.core.run_note import RunNote, read_note
from pipeline.publish import journal
from pipeline.publish.held_back import Verdict, held_folder, read_verdict
from pipeline.publish.publication import (
    Publication,
    current_run_id,
    damaged_publications,
    list_publications,
)

State = Literal["current", "published", "rolled back", "refused", "failed", "unfinished", "abandoned", "damaged"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunEntry:
    """One run: its state, and what is still there of it."""

    run_id: str
    state: State
    base: str | None
    """Publication that it went on from"""
    began_at: str | None
    ended_at: str | None
    records: int | None
    persons: int | None
    links: int | None
    model: str | None
    released_by: str | None
    can_be_released: bool
    """The gate held it back, its tables are there, and what it was measured against is still current"""
    limits_passed: tuple[str, ...]
    stage: str | None
    """Where it failed"""
    reason: str | None
    """Why it failed or was refused"""
    is_running: bool = False
    damage: str | None = None
    """What of it cannot be read, why, and what to do"""


def list_runs(home: Home, *, is_locked: bool = False) -> list[RunEntry]:
    """Every run that left a folder, oldest first.

    Args:
        home: where they lie.
        is_locked: a run is at work: the newest unfinished one.
    """
    published = {entries.run_id: entries for entries in list_publications(home)}
    folders = {folder.name for folder in run_folders(home)}
    current = current_run_id(home)
    taken_back = rolled_back(home)
    damaged = {Path(error.place).parent.name: str(error) for error in damaged_publications(home)}
    ids = sorted(folders | published.keys() | damaged.keys(), key=run_order)
    entries = [
        _entry(
            home,
            run_id,
            published.get(run_id),
            current,
            is_rolled_back=run_id in taken_back,
            damage=damaged.get(run_id),
        )
        for run_id in ids
    ]
    unfinished = [position for position, entry in enumerate(entries) if entry.state == "unfinished"]
    if is_locked and unfinished:
        entries[unfinished[-1]] = replace(entries[unfinished[-1]], is_running=True)
    return entries


def rolled_back(home: Home) -> frozenset[str]:
    """Publications that were taken back and not gone back to since."""
    taken_back: set[str] = set()
    for act in journal.read(home):
        if act.action == "rollback":
            taken_back |= set(act.runs)
            taken_back.discard(str(act.run_id))
    return frozenset(taken_back)


def _entry(
    home: Home, run_id: str, published: Publication | None, now: str | None, *, is_rolled_back: bool, damage: str | None
) -> RunEntry:
    note, note_damage = _read(lambda: read_note(home.run(run_id).root))
    verdict, verdict_damage = _read(lambda: read_verdict(home, run_id))
    damage = " ".join(dict.fromkeys(filter(None, (damage, note_damage, verdict_damage)))) or None
    manifest: dict[str, Any] = published.manifest if published else {}
    rows = {name: facts["rows"] for name, facts in manifest.get("tables", {}).items()}
    broken = verdict.broken if verdict else ()
    state = _state(run_id, published, now, note, verdict, is_rolled_back=is_rolled_back, is_damaged=bool(damage))
    can_be_released = (
        state in ("refused", "damaged")
        and bool(broken)
        and held_folder(home, run_id).is_dir()
        and verdict is not None
        and verdict.base == now
    )
    return RunEntry(
        run_id,
        state,
        note.base if note else None,
        note.began_at if note else None,
        note.ended_at if note else None,
        rows.get("records"),
        rows.get("persons"),
        rows.get("links"),
        manifest.get("model"),
        manifest.get("released_by"),
        can_be_released,
        tuple(measure.sentence for measure in broken),
        note.stage if note else None,
        note.reason if note else None,
        damage=damage,
    )


def _read(look: Callable[[], T | None]) -> tuple[T | None, str | None]:
    """What is written of a run, or what is wrong with that."""
    try:
        return look(), None
    except (StateError, StorageError) as error:
        return None, str(error)


def _state(
    run_id: str,
    published: Publication | None,
    now: str | None,
    note: RunNote | None,
    verdict: Verdict | None,
    *,
    is_rolled_back: bool,
    is_damaged: bool,
) -> State:
    if published:
        return "current" if run_id == now else "rolled back" if is_rolled_back else "published"
    if is_damaged:
        return "damaged"
    if note is None:  # a run of before notes were kept
        return "refused" if verdict and verdict.broken else "failed"
    return "failed" if note.state == "published" else note.state
