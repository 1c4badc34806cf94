"""``boroughlink expunge``: a record is gone, by order."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from flows.commands.options import HomeOption, JsonOption, RunFileOption
from flows.night.counted import counted
from flows.night.place import need_home, settings_of
from pipeline.core.errors import SettingsError
from pipeline.core.lock import run_lock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.stewards.expunging import ExpungeReceipt
    from pipeline.core.places import Home

HELP = """
Expunge records by order (rectification, erasure): out of every published table, kept run, last good export and decision, and out of every later night.

Golden records of their persons are made anew. It cannot be undone. Killed in the middle, the next night finishes it, and so does the same command. The
receipt names no record.

What it cannot do: a record of a source without numbers of its own is known by what its row says. When the source changes the row, it comes in as a new
record: have it deleted there, or look for it after the next nights and expunge it again. Backups, exports and files that others copied are the operator's.
In the desk's audit log, who did what and when stays; the ids of the records and what was typed about them go.

Example: `boroughlink expunge 1042 --order "ICO 2026/118" --by "Data protection officer"`
"""


def expunge(
    records: Annotated[
        list[str] | None, typer.Argument(metavar="RECORD...", help="Record ids.", show_default=False)
    ] = None,
    order: Annotated[
        str | None, typer.Option(help="Reference of the order: must not name the person.", show_default=False)
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who ordered it.", show_default=False)] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Carry out every order once more: after a backup was restored.")
    ] = False,
    receipts: Annotated[bool, typer.Option("--receipts", help="List the receipts.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    home: HomeOption = None,
    run_file: RunFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Expunge records, carry out every order again, or list the receipts."""
    from flows.running.stopping import told_on_stop
    from flows.stewards.expunging import expunge as carry_out
    from flows.stewards.expunging import expunge_again, receipts_of

    if (bool(records) + again + receipts) != 1:
        raise SettingsError(
            "expunge", "needs one of RECORD..., --again and --receipts.", "See boroughlink expunge --help."
        )
    settings, place = settings_of(run_file, home)
    need_home(place)
    if receipts:
        _tell(receipts_of(place), as_json)
        return
    scope = "every order once more" if again else f"{counted(len(records or ()), 'record')} for good"
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Expunge {scope}?", abort=True, err=True)
    with run_lock(place.lock), told_on_stop(lambda: _where_it_stands(place)):
        if again:
            _tell(expunge_again(settings, place), as_json)
            return
        receipt = carry_out(settings, place, records or (), by or "", order or "")
    if as_json:
        typer.echo(json.dumps(asdict(receipt)))
    else:
        _tell([receipt], as_json)


def _tell(receipts: Sequence[ExpungeReceipt], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([asdict(receipt) for receipt in receipts]))
        return
    console = Console()
    if not receipts:
        console.print("No order was carried out here.")
    for receipt in receipts:
        console.print(_sentence(receipt), markup=False, soft_wrap=True)


def _sentence(receipt: ExpungeReceipt) -> str:
    if receipt.expunged_at is None:
        return (
            f"order {receipt.order_ref} by {receipt.ordered_by} was cut short: the next boroughlink run finishes "
            "it, and so does the same command."
        )
    when = f"given {receipt.begun_at}, carried out {receipt.expunged_at}"
    heading = f"receipt {receipt.receipt_id}, order {receipt.order_ref} by {receipt.ordered_by}, {when}"
    counts = (
        f"{counted(receipt.n_records, 'record')} gone from {counted(receipt.n_publications, 'publication')}, "
        f"{counted(receipt.n_files, 'table')} of runs and last good exports, {counted(receipt.n_decisions, 'decision')}."
    )
    warning = (
        f"\n{receipt.n_may_return:,} may come again: of a source without numbers of its own, where a row that "
        "is changed is a new record. Have it "
        "deleted at the source, or look for it after the next nights and expunge it again."
    )
    return f"{heading}\n{counts}{warning if receipt.n_may_return else ''}"


def _where_it_stands(place: Home) -> str:
    """Where a command that was stopped leaves its order: for who sits at the terminal."""
    from pipeline.publish.orders import unfinished

    if cut_short := unfinished(place):
        names = ", ".join(order.order_ref for order in cut_short)
        return (
            f"Order {names} is cut short: what it names may still be here. "
            "The same command finishes it, and so does the next boroughlink run."
        )
    return "No order is half done; boroughlink expunge --receipts tells whether this one was carried out."
