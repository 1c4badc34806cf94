"""``boroughlink link``: link the records of any CSV or Parquet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.commands.options import JsonOption
from pipeline.core.errors import SettingsError
from schemas.fields import IGNORE, KINDS, field_options

HELP = f"""
Link the records of one person in any CSV or Parquet: no labels and no model file needed, it trains itself on the input.

Columns with canonical headings (forename, surname, date_of_birth, .., also Date of Birth) and others that leave no doubt (first_name,
Last Name, dob, zip code) are taken as they are, those with a usual heading (first, name, addr, city, id) where their values fit, and
that is said. Say what others hold with `--field COLUMN=KIND`, which always wins; `--field COLUMN={IGNORE}` leaves a column out. Several files
may call their columns otherwise, and lack some. Kinds: {", ".join(KINDS)}; or {IGNORE}.

Example: `boroughlink link people.csv --out linked --field given=forename --field born=date_of_birth`

Two lists against each other: `boroughlink link ours.csv theirs.csv --link-only --out linked`
"""


class PolicyChoice(StrEnum):
    """What is linked without a steward."""

    balanced = "balanced"
    strict = "strict"


class EngineChoice(StrEnum):
    """Which engine does the work."""

    local = "local"
    spark = "spark"
    recordlinkage = "recordlinkage"


def link(
    files: Annotated[
        list[Path], typer.Argument(help="CSV or Parquet files; what one lacks has no values there.", show_default=False)
    ],
    out: Annotated[
        Path, typer.Option(help="Folder for clusters, links, model, metrics and report.", show_default=False)
    ],
    field: Annotated[
        list[str],
        typer.Option("--field", help="What a column holds: COLUMN=KIND; may be given often.", show_default=False),
    ] = [],  # noqa: B006
    model: Annotated[
        Path | None, typer.Option(help="A frozen model instead of training on the input.", show_default=False)
    ] = None,
    policy: Annotated[
        PolicyChoice, typer.Option(help="balanced: the best clusters; strict: only links of expected precision 0.998.")
    ] = PolicyChoice.balanced,
    link_only: Annotated[
        bool, typer.Option("--link-only", help="Only pairs across different sources (or files).")
    ] = False,
    one_per_source: Annotated[bool, typer.Option("--one-per-source", help="No source holds a person twice.")] = False,
    canonical_only: Annotated[
        bool,
        typer.Option("--canonical-only", help="No column is taken for its usual heading (first, name, city) alone."),
    ] = False,
    truth: Annotated[
        str | None,
        typer.Option(help="Column that names the true person: measured against, never used.", show_default=False),
    ] = None,
    engine: Annotated[
        EngineChoice,
        typer.Option(
            help="spark: on a Spark cluster, for more than one machine links; recordlinkage: slow and plain, for small files."
        ),
    ] = EngineChoice.local,
    as_json: JsonOption = False,
) -> None:
    """Link files."""
    from pipeline.core.memory import few_cycles

    with few_cycles():
        from flows.any_table.standalone import LinkOptions, link_files

        options = LinkOptions(policy.value, engine.value, model, truth, link_only, one_per_source, canonical_only)
        facts = link_files(files, out, _kinds(field), options)
    if as_json:
        typer.echo(json.dumps(facts))
        return
    shown = Table(title="Linked", title_justify="left", show_header=False)
    for name, value in _summary_rows(facts):
        shown.add_row(name, value)
    Console().print(shown)
    for name in ("clusters.parquet", "links.parquet", "model.toml", "metrics.json", "report.html"):
        typer.echo(f"{name.partition('.')[0]:<9}{out / name}")


NOTHING_LINKED = "what is compared does not tell one person from two who share it; are there other columns that could?"


def _summary_rows(facts: dict[str, Any]) -> list[tuple[str, str]]:
    from flows.any_table.date_words import dates_told

    rows = [
        (name.replace("_", " "), f"{facts[name]:,}")
        for name in ("records", "persons", "candidate_pairs", "linked_pairs", "pairs_to_review")
    ]
    if facts["no_pairs"]:
        rows.append(("no pairs", facts["no_pairs"]))
    elif not facts["linked_pairs"]:
        rows.append(("nothing linked", NOTHING_LINKED))
    if facts["link_bits"] is not None:
        rows.append(("linked from", f"{facts['link_bits']:z.2f} bits ({facts['policy']})"))
        rows.append(("looked at from", f"{facts['review_bits']:z.2f} bits"))
    rows += [
        (name.replace("_", " "), f"{facts[name]:.4f}")
        for name in ("expected_precision", "expected_recall")
        if facts[name] is not None
    ]
    if "quality" in facts:
        rows += _truth_rows(facts["quality"])
    rows += _column_rows(facts)
    rows += [("dates", escape(told)) for told in dates_told(facts["date_orders"])]
    if not facts["has_converged"]:
        rows.append(("training", "did NOT converge: probabilities may be off"))
    rows += [("drift", sentence) for sentence in facts["drift"]]
    return [*rows, ("time and memory", f"{facts['wall_seconds']:.1f} s, {facts['peak_memory_mb']:,.0f} MB")]


def _column_rows(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was done with the columns, and what told it."""
    held = (column if column == field else f"{column} ({field})" for column, field in facts["columns_used"].items())
    rows = [("columns used", escape(", ".join(held)))]
    if facts["columns_taken"]:
        rows.append(("taken by heading", escape(_taken(facts["columns_taken"]))))
    if facts["fields_of_some_files"]:
        rows.append(("not in every file", escape(_of_some_files(facts))))
    if facts["columns_without_values"]:
        rows.append(("columns without values", escape(", ".join(facts["columns_without_values"]))))
    if facts["columns_not_understood"]:
        lost = (
            f"{column}: {n:,} of {facts['records']:,} rows" for column, n in facts["columns_not_understood"].items()
        )
        rows.append(("not understood", escape(", ".join(lost))))
    if facts["columns_not_used"]:
        rows.append(("columns not used", _not_used(facts["columns_not_used"], facts["columns_not_used_perhaps"])))
    if facts["columns_told_by_others"]:
        told = (f"{column} (told by {field})" for column, field in facts["columns_told_by_others"].items())
        rows.append(("columns left out", escape(", ".join(told))))
    return rows


