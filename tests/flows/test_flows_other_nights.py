"""Nights that do not go as planned, and nights that must not differ."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest
from command_line import COMMAND, NightOnSample, boroughlink
from markupsafe import escape
from small_london import BOROUGHS, SOURCES_TAKEN, night_aside, small_london

from pipeline.core.lock import run_lock
from pipeline.core.places import ROOT, SAMPLE
from pipeline.engines.spark.session import find_java
from schemas.marts import MARTS

pytestmark = pytest.mark.flow
MERTON = "BOROUGHLINK_MERTON_PASSWORD"
WITHOUT_NETWORK = ("unshare", "--net")


def tables_of(home: Path) -> dict[str, object]:
    manifest = json.loads((home / "published" / "current" / "manifest.json").read_text("utf-8"))
    return {name: table["sha256"] for name, table in manifest["tables"].items() if table["is_repeatable"]}


def test_without_a_network_the_night_gives_the_same_tables(sample_night: NightOnSample, tmp_path: Path) -> None:
    probe = shutil.which("unshare")
    if probe is None:
        pytest.skip("this machine has no unshare")
    finished = boroughlink("run", "--home", str(tmp_path), "--json", before=WITHOUT_NETWORK)
    if "Operation not permitted" in finished.err:
        pytest.skip("this user may not cut the network")
    assert finished.code == 0, finished.err
    assert tables_of(tmp_path) == tables_of(sample_night.home)


@pytest.mark.parametrize("engine", ["recordlinkage", pytest.param("spark", marks=pytest.mark.spark)])
def test_every_engine_publishes_the_same_tables(sample_night: NightOnSample, begun_home: Path, engine: str) -> None:
    if engine == "spark" and not find_java():
        pytest.skip("this machine has no Java")
    finished = boroughlink("run", "--home", str(begun_home), "--engine", engine, "--json")
    assert finished.code == 0, finished.err
    assert tables_of(begun_home) == tables_of(sample_night.home)


def test_a_second_run_on_the_same_input_changes_nothing(sample_night: NightOnSample, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(sample_night.home, home, symlinks=True)
    finished = boroughlink("run", "--home", str(home), "--json")
    assert finished.code == 0, finished.err
    assert finished.said["run_id"] != sample_night.finished.said["run_id"]
    before, after = tables_of(sample_night.home), tables_of(home)
    with_run = dict.fromkeys(("link_changes", *(mart.name for mart in MARTS)))
    assert after | with_run == before | with_run
    published = home / "published"
    for mart in MARTS:
        rows, same_rows = (
            pq.read_table(folder / mart.name) for folder in (sample_night.current, published / "current")
        )
        assert rows.drop_columns("run_id") == same_rows.drop_columns("run_id")
    kinds = [
        duckdb.sql(f"SELECT kind, count(*) FROM '{published}/{run}/link_changes/*.parquet' GROUP BY 1").fetchall()
        for run in (sample_night.finished.said["run_id"], finished.said["run_id"])
    ]
    assert kinds == [[("created", sample_night.finished.said["persons"])], []]


@pytest.mark.usefixtures("warm")
def test_broken_feeds_are_held_and_their_people_stay(tmp_path: Path, begun_home: Path) -> None:
    london = small_london(
        tmp_path,
        (*SOURCES_TAKEN, "borough_cse", "la_children"),
        (*BOROUGHS, "Lambeth", "Brent", "Richmond upon Thames", "Merton"),
    )
    contract = tmp_path / "contracts" / "borough_cse.yaml"
    contract.write_text(contract.read_text("utf-8") + f"\nfeeds: {{ merton: {{ password_env: {MERTON} }} }}\n", "utf-8")
    london.say(passwords={MERTON: str(SAMPLE / "passwords" / "merton")})
    first = night_aside(london.night(begun_home), tmp_path / "out")
    assert first.exit_code == 0
    exports = london.exports
    corrupt = exports / "cse" / "camden.xlsx"
    corrupt.write_bytes(corrupt.read_bytes()[:2000])
    (exports / "cris" / "hackney.csv").unlink()
    lambeth = exports / "cris" / "lambeth.csv"
    lambeth.write_bytes(
        lambeth.read_bytes()
        .replace(b"DOB", b"Day of arrival", 1)
        .replace(b"Born", b"Day of arrival", 1)
        .replace(b"D.O.B.", b"Day of arrival", 1)
    )
    (exports / "la" / "brent.xlsx").write_bytes(b"")
    london.say(passwords={})
    shutil.copy(exports / "cris" / "camden.csv", exports / "cris" / "brent.csv")
    second = boroughlink("run", "--run-file", str(london.run_file), "--home", str(begun_home), "--json")
    assert second.code == 3, second.err
    reasons = {feed: (state, reason) for feed, state, reason in second.said["not_fresh"]}
    assert set(reasons) == {
        "borough_cse.camden",
        "borough_cse.merton",
        "cris.brent",
        "cris.hackney",
        "cris.lambeth",
        "la_children.brent",
    }
    assert {state for state, _ in reasons.values()} == {"held"}
    assert "damaged" in reasons["borough_cse.camden"][1]
    assert MERTON in reasons["borough_cse.merton"][1], "its bytes are those of the night before"
    assert "is byte by byte cris/camden.csv" in reasons["cris.brent"][1], "and Camden's is what it was"
    assert "is not there" in reasons["cris.hackney"][1]
    assert "Day of arrival" in reasons["cris.lambeth"][1]
    assert "in the contract of cris." in reasons["cris.lambeth"][1]
    assert "is empty" in reasons["la_children.brent"][1]
    report = (begun_home / "runs" / str(second.said["run_id"]) / "report.html").read_text("utf-8")
    assert "More records than rows (borough_cse):" in report, (
        "a held feed of cris has records and no rows, and nobody is a sibling there"
    )
    assert "Not all feeds are fresh (borough_cse, cris, la_children)" in report
    published = begun_home / "published"
    runs = [first.run_id, second.said["run_id"]]
    persons = [
        duckdb.sql(f"SELECT record_id, person_id FROM '{published}/{run}/records/*.parquet' ORDER BY ALL").fetchall()
        for run in runs
    ]
    assert persons[0] == persons[1]
    rejected = [
        duckdb.sql(f"SELECT * FROM '{published}/{run}/quarantine/*.parquet' ORDER BY ALL").fetchall() for run in runs
    ]
    assert rejected[0] == rejected[1] != [], "rows that the exports in use lost are still told"


@pytest.mark.usefixtures("warm")
def test_a_sheet_that_was_renamed_is_told_wherever_the_night_is_told(tmp_path: Path, begun_home: Path) -> None:
    london = small_london(tmp_path, (*SOURCES_TAKEN, "borough_cse"))
    tracker, home = london.exports / "cse" / "hackney.xlsx", begun_home
    book = openpyxl.load_workbook(tracker)
    book["Nov 2026"].title = "November 2026"
    book.save(tracker)
    first = night_aside(london.night(home), tmp_path / "out")
    assert first.exit_code == 3
    ((feed, state, reason),) = first.not_fresh
    assert (feed, state) == ("borough_cse.hackney", "missing")
    assert "days old" in reason
    assert "cse/hackney.xlsx: not read: sheet 'November 2026' (read was " in reason
    assert first.unread == ()
    book["November 2026"].title, book["Jul 2026"].title = "Nov 2026", "July <img src=x>"
    book.save(tracker)
    second = boroughlink("run", "--run-file", str(london.run_file), "--home", str(home))
    assert second.code == 0, second.err
    told = "not read: sheet 'July <img src=x>'"
    assert f"borough_cse.hackney is fresh, but cse/hackney.xlsx: {told}" in second.err
    assert "'Lists'" not in second.err
    run = (home / "published" / "current").resolve().name
    for page in ("report.html", "validation.html"):
        text = (home / "runs" / run / page).read_text("utf-8")
        assert str(escape(told)) in text, page
        assert "<img" not in text, page


@pytest.mark.usefixtures("warm")
def test_another_source_is_one_yaml_file(tmp_path: Path) -> None:
    london, home = small_london(tmp_path), tmp_path / "home"
    (london.exports / "youth").mkdir()
    rows = ["Ref;Last name;First name;Birthday;Seen on;Postcode", "Y1;Okonkwo-Test;Adaeze;03/02/2011;10/11/2026;E8 1AA"]
    (london.exports / "youth" / "hackney.csv").write_text("\n".join(rows), "utf-8")
    (tmp_path / "contracts" / "youth_offending.yaml").write_text(
        """
