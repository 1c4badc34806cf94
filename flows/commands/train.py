"""``boroughlink train``: a frozen model from the current publication's records, and stewards' decisions where there are any."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands.options import HomeOption, HomeRunFileOption, JsonOption
from flows.night.place import check_folder_of, home_of
from pipeline.core.places import PERSON_MODEL

if TYPE_CHECKING:
    from pipeline.link.agreement import Agreement
    from pipeline.link.decided_training import DecidedPairs
    from pipeline.link.training import Training

HELP = """
Estimate a model's probabilities from the records of the current publication, without labels, and write it as a frozen model.

What the model file names as `fixed` stays as it is; docs/linking.md says how. Decisions of stewards, where you give them,
stand in for the model's own opinion of those pairs.

Example: `boroughlink train --model pipeline/models/person.toml --out person-2026-11.toml`

With decisions: `boroughlink train --decisions decisions.csv --out person-2026-11.toml`
"""


def train(
    out: Annotated[Path, typer.Option(help="Model file to write.", show_default=False)],
    model: Annotated[
        Path,
        typer.Option(
            help="Model whose fields, rules and fixed figures are kept; thresholds are found anew.",
            show_default="the nightly run's",
        ),
    ] = PERSON_MODEL,
    decisions: Annotated[
        Path | None,
        typer.Option(
            help=(
                "CSV or Parquet with record_id_l, record_id_r and decision (link, unlink, unsure); decided_at, if "
                "there."
            ),
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    run_file: HomeRunFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a model."""
    from flows.stewards.decision_file import read_decisions
    from pipeline.core.parquet import read_table
    from pipeline.engines.by_name import engine_of
    from pipeline.link.decided_training import pairs_of
    from pipeline.link.training_stage import train_model
    from pipeline.publish.publication import need_current
    from schemas.model import save_model
    from schemas.plan import load_plan

    check_folder_of(out)
    place = home_of(run_file, home)
    plan = load_plan(model)
    decision_table = read_decisions(decisions) if decisions else None
    records = read_table(need_current(place).folder / "records").sort_by("record_id")
    ids = records.column("record_id").combine_chunks()
    decided = pairs_of(decision_table, ids, str(decisions)) if decision_table is not None else None
    training = train_model(records, plan, engine_of("local"), decided)
    save_model(training.model, out)
    if as_json:
        typer.echo(json.dumps(_facts(training, len(records), decided)))
        return
    typer.echo("\n".join([*_summary_lines(training, len(records), decided), f"model {out}"]))


def _facts(training: Training, records: int, decided: DecidedPairs | None) -> dict[str, Any]:
    race = training.race
    facts: dict[str, Any] = {
        "model": training.model.stamp,
        "records": records,
        "rounds": training.rounds,
        "has_converged": training.has_converged,
        "expected_matches": round(training.expected_matches),
        "expected_related": round(training.expected_related),
        "starts": [
            {"log_likelihood": round(end.log_likelihood, 1), "rounds": end.rounds, "outcome": end.outcome}
            for end in race.ends
        ],
        "starts_at_best": race.at_best,
    }
    if decided is not None:
        facts["decisions"] = {"used": len(decided.left), "unsure": decided.unsure, "unknown_records": decided.unknown}
        if training.agreement:
            facts["decisions"] |= asdict(training.agreement)
    return facts


def _summary_lines(training: Training, records: int, decided: DecidedPairs | None) -> list[str]:
    race = training.race
    ended = "converged" if training.has_converged else "did NOT converge"
    lines = [
        f"{records:,} records: {ended} after {training.rounds} rounds, {training.expected_matches:,.0f} "
        "matching pairs expected.",
        f"{race.at_best} of {len(race.ends)} starts ended at this estimate.",
    ]
    if decided is not None:
        used = f"{len(decided.left):,} decided pairs used"
        lines.append(f"{used}, {decided.unsure:,} left open, {decided.unknown:,} with records that are not there.")
    return lines + (_agreement_lines(training.agreement) if training.agreement else [])


def _agreement_lines(agreement: Agreement) -> list[str]:
    from pipeline.link.decided_training import FEW_DECISIONS

    lines = [f"Stewards linked {agreement.links:,} of them. As the model sees it:"]
    for name, fit in (
        ("without them", agreement.before),
        ("with them", agreement.after),
        ("not seen", agreement.unseen),
    ):
        lines.append(f"  {name:<13} {fit.expected_links:8,.1f} links expected, log loss {fit.log_loss:.3f}")
    if agreement.pairs < FEW_DECISIONS:
        lines.append(f"Fewer than {FEW_DECISIONS} decisions change little.")
    return lines
