"""Decisions in the terminal, as JSON, and as files; a reason is told only where it is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from pipeline.stewardship.entering import Recorded
from pipeline.stewardship.exchange import bring_decisions, save_decisions
from pipeline.stewardship.standing import standing_decisions
from pipeline.stewardship.store import Store

MOST_SHOWN = 50
SAID = {"link": "{} = {}", "unlink": "{} is not {}", "unsure": "{} ? {}", "retract": "taken back: {} and {}"}
SHOWN = (
    "decision_id",
    "record_id_l",
    "record_id_r",
    "verdict",
    "state",
    "decided_by",
    "decided_at",
    "confirmed_by",
    "second_because",
    "contradicts",
    "run_id",
    "model",
)


def decision(store: Store, recorded: Recorded, as_json: bool) -> None:
    """What became of one decision."""
    made = recorded.decision
    waits = _waits(store, recorded)
    if as_json:
        facts = {
            "decision_id": made.decision_id,
            "record_ids": list(made.pair),
            "verdict": made.verdict,
            "is_new": recorded.is_new,
            "waits_for_second_person": waits,
            "second_because": (made.second_because or "").split(";") if waits else [],
            "confirms": made.confirms,
            "retracts": made.retracts,
            "supersedes": made.supersedes,
            "evidence": made.evidence,
        }
        typer.echo(json.dumps(facts))
        return
    console = Console()
    left, right = made.pair
    what = SAID[made.verdict].format(left, right)
    what = f"confirmed: {what}" if made.confirms else what
    console.print(Text(what, "bold"), soft_wrap=True)
    kept = "kept" if recorded.is_new else "there already, kept once"
    console.print(Text(f"decision {made.decision_id}, {kept}"), soft_wrap=True)
    if made.supersedes:
        console.print(Text(f"in place of {made.supersedes}"), soft_wrap=True)
    if waits:
        because = (made.second_because or "asked for").replace(";", ", ").replace("_", " ")
        console.print(Text(f"It does not count yet: another steward must confirm it ({because})."))
        console.print(Text(f'boroughlink decide --confirm {made.decision_id} --by NAME --reason "..."'), soft_wrap=True)


def _waits(store: Store, recorded: Recorded) -> bool:
    if not recorded.decision.needs_second:
        return False
    standing = standing_decisions(store.log(), store.policy)
    return any(
        row["state"] == "waiting" and row["decision_id"] == recorded.decision.decision_id
        for row in standing.to_pylist()
    )


def list_decisions(store: Store, reasons: bool, as_json: bool) -> None:
    """Decisions that stand or wait, the latest first, on the records as they were called then."""
    log = store.log()
    rows = [{name: row[name] for name in SHOWN} for row in standing_decisions(log, store.policy).to_pylist()][::-1]
    if reasons:
        why = dict(zip(log.column("decision_id").to_pylist(), log.column("reason").to_pylist(), strict=True))
        rows = [{**row, "reason": why[row["decision_id"]]} for row in rows]
    if as_json:
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    console = Console()
    for row in rows[:MOST_SHOWN]:
        console.print(_line(row, reasons), soft_wrap=True)
    if not rows:
        console.print("No decision stands or waits.")
    if len(rows) > MOST_SHOWN:
        console.print(f"{MOST_SHOWN} of {len(rows):,} decisions; --json gives all.")


def _line(row: dict[str, Any], reasons: bool) -> Text:
    by = " and ".join([row["decided_by"], *(row["confirmed_by"] or [])])
    state = "waits for a second person" if row["state"] == "waiting" else row["state"].replace("_", " ")
    what = SAID[row["verdict"]].format(row["record_id_l"], row["record_id_r"])
    line = Text.assemble(
        (what, "bold"), f"\n  {state}, {by}, {row['decided_at']:%Y-%m-%d %H:%M}Z, {row['decision_id']}"
    )
    return line.append(f"\n  {row['reason']}") if reasons else line


def export_decisions(store: Store, path: Path, as_json: bool) -> None:
    """Write the whole log into a file."""
    log = store.log()
    save_decisions(log, path)
    if as_json:
        typer.echo(json.dumps({"file": str(path), "decisions": len(log)}))
    else:
        Console().print(f"{len(log):,} decisions in {path}: personal data, readable by you only.", soft_wrap=True)


def import_decisions(store: Store, path: Path, entered_by: str, as_json: bool) -> None:
    """Enter the decisions of a file; ends with 1 where a row was refused."""
    brought = bring_decisions(store, path, entered_by)
    refused = [bad._asdict() for bad in brought.refused]
    if as_json:
        facts = {
            "rows": brought.rows,
            "entered": brought.entered,
            "already_there": brought.already_there,
            "erased": brought.erased,
            "refused": refused,
        }
        typer.echo(json.dumps(facts))
    else:
        console = Console()
        console.print(f"{brought.rows:,} rows: {brought.entered:,} entered, {brought.already_there:,} there already.")
        if brought.erased:
            console.print(f"{brought.erased:,} rows were erased by order before the file was written.")
        for bad in brought.refused[:MOST_SHOWN]:
            console.print(Text(f"row {bad.row}, {bad.column}: {bad.problem}"), soft_wrap=True)
        if len(refused) > MOST_SHOWN:
            console.print(f"{MOST_SHOWN} of {len(refused):,} problems; --json gives all.")
    if refused:
        raise typer.Exit(1)
