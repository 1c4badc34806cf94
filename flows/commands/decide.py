"""``boroughlink decide``: what a steward says of two records; the list of it, and files out and in."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from flows.commands.options import HomeOption, JsonOption, RunFileOption
from flows.night.place import settings_of
from pipeline.core.errors import SettingsError
from pipeline.core.places import Home

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.explain.kept import LinkedTables
    from pipeline.review.questions.machine import MachineLink
    from pipeline.stewardship.exchange import Look
    from pipeline.stewardship.store import Store
    from schemas.decisions import NewDecision

HELP = """
Decide whether two records are one person, confirm or take back a decision, list decisions, write or read them as a file.

A decision counts from the next night on. The reason may hold personal data: it is kept, and shown only when asked for.

Example: `boroughlink decide 1042 1177 --link --by "A. Steward" --reason "Same PNC photograph"`
"""
PAIRS_SHOWN = 10
IMPORT_STOPPED = "What was entered stays; the same command enters the rest, each decision once."
OPTIONS = {
    "decided_by": "--by",
    "reason": "--reason",
    "decision_id": "--id",
    "confirms": "--confirm",
    "retracts": "--retract",
    "supersedes": "--supersede",
}


def decide(
    first: Annotated[str | None, typer.Argument(metavar="A", help="A record, or a person.", show_default=False)] = None,
    second: Annotated[str | None, typer.Argument(metavar="B", help="The other one.", show_default=False)] = None,
    link: Annotated[bool, typer.Option("--link", help="They are one person.")] = False,
    unlink: Annotated[bool, typer.Option("--unlink", help="They are two persons.")] = False,
    unsure: Annotated[bool, typer.Option("--unsure", help="It cannot be told.")] = False,
    confirm: Annotated[str | None, typer.Option(metavar="ID", help="Second this decision.", show_default=False)] = None,
    retract: Annotated[
        str | None, typer.Option(metavar="ID", help="Take this decision back.", show_default=False)
    ] = None,
    supersede: Annotated[
        str | None, typer.Option(metavar="ID", help="Replace this decision of another steward.", show_default=False)
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who decides.", show_default=False)] = None,
    reason: Annotated[str | None, typer.Option(help="Why.", show_default=False)] = None,
    decision_id: Annotated[
        str | None, typer.Option("--id", help="UUID of this decision: sent twice, it counts once.", show_default=False)
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="List the decisions that stand or wait.")] = False,
    reasons: Annotated[
        bool, typer.Option("--reasons", help="With --list: show reasons too, which may be personal data.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(help="Write all decisions to this .csv or .parquet file: personal data.", show_default=False),
    ] = None,
    bring: Annotated[
        Path | None,
        typer.Option(
            "--import", help="Enter the decisions of this file; --by says who brings them.", show_default=False
        ),
    ] = None,
    home: HomeOption = None,
    run_file: RunFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide, list, write or read."""
    from flows.commands import decision_output as printing
    from flows.night.decisions import open_decisions
    from flows.running.stopping import told_on_stop
    from flows.stewards.decision_facts import published_persons
    from flows.stewards.unmerging import entered_with
    from pipeline.stewardship.last_night import standing_of_night

    options: dict[str, object] = {
        "link": link,
        "unlink": unlink,
        "unsure": unsure,
        "confirm": confirm,
        "retract": retract,
        "list": show,
        "export": export,
        "import": bring,
    }
    action = _only_action([name for name, value in options.items() if value])
    settings, place = settings_of(run_file, home)
    with open_decisions(settings, place, os.environ) as store:
        if action == "list":
            night = standing_of_night(place.current) if place.current.exists() else None
            printing.list_decisions(store, night, reasons, as_json)
        elif export:
            printing.export_decisions(store, export, as_json)
        elif bring:
            with told_on_stop(lambda: IMPORT_STOPPED):
                printing.import_decisions(store, bring, _required("--by", by), _look(_publication(place)), as_json)
        else:
            fields = {
                "verdict": None if action == "confirm" else action,
                "decided_by": _required("--by", by),
                "reason": _required("--reason", reason),
                "confirms": confirm,
                "retracts": retract,
                "supersedes": supersede,
                **({"decision_id": decision_id} if decision_id else {}),
            }
            publication = _publication(place)
            new = _validated({**_facts(publication, store, (first, second), retract or confirm), **fields})
            persons = published_persons(publication) if publication else None
            recorded = entered_with(store, [new], _machine_view(publication, new), persons)
            printing.print_decision(store, recorded[0], as_json)


