"""``boroughlink runs``: what became of each night, and what an operator may do about it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.commands.options import HomeOption, HomeRunFileOption, JsonOption
from flows.night.counted import counted
from flows.night.place import home_of, need_home
from pipeline.core.errors import SettingsError, StateError, StorageError
from pipeline.core.lock import lock_holder, run_lock
from pipeline.core.places import Home

if TYPE_CHECKING:
    from pipeline.publish.register import RunEntry

HELP = """
Runs and publications: list them, look at one, release what the publish gate held back, go back to an older one, prune.

Example: `boroughlink runs release 2026-11-21-1 --by "A. Khan" --reason "new model, checked with the stewards"`
"""
app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode="markdown")
KEEP_HELP = "How many of the newest publications that were not rolled back stay; the current one always does."
STOPPED = "Nothing that stays was touched; the same command removes what is left of the rest."
LABELS = {"links": "pairs in links"}  # linked or not
Run = Annotated[str, typer.Argument(metavar="RUN", help="A run, as in `boroughlink runs list`.", show_default=False)]
By = Annotated[str, typer.Option("--by", help="Who does it.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the home's journal only.", show_default=False)]


@app.command("list")
def list_all(home: HomeOption = None, run_file: HomeRunFileOption = None, as_json: JsonOption = False) -> None:
    """All runs, oldest first, and what became of them.

    Example: `boroughlink runs list --json`
    """
    entries = _entries(need_home(home_of(run_file, home)))
    if as_json:
        typer.echo(json.dumps([asdict(entry) for entry in entries]))
        return
    table = Table("run", "state", "records", "persons", "remark")
    for column in table.columns[2:4]:
        column.justify = "right"
    for entry in entries:
        table.add_row(entry.run_id, _state(entry), _count(entry.records), _count(entry.persons), Text(_remark(entry)))
    console = Console()
    console.print(table)
    for entry in entries:
        if entry.damage:
            console.print(Text(f"{entry.run_id}: {entry.damage}"), soft_wrap=True)


@app.command()
def show(run_id: Run, home: HomeOption = None, run_file: HomeRunFileOption = None, as_json: JsonOption = False) -> None:
    """One run: what it was made from, what it holds, what the publish gate measured, what was done with it.

    Example: `boroughlink runs show 2026-11-20-1`
    """
    from pipeline.publish import journal
    from pipeline.publish.held_back import read_verdict

    place = need_home(home_of(run_file, home))
    entry = next((measure for measure in _entries(place) if measure.run_id == run_id), None)
    acts = [act for act in journal.read(place) if run_id in (act.run_id, act.came_from, *act.runs)]
    if entry is None:
        pruned = [act.at for act in acts if act.action == "prune" and run_id in act.runs]
        problem = f"was pruned at {pruned[-1]}: nothing of it is left." if pruned else "is not a run of this home."
        raise SettingsError(run_id, problem, "See boroughlink runs list.")
    verdict = None
    with suppress(StateError, StorageError):  # told in the entry
        verdict = read_verdict(place, run_id)
    measures = verdict.measures if verdict else ()
    page = place.run(run_id).file("report.html")
    report = str(page) if page.is_file() else None
    if as_json:
        records = {
            "gate": [asdict(measure) for measure in measures],
            "journal": [asdict(act) for act in acts],
            "report": report,
        }
        typer.echo(json.dumps({**asdict(entry), **records}))
        return
    console = Console()
    console.print(Text.assemble((f"Run {run_id}", "bold"), f" is {_state(entry)}."))
    facts = Table(box=None, show_header=False, pad_edge=False)
    for name in (
        "base",
        "model",
        "began_at",
        "ended_at",
        "records",
        "persons",
        "links",
        "released_by",
        "stage",
        "reason",
    ):
        if (value := getattr(entry, name)) is not None:
            facts.add_row(
                LABELS.get(name, name.replace("_", " ")), Text(f"{value:,}" if isinstance(value, int) else str(value))
            )
    console.print(facts)
    if entry.damage:
        console.print(Text(entry.damage), soft_wrap=True)
    if report:
        console.print(Text(f"report  {report}"), soft_wrap=True)
    for measure in measures:
        console.print(
            Text(f"{'passed its limit' if measure.is_broken else 'within':<16} {measure.sentence}"), soft_wrap=True
        )
    for act in acts:
        who = f" by {act.by}: {act.reason}" if act.by else ""
        console.print(Text(f"{act.at} {act.action} {act.run_id or ''}{who}"), soft_wrap=True)
    if entry.can_be_released:
        console.print(Text(f"boroughlink runs release {run_id} --by NAME --reason TEXT publishes it."), soft_wrap=True)


@app.command()
def release(
    run_id: Run,
    by: By,
    reason: Reason,
    home: HomeOption = None,
    run_file: HomeRunFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish, on the record, exactly the tables that the publish gate held back; nothing is run again.

    Example: `boroughlink runs release 2026-11-21-1 --by "A. Khan" --reason "new model, checked"`
    """
    from flows.stages.gate import release as release_run

    release_run(need_home(home_of(run_file, home)), run_id, _required("--by", by), _required("--reason", reason))
    _print_result(as_json, {"run_id": run_id, "state": "current"}, f"{run_id} is published and current.")


