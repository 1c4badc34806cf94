"""The doctor sees what is not well, says what to do, and changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from command_line import boroughlink
from small_london import London

from flows.doctor.examination import examine
from flows.doctor.finding import Finding, Given
from flows.night.plan import SAMPLE_RUN
from pipeline.core.lock import run_lock
from pipeline.core.places import SOURCES, Home
from pipeline.stewardship.store import open_store
from schemas.settings import RunSettings

pytestmark = pytest.mark.slow


def findings_of(home: Path, *, is_deep: bool = False, settings: RunSettings | None = None) -> dict[str, Finding]:
    """The worst finding of each check."""
    order = ("ok", "warning", "problem")
    worst: dict[str, Finding] = {}
    for finding in examine(settings or RunSettings.load(SAMPLE_RUN), Home(home), is_deep=is_deep):
        if finding.check not in worst or order.index(finding.state) > order.index(worst[finding.check].state):
            worst[finding.check] = finding
    return worst


def files(home: Path) -> dict[str, float]:
    return {str(path): path.stat().st_mtime_ns for path in home.rglob("*") if not path.is_symlink()}


def test_a_good_home_has_no_problem_and_is_left_as_it_is(home: Path) -> None:
    before = files(home)
    findings = findings_of(home, is_deep=True)
    assert {name: finding for name, finding in findings.items() if finding.state != "ok" and name != "libraries"} == {}
    assert files(home) == before


def test_the_command_says_it_as_a_table_and_as_json_and_ends_with_1_where_there_is_a_problem(home: Path) -> None:
    good = boroughlink("doctor", "--home", str(home), "--json")
    assert good.code == 0, good.err
    assert {row["check"] for row in json.loads(good.out)} >= {"home", "lock", "publication", "decisions", "clock"}
    shutil.rmtree((home / "published" / "current").resolve() / "persons")
    bad = boroughlink("doctor", "--home", str(home), COLUMNS="200")
    assert bad.code == 1
    assert "persons/part-0.parquet is gone" in bad.out
    assert boroughlink("doctor", "--home", str(home / "nowhere")).code == 0


def test_a_contract_that_cannot_be_is_told_before_the_night(home: Path, tmp_path: Path) -> None:
    contracts = tmp_path / "changed_contracts"
    contracts.mkdir()
    text = (SOURCES / "custody.yaml").read_text("utf-8").replace("role: detainee", "role: detaine")
    (contracts / "custody.yaml").write_text(text, "utf-8")
    finding = findings_of(home, settings=RunSettings(contracts=contracts))["contracts"]
    assert finding.state == "problem"
    assert "no role is called detaine (did you mean detainee?)" in finding.found
    assert "custody.yaml: line 36: " in finding.found


def test_a_feed_that_no_contract_names_any_more_is_told_before_its_records_leave(home: Path, tmp_path: Path) -> None:
    contracts = tmp_path / "renamed_contracts"
    shutil.copytree(SOURCES, contracts)
    text = (contracts / "custody.yaml").read_text("utf-8").replace("source: custody", "source: custody_records")
    (contracts / "custody.yaml").write_text(text, "utf-8")
    finding = findings_of(home, settings=RunSettings(contracts=contracts))["feeds"]
    assert finding.state == "warning"
    assert (
        "custody is published, and no contract names it any more: the records leave with the next night"
        in finding.found
    )
    assert f"Look into {contracts}" in finding.what_to_do


def test_a_folder_of_exports_that_is_not_there_or_empty_is_told_before_the_night(home: Path, tmp_path: Path) -> None:
    share = tmp_path / "share"
    settings = RunSettings(exports=str(share))
    for found in (findings_of(home, settings=settings), findings_of(tmp_path / "no home", settings=settings)):
        assert found["exports"].state == "problem"
        assert f"{share} is not a folder that is there." in found["exports"].found
    share.mkdir()
    assert findings_of(home, settings=settings)["exports"].what_to_do == "Is its share mounted?"
    assert findings_of(home, settings=RunSettings(exports="s3://exports"))["exports"].state == "ok"


def test_passwords_and_tokens_that_are_not_there_are_told_before_the_night(home: Path, tmp_path: Path) -> None:
    email = {"host": "h", "sender": "a@b", "to": ["c@d"], "user": "u", "password_file": tmp_path / "mail"}
    notify = {"email": email, "webhook": {"url": "http://h", "token_env": "HOOK_TOKEN"}}
    words = dict.fromkeys(("MERTON_WORD", "BOROUGHLINK_MERTON_PASSWORD"), tmp_path / "merton")
    settings = RunSettings.model_validate({"passwords": words, "notify": notify})
    findings = [found for found in examine(settings, Home(home), is_deep=False) if found.state == "warning"]
    told = " ".join(found.found for found in findings if found.check in ("passwords", "notify"))
    word = "`passwords` names no file that can be read for MERTON_WORD"
    for missing in (word, str(tmp_path / "mail"), "HOOK_TOKEN"):
        assert missing in told
    for name in ("merton", "mail"):
        (tmp_path / name).write_text("secret", "utf-8")
    left = settings.model_copy(update={"notify": None})
    assert not {"passwords", "notify"} & set(findings_of(home, settings=left))


def test_a_password_that_a_contract_names_and_that_is_nowhere_is_told_with_its_feed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = "BOROUGHLINK_MERTON_PASSWORD"
    monkeypatch.delenv(variable, raising=False)
    finding = findings_of(home, settings=RunSettings())["passwords"]
    assert finding.state == "warning"
    assert finding.found == (
        f"{variable} (password_env) is not set, and `passwords` names no file for it: borough_cse.merton will be held."
    )
    monkeypatch.setenv(variable, "secret")
    assert "passwords" not in findings_of(home, settings=RunSettings())


def test_a_home_that_everybody_can_read_is_told(home: Path) -> None:
    home.chmod(0o755)
    assert findings_of(home)["home"].what_to_do == f"chmod o-rwx {home}"


def test_who_holds_the_lock_is_told_and_a_file_of_a_dead_run_is_not(home: Path) -> None:
    assert findings_of(home)["lock"].state == "ok"
    with run_lock(home / "run.lock"):
        assert f"process {os.getpid()}" in findings_of(home)["lock"].found


def test_a_run_that_died_and_its_leftovers_are_told(home: Path) -> None:
    path = home / "runs" / "2026-11-20-1" / "run.json"
    note = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(note | {"state": "unfinished"}), "utf-8")
    (home / "published" / ".staging-2026-11-20-1").mkdir()
    (home / "runs" / ".new-2026-11-20-2").mkdir()
    (home / "runs" / ".new-2026-11-20-2" / "run.json").touch()
    findings = findings_of(home)
    assert "--as-of 2026-11-20 continues it" in findings["runs"].what_to_do
    assert findings["leftovers"].state == "warning"
    path.write_text(json.dumps(note | {"state": "failed", "stage": "link", "reason": "No."}), "utf-8")
    assert "failed at link: No." in findings_of(home)["runs"].found
    path.write_text("{", "utf-8")
    assert findings_of(home)["runs"].state == "problem"


def test_a_command_that_continues_a_run_has_the_options_that_the_doctor_was_given(home: Path, london: London) -> None:
    path = home / "runs" / "2026-11-20-1" / "run.json"
    note = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(note | {"state": "unfinished"}), "utf-8")
    mine = london.place / "my run.yaml"
    for run_file, named in ((mine, f"'{mine}'"), (None, note["run_file"])):
        found = examine(RunSettings(), Home(home), is_deep=False, given=Given(run_file, home))
        command = f"boroughlink run --run-file {named} --home {home} --as-of 2026-11-20 continues it;"
        assert any(finding.what_to_do.startswith(command) for finding in found)


@pytest.mark.parametrize("is_deep", [False, True])
def test_a_publication_that_changed_is_seen_by_its_rows_or_by_every_byte(home: Path, *, is_deep: bool) -> None:
    part = next((home / "published" / "current" / "persons").glob("*.parquet"))
    data = bytearray(part.read_bytes())
    data[100] ^= 1
    part.write_bytes(data)
    assert findings_of(home, is_deep=is_deep)["publication"].state == ("problem" if is_deep else "ok")
    (home / "published" / "current" / "manifest.json").write_text("{", "utf-8")
    assert findings_of(home)["publication"].state == "problem"


def test_a_store_of_decisions_that_is_gone_broken_or_older_is_told(home: Path) -> None:
    path = home / "state" / "decisions.sqlite3"
    path.unlink(missing_ok=True)
    assert findings_of(home)["decisions"].found == "no store yet."
    with open_store(f"sqlite:///{path}") as store, store.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    assert findings_of(home)["decisions"].state == "warning"
    manifest = (home / "published" / "current").resolve() / "manifest.json"
    manifest_facts = json.loads(manifest.read_text("utf-8"))
    manifest.write_text(json.dumps(manifest_facts | {"decisions": {"count": 7}}), "utf-8")
    assert "knew 7" in findings_of(home)["decisions"].found
    path.write_bytes(b"no database" * 1000)
    assert findings_of(home)["decisions"].state == "problem"


def test_a_damaged_last_good_export_and_a_clock_set_back_are_told(home: Path, london: London) -> None:
    del london
    (home / "state" / "last_good" / "visor" / "good").write_text("gone", "utf-8")
    path = home / "runs" / "2026-11-20-1" / "run.json"
    path.write_text(path.read_text("utf-8").replace('"ended_at": "2', '"ended_at": "9'), "utf-8")
    findings = findings_of(home)
    assert findings["last good exports"].state == "problem"
    assert "set back" in findings["clock"].what_to_do


@pytest.mark.parametrize("zone", ["Europe/London", "Australia/Sydney"])  # it is summer in one of them
def test_the_zone_of_the_clock_is_the_one_of_today(home: Path, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", zone)
        time.tzset()
        found = findings_of(home)["clock"].found
        today = time.strftime("%Z")
    time.tzset()
    assert found.endswith(f"zone {today}.")


def test_notes_of_runs_that_cannot_be_read_or_understood_are_told_each_with_what_to_do(home: Path) -> None:
    note = home / "runs" / "2026-11-20-1" / "run.json"
    facts = json.loads(note.read_text("utf-8"))
    for written, told in (
        ("{", "is damaged."),
        (json.dumps(facts | {"state": "waiting"}), "a state that this version does not know"),
    ):
        note.write_text(written, "utf-8")
        finding = findings_of(home)["runs"]
        assert finding.state == "problem"
        assert told in finding.found
        assert "Until then its run is not continued" in finding.what_to_do
        assert note.read_text("utf-8") == written
    note.unlink()
    note.symlink_to(note)
    assert "run.json: cannot be read (Too many levels" in findings_of(home)["runs"].found
    note.unlink()
    note.write_text(json.dumps(facts | {"of_a_newer_version": 1}), "utf-8")
    assert findings_of(home)["runs"].state == "ok"
    verdict = note.with_name("gate.json")
    verdict.write_text("{", "utf-8")
    assert "gate.json is damaged." in findings_of(home)["runs"].found