def _only_action(actions: list[str]) -> str:
    if len(actions) != 1:
        problem = f"--{' and --'.join(actions)} do not go together." if actions else "nothing is asked."
        raise SettingsError(
            "decide",
            problem,
            "Give one of --link, --unlink, --unsure, --confirm, --retract, --list, --export, --import.",
        )
    return actions[0]


def _required(option: str, value: str | None) -> str:
    if value is None:
        raise SettingsError(option, "is missing.", "Say who decides, and why.")
    return value


def _validated(fields: dict[str, Any]) -> NewDecision:
    from pydantic import ValidationError

    from schemas.decisions import NewDecision
    from schemas.written import in_words

    try:
        return NewDecision.model_validate(fields)
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
    name = str(wrong["loc"][0]) if wrong["loc"] else ""
    if "UUID" in wrong["msg"]:
        raise SettingsError(
            OPTIONS.get(name, "decide"), "is no id of a decision (a UUID).", "See boroughlink decide --list."
        )
    raise SettingsError(OPTIONS.get(name, "decide"), f"{in_words(wrong, NewDecision)}.")


def _publication(place: Home) -> LinkedTables | None:
    """The current publication; None where nothing is published."""
    from pipeline.explain.kept import open_folder

    return open_folder(place.current.resolve()) if place.current.exists() else None


def _facts(
    publication: LinkedTables | None, store: Store, ids: tuple[str | None, str | None], decision_id: str | None
) -> dict[str, Any]:
    """The pair, and what the current publication shows of it; where nothing is published, the ids as they are."""
    from flows.stewards.decision_facts import pair_facts, pairs_of
    from pipeline.explain.kept import person_of

    first, second = ids
    if (first is None) != (second is None) or not (first or decision_id):
        raise SettingsError("decide", "needs two records.", "Give two ids: boroughlink decide A B --link ...")
    if first and second:
        if publication is None:
            return {"record_id_l": first, "record_id_r": second}
        pairs = pairs_of(publication, first, second)
        return pair_facts(publication, *(pairs[0] if len(pairs) == 1 else _chosen(pairs, first, second)))
    decision = store.find((decision_id or "").strip().lower())
    if decision is None or decision.erasure_id or publication is None or len(person_of(publication, decision.pair)) < 2:
        return {}  # the store says what is wrong, or nothing more is known
    return pair_facts(publication, *decision.pair)


def _look(publication: LinkedTables | None) -> Look | None:
    """What shows an import the ids that it names; None where nothing is published."""
    from flows.stewards.decision_facts import shown_of

    return partial(shown_of, publication) if publication else None


def _machine_view(publication: LinkedTables | None, new: NewDecision) -> Mapping[tuple[str, str], MachineLink]:
    """What the machine had made of the two records, for the supervisor's page of the review desk."""
    from pipeline.explain.kept import person_of, records_of, rows_between
    from pipeline.review.questions.machine import made_by_machine

    if publication is None or not (new.record_id_l and new.record_id_r and new.verdict in ("link", "unlink")):
        return {}
    pair = new.record_id_l, new.record_id_r
    persons = set(person_of(publication, pair).values())
    if len(persons) != 1:
        return {}
    records = records_of(publication, persons)
    return made_by_machine(records, rows_between(publication, records), [pair]) if set(pair) <= records.keys() else {}


def _chosen(pairs: list[tuple[str, str]], first: str, second: str) -> tuple[str, str]:
    shown = pairs[:PAIRS_SHOWN]
    if not sys.stdin.isatty():
        listing = "; ".join(f"{left} {right}" for left, right in shown)
        problem = f"stand for {len(pairs):,} pairs of records."
        raise SettingsError(f"{first} and {second}", problem, f"Give two records, strongest pair first: {listing}.")
    console = Console(stderr=True)
    for number, (left, right) in enumerate(shown, start=1):
        console.print(Text(f"{number:>3}  {left}  {right}"), soft_wrap=True)
    number = typer.prompt(f"Which of {len(pairs):,} pairs of records, strongest first?", type=int, default=1, err=True)
    if not 1 <= number <= len(shown):
        raise SettingsError("pair", "is none of those shown.", f"Give a number from 1 to {len(shown)}.")
    return shown[number - 1]
