"""``boroughlink audit``: proves that nothing was changed in the audit log."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer
from rich.console import Console

from flows.commands.options import HomeOption, JsonOption, RunFileOption
from flows.night.place import settings_of
from pipeline.core.errors import SettingsError, StateError

HELP = """
The audit log of the review desk.

Example: `boroughlink audit verify`
"""
app = typer.Typer(help=HELP, no_args_is_help=True)


@app.callback()
def audit() -> None:
    """The audit log of the review desk."""


@app.command("verify")
def verify(
    head: Annotated[
        str | None,
        typer.Option(
            help="NUMBER:HASH of an entry as an earlier verify printed it: shows that nothing was cut off.",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    run_file: RunFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Walk the chain of hashes from the first entry to the last; exit code 1 where it is broken.

    Example: `boroughlink audit verify --head 120:9f2c...`
    """
    from flows.night.decisions import open_decisions
    from pipeline.stewardship.audit import verify as walk
    from pipeline.stewardship.database import reading

    expected_head = _head(head)
    settings, place = settings_of(run_file, home)
    with open_decisions(settings, place, os.environ) as store, reading(store.engine) as connection:
        proof = walk(connection, expected_head)
    if as_json:
        facts = {
            "is_whole": proof.is_whole,
            "n_entries": proof.n_entries,
            "head": proof.head,
            "broken_at": proof.broken_at,
        }
        typer.echo(json.dumps(facts))
    if not proof.is_whole:
        raise StateError(
            "audit log",
            f"entry {proof.broken_at} {proof.problem}.",
            "Keep the database as it is and call whoever answers for it.",
        )
    if not as_json:
        Console().print(
            f"Whole: {proof.n_entries:,} entries. Keep this elsewhere: {proof.n_entries}:{proof.head}", soft_wrap=True
        )


def _head(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    number, _, head = text.partition(":")
    if not (number.isdigit() and len(head) == 64):
        raise SettingsError("--head", "is not NUMBER:HASH.", "Copy what `boroughlink audit verify` printed.")
    return int(number), head
