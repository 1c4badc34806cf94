"""``boroughlink history``: what became of a person_id, or whose a record was, and when."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.commands.options import HomeOption, HomeRunFileOption, JsonOption
from flows.night.place import home_of
from pipeline.core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.persons.history import Chapter, PersonHistory, RecordStay

HELP = """
What became of a person: merges, splits, records that came and went, with runs, dates and causes. Any id that was ever
published works; a record id tells whose it was, and when. No personal data.

Example: `boroughlink history PERXPCRPQESEX --json`
"""
SHOWN = 5
ID_WIDTH = 32
"""Characters of a record's id"""


def history(
    identifier: Annotated[
        str,
        typer.Argument(metavar="PERSON_OR_RECORD", help="A person_id of any time, or a record_id.", show_default=False),
    ],
    home: HomeOption = None,
    run_file: HomeRunFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """The history of a person or record."""
    from pipeline.persons.history import person_history, record_history
    from pipeline.persons.ledger import ledger_of
    from pipeline.publish.old_ids import old_ledgers
    from pipeline.publish.publication import list_publications, need_current

    place = home_of(run_file, home)
    ledger = ledger_of(need_current(place).table("identity_ledger"))
    story = person_history(ledger, identifier)
    if story:
        _print_person(story, as_json)
        return
    if stays := record_history(ledger, identifier):
        _print_record(identifier, stays, as_json)
        return
    standing = (
        (publication.run_id, publication.table("identity_ledger")) for publication in reversed(list_publications(place))
    )
    for run_id, rows in chain(standing, old_ledgers(place)):
        story = person_history(ledger_of(rows), identifier)
        if story:
            records = story.chapters[-1].record_ids
            present = sorted({stay.person_id for r in records for stay in record_history(ledger, r) if not stay.to_run})
            _print_rolled_back(story, run_id, present, as_json)
            return
    raise SettingsError(
        identifier, "is no person or record that this home's publications know.", "Check the id for slips."
    )


def _print_person(story: PersonHistory, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"kind": "person", **asdict(story)}))
        return
    console = Console()
    now = {
        "standing": "stands",
        "merged": "was merged into another person",
        "withdrawn": "has no records left: all were withdrawn",
    }
    console.print(Text.assemble((f"Person {story.person_id}", "bold"), f" {now[story.state]}."))
    persons_today = [person for person in story.present if person != story.person_id]
    if persons_today:
        console.print(Text(f"Today: {', '.join(story.present)}"), soft_wrap=True)
    table = Table("from", "to", "records", "why", "what happened", box=None, pad_edge=False, leading=1)
    table.columns[3].max_width = 9  # "corrected", of "corrected data"
    table.columns[4].min_width = ID_WIDTH  # ids are whole, to be copied, also in a terminal of 80 columns
    table.columns[4].overflow = "fold"
    table.columns[2].justify = "right"
    for chapter in story.chapters:
        until = chapter.to_run or "today"
        why = chapter.cause.replace("_", " ")
        table.add_row(chapter.from_run, until, f"{len(chapter.record_ids):,}", why, Text("\n".join(_events(chapter))))
    for step in story.onward:
        told = f"went on from {', '.join(step.came_from)} to {step.person_id}:\n{_first_few(step.record_ids)}"
        why = step.cause.replace("_", " ")
        table.add_row(step.from_run, step.to_run or "today", f"{len(step.record_ids):,}", why, Text(told))
    console.print(table)


def _events(chapter: Chapter) -> list[str]:
    lines = []
    if chapter.split_from:
        lines.append(f"parted from {chapter.split_from}")
    lines += [f"took over {person}" for person in chapter.took_over]
    lines += [f"{person} was parted from it" for person in chapter.parted]
    if chapter.joined:
        lines.append(f"joined:\n{_first_few(chapter.joined)}")
    if chapter.left:
        lines.append(f"left:\n{_first_few(chapter.left)}")
    if chapter.merged_into:
        lines.append(f"merged into {chapter.merged_into} ({(chapter.ended_by or '').replace('_', ' ')})")
    elif chapter.to_run and chapter.ended_by == "withdrawn":
        lines.append("ended: records withdrawn")
    return lines


def _first_few(records: Sequence[str]) -> str:
    """One a line, so that none is broken."""
    rest = [f"and {len(records) - SHOWN:,} more (--json gives all)"] if len(records) > SHOWN else []
    return "\n".join([*records[:SHOWN], *rest])


def _print_record(record_id: str, stays: Sequence[RecordStay], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"kind": "record", "record_id": record_id, "stays": [asdict(stay) for stay in stays]}))
        return
    table = Table("person", "from", "to", title=f"Record {record_id}", title_justify="left")
    for stay in stays:
        table.add_row(stay.person_id, stay.from_run, stay.to_run or "today")
    Console().print(table)


def _print_rolled_back(story: PersonHistory, run_id: str, present: Sequence[str], as_json: bool) -> None:
    """Print a person that only a rolled-back publication knows."""
    if as_json:
        facts = {**asdict(story), "present": present, "only_in_run": run_id}
        typer.echo(json.dumps({"kind": "person", **facts}))
        return
    console = Console()
    console.print(Text(f"Person {story.person_id} was published by run {run_id} only, which was rolled back."))
    console.print(Text(f"Its records are now of: {', '.join(present) or 'nobody'}"), soft_wrap=True)
