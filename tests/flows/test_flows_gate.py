"""A night that the publish gate holds back, its release and a rollback, as an operator meets them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from command_line import Finished, NightOnSample, boroughlink

from pipeline.core.lock import run_lock
from pipeline.core.places import SAMPLE, Home

pytestmark = pytest.mark.flow
BY = ("--by", "A. Khan", "--reason", "seen with the stewards")


@pytest.fixture(scope="module")
def refused(sample_night: NightOnSample, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Finished]:
    """A second night on the sample, whose run file allows no person of more than three records."""
    place = tmp_path_factory.mktemp("gate")
    shutil.copytree(sample_night.home, place / "home", symlinks=True)
    run_settings = yaml.safe_load((SAMPLE / "run.yaml").read_text("utf-8"))
    run_settings |= {name: str(SAMPLE / run_settings[name]) for name in ("exports",) if name in run_settings}
    run_settings["passwords"] = {name: str(SAMPLE / path) for name, path in run_settings.get("passwords", {}).items()}
    run_settings |= {"home": "home", "publish_limits": {"person_records": 3}}
    (place / "run.yaml").write_text(yaml.safe_dump(run_settings), "utf-8")
    finished = boroughlink("run", "--run-file", str(place / "run.yaml"), "--json")
    return place / "home", str(sample_night.finished.said["run_id"]), finished


def runs(home: Path, *words: str) -> Finished:
    return boroughlink("runs", *words, "--home", str(home))


def test_a_refused_night_keeps_the_last_publication_and_says_why_everywhere(refused) -> None:
    home, first, finished = refused
    assert finished.code == 1
    outcome = json.loads(finished.out)
    assert outcome["state"] == "refused"
    assert len(outcome["limits_passed"]) == 1
    assert "at most 3 are allowed" in finished.err
    assert "runs release" in finished.err
    assert (home / "published" / "current").resolve().name == first
    run = home / "runs" / outcome["run_id"]
    verdict = json.loads((run / "gate.json").read_text("utf-8"))
    assert [found["limit"] for found in verdict["measures"] if found["is_broken"]] == ["person_records"]
    report_page = (run / "report.html").read_text("utf-8")
    assert "at most 3 are allowed" in report_page
    assert "Not published" in report_page
    events = [json.loads(line) for line in (run / "run.log").read_text("utf-8").splitlines()]
    assert [event["limit"] for event in events if event["event"] == "limit passed"] == ["person_records"]
    report = str(run / "report.html")
    shown = runs(home, "show", outcome["run_id"])
    assert (outcome["report"], f"report  {report}" in shown.out) == (report, True)
    listed = json.loads(runs(home, "list", "--json").out)
    assert [(entry["run_id"], entry["state"]) for entry in listed] == [
        (first, "current"),
        (outcome["run_id"], "refused"),
    ]


def test_it_is_released_rolled_back_and_pruned_without_running_again(refused) -> None:
    home, first, finished = refused
    second = json.loads(finished.out)["run_id"]
    assert runs(home, "release", second).code == 2, "nobody said who and why"
    assert runs(home, "release", second, "--by", " ", "--reason", "x").code == 2
    released = runs(home, "release", second, *BY)
    assert released.code == 0, released.err
    assert (home / "published" / "current").resolve().name == second
    report = (home / "runs" / second / "report.html").read_text("utf-8")
    assert ("Not published" in report, "Published by an operator" in report) == (False, True)
    assert "at most 3 are allowed" in report
    assert "stewards" not in (home / "published" / "current" / "manifest.json").read_text("utf-8")
    good = {path.read_text("utf-8").strip() for path in (home / "state" / "last_good").glob("*/good")}
    assert good == {second}
    shown = runs(home, "show", second)
    assert "released by" in shown.out
    assert "A. Khan: seen with the stewards" in shown.out
    back = runs(home, "rollback", first, *BY)
    assert back.code == 0, back.err
    assert (home / "published" / "current").resolve().name == first
    listed = {entry["run_id"]: entry["state"] for entry in json.loads(runs(home, "list", "--json").out)}
    assert listed == {first: "current", second: "rolled back"}
    planned = runs(home, "prune", "--keep", "1", "--dry-run")
    assert f"Publications: {second}.\nRun folders: {second}.\n" in planned.out
    with run_lock(Home(home).lock):
        planned_beside = runs(home, "prune", "--keep", "1", "--dry-run")
        refused_beside = runs(home, "prune", "--keep", "1")
    assert planned_beside.out.startswith(planned.out)
    assert "A run is at work" in planned_beside.out
    assert "A run is at work" not in planned.out
    assert (refused_beside.code, sorted(path.name for path in (home / "runs").iterdir())) == (1, [first, second])
    pruned = runs(home, "prune", "--keep", "1", "--json")
    assert json.loads(pruned.out)["publications"] == [second]
    assert [path.name for path in (home / "runs").iterdir()] == [first]


def test_history_tells_a_person_and_a_record(sample_night: NightOnSample) -> None:
    home = str(sample_night.home)
    sql = "SELECT record_id, person_id FROM records ORDER BY record_id LIMIT 1"
    (row,) = json.loads(boroughlink("query", sql, "--home", home, "--json").out)
    history = boroughlink("history", row["person_id"], "--home", home, "--json").said
    assert (history["kind"], history["state"], history["present"]) == ("person", "standing", [row["person_id"]])
    assert row["record_id"] in history["chapters"][0]["record_ids"]
    assert history["chapters"][0]["cause"] == "new_data"
    history = boroughlink("history", row["record_id"], "--home", home, "--json").said
    assert [stay["person_id"] for stay in history["stays"]] == [row["person_id"]]
    assert boroughlink("history", row["person_id"], "--home", home).code == 0
    assert boroughlink("history", "nobody", "--home", home).code == 2


@pytest.mark.parametrize(
    "words", [("history",), ("runs",), *(("runs", name) for name in ("list", "show", "release", "rollback", "prune"))]
)
def test_help_has_an_example(words: tuple[str, ...]) -> None:
    finished = boroughlink(*words, "--help")
    assert finished.code == 0
    assert f"boroughlink {' '.join(words)}" in finished.out