@app.command()
def rollback(
    run_id: Run,
    by: By,
    reason: Reason,
    home: HomeOption = None,
    run_file: HomeRunFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Point readers at an older publication; the next night goes on from it. Nothing is removed.

    Example: `boroughlink runs rollback 2026-11-19-1 --by "A. Khan" --reason "export of 20 November was wrong"`
    """
    from flows.night.openmetrics import renew_metrics
    from pipeline.publish.retire import roll_back

    place = need_home(home_of(run_file, home))
    with run_lock(place.lock):
        taken_back = roll_back(place, run_id, _required("--by", by), _required("--reason", reason))
        renew_metrics(place)
    message = f"{run_id} is current. The next night goes on from it: its persons, questions and ids."
    if taken_back:
        message += f" Taken back: {', '.join(taken_back)}; ids that only they had resolve through boroughlink history."
    message += " Last good exports and stewards' decisions stay as they are."
    _print_result(as_json, {"run_id": run_id, "state": "current", "taken_back": taken_back}, message)


@app.command()
def prune(
    keep: Annotated[int, typer.Option("--keep", min=1, help=KEEP_HELP, show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    home: HomeOption = None,
    run_file: HomeRunFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove old publications and run folders. The current publication, state and what can still be released stay.

    Example: `boroughlink runs prune --keep 30 --dry-run`
    """
    from flows.running.stopping import told_on_stop
    from pipeline.publish.retire import plan_prune
    from pipeline.publish.retire import prune as remove

    place = need_home(home_of(run_file, home))
    if dry_run:  # also while a run is at work, and for who may only read
        plan = plan_prune(place, keep)
    else:
        with run_lock(place.lock), told_on_stop(lambda: STOPPED):
            plan = plan_prune(place, keep)
            remove(place, plan)
    verb = "would go" if dry_run else "removed"
    named = (("Publications", plan.publications), ("Run folders", plan.runs))
    lines = [
        f"{counted(len(plan.publications), 'publication')} and {counted(len(plan.runs), 'run folder')} {verb}, "
        f"{plan.bytes_freed / 1e6:,.0f} MB."
    ]
    lines += [f"{what}: {', '.join(gone)}." for what, gone in named if gone]
    lines += [f"Lost with them: {loss}." for loss in plan.lost]
    if dry_run and lock_holder(place.lock):
        lines.append(
            "A run is at work, which a prune waits for: what it publishes is not counted among those that stay."
        )
    _print_result(as_json, {**asdict(plan), "is_dry_run": dry_run}, "\n".join(lines))


def _entries(home: Home) -> list[RunEntry]:
    from pipeline.publish.register import list_runs

    return list_runs(home, is_locked=lock_holder(home.lock) is not None)


def _state(entry: RunEntry) -> str:
    return "running" if entry.is_running else entry.state


def _remark(entry: RunEntry) -> str:
    if entry.limits_passed and entry.state == "refused":
        return "can be released" if entry.can_be_released else "can no longer be released"
    if entry.released_by:
        return f"released by {entry.released_by}"
    return f"at {entry.stage}" if entry.stage else ""


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _required(option: str, text: str) -> str:
    if not text.strip():
        raise SettingsError(option, "is empty.", "Say who does it and why: it is kept on the record.")
    return text.strip()


def _print_result(as_json: bool, facts: dict[str, object], message: str) -> None:
    if as_json:
        typer.echo(json.dumps(facts))
    else:
        Console().print(Text(message), soft_wrap=True)
