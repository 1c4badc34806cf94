"""``boroughlink expunge``: a record is gone, by order."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from flows.commands.options import HomeOption, JsonOption, RunFileOption, settled
from pipeline.core.errors import SettingsError
from pipeline.core.lock import run_lock

HELP = """
Expunge records by order (rectification, erasure): out of every published table, kept run, last good export and decision, and out of every later night.

Golden records of their persons are made anew. It cannot be undone; killed in the middle, the same command finishes it. Backups, exports and files that
others copied are the operator's. The receipt names no record.

Example: `boroughlink expunge 1042 --order "ICO 2026/118" --by "Data protection officer"`
"""


def expunge(
    records: Annotated[list[str], typer.Argument(metavar="RECORD...", help="Record ids.")],
    order: Annotated[str, typer.Option(help="Reference of the order: must not name the person.")],
    by: Annotated[str, typer.Option(help="Who ordered it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    home: HomeOption = None,
    run_file: RunFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Expunge records."""
    from flows.expunging import expunge as carry_out

    settings, place = settled(run_file, home)
    if not place.root.is_dir():
        raise SettingsError(str(place.root), "is no home.", "Give --home.")
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Expunge {len(records)} records for good?", abort=True, err=True)
    with run_lock(place.lock):
        receipt = carry_out(settings, place, records, by, order)
    if as_json:
        print(json.dumps(asdict(receipt)))  # noqa: T201
        return
    console = Console()
    console.print(f"receipt {receipt.receipt_id}, {receipt.expunged_at}, order {receipt.order_ref}", markup=False, soft_wrap=True)  # fmt: skip
    console.print(f"{receipt.n_records:,} records gone from {receipt.n_publications:,} publications, {receipt.n_files:,} tables of runs and last good exports, {receipt.n_decisions:,} decisions.")  # fmt: skip
