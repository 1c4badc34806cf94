"""How one person holds together, in the terminal: shape, weakest bridge, rules, questions and records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.night.counted import counted

if TYPE_CHECKING:
    from pipeline.explain.cluster import ClusterStory
    from pipeline.explain.graph import Edge
    from pipeline.explain.kept import LinkedTables

MOST_ROWS = 20


def explain_person(linkage: LinkedTables, identifier: str, as_json: bool) -> None:
    """Print how a person, or the person of a record, holds together."""
    from pipeline.explain.cluster import cluster_facts
    from pipeline.explain.stories import person_story

    story = person_story(linkage, identifier)
    if as_json:
        typer.echo(json.dumps(cluster_facts(story)))
        return
    console = Console()
    console.print(Text(f"Person {story.person_id}", "bold"))
    console.print(Text(_shape(story)))
    _print_bridge(console, story)
    for left, right in story.stewards[:MOST_ROWS]:
        console.print(Text(f"linked by a steward: {left} - {right}"))
    for met in story.rules:
        console.print(
            Text(f"rule {met.name}: {counted(met.n_pairs, 'pair')} inside, the strongest {_edge(met.strongest)}")
        )
    if story.against:
        console.print(
            Text(
                f"speaks against it: {counted(len(story.against), 'pair')} inside below 0 bits, the weakest "
                f"{_edge(story.against[0])}"
            )
        )
    for relation, neighbours in (("waits", story.waiting), ("parted by a steward", story.parted)):
        for neighbour in neighbours[:MOST_ROWS]:
            rules = f"; rules {', '.join(neighbour.rules)}" if neighbour.rules else ""
            pairs_text = (
                f"{counted(neighbour.n_pairs, 'pair')} with person {neighbour.person_id}, the strongest "
                f"{_edge(neighbour.strongest)}"
            )
            console.print(Text(f"{relation}: {pairs_text}{rules}"))
    table = Table("record", "pairs", "mean bits", title="Records, best held first", title_justify="left")
    for member in story.members[:MOST_ROWS]:
        mean = "" if member.mean_bits is None else f"{member.mean_bits:+z.2f}"
        table.add_row(Text(member.record_id), f"{member.n_pairs:,}", mean)
    console.print(table)
    if len(story.members) > MOST_ROWS:
        console.print(f"{MOST_ROWS} of {len(story.members):,} records; --json gives all.")


def _shape(story: ClusterStory) -> str:
    records = len(story.members)
    if records == 1:
        return "One record; nothing is linked to it."
    return f"{records:,} records, {counted(story.n_pairs, 'scored pair')}: {story.density:.0%} of all pairs"


def _print_bridge(console: Console, story: ClusterStory) -> None:
    from pipeline.explain.picture import probability_words

    if story.bridge:
        half, bits = len(story.bridge.smaller), story.bridge.edge.bits
        text = f"weakest bridge {_edge(story.bridge.edge)}, probability {probability_words(story.confidence or 0.0)}"
        joined_by = (
            "this pair alone joins"
            if story.bridge.crossing == 1
            else f"{story.bridge.crossing:,} pairs, none above {bits:z.2f}, join"
        )
        console.print(Text(f"{text}: {joined_by} {half:,} of its records to the rest"))
    elif story.stewards and story.is_whole:
        console.print(Text("Links of stewards alone hold it together: nothing is weak."))
    elif len(story.parts) > 1:
        console.print(
            Text(f"Scored pairs hold it in {len(story.parts)} parts: all records together, or a steward, joined them.")
        )


def _edge(edge: Edge) -> str:
    return f"{edge.left} - {edge.right} ({edge.bits:+z.2f} bits)"
