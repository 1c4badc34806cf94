"""``boroughlink run``: one night."""

from __future__ import annotations

import datetime as dt
import json
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from flows.commands.options import HomeOption, JsonOption, RunFileOption
from flows.night import Night, plan_night
from flows.outcome import Outcome
from flows.progress import Bars
from flows.quiet import prefect_starts, quiet_prefect
from pipeline.core.lock import run_lock
from pipeline.core.log import log, log_to, stop_log

HELP = """
Run one night: read every feed, validate, link, publish.

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
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """One night."""
    del full
    night = plan_night(run_file, home, as_of.date() if as_of else None, engine, os.environ)
    console = Console(stderr=True)
    outcome = run_night(night, None if as_json else console)
    if as_json:
        print(json.dumps(outcome.as_json()))  # noqa: T201  (the result itself)
    else:
        _summary(console, outcome)
    raise typer.Exit(outcome.exit_code)


def run_night(night: Night, console: Console | None) -> Outcome:
    """Run the flow under the lock, with a log in the run's folder and, on a console, progress."""
    with run_lock(night.home.lock):
        handler = log_to(night.folder.file("run.log"))
        quiet_prefect(night.home.root)
        from prefect.task_runners import ThreadPoolTaskRunner

        from flows.nightly import nightly, one_night

        log("run begins", run=night.run_id, feeds=len(night.feeds))
        try:
            threads: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner(max_workers=night.settings.workers)
            has_prefect = prefect_starts()
            flow = nightly.with_options(task_runner=threads) if has_prefect else one_night  # type: ignore[arg-type]
            if not has_prefect:
                log("prefect does not start")
                (console or Console(stderr=True)).print(
                    "Prefect's local server does not start; the night runs without it."
                )
            with Bars(console) if console else nullcontext():
                outcome: Outcome = flow(night)
        finally:
            stop_log(handler)
    return outcome


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
