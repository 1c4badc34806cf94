"""Going back to an older publication, and removing old runs. Both are written to the journal before they are done."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.durable import sync_folder
from pipeline.core.errors import SettingsError, StateError
from pipeline.core.places import Home, size_of
from pipeline.core.run_ids import run_order
from pipeline.core.run_note import NEW
from pipeline.publish import journal
from pipeline.publish.held_back import held_folder
from pipeline.publish.old_ids import keep_old_ids
from pipeline.publish.orders import check_finished
from pipeline.publish.publication import (
    STAGING,
    current_run_id,
    list_publications,
    point_at,
    read_current,
    remove_all,
    remove_staged,
)
from pipeline.publish.register import list_runs, rolled_back
from pipeline.publish.verify import damaged_files


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a prune removes, and what goes with it."""

    publications: tuple[str, ...]
    runs: tuple[str, ...]
    bytes_freed: int
    lost: tuple[str, ...]
    """In words"""


def roll_back(home: Home, run_id: str, by: str, reason: str) -> tuple[str, ...]:
    """Point ``current`` at an older publication; returns the ones taken back by that. Call it under the run lock.

    The next night goes on from what is current: identities, questions and limits are those of that publication. The
    last good exports and stewards' decisions stay as they are.

    Raises:
        SettingsError: If there is no such publication, or it is current already.
        StateError: If its files are damaged, or an expunge was cut short.
    """
    check_finished(home)
    current = current_run_id(home)  # what is current may be damaged: that is why one goes back
    publications = {publication.run_id: publication for publication in list_publications(home)}
    if run_id not in publications:
        raise SettingsError(run_id, "is not a publication of this home.", "See boroughlink runs list.")
    if run_id == current:
        raise SettingsError(run_id, "is current already.")
    if damaged := damaged_files(publications[run_id].folder, is_deep=True):
        raise StateError(str(publications[run_id].folder), f"is damaged ({damaged[0]}).", "Choose another publication.")
    taken_back = tuple(
        run
        for run in sorted({*publications, current or run_id}, key=run_order)
        if current and run_order(run_id) < run_order(run) <= run_order(current)
    )
    journal.append(home, "rollback", run_id=run_id, came_from=current, runs=taken_back, by=by, reason=reason)
    point_at(home, run_id)
    return taken_back


def plan_prune(home: Home, keep: int) -> Pruned:
    """What keeping only the newest publications would remove; the current one always stays.

    Kept besides: the folder of every run that stays published, of every run since the current one, and of one that
    could be released or continued, or of which that cannot be told because it is damaged. State (last good exports, decisions, the journal) is never touched; the ledger of
    the current publication still tells whose every record was in every run of its history.
    """
    taken_back = rolled_back(home)
    standing = [publication.run_id for publication in list_publications(home)]
    current = read_current(home)
    staying = {*[run for run in standing if run not in taken_back][-keep:], *([current.run_id] if current else [])}
    since = run_order(current.run_id) if current else ("", 0)
    removed = tuple(run for run in standing if run not in staying)
    runs = tuple(
        entry.run_id
        for entry in list_runs(home)
        if home.run(entry.run_id).root.is_dir()
        and entry.run_id not in staying
        and not entry.can_be_released
        and not (entry.damage and held_folder(home, entry.run_id).is_dir())
        and not (entry.state in ("failed", "unfinished", "refused", "damaged") and run_order(entry.run_id) > since)
    )
    size = sum(size_of(folder) for folder in _folders(home, removed, runs))
    return Pruned(removed, runs, size, tuple(_lost(home, removed, runs)))


def prune(home: Home, plan: Pruned) -> None:
    """Remove what the plan says; each folder is taken out of sight by one rename first. Call it under the run lock.

    Ids that the current publication does not know, as those of a night that was rolled back, are kept before. What a
    prune or a night that died had taken out of sight goes first.
    """
    remove_staged(home)
    remove_all(home.runs.glob(f"{NEW}*"))
    if not (plan.publications or plan.runs):
        return
    current = read_current(home)
    removed = tuple(sorted({*plan.publications, *plan.runs}, key=run_order))
    journal.append(home, "prune", came_from=current.run_id if current else None, runs=removed)
    for publication in list_publications(home):
        if current and publication.run_id in plan.publications:
            keep_old_ids(home, publication, current)
    for run_id in plan.publications:
        _remove(home.publication(run_id), home.published / f"{STAGING}{run_id}")
    for run_id in plan.runs:
        _remove(home.run(run_id).root, home.runs / f"{NEW}{run_id}")


def _remove(folder: Path, hidden: Path) -> None:
    folder.replace(hidden)
    sync_folder(folder.parent)
    shutil.rmtree(hidden)


def _lost(home: Home, publications: tuple[str, ...], runs: tuple[str, ...]) -> Iterator[str]:
    if publications:
        many = "publication" if len(publications) == 1 else "publications"
        yield (
            f"values and link_changes of {len(publications):,} {many}; whose each record was in them the "
            "current ledger still tells"
        )
    refused = [entry.run_id for entry in list_runs(home) if entry.run_id in runs and entry.state == "refused"]
    if refused:
        yield f"tables of refused runs that can no longer be released ({', '.join(refused)})"


def _folders(home: Home, publications: tuple[str, ...], runs: tuple[str, ...]) -> Iterator[Path]:
    yield from (home.publication(run_id) for run_id in publications)
    yield from (home.run(run_id).root for run_id in runs)