source: youth_offending
title: Youth offending team, Hackney
location: youth/{borough}.csv
format: csv
delimiter: ";"
boroughs: [Hackney]
event_type: referral
person: { source_key: [Ref], surname: [Last name], forename: [First name], date_of_birth: [Birthday], postcode: [Postcode] }
event: { started: [Seen on] }
key: [source_key]
constants: { role: subject }
""",
        "utf-8",
    )
    assert night_aside(london.night(home), tmp_path / "out").exit_code == 0
    found = duckdb.sql(
        f"SELECT surname, forename, date_of_birth FROM '{home}/published/current/records/*.parquet' WHERE source = 'youth_offending'"
    ).fetchall()
    assert [(surname, forename, str(born)) for surname, forename, born in found] == [
        (["OKONKWO TEST"], ["ADAEZE"], "2011-02-03")
    ]


def test_a_schedule_that_could_not_be_kept_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "youth.yaml").write_text("source: [", "utf-8")
    (tmp_path / "run.yaml").write_text("contracts: contracts\n", "utf-8")
    for words, told in (
        (("--cron", "every day"), "no cron line"),
        (("--run-file", str(tmp_path / "run.yaml")), "youth.yaml"),
    ):
        finished = boroughlink("schedule", *words, "--home", str(tmp_path / "home"))
        assert (finished.code, told in finished.err) == (2, True), finished.err


def interrupted(serving: subprocess.Popen[bytes]) -> None:
    """Ctrl-C, and again where Prefect's runner, just ending a night, took no notice of the first."""
    for _ in range(3):
        serving.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            serving.wait(timeout=45)
            return
    serving.kill()
    raise AssertionError("three interrupts did not stop the schedule")


