"""Nights in a row over a synthetic London, each worked on incrementally and, in a twin of its home, in full.

``python -m benchmarks.nights --people 200000 --nights 10 --place FOLDER``: rows arrive, are corrected and leave, a borough's export
is cut short on one night, and stewards answer questions. Writes FOLDER/nights.json; ``benchmarks.night_page`` makes the page of it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.night_checks import differing_tables, disagreements, ids_of_strangers, true_persons
from benchmarks.night_exports import Drift, Exports
from flows.night.decisions import open_decisions
from pipeline.core.errors import LinkageError
from pipeline.core.places import Home
from pipeline.publish.publication import read_current
from pipeline.synth.generate import generate
from schemas.decisions import NewDecision
from schemas.settings import RunSettings

FIRST_DAY = dt.date(2026, 11, 20)
ANSWERS = 15  # of stewards a night
CUT_NIGHT = 4


def simulate(place: Path, people: int, nights: int, drift: Drift, *, is_full_too: bool = True) -> dict[str, Any]:
    """All nights; returns what was measured."""
    if not (place / "run.yaml").exists():
        generate(people, 5, place, FIRST_DAY)
    exports = Exports(place, drift, 5, nights)
    exports.begin()
    home, run_ids, measured, true_person_of = place / "home", [], [], []
    shutil.rmtree(home, ignore_errors=True)
    for night in range(nights + 1):
        held = next(name for name in exports.files if "cris/" in name) if night == CUT_NIGHT else None
        exports.write(night, held=held)
        day = FIRST_DAY + dt.timedelta(days=night)
        twin = _twin(home, place / "twin") if night and is_full_too else None
        incremental = _run(place, home, day)
        measures: dict[str, Any] = {"night": night, "held": held, "incremental": incremental}
        if twin:
            measures["full"] = _run(place, twin, day, "--full")
            measures["differing_tables"] = differing_tables(home, twin)
            shutil.rmtree(twin)
        run_ids.append(incremental["run_id"])
        true_person_of.append(true_persons(home / "published" / incremental["run_id"], exports))
        measures["decisions"] = _answer(home, true_person_of[-1], random.Random(night)) if night < nights else 0
        measured.append(measures)
        print(json.dumps(measures), flush=True)
        (place / "nights.json").write_text(json.dumps({"people": people, "nights": measured}, indent=1), "utf-8")
    ids, strange = ids_of_strangers(true_person_of)
    result = {
        "people": people,
        "drift": [drift.arrive, drift.correct, drift.leave],
        "nights": measured,
        "ids": ids,
        "ids_of_strangers": strange,
        "disagreements": disagreements(home, run_ids),
    }
    (place / "nights.json").write_text(json.dumps(result, indent=1), "utf-8")
    return result


def _twin(home: Path, twin: Path) -> Path:
    """A copy of a home; its files are shared until one of both writes them anew."""
    shutil.rmtree(twin, ignore_errors=True)
    subprocess.run(["cp", "-al", str(home), str(twin)], check=True)
    decisions = twin / "state" / "decisions.sqlite3"
    if decisions.exists():
        decisions.unlink()
        shutil.copy(home / "state" / "decisions.sqlite3", decisions)
    return twin


def _run(place: Path, home: Path, day: dt.date, *options: str) -> dict[str, Any]:
    """One night in a process of its own; what it says, the seconds of its stages, and its CPU time without that of the processes that read for it."""
    command = [
        sys.executable,
        "-c",
        "from flows.cli import main; main()",
        "run",
        "--run-file",
        str(place / "run.yaml"),
        "--home",
        str(home),
    ]
    began, used_before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.run(
        [*command, "--as-of", day.isoformat(), "--json", *options], check=False, capture_output=True, text=True
    )
    wall, used_after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used_after.ru_utime + used_after.ru_stime - used_before.ru_utime - used_before.ru_stime
    if process.returncode not in (0, 3):
        raise RuntimeError(process.stderr[-2000:])
    outcome = json.loads(process.stdout.strip().splitlines()[-1])
    metrics = json.loads((home / "runs" / outcome["run_id"] / "metrics.json").read_text("utf-8"))
    names = ("run_id", "records", "persons", "links", "questions", "seconds", "peak_mb", "why_full", "built")
    stages = {stage: value for stage, name, value, _ in metrics if name == "seconds"}
    counts = {name: value for stage, name, value, _ in metrics if stage == "night" and "records_" not in name}
    reading, standardising = (
        next(value for _, metric, value, _ in metrics if metric == f"{name}_cpu_seconds")
        for name in ("reading", "standardise")
    )
    parts = {name: value for stage, name, value, unit in metrics if unit == "s" and name != "seconds"}
    return {
        **{name: outcome.get(name) for name in names},
        "wall": wall,
        "cpu": cpu,
        "stages": stages,
        "parts": parts,
        "counts": counts,
        "reading_cpu": reading,
        "standardising_cpu": standardising,
    }


def _answer(home: Path, true_person_of: dict[str, tuple[str, str | None]], chance: random.Random) -> int:
    """Stewards answer some open questions as the truth is, now and then wrongly; returns how many."""
    current = read_current(Home(home))
    if current is None:
        return 0
    rows = current.table("review_queue").select(["record_id_l", "record_id_r"]).to_pylist()
    answered = 0
    with open_decisions(RunSettings(), Home(home), {}) as store:
        for row in chance.sample(rows, min(ANSWERS, len(rows))):
            left, right = row["record_id_l"], row["record_id_r"]
            is_one = true_person_of[left][1] == true_person_of[right][1] and true_person_of[left][1] is not None
            verdict = "link" if is_one != (chance.random() < 0.1) else "unlink"
            decision = NewDecision(
                record_id_l=left,
                record_id_r=right,
                verdict=verdict,
                decided_by="ann",
                n_records=2,
                reason="looked at both files",
            )
            try:
                store.decide(decision)
            except LinkageError:
                continue
            answered += 1
    return answered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--nights", type=int, default=10)
    parser.add_argument("--place", type=Path, required=True)
    parser.add_argument(
        "--share", type=float, default=0.01, help="of the rows that are new, changed or gone in a night"
    )
    options = parser.parse_args()
    drift = Drift(0.4 * options.share, 0.4 * options.share, 0.2 * options.share)
    result = simulate(options.place, options.people, options.nights, drift)
    print(json.dumps({name: result[name] for name in ("ids", "ids_of_strangers", "disagreements")}))


if __name__ == "__main__":
    main()
