"""``boroughlink evaluate``: how good a linkage is, by the truth or by its own word, and who is linked worse."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.commands.options import HomeOption, HomeRunFileOption, JsonOption
from flows.night.place import home_of

HELP = """
How good a linkage is: precision and recall of pairs, clusters and records, other thresholds, calibration, and who is
linked worse. Without the truth it tells what the model expects of itself; with it, how far that is off.

Example, the current publication: `boroughlink evaluate --truth data/sample/truth/records.parquet`

Example, what `boroughlink link people.csv --out linked --truth person` wrote: `boroughlink evaluate people.csv --linked linked`
"""
MOST_GROUPS = 5
"""Of a grouping that the terminal shows, the worst ones."""


def evaluate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="With --linked: the files that were linked, for groups and truth.", show_default=False),
    ] = None,
    linked: Annotated[
        Path | None,
        typer.Option(help="Output of `boroughlink link`; default: the current publication.", show_default=False),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            help=(
                "CSV or Parquet that names each record's true person: record_id, or feed_id, file, sheet, row_number "
                "and part."
            ),
            show_default=False,
        ),
    ] = None,
    entity: Annotated[
        str | None, typer.Option(help="Column of --truth that names the person.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where the page goes; default: beside the run's report, or into --linked.", show_default=False
        ),
    ] = None,
    home: HomeOption = None,
    run_file: HomeRunFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a linkage."""
    from flows.any_table.evaluation import Question, evaluate_folder

    folder = linked or home_of(run_file, home).current
    facts, page = evaluate_folder(Question(folder, tuple(files or ()), truth, entity, out))
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    console = Console()
    console.print(Text(f"How good is {facts['linkage']['title']}?", "bold"))
    if untold := facts["linkage"]["records_without_truth"]:
        records = facts["linkage"]["records"]
        console.print(
            f"The truth tells {records - untold:,} of {records:,} records; figures by the truth are of those."
        )
    for table in (_scores_table(facts), _waiting_table(facts), _thresholds_table(facts)):
        console.print(table)
    if calibration := facts["calibration"]:
        console.print(f"expected calibration error {calibration['error']:.4f} over {calibration['pairs']:,} kept pairs")
    if not facts["groups_untold"]:
        console.print(_groups_table(facts))
    _print_worse(console, facts)
    typer.echo(f"page {page}")


def _scores_table(facts: Mapping[str, Any]) -> Table:
    table = _table("Precision and recall", "of", "precision", "recall", "F1")
    for name, score, form in _named_scores(facts):
        table.add_row(name, *(form.format(score[part]) for part in ("precision", "recall", "f1")))
    return table


def _named_scores(facts: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, float], str]]:
    true, shares = facts["true"], "{:.4f}"
    if true:
        yield "linked pairs, by the truth", true["pairs"], shares
    yield "linked pairs, as the model expects", facts["estimated"], shares
    if true:
        yield "expected less true", facts["gap"], "{:+z.4f}"
        yield "clusters", true["clusters"], shares
        if apart := true["kept_apart"]:
            yield f"clusters, less {apart['pairs']:,} pairs that rules keep apart", apart["clusters"], shares
            yield f"clusters, less {apart['persons']:,} persons they part", apart["other_persons"], shares
        yield "clusters, once stewards have answered", true["with_stewards"], shares
        yield "records: B-cubed", true["b_cubed"], shares


def _waiting_table(facts: Mapping[str, Any]) -> Table:
    has_truth = facts["true"] is not None
    table = _table("Not linked", "why", "pairs", "expected matches", *(["true matches"] if has_truth else []))
    for row in facts["waiting"]:
        pairs = "" if row["pairs"] is None else f"{row['pairs']:,}"
        true = [f"{row['true_matches']:,}"] if has_truth else []
        table.add_row(Text(row["reason"].replace("_", " ")), pairs, f"{row['expected_matches']:,.0f}", *true)
    return table


def _thresholds_table(facts: Mapping[str, Any]) -> Table:
    has_truth = facts["true"] is not None
    true = ["true\nprecision", "\nrecall", "\nF1"] if has_truth else []
    expected = ["expected\nprecision", "\nrecall", *([] if has_truth else ["\nF1"])]
    table = _table("Each pair by itself, from a weight on", "\nbits", "\nlinked", "\nreview", *true, *expected)
    for row in facts["thresholds"]:
        scores = [row["true"][part] for part in ("precision", "recall", "f1")] if has_truth else []
        scores += [row["estimated"][part] for part in ("precision", "recall", "f1")][: len(expected)]
        style = "bold" if row["marks"] else ""
        bits = f"{row['bits']:>5.2f} {row['marks'][0] if row['marks'] else ''}"
        table.add_row(
            bits, f"{row['pairs']:,}", f"{row['to_review']:,}", *(f"{score:.4f}" for score in scores), style=style
        )
    return table


def _groups_table(facts: Mapping[str, Any]) -> Table:
    """The worst groups of each grouping; the page has all."""
    expected = "" if facts["true"] else "expected "
    table = _table(
        "Groups, %, with 95 % intervals", "group", "persons in pairs", f"{expected}found", "others", f"{expected}right"
    )
    for grouping, rows in groupby(facts["groups"], key=itemgetter("grouping")):
        rated = [row for row in rows if row["recall"] or row["precision"]]
        rated.sort(key=lambda row: (not row["worse"], (row["recall"] or row["precision"])["value"]))
        note = f", worst {MOST_GROUPS} of {len(rated)}" if len(rated) > MOST_GROUPS else ""
        if rated:
            table.add_row(Text(f"{grouping}{note}", "bold"))
        for row in rated[:MOST_GROUPS]:
            others_recall = f"{100 * row['recall']['rest_value']:.1f}" if row["recall"] else ""
            recall, precision = _share(row["recall"]), _share(row["precision"])
            style = "dark_orange" if row["worse"] else ""
            table.add_row(
                Text(f" {row['group']}"), f"{row['persons']:,}", recall, others_recall, precision, style=style
            )
    return table


def _share(share: Mapping[str, float] | None) -> str:
    if share is None:
        return ""
    value, low, high = (f"{100 * share[name]:.1f}" for name in ("value", "low", "high"))
    return f"{value} ({low}-{high})"


def _print_worse(console: Console, facts: Mapping[str, Any]) -> None:
    if facts["worse"]:
        console.print(Text("Linked worse than everybody else:", "bold"))
    else:
        console.print(facts["groups_untold"] or "No group is linked worse than everybody else.")
    for sentence in facts["worse"]:
        console.print(Text(f"- {sentence}"))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for position, name in enumerate(columns):
        table.add_column(name, justify="right" if position else "left")
    return table