def _taken(kinds: Mapping[str, str]) -> str:
    taken = ", ".join(f"{column} for {kind}" for column, kind in kinds.items())
    return f"{taken}: usual headings whose values fit; say --field COLUMN={IGNORE} of one that is not"


def _of_some_files(facts: Mapping[str, Any]) -> str:
    fields: Mapping[str, Sequence[str]] = facts["fields_of_some_files"]
    left_out = [f"{field} (only {titles[0]})" for field, titles in fields.items() if field in facts["fields_left_out"]]
    compared = [
        f"{field} (only {', '.join(titles)})"
        for field, titles in fields.items()
        if field not in facts["fields_left_out"]
    ]
    told = [f"left out: {', '.join(left_out)}"] if left_out else []
    told += [f"compared where both records have it: {', '.join(compared)}"] if compared else []
    return "; ".join(told)


def _not_used(columns: Sequence[str], likely: Mapping[str, str]) -> str:
    """The columns that were not used, and how to say what they hold."""
    advice = f"{', '.join(columns)}; say with --field COLUMN=KIND what they hold"
    return escape(f"{advice}: perhaps {' '.join(field_options(likely))}" if likely else advice)


def _truth_rows(quality: dict[str, Any]) -> list[tuple[str, str]]:
    """Scores by the truth, those that mean something: there is no precision where nothing is linked."""
    rows = []
    for name, key in (("linked pairs", "pairs"), ("clusters", "clusters"), ("B-cubed", "b_cubed")):
        shares = [(word, quality[key][word.lower()]) for word in ("precision", "recall", "F1")]
        scores = [f"{word} {share:.4f}" for word, share in shares if share is not None]
        rows.append((f"truth: {name}", ", ".join(scores) or "nothing is linked, and nothing was to be found"))
    return rows


def _kinds(fields: list[str]) -> dict[str, str]:
    kinds: dict[str, str] = {}
    for text in fields:
        column, sign, kind = text.rpartition("=")
        if not sign or not column:
            raise SettingsError(
                f"--field {text}", "is not COLUMN=KIND.", "Write for example --field dob=date_of_birth."
            )
        if column in kinds:
            raise SettingsError(f"--field {text}", f"{column} is given twice.", "Say once what it holds.")
        kinds[column] = kind
    return kinds
