"""A run from the data to the page, on a set of 300 records."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks import course
from benchmarks.contenders import BY_NAME, Contender
from benchmarks.course import Plan, carry_out
from benchmarks.datasets import DataSet, city
from benchmarks.results import Result, summaries

KEYS = BY_NAME["recordlinkage_keys"]


def plan(tmp_path: Path, *contenders: Contender, repeat: int = 1, limit: float = 300.0) -> Plan:
    return Plan([city(300)], [], contenders, repeat, limit, None, tmp_path, is_fresh=False)


def carried_out(to_run: Plan) -> list[Result]:
    results: list[Result] = []
    carry_out(to_run, lambda _: None, results.append)
    return results


def fake(name: str, code: str) -> Contender:
    """A contender that is a line of Python; it gets its records and folder as arguments."""

    def command(data: DataSet, out: Path) -> list[str]:
        return [sys.executable, "-c", code, str(data.records), str(out)]

    return Contender(name, name, command)


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where kernels are compiled to by nobody else: a run beside which another test compiles counts as one that compiled."""
    folder = tmp_path / "kernels"
    folder.mkdir()
    monkeypatch.setattr(course, "OWN_KERNELS", folder)
    return folder


@pytest.mark.slow
def test_ours_and_recordlinkage_are_measured_and_judged_side_by_side(tmp_path: Path) -> None:
    results = carried_out(plan(tmp_path, BY_NAME["boroughlink"], KEYS))
    assert {(summary.data, summary.contender) for summary in results if summary.turn} == {
        ("city_1k", "boroughlink"),
        ("city_300", "boroughlink"),
        ("city_300", "recordlinkage_keys"),
    }
    ours, theirs = (summary for summary in summaries(results, 1) if summary.data == "city_300")
    assert ours.problem == theirs.problem == ""
    assert ours.records == theirs.records == len_of(tmp_path)
    for summary in (ours, theirs):
        assert summary.candidate_pairs
        assert summary.wall_seconds > 0.5
        assert summary.cpu_seconds > 0.5
        assert summary.peak_mb > 100
    assert (ours.accuracy["cluster_f1"] or 0) > 0.85
    assert (theirs.accuracy["cluster_f1"] or 0) > 0.3
    assert ours.candidate_recall is None
    assert theirs.candidate_recall == theirs.accuracy["kept_recall"]


@pytest.mark.slow
def test_splink_is_measured_and_its_candidates_are_counted(tmp_path: Path) -> None:
    pytest.importorskip("splink")
    *_, result = carried_out(
        plan(tmp_path, BY_NAME["splink"])
    )  # another one came before where other tests compiled meanwhile
    assert result.problem == ""
    assert result.candidate_pairs
    assert (result.candidate_recall or 0) >= (result.accuracy["kept_recall"] or 0) > 0.7
    assert (result.accuracy["best_cluster_f1"] or 0) > 0.7


def len_of(tmp_path: Path) -> int:
    return pq.read_metadata(tmp_path / "sets" / "city_300.records.parquet").num_rows


@pytest.mark.usefixtures("kernels")
def test_a_contender_that_fails_is_told_once_and_the_others_go_on(tmp_path: Path) -> None:
    bad, worse = fake("bad", "raise SystemExit(3)"), fake("worse", "raise SystemExit(4)")
    results = carried_out(plan(tmp_path, bad, worse, repeat=3))
    assert [(result.contender, result.problem) for result in results] == [
        ("bad", "ended with exit code 3"),
        ("worse", "ended with exit code 4"),
    ]


@pytest.mark.usefixtures("kernels")
def test_a_contender_that_runs_too_long_is_stopped(tmp_path: Path) -> None:
    (result,) = carried_out(plan(tmp_path, fake("slow", "import time; time.sleep(60)"), limit=0.3))
    assert result.problem.startswith("stopped after")


ANSWER = """
import json, sys, pathlib
import pyarrow as pa, pyarrow.parquet as pq
records, out = pq.read_table(sys.argv[1]), pathlib.Path(sys.argv[2])
assert not list(out.iterdir())
ids = records["unique_id"]
pq.write_table(pa.table({"record_id": ids, "person_id": ids}), out / "clusters.parquet")
pq.write_table(pa.table({"record_id_l": [0], "record_id_r": [1], "match_weight": [5.0]}), out / "pairs.parquet")
(out / "facts.json").write_text(json.dumps({"link_above": 9}))
"""


@pytest.mark.usefixtures("kernels")
def test_turns_of_contenders_alternate_and_each_starts_from_nothing(tmp_path: Path) -> None:
    results = carried_out(plan(tmp_path, fake("one", ANSWER), fake("two", ANSWER), repeat=2))
    assert [(result.contender, result.turn) for result in results] == [("one", 1), ("two", 1), ("one", 2), ("two", 2)]
    assert {result.accuracy["cluster_recall"] for result in results} == {0.0}


def test_a_run_that_compiled_is_kept_apart_and_done_again(tmp_path: Path, kernels: Path) -> None:
    compiles = f"import pathlib; p = pathlib.Path({str(kernels)!r}); (p / 'one.nbi').touch(exist_ok=False) if not list(p.iterdir()) else None"
    results = carried_out(plan(tmp_path, fake("one", compiles + ANSWER)))
    assert [result.turn for result in results] == [0, 1]


@pytest.mark.usefixtures("kernels")
def test_a_contender_that_has_run_long_enough_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "ENOUGH_SECONDS", 0.01)
    assert len(carried_out(plan(tmp_path, fake("one", ANSWER), repeat=3))) == 1


def test_sets_for_growth_are_for_ours_alone_and_never_run_twice(tmp_path: Path) -> None:
    growing = Plan([city(300)], [city(300), city(600)], [KEYS], 1, 60.0, None, tmp_path, is_fresh=False)
    jobs = [(source.name, [contender.name for contender in contenders]) for source, contenders in growing.jobs]
    assert jobs == [("city_300", ["recordlinkage_keys"]), ("city_600", ["boroughlink"])]


def test_contenders_are_called_with_the_kind_of_every_column(tmp_path: Path) -> None:
    data = course.prepare(city(300), None, tmp_path)
    called = BY_NAME["boroughlink"].command(data, tmp_path)
    assert "dob=date_of_birth" in called
    assert "--truth" not in called
    assert json.dumps(called).count("=") == 1 + len(data.family.kinds)
