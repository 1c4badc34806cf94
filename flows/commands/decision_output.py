"""Decisions in the terminal, as JSON, and as files; reasons are shown only on request."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import typer
from rich.console import Console
from rich.text import Text

from flows.night.counted import counted
from pipeline.stewardship.entering import Recorded
from pipeline.stewardship.exchange import BadCell, ImportOutcome, Look, bring_decisions, save_decisions
from pipeline.stewardship.standing import DETACHED_WORDS, standing_decisions
from pipeline.stewardship.store import Store

MOST_SHOWN = 50
SENTENCES = {"link": "{} = {}", "unlink": "{} is not {}", "unsure": "{} ? {}", "retract": "taken back: {} and {}"}
COLUMNS_SHOWN = (
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
    "detached_because",
)
BY_DATA = ("detached", "contradicted")
"""States that only a night can tell, as it has the records"""


def print_decision(store: Store, recorded: Recorded, as_json: bool) -> None:
    """Print what became of one decision."""
    entry = recorded.decision
    is_waiting = _is_waiting(store, recorded)
    if as_json:
        facts = {
            "decision_id": entry.decision_id,
            "record_ids": list(entry.pair),
            "verdict": entry.verdict,
            "is_new": recorded.is_new,
            "waits_for_second_person": is_waiting,
            "second_because": (entry.second_because or "").split(";") if is_waiting else [],
            "confirms": entry.confirms,
            "retracts": entry.retracts,
            "supersedes": entry.supersedes,
            "evidence": entry.evidence,
        }
        typer.echo(json.dumps(facts))
        return
    console = Console()
    left, right = entry.pair
    sentence = SENTENCES[entry.verdict].format(left, right)
    sentence = f"confirmed: {sentence}" if entry.confirms else sentence
    console.print(Text(sentence, "bold"), soft_wrap=True)
    novelty = "kept" if recorded.is_new else "there already, kept once"
    console.print(Text(f"decision {entry.decision_id}, {novelty}"), soft_wrap=True)
    if entry.supersedes:
        console.print(Text(f"in place of {entry.supersedes}"), soft_wrap=True)
    if is_waiting:
        reasons = (entry.second_because or "asked for").replace(";", ", ").replace("_", " ")
        console.print(Text(f"It does not count yet: another steward must confirm it ({reasons})."))
        console.print(
            Text(f'boroughlink decide --confirm {entry.decision_id} --by NAME --reason "..."'), soft_wrap=True
        )


def _is_waiting(store: Store, recorded: Recorded) -> bool:
    if not recorded.decision.needs_second:
        return False
    standing = standing_decisions(store.log(), store.policy)
    return any(
        row["state"] == "waiting" and row["decision_id"] == recorded.decision.decision_id
        for row in standing.to_pylist()
    )


def list_decisions(store: Store, night: pa.Table | None, reasons: bool, as_json: bool) -> None:
    """Print the decisions that stand or wait, latest first, with the record ids of the time of the decision.

    Args:
        store: of decisions.
        night: as ``standing_of_night`` gives it: which of them the data of the last night left without effect.
        reasons: show these too.
        as_json: as one list.
    """
    log = store.log()
    lost = (
        {row["decision_id"]: row for row in night.to_pylist() if row["state"] in BY_DATA} if night is not None else {}
    )
    rows = [_as_of_night(row, lost) for row in standing_decisions(log, store.policy).to_pylist()][::-1]
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


def _as_of_night(row: Mapping[str, Any], lost: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A decision as the log has it, but detached or contradicted where the last night's data left it so."""
    shown = {name: row[name] for name in COLUMNS_SHOWN}
    if night := lost.get(row["decision_id"]):
        shown |= {name: night[name] for name in ("state", "detached_because", "contradicts")}
    return shown


def _line(row: dict[str, Any], reasons: bool) -> Text:
    stewards = " and ".join([row["decided_by"], *(row["confirmed_by"] or [])])
    state = "waits for a second person" if row["state"] == "waiting" else row["state"].replace("_", " ")
    if row["state"] == "detached":
        state = f"detached as of the last night, and binds nothing: {DETACHED_WORDS.get(row['detached_because'], 'unknown why')}"
    sentence = SENTENCES[row["verdict"]].format(row["record_id_l"], row["record_id_r"])
    line = Text.assemble(
        (sentence, "bold"), f"\n  {state}, {stewards}, {row['decided_at']:%Y-%m-%d %H:%M}Z, {row['decision_id']}"
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


def import_decisions(store: Store, path: Path, entered_by: str, look: Look | None, as_json: bool) -> None:
    """Enter the decisions of a file; the command ends with 1 where a row was refused."""
    imported = bring_decisions(store, path, entered_by, look)
    if as_json:
        facts = {
            "rows": imported.rows,
            "entered": imported.entered,
            "already_there": imported.already_there,
            "erased": imported.erased,
            "refused": [row._asdict() for row in imported.refused],
            "not_published": [row._asdict() for row in imported.not_published],
        }
        typer.echo(json.dumps(facts))
    else:
        _print_import(path, imported)
    if imported.refused:
        raise typer.Exit(1)


def _print_import(path: Path, imported: ImportOutcome) -> None:
    console = Console()
    n_refused, n_waiting = (len({cell.row for cell in cells}) for cells in (imported.refused, imported.not_published))
    counts = [f"{imported.entered:,} of {counted(imported.rows, 'row')} entered"]
    if imported.already_there:
        counts.append(f"{imported.already_there:,} there already")
    if n_refused:
        counts.append(f"{n_refused:,} refused")
    console.print(Text(f"{path.name}: {'; '.join(counts)}{':' if n_refused else '.'}"), soft_wrap=True)
    if imported.erased:
        was = "was" if imported.erased == 1 else "were"
        console.print(f"{counted(imported.erased, 'row')} {was} erased by order before the file was written.")
    _print_cells(console, path, imported.refused)
    if n_waiting:
        told = f"{n_waiting:,} of those entered {'binds' if n_waiting == 1 else 'bind'} nothing yet:"
        console.print(told, soft_wrap=True)
        _print_cells(console, path, imported.not_published)


def _print_cells(console: Console, path: Path, cells: Sequence[BadCell]) -> None:
    for cell in cells[:MOST_SHOWN]:
        console.print(Text(f"{path.name}, row {cell.row}, {cell.column}: {cell.problem}"), soft_wrap=True)
    if len(cells) > MOST_SHOWN:
        console.print(f"{MOST_SHOWN} of {len(cells):,} such cells; --json gives all.")
