"""``boroughlink explain``: why two records are, or are not, one person; or how one person holds together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from flows.commands.options import HomeOption, HomeRunFileOption, JsonOption
from flows.night.place import home_of
from pipeline.core.errors import SettingsError

if TYPE_CHECKING:
    from pipeline.explain.graph import Edge
    from pipeline.explain.kept import LinkedTables
    from pipeline.explain.pair import PairStory
    from pipeline.explain.waterfall import Waterfall

HELP = """
Why two records are, or are not, one person: each field's bits, rules, and the way through other records. With one id:
how that person holds together.

Example: `boroughlink explain 1042 1177 --linked linked`, or `boroughlink explain PERXPCRPQESEX`
"""
AS_OF = "as its night left them; what stewards have decided since counts from the next night on"
FOR, AGAINST, QUIET = "blue", "dark_orange", "dim"


def explain(
    first: Annotated[
        str, typer.Argument(metavar="RECORD_OR_PERSON", help="A record; alone, a person.", show_default=False)
    ],
    second: Annotated[
        str | None, typer.Argument(metavar="RECORD", help="The other record.", show_default=False)
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--linked",
            "--in",
            help="Output of `boroughlink link`, or a publication; default: the current one.",
            show_default=False,
        ),
    ] = None,
    png: Annotated[Path | None, typer.Option(help="Draw the pair into this PNG file.", show_default=False)] = None,
    values: Annotated[
        bool, typer.Option("--values", help="Show the records' values too, of a publication: personal data.")
    ] = False,
    home: HomeOption = None,
    run_file: HomeRunFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Explain a pair or a person."""
    from flows.commands.explain_person import explain_person
    from pipeline.explain.kept import open_folder, values_of
    from pipeline.explain.stories import pair_story

    linkage = open_folder(folder or home_of(run_file, home).current)
    if second is None:
        if png or values:
            option = "--png" if png else "--values"
            raise SettingsError(option, "is for a pair of records.", "Give two record ids.")
        explain_person(linkage, first, as_json)
        return
    story = pair_story(linkage, first, second)
    rows = values_of(linkage, (first, second)) if values else {}
    if png:
        _draw(story, png)
    if as_json:
        _print_pair_json(story, rows)
        return
    console = Console()
    _print_pair(console, linkage, story)
    if rows:
        console.print(_values_table(rows, first, second))
    if png:
        typer.echo(f"picture {png}")


def _draw(story: PairStory, png: Path) -> None:
    from pipeline.explain.pair import HEADLINES
    from pipeline.explain.picture import waterfall_png

    if story.evidence is None:
        raise SettingsError(f"--png {png}", "there is no scored pair to draw.", "Leave --png out to read why.")
    picture = waterfall_png(
        story.evidence.waterfall, HEADLINES[story.verdict], (story.left, story.right), story.link_bits
    )
    try:
        png.write_bytes(picture)
    except OSError as error:
        raise SettingsError(f"--png {png}", f"cannot be written: {error.strerror}.") from error


def _print_pair_json(story: PairStory, rows: dict[str, dict[str, Any]]) -> None:
    from pipeline.explain.kept import VALUES_SHOWN
    from pipeline.explain.pair import pair_facts

    facts = pair_facts(story)
    if rows:
        facts["values"] = {record: {name: rows[record].get(name) for name in VALUES_SHOWN} for record in sorted(rows)}
    typer.echo(json.dumps(facts, default=str, ensure_ascii=False))


def _print_pair(console: Console, linkage: LinkedTables, story: PairStory) -> None:
    from pipeline.explain.pair import HEADLINES
    from pipeline.explain.picture import probability_words

    console.print(Text.assemble((f"{HEADLINES[story.verdict]}.", "bold"), f" {story.reason()}"))
    console.print(Text(f"{story.left} and {story.right}", QUIET), soft_wrap=True)
    if linkage.records:  # a publication
        console.print(Text(AS_OF, QUIET), soft_wrap=True)
    if story.evidence:
        falls = story.evidence.waterfall
        summary = f"{falls.total:+z.2f} bits, probability {probability_words(falls.probability)}"
        if story.link_bits is not None:
            summary += f"; linked from {story.link_bits:zg} bits"
        console.print(Text(summary))
        console.print()
        console.print(_waterfall_table(falls, story.link_bits, console.width))
        if falls.silent:
            silent = ", ".join(name.replace("_", " ") for name in falls.silent)
            console.print(Text(f"no evidence: {silent}", QUIET))
        if linkage.model is None:
            console.print(
                Text(f"levels are not named: the model {linkage.stamp} is not at hand", QUIET), soft_wrap=True
            )
        _print_rules(console, linkage, story.evidence.rules)
    if story.path and (len(story.path) > 1 or not story.evidence):
        console.print()
        console.print(_path_table(story.path))


def _waterfall_table(falls: Waterfall, link_bits: float | None, width: int) -> Table:
    from pipeline.explain.bars import Scale
    from pipeline.explain.picture import name_of

    names = [name_of(step) for step in falls.steps]
    text_width = max(map(len, names)) + max(len(step.level or "") for step in falls.steps) + 16
    low, high = falls.span
    scale = Scale(min(low, link_bits or 0.0), max(high, link_bits or 0.0), max(16, min(60, width - text_width)))
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for name, step in zip(names, falls.steps, strict=True):
        colour = FOR if step.bits >= 0 else AGAINST
        bar = Text(scale.bar(step.before, step.after, link_bits), colour)
        table.add_row(Text(name), Text(f"{step.bits:+z.2f}"), bar, Text(step.level or "", QUIET))
    total = Text(scale.bar(0.0, falls.total, link_bits), "bold")
    table.add_row(Text("match weight", "bold"), Text(f"{falls.total:+z.2f}", "bold"), total)
    return table


def _print_rules(console: Console, linkage: LinkedTables, rules: tuple[str, ...]) -> None:
    rules_by_name = {rule.name: rule for rule in linkage.model.rule} if linkage.model else {}
    for name in rules:
        rule = rules_by_name.get(name)
        console.print(Text(f"rule {name} ({rule.effect}): {rule.about}" if rule else f"rule {name}"))


def _path_table(path: tuple[Edge, ...]) -> Table:
    weakest = min(edge.bits for edge in path)
    table = Table("from", "to", "bits", "", title="Strongest chain of linked pairs", title_justify="left")
    table.columns[2].justify = "right"
    for edge in path:
        note = "weakest" if edge.bits == weakest else ""
        table.add_row(Text(edge.left), Text(edge.right), f"{edge.bits:+z.2f}", note)
    return table


def _values_table(rows: dict[str, dict[str, Any]], left: str, right: str) -> Table:
    from pipeline.explain.kept import VALUES_SHOWN

    table = Table("", escape(left), escape(right), title="Values (personal data)", title_justify="left")
    for name in VALUES_SHOWN:
        values = [_as_text(rows[record].get(name)) for record in (left, right)]
        if any(values):
            table.add_row(Text(name.replace("_", " ")), *(Text(text) for text in values))
    return table


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
