"""``boroughlink doctor``: is all well with a home."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.commands.options import HomeOption, JsonOption, NightRunFileOption
from flows.night.place import settings_of

HELP = """
Look whether all is well with a home: versions, permissions, disk, lock, runs, publication, decisions, last good exports, clock.

Changes nothing. Ends with 0 where there is no problem, with 1 where there is one; a warning is none.

Example: `boroughlink doctor --run-file /etc/boroughlink/run.yaml --deep`
"""
STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}


def doctor(
    home: HomeOption = None,
    run_file: NightRunFileOption = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every byte of the publication, and look at each expectation.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Is all well with a home."""
    from flows.doctor.examination import examine
    from flows.doctor.finding import Given
    from flows.night.plan import SAMPLE_RUN
    from pipeline.core.places import Home

    settings, place = settings_of(run_file, home, SAMPLE_RUN)  # as a night has them
    place = Home(place.root.resolve())
    findings = examine(settings, place, is_deep=deep, given=Given(run_file, home))
    if as_json:
        typer.echo(json.dumps([finding._asdict() for finding in findings]))
    else:
        table = Table("check", "state", "found", "what to do")
        for column in table.columns[2:]:
            column.overflow = "fold"  # paths and commands are whole, to be copied
        for finding in findings:
            table.add_row(
                finding.check, Text(finding.state, STYLES[finding.state]), Text(finding.found), Text(finding.what_to_do)
            )
        Console().print(table)
    raise typer.Exit(int(any(finding.state == "problem" for finding in findings)))
