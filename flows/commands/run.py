"""``boroughlink run``: one night."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from flows.commands.options import HomeOption, JsonOption, RunFileOption
from flows.night import Night, plan_night
from flows.notify import notify, told_of
from flows.openmetrics import write_metrics
from flows.outcome import Outcome
from flows.progress import Bars
from flows.quiet import prefect_starts, quiet_prefect
from flows.resume import begin
from pipeline.core.durable import storage_error
from pipeline.core.errors import LimitsPassedError, LinkageError, PublishRefusedError
from pipeline.core.lock import run_lock
from pipeline.core.log import log, log_to, stop_log
from pipeline.core.run_note import RunNote, change_note, utc_now

HELP = """
Run one night: read every feed, validate, link, publish.

A run that died or failed is continued where it stopped: same date, settings, model, contracts and code, and only exports that
have changed since are read again.

Ends with 0 when all is fresh, and with 3 when it published but a feed was held or is missing.

Example: `boroughlink run --run-file /etc/boroughlink/run.yaml --as-of 2026-11-20`
"""


def run(
    run_file: RunFileOption = None,
    home: HomeOption = None,
    as_of: Annotated[
        dt.datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Date of the night; default today, or the run file's.", show_default=False)
    ] = None,
    engine: Annotated[Literal["local", "recordlinkage"] | None, typer.Option(help="Linkage engine; default the run file's.", show_default=False)] = None,
    full: Annotated[bool, typer.Option("--full", help="Rebuild everything. Every run does so until nights are incremental.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, though a run that died or failed could be continued.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """One night."""
    del full
    night = plan_night(run_file, home, as_of.date() if as_of else None, engine, os.environ)
    console = Console(stderr=True)
    try:
        outcome = run_night(night, None if as_json else console, fresh=fresh)
    except LimitsPassedError as refused:
        if as_json:
            print(json.dumps({"run_id": refused.run_id, "state": "refused", "limits_passed": refused.problems}))  # noqa: T201
        raise
    if as_json:
        print(json.dumps(outcome.as_json()))  # noqa: T201  (the result itself)
    else:
        _summary(console, outcome)
    raise typer.Exit(outcome.exit_code)


def run_night(night: Night, console: Console | None, *, fresh: bool = False) -> Outcome:
    """Run the flow under the lock, with a log in the run's folder and, on a console, progress.

    A run that died or failed is continued, unless ``fresh``: the run's id may be another than the night was planned with.
    """
    with _told_of_storage(night), run_lock(night.home.lock):
        night = _begun(night, fresh=fresh)
        handler = log_to(night.folder.file("run.log"))
        try:
            outcome = _run_flow(night, console)
        except Exception as error:
            _note_failure(night, error)
            raise
        else:
            facts = {"state": "published", "ended_at": utc_now(), "peak_mb": outcome.peak_mb}
            note = change_note(night.folder.root, **facts)
            log("run ends", run=night.run_id, state="published", seconds=outcome.seconds)
            if note:
                _tell(night, note, outcome, outcome.exit_code)
        finally:
            stop_log(handler)
    return outcome


def _begun(night: Night, *, fresh: bool) -> Night:
    """The run that tonight is; where none may begin, whom the run file names is told."""
    try:
        return begin(night, fresh=fresh)
    except LinkageError as error:
        kind = type(error).__name__
        note = RunNote(night.run_id, "failed", night.as_of.isoformat(), stage="begin", error=kind, reason=str(error))
        notify(night.settings.notify, told_of(note, str(night.home.root), None))
        raise


def _run_flow(night: Night, console: Console | None) -> Outcome:
    quiet_prefect(night.home.root)
    from prefect.task_runners import ThreadPoolTaskRunner

    from flows.nightly import nightly, one_night

    log("run begins", run=night.run_id, feeds=len(night.feeds))
    threads: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=night.settings.workers)
    has_prefect = prefect_starts()
    flow = nightly.with_options(task_runner=threads) if has_prefect else one_night  # type: ignore[arg-type]
    if not has_prefect:
        log("prefect does not start")
        (console or Console(stderr=True)).print("Prefect's local server does not start; the night runs without it.")
    with Bars(console) if console else nullcontext():
        return flow(night)


def _note_failure(night: Night, error: Exception) -> None:
    """Say in the run's folder and log what became of it; a disk that is full may keep that from being written."""
    state = "refused" if isinstance(error, PublishRefusedError) else "failed"
    kind, reason, stage = type(error).__name__, None, None
    if isinstance(error, LinkageError):
        reason, stage = str(error), error.stage
    facts: dict[str, Any] = {"state": state, "ended_at": utc_now(), "stage": stage, "error": kind, "reason": reason}
    note: RunNote | None = None
    with suppress(OSError, LinkageError):
        log("run ends", run=night.run_id, state=state, stage=stage, error=kind, reason=reason)
        note = change_note(night.folder.root, **facts)
    _tell(night, note or RunNote(night.run_id, as_of=night.as_of.isoformat(), **facts), None, 1)


def _tell(night: Night, note: RunNote, outcome: Outcome | None, exit_code: int) -> None:
    """Measures for the node exporter, and a message where the run file asks for one; neither fails the run."""
    try:
        write_metrics(night.home, note, exit_code)
    except Exception as error:
        with suppress(OSError):
            log("metrics not written", error=type(error).__name__)
    notify(night.settings.notify, told_of(note, str(night.folder.root), outcome))


@contextmanager
def _told_of_storage(night: Night) -> Iterator[None]:
    """A disk that is full, read-only or not ours is told in plain words."""
    try:
        yield
    except OSError as error:
        told = storage_error(error, night.home.root)
        if told is None:
            raise
        raise told from None


def _summary(console: Console, outcome: Outcome) -> None:
    table = Table(title=f"Night {outcome.run_id}", show_header=False, title_justify="left")
    for name, value in (
        ("records", outcome.records), ("persons", outcome.persons), ("linked pairs", outcome.links),
        ("open questions", outcome.questions), ("rows in quarantine", outcome.quarantined), ("feeds fresh", outcome.fresh),
    ):  # fmt: skip
        table.add_row(name, f"{value:,}")
    table.add_row("time and memory", f"{outcome.seconds:.1f} s, {outcome.peak_mb:,.0f} MB")
    console.print(table)
    for feed, state, reason in outcome.not_fresh:
        console.print(f"[bold]{feed}[/] is {state}: ", end="", soft_wrap=True)
        console.print(reason, markup=False, soft_wrap=True)
    for name, path in (
        ("published", outcome.published),
        ("report", outcome.report),
        ("validation", outcome.validation),
    ):
        console.print(f"{name:<11}{_short(path)}", soft_wrap=True, markup=False)


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
