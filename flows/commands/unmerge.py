"""``boroughlink unmerge``: part records from a person."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from flows.commands.options import HomeOption, JsonOption, RunFileOption
from flows.night.counted import counted
from flows.night.place import settings_of
from pipeline.core.errors import SettingsError

HELP = """
Part records from a person, whoever joined them: they stay parted from the next night on, and both ids resolve.

Writes an unlink between each named record and each that stays, and takes links of stewards between them back. Where the policy asks for a second
person, another steward gives the same command. `boroughlink decide --retract` undoes it.

Example: `boroughlink unmerge P2ABCDEFGHIJ 1042 1177 --by "A. Steward" --reason "Two brothers"`
"""


def unmerge(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The person.")],
    records: Annotated[list[str], typer.Argument(metavar="RECORD...", help="Records that are somebody else's.")],
    by: Annotated[str, typer.Option(help="Who decides.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    home: HomeOption = None,
    run_file: RunFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Part records."""
    from flows.night.decisions import open_decisions
    from flows.stewards.unmerging import unmerge as carry_out
    from pipeline.explain.kept import open_folder
    from pipeline.publish.publication import need_current

    settings, place = settings_of(run_file, home)
    if not (by.strip() and reason.strip()):
        raise SettingsError("unmerge", "--by or --reason is empty.", "Say who decides, and why.")
    publication = need_current(place)
    with open_decisions(settings, place, os.environ) as store:
        done = carry_out(open_folder(publication.folder), store, person, records, {"decided_by": by, "reason": reason})
    if as_json:
        typer.echo(json.dumps(asdict(done)))
        return
    console = Console()
    console.print(
        f"{len(done.parted):,} of {counted(len(done.parted) + len(done.stay), 'record')} part from {person}.",
        soft_wrap=True,
    )
    console.print(
        f"{counted(done.entered, 'decision')} entered, {done.confirmed:,} confirmed, {done.already:,} there already, "
        f"{counted(done.retracted, 'link')} taken back."
    )
    if done.waiting:
        console.print(f"{done.waiting:,} wait: another steward must give the same command before the records part.")
