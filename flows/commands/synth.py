"""``boroughlink synth``: synthetic London."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Annotated

import rich.progress
import typer
from rich.console import Console

from flows.commands.options import JsonOption
from pipeline.core.errors import SettingsError

HELP = """
Make synthetic London: people who do not exist, and the exports that 33 boroughs and the force's systems would hold of them.

Example: `boroughlink synth --people 3000 --seed 7 --out london`, then `boroughlink run --run-file london/run.yaml`
"""


def synth(
    people: Annotated[int, typer.Option(min=100, help="How many people.")],
    out: Annotated[Path, typer.Option(help="Folder for exports, truth and run file.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same London.")] = 7,
    as_of: Annotated[
        dt.datetime,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="Date of its last records.", show_default="2026-11-20"),
    ] = dt.datetime(2026, 11, 20),  # noqa: DTZ001
    as_json: JsonOption = False,
) -> None:
    """Make synthetic London."""
    try:
        from pipeline.synth.generate import generate
    except ImportError:
        raise SettingsError("synth", "needs the extra of that name", "Install boroughlink[synth].") from None
    console = Console(stderr=True)
    bars = rich.progress.Progress(*rich.progress.Progress.get_default_columns(), console=console, disable=as_json)
    tasks: dict[str, rich.progress.TaskID] = {}

    def show_progress(stage: str, done: int, total: int) -> None:
        name = stage.split(":", maxsplit=1)[0]
        if name not in tasks:
            tasks[name] = bars.add_task(name, total=total)
        bars.update(tasks[name], completed=done, total=total)

    with bars:
        london = generate(people, seed, out, as_of.date(), show_progress)
    if as_json:
        typer.echo(json.dumps({"people": london.people, "records": london.records, "out": str(london.out)}))
    else:
        told = f"{london.people:,} people, {london.records:,} records."
        typer.echo(f"{told} Now: boroughlink run --run-file {london.out}/run.yaml", err=True)
