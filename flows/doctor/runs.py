"""What the doctor says of runs: which died or failed, what they left lying, and whether the clock is behind them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from flows.doctor.finding import Finding, Given, problem_of
from pipeline.core.clock import utc_now
from pipeline.core.errors import PlacedError, StateError, StorageError
from pipeline.core.places import Home
from pipeline.core.run_ids import run_folders
from pipeline.core.run_note import RunNote, read_note
from pipeline.publish.held_back import read_verdict
from pipeline.publish.register import list_runs


def runs(home: Home, given: Given, *, is_busy: bool) -> Iterator[Finding]:
    """Runs that died and can be continued, notes and verdicts that cannot be read, and how the last run ended."""
    notes = list(_notes(home))
    for note in notes:
        if isinstance(note, PlacedError):
            yield problem_of("runs", note)
        elif note.state == "unfinished" and not is_busy:
            run_file = given.run_file or (Path(note.run_file) if note.run_file else None)
            command = given._replace(run_file=run_file).run_command()
            what_to_do = f"{command} --as-of {note.as_of} continues it; with --fresh a new one begins."
            yield Finding("runs", "warning", f"{note.run_id} died.", what_to_do)
    yield from _verdicts(home)
    ended = [note for note in notes if isinstance(note, RunNote)]
    last = max(ended, key=lambda note: (note.began_at, note.run_id), default=None)
    if last and last.state in ("failed", "refused"):
        yield _held_back(home, last) or Finding(
            "runs",
            "problem",
            f"the last run, {last.run_id}, {'failed' if last.state == 'failed' else 'was refused'}"
            f"{f' at {last.stage}' if last.stage else ''}: {last.reason or last.error}",
            f"See {home.run(last.run_id).file('run.log')}",
        )
    elif last:
        yield Finding("runs", "ok", f"{len(notes)}; the last, {last.run_id}, is {last.state}.")


def _held_back(home: Home, last: RunNote) -> Finding | None:
    """What to say of a last run that the publish gate holds back; None of any other."""
    entry = next(entry for entry in list_runs(home) if entry.run_id == last.run_id)
    if entry.state != "refused" or not entry.limits_passed:
        return None
    found = f"the publish gate holds back the last run, {last.run_id}: {'; '.join(entry.limits_passed)}."
    return Finding(
        "runs",
        "problem",
        found,
        f"Look at {home.run(last.run_id).file('report.html')}; if it is right, boroughlink runs release {last.run_id} "
        "--by NAME --reason TEXT publishes it, else correct what is wrong and run again."
        if entry.can_be_released
        else "Run the night again: what this one was measured against is no longer current, or its tables are gone.",
    )


def leftovers(home: Home, *, is_busy: bool) -> Iterator[Finding]:
    """What runs and prunes that died left lying."""
    lying = [*home.published.glob(".staging-*"), *home.runs.glob(".new-*")]
    if lying and not is_busy:
        yield Finding(
            "leftovers",
            "warning",
            f"{len(lying)} of a run or prune that died, as {lying[0].name}.",
            "The next run or prune removes them.",
        )


def clock(home: Home) -> Finding:
    """Whether the clock is behind a moment at which a run was at work."""
    now = utc_now()
    last = max((note.ended_at or note.began_at for note in _notes(home) if isinstance(note, RunNote)), default="")
    if last > now:
        return Finding(
            "clock",
            "problem",
            f"it says {now}, but a run was at work at {last}.",
            "Was the clock set back? Set it right before the next night.",
        )
    return Finding("clock", "ok", f"{now}, zone {time.localtime().tm_zone}.")


def _verdicts(home: Home) -> Iterator[Finding]:
    for folder in run_folders(home):
        try:
            read_verdict(home, folder.name)
        except (StateError, StorageError) as error:
            yield problem_of("runs", error)


def _notes(home: Home) -> Iterator[RunNote | PlacedError]:
    for folder in run_folders(home):
        try:
            note = read_note(folder)
        except (StateError, StorageError) as error:
            yield error
        else:
            if note:
                yield note
