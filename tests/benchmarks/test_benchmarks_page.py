"""Raw results become medians, and medians become a page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.course import START
from benchmarks.machine import about_machine
from benchmarks.page import write_page
from benchmarks.results import RawFile, Result, Run, read_run, summaries
from pipeline.core.errors import SettingsError
from pipeline.core.places import ROOT

ACCURACY: dict[str, float | None] = {
    "pair_precision": 0.99,
    "pair_recall": 0.95,
    "pair_f1": 0.9696,
    "cluster_precision": 0.98,
    "cluster_recall": 0.96,
    "cluster_f1": 0.9699,
    "b_cubed_f1": 0.98,
    "exact_persons": 0.93,
    "kept_recall": 0.97,
    "best_pair_f1": None,
    "best_cluster_f1": None,
    "calibration_error": 0.01,
}
OURS = Result("febrl4", 10_000, 5_000, "boroughlink", 1, 4.0, 5.0, 400.0, 0.0, "", 500_000, None, ACCURACY)
SPLINK = replace(
    OURS,
    contender="splink",
    wall_seconds=8.0,
    cpu_seconds=4.0,
    peak_mb=300.0,
    candidate_pairs=32_000,
    candidate_recall=0.9998,
    accuracy={**ACCURACY, "cluster_f1": 0.94, "best_pair_f1": 0.95, "best_cluster_f1": 0.9801},
)
STARTED = replace(OURS, data=START.name, records=START.rows, wall_seconds=2.0, cpu_seconds=2.0)
ABOUT = {"command": "python -m benchmarks --sets febrl4", "date": "2026-11-25", **about_machine()}


def page(tmp_path: Path, *results: Result) -> str:
    return write_page(Run(ABOUT, list(results)), tmp_path).read_text("utf-8")


def row(text: str, *beginning: str) -> list[str]:
    """The cells of the last table row that begins so."""
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
    ]
    return [cells for cells in lines if cells[: len(beginning)] == list(beginning)][-1]


def test_raw_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    raw = RawFile(tmp_path / "runs" / "raw.jsonl", ABOUT)
    for result in (OURS, SPLINK):
        raw.add(result)
    assert read_run(raw.path) == Run(ABOUT, [OURS, SPLINK])


@pytest.mark.parametrize("text", ["", "{}\n", "names,of,columns\n1,2,3\n", '{"about": {}}\n{"data": "febrl4"}\n'])
def test_another_file_is_not_taken_for_raw_results(tmp_path: Path, text: str) -> None:
    (tmp_path / "other.jsonl").write_text(text, "utf-8")
    with pytest.raises(SettingsError, match="is not a file of raw results"):
        read_run(tmp_path / "other.jsonl")


def test_a_median_is_over_the_turns_without_compiling_or_failure() -> None:
    turns = [replace(OURS, turn=turn, wall_seconds=wall) for turn, wall in ((0, 60.0), (1, 5.0), (2, 4.0), (3, 7.0))]
    (summary,) = summaries([*turns, replace(OURS, turn=4, wall_seconds=0.1, problem="ended with exit code 1")], 2)
    assert (summary.turns, summary.wall_seconds, summary.wall_span) == (3, 5.0, (4.0, 7.0))
    assert summary.problem == "ended with exit code 1"


def test_accuracy_is_that_of_the_middle_turn() -> None:
    turns = [
        replace(OURS, turn=turn, accuracy={**ACCURACY, "cluster_f1": f1})
        for turn, f1 in ((1, 0.9), (2, 0.99), (3, 0.95))
    ]
    (summary,) = summaries(turns, 2)
    assert summary.accuracy["cluster_f1"] == 0.95


def test_candidates_counted_in_one_turn_hold_for_all() -> None:
    (summary,) = summaries([replace(SPLINK, turn=1), replace(SPLINK, turn=2, candidate_pairs=None)], 2)
    assert (summary.candidate_pairs, summary.candidate_recall) == (32_000, 0.9998)


def test_ratios_are_ours_by_the_peers(tmp_path: Path) -> None:
    text = page(tmp_path, OURS, SPLINK)
    cost = text[text.index("## Time and memory") : text.index("## Candidate pairs")]
    assert row(cost, "febrl4", "10,000", "Splink")[-3:] == ["0.50", "1.25", "1.33"]


def test_where_a_peer_is_better_is_said(tmp_path: Path) -> None:
    text = page(tmp_path, OURS, SPLINK)
    part = text[text.index("## Where boroughlink is behind") :]
    assert (
        "- febrl4, Splink: CPU time x 1.25; peak memory x 1.33; cluster F1 (its best threshold) 0.9699 against 0.9801"
        in part
    )
    assert "wall time x" not in part


def test_what_ours_found_is_said_to_be_at_least_so_much(tmp_path: Path) -> None:
    text = page(tmp_path, OURS, SPLINK)
    assert row(text, "febrl4", "10,000", "boroughlink")[-3:] == ["500,000", "50.0", "≥ 0.9700"]
    assert row(text, "febrl4", "10,000", "Splink")[-3:] == ["32,000", "3.2", "0.9998"]


def test_a_measurement_that_was_disturbed_is_marked(tmp_path: Path) -> None:
    calm, loud = (
        page(tmp_path, OURS, SPLINK),
        page(tmp_path, replace(OURS, others_cpu_seconds=OURS.wall_seconds * 64), SPLINK),
    )
    assert "4.00 *" not in calm
    assert "4.00 *" in loud


def test_growth_is_told_without_start_up(tmp_path: Path) -> None:
    cities = [
        replace(
            OURS,
            data=f"city_{n}",
            records=n,
            cpu_seconds=2.0 + n / 1e5,
            wall_seconds=2.0 + n / 1e5,
            peak_mb=100.0 + n / 1e3,
        )
        for n in (1_000_000, 100_000)
    ]
    text = page(tmp_path, STARTED, *cities)
    assert row(text, "100,000")[3:6] == ["1.0", "1.00", "10.0"]
    assert row(text, "1,000,000")[3:6] == ["10.0", "0.83", "10.0"]
    assert "CPU without start-up 1.00" in text
    assert (tmp_path / "results" / "size.png").stat().st_size > 5_000
    assert "Accuracy" not in text  # ours alone is not a comparison


def test_the_very_first_run_is_told_apart(tmp_path: Path) -> None:
    text = page(tmp_path, replace(STARTED, turn=0, wall_seconds=61.0), STARTED, OURS, SPLINK)
    assert "took 61.0 s" in text
    assert "the same run afterwards 2.0 s" in text


def test_a_contender_that_failed_is_told_and_the_others_stay(tmp_path: Path) -> None:
    text = page(tmp_path, OURS, replace(SPLINK, problem="stopped after 3600 s", accuracy={}, candidate_pairs=None))
    assert "- febrl4, Splink: stopped after 3600 s" in text
    assert row(text, "febrl4", "10,000", "boroughlink")


def test_a_page_names_the_command_and_no_path_of_the_machine(tmp_path: Path) -> None:
    text = page(tmp_path, STARTED, OURS, SPLINK)
    assert "python -m benchmarks --sets febrl4" in text
    assert str(ROOT) not in text
    assert not re.search(r"(?<![\w.\]])/(home|work|tmp|root|usr|var)\b", text)
    assert (tmp_path / "results" / "accuracy.png").stat().st_size > 5_000
