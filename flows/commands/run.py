"""``boroughlink run``: one night."""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from flows.commands.options import HomeOption, JsonOption, NightRunFileOption
from pipeline.core.errors import LimitsPassedError

if TYPE_CHECKING:
    from flows.night.outcome import Outcome

HELP = """
Run one night: read every feed, validate, link, publish.

A run that died or failed is continued where it stopped: same date, settings, model, contracts and code. Only exports that have
changed since are read again, and what stewards have decided since counts.

Only what is new or changed since the last night is worked on, and the result is that of a full rebuild (`--full`). The
summary says when everything was rebuilt, and why.

Ends with 0 when all is fresh, and with 3 when it published but a feed was held or is missing.

Example: `boroughlink run --run-file /etc/boroughlink/run.yaml --as-of 2026-11-20`
"""


def run(
    run_file: NightRunFileOption = None,
    home: HomeOption = None,
    as_of: Annotated[
        dt.datetime | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%d"],
            help="Date of the night; default today, or the run file's.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        Literal["local", "spark", "recordlinkage"] | None,
        typer.Option(
            help="Linkage engine; default the run file's. Only local goes on from the last night.", show_default=False
        ),
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--full", help="Rebuild everything, and not only what is new or changed since the last night."),
    ] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Count anew how common values are, and rebuild everything with it.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew, though a run that died or failed could be continued.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """One night."""
    from flows.night.plan import plan_night
    from flows.night.progress import Terminal
    from flows.running.one_run import run_night

    night = plan_night(run_file, home, as_of.date() if as_of else None, engine, os.environ)
    night = replace(night, is_full=full or refresh, is_refresh=refresh)
    console = Terminal()
    try:
        outcome = run_night(night, None if as_json else console, fresh=fresh or night.is_full)
    except LimitsPassedError as refused:
        report = night.home.run(refused.run_id).file("report.html")
        if as_json:
            facts = {"run_id": refused.run_id, "state": "refused", "limits_passed": refused.problems}
            typer.echo(json.dumps(facts | {"report": str(report)}))
        else:
            _print_path(console, "report", report)
        raise
    if as_json:
        typer.echo(json.dumps(outcome.as_json()))
    else:
        _summary(console, outcome)
    raise typer.Exit(outcome.exit_code)


def _summary(console: Console, outcome: Outcome) -> None:
    from flows.night.outcome import not_fresh_told, worked_on

    table = Table(title=f"Night {outcome.run_id}", show_header=False, title_justify="left")
    for name, value in (
        ("records", outcome.records),
        ("persons", outcome.persons),
        ("linked pairs", outcome.links),
        ("open questions", outcome.questions),
        ("rows in quarantine", outcome.quarantined),
        ("feeds fresh", outcome.fresh),
    ):
        table.add_row(name, f"{value:,}")
    table.add_row("worked on", worked_on(outcome.why_full, outcome.built))
    table.add_row("time and memory", f"{outcome.seconds:.1f} s, {outcome.peak_mb:,.0f} MB")
    console.print(table)
    for feeds, told in not_fresh_told(outcome.not_fresh):
        console.print(f"[bold]{feeds}[/] ", end="", soft_wrap=True)
        console.print(told, markup=False, soft_wrap=True)
    for feed, told in outcome.unread:
        console.print(f"[bold]{feed}[/] is fresh, but ", end="", soft_wrap=True)
        console.print(told, markup=False, soft_wrap=True)
    if outcome.detached:
        many = "decision is" if outcome.detached == 1 else "decisions are"
        console.print(
            f"{outcome.detached:,} {many} detached: a record is gone or speaks of somebody else. "
            "`boroughlink decide --list` says why; the desk's queue leads there.",
            markup=False,
            soft_wrap=True,
        )
    for name, path in (
        ("published", outcome.published),
        ("report", outcome.report),
        ("validation", outcome.validation),
    ):
        _print_path(console, name, path)


def _print_path(console: Console, name: str, path: Path) -> None:
    console.print(f"{name:<11}{_short(path)}", soft_wrap=True, markup=False)


def _short(path: Path) -> str:
    """Relative to the current folder, but for the root, where a path without its slash looks wrong in cron's mail."""
    folder = Path.cwd()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) and folder != Path("/") else str(path)
