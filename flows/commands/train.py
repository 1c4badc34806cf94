"""``boroughlink train``: a frozen model from the current publication's records."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from flows.commands.options import HomeOption, JsonOption
from pipeline.core.places import DEFAULT_HOME, MODELS, Home

HELP = """
Estimate a model's probabilities from the records of the current publication, without labels, and write it as a frozen model.

Example: `boroughlink train --model pipeline/models/person.toml --out person-2026-11.toml`
"""


def train(
    out: Annotated[Path, typer.Option(help="Model file to write.")],
    model: Annotated[Path, typer.Option(help="Model whose fields, rules and policies are kept.")] = MODELS
    / "person.toml",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a model."""
    from flows.engines import engine_of
    from pipeline.core.parquet import read_table
    from pipeline.link.stage import trained
    from schemas.model import load_plan, save_model

    place = Home(home or Path(os.environ.get("BOROUGHLINK_HOME", DEFAULT_HOME)))
    said = load_plan(model)
    records = read_table(place.current / "records").sort_by("record_id")
    training = trained(records, said, engine_of("local"))
    save_model(training.model, out)
    facts = {
        "model": training.model.stamp, "records": len(records), "rounds": training.rounds, "has_converged": training.has_converged,
        "expected_matches": round(training.expected_matches), "expected_related": round(training.expected_related),
    }  # fmt: skip
    if as_json:
        print(json.dumps(facts))  # noqa: T201
    else:
        ended = "converged" if training.has_converged else "did NOT converge"
        Console().print(
            f"{out}: {len(records):,} records, {ended} after {training.rounds} rounds, {training.expected_matches:,.0f} matching pairs expected."
        )