@pytest.mark.slow
def test_the_schedule_runs_a_night_when_it_is_due(tmp_path: Path, begun_home: Path) -> None:
    london, home = small_london(tmp_path), begun_home
    said = ("schedule", "--cron", "* * * * *", "--run-file", str(london.run_file), "--home", str(home))
    with (tmp_path / "out").open("wb") as out:
        serving = subprocess.Popen([*COMMAND, *said], cwd=ROOT, stdout=out, stderr=out)
        try:
            until = time.monotonic() + 200
            while time.monotonic() < until and serving.poll() is None and not (home / "published" / "current").exists():
                time.sleep(1)
        finally:
            interrupted(serving)
    assert (home / "published" / "current" / "persons").is_dir(), (tmp_path / "out").read_text("utf-8")


def test_two_runs_at_once_are_refused_with_the_holder_named(tmp_path: Path) -> None:
    with run_lock(tmp_path / "run.lock"):
        finished = boroughlink("run", "--home", str(tmp_path))
    assert finished.code == 1
    assert "is in use by process" in finished.err
    assert "Traceback" not in finished.err


def test_wrong_use_is_told_apart_from_failure(tmp_path: Path) -> None:
    missing = boroughlink("run", "--run-file", str(tmp_path / "nowhere.yaml"))
    assert missing.code == 2
    assert "nowhere.yaml" in missing.err
    assert "Traceback" not in missing.err
    unpublished = boroughlink("query", "SELECT 1", "--home", str(tmp_path))
    assert unpublished.code == 2
    assert "boroughlink run" in unpublished.err


@pytest.mark.parametrize("command", ["run", "schedule", "query", "train", "synth"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    finished = boroughlink(command, "--help")
    assert finished.code == 0
    assert f"boroughlink {command}" in finished.out
