"""What a night needs besides the exports is looked at before the first export is read, and told with what to do."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest
from command_line import boroughlink
from small_london import London, current_run, ended, forked, log_of, note_of, plain_night

from flows.continuing.resume import begin
from flows.doctor.examination import examine
from flows.doctor.finding import Finding, Given
from flows.night import decisions
from flows.night.place import RUN_FILE
from flows.night.plan import SAMPLE_RUN, plan_night
from pipeline.core.places import EXPECTATIONS, Home
from pipeline.engines.spark.session import find_java
from pipeline.stewardship.policy import POLICY
from pipeline.stewardship.store import open_store
from schemas.settings import RunSettings

pytestmark = pytest.mark.slow
OLD, NEW, DAY = "2026-11-20-1", "2026-11-21-1", "2026-11-21"
SHORT_S = 0.5


def impatient_night(london: London, home: Path) -> None:
    decisions.open_store = lambda url, policy: open_store(url, policy, SHORT_S)
    plain_night(london.night(home, DAY))


def failed_night(london: London, home: Path) -> str:
    """What a night says that fails before it reads anything."""
    out = london.place / "out"
    assert ended(forked(lambda: impatient_night(london, home), out)) == 1
    assert current_run(home) == OLD
    assert not (home / "runs" / NEW / "read").exists()
    return out.read_text("utf-8")


def test_a_folder_of_exports_that_is_not_there_is_told_as_such_and_not_as_the_fault_of_every_borough(
    london: London, home: Path
) -> None:
    away = london.exports.rename(london.place / "unmounted")
    message = failed_night(london, home)
    assert f"exports: {london.exports} is not a folder that is there. Mount it, or correct `exports`" in message
    assert "Ask the borough" not in message
    away.rename(london.exports)
    assert ended(forked(lambda: impatient_night(london, home), london.place / "out")) == 0


def test_a_night_without_a_run_file_does_not_load_the_sample_into_the_home_of_another_one(
    london: London, home: Path
) -> None:
    plain = plan_night(None, home, None, None, {})
    out = london.place / "out"
    assert ended(forked(lambda: plain_night(plain), out)) == 1
    assert f"was made with {note_of(home, OLD)['run_file']}. Give --run-file" in out.read_text("utf-8")
    assert [path.name for path in (home / "runs").iterdir()] == [OLD]
    assert current_run(home) == OLD
    named = plan_night(None, home, plain.as_of.replace(day=21), None, {RUN_FILE: str(london.run_file)})
    assert ended(forked(lambda: plain_night(named), out)) == 0
    assert note_of(home, NEW)["run_file"] == str(london.run_file)


def test_the_sample_has_a_home_of_its_own_with_or_without_the_name_of_its_run_file(tmp_path: Path) -> None:
    unnamed = plan_night(None, tmp_path, None, None, {})
    named = plan_night(SAMPLE_RUN, tmp_path, None, None, {})
    for night in (named, unnamed, named):
        run_id = begin(night, fresh=True).run_id
        assert note_of(tmp_path, run_id)["run_file"] is None


@pytest.mark.parametrize("setting", ["model", "survivorship", "steward_policy"])
def test_a_file_that_is_not_there_is_told_with_the_setting_that_names_it(
    london: London, home: Path, setting: str
) -> None:
    london.say(**{setting: "nope.toml"})
    lines = london.run_file.read_text("utf-8").splitlines()
    number = 1 + lines.index(f"{setting}: nope.toml")
    told = f"{london.run_file}, line {number}: {setting}: {london.place / 'nope.toml'} is no file that this user can"
    assert told in failed_night(london, home)
    findings = examine(RunSettings.load(london.run_file), Home(home), is_deep=False, given=Given(london.run_file))
    assert told in next(found.found for found in findings if found.check == "run file")


def test_a_policy_whose_rule_the_model_does_not_have_is_told_by_every_command(london: London, home: Path) -> None:
    policy = london.place / "policy.toml"
    policy.write_text(POLICY.read_text("utf-8").replace('"name_only", "no_forename"', '"nameonly"'), "utf-8")
    london.say(steward_policy="policy.toml")
    told = "policy.toml: two_person.2: name_only: no such rule of the model: nameonly (did you mean name_only?)"
    assert told in found_by_doctor(london, home, "run file").found
    assert told in failed_night(london, home)
    listed = ("decide", "--list", "--run-file", str(london.run_file), "--home", str(home))
    assert told in boroughlink(*listed).err
    policy.unlink()
    missing = f"steward_policy: {policy} is no file that this user can read. Correct `steward_policy` in the run file"
    assert missing in boroughlink(*listed).err
    users = ("review", "users", "list", "--run-file", str(london.run_file), "--home", str(home))
    assert missing in boroughlink(*users).err


def test_a_folder_of_contracts_that_is_not_there_is_told_as_such(london: London, home: Path) -> None:
    london.say(contracts="nowhere")
    assert f"contracts: {london.place / 'nowhere'} is not a folder that is there." in failed_night(london, home)


def test_expectations_that_are_not_there_are_told_before_anything_is_read(london: London, home: Path) -> None:
    shutil.rmtree(london.place / "expectations")
    message = failed_night(london, home)
    assert f"{london.place / 'expectations'} is not a folder that is there." in message
    assert "Correct `expectations` in the run file" in message
    (london.place / "expectations").mkdir()
    assert "holds no suite of expectations." in failed_night(london, home)


def test_a_suite_that_cannot_be_read_or_names_no_expectation_is_told_before_anything_is_read(
    london: London, home: Path
) -> None:
    suite = next((london.place / "expectations").glob("*.json"))
    suite.write_text("{", "utf-8")
    assert f"{suite}: cannot be read as JSON" in failed_night(london, home)
    wrong = {"type": "expect_no_such_thing", "kwargs": {}, "meta": {"severity": "row"}}
    suite.write_text(json.dumps({"expectations": [wrong]}), "utf-8")
    assert f"{suite.name}: its expectation 1 (expect_no_such_thing) does not exist or fit" in failed_night(london, home)


def found_by_doctor(london: London, home: Path, check: str, *, is_deep: bool = False) -> Finding:
    """The one finding of a check."""
    findings = examine(RunSettings.load(london.run_file), Home(home), is_deep=is_deep)
    return next(each for each in findings if each.check == check)


@pytest.mark.parametrize("setting", ["model", "survivorship", "steward_policy"])
def test_a_file_that_says_what_cannot_be_is_told_by_the_doctor_the_schedule_and_the_night(
    london: London, home: Path, setting: str
) -> None:
    (london.place / "wrong.toml").write_text("[[", "utf-8")
    london.say(**{setting: "wrong.toml"})
    finding = found_by_doctor(london, home, "run file")
    assert finding.state == "problem"
    assert "wrong.toml" in finding.found
    scheduled = boroughlink("schedule", "--run-file", str(london.run_file), "--home", str(home))
    assert (scheduled.code, finding.found in scheduled.err) == (2, True), scheduled.err
    assert finding.found in failed_night(london, home)


def test_expectations_that_cannot_be_are_told_by_the_doctor(london: London, home: Path) -> None:
    assert found_by_doctor(london, home, "expectations").state == "ok"
    suite = london.place / "expectations" / "custody.json"
    wrong = {"type": "expect_no_such_thing", "kwargs": {}, "meta": {"severity": "row"}}
    suite.write_text(json.dumps({"expectations": [wrong]}), "utf-8")
    finding = found_by_doctor(london, home, "expectations", is_deep=True)
    assert (finding.state, "expect_no_such_thing" in finding.found) == ("problem", True)
    suite.write_text("{", "utf-8")
    assert "custody.json: cannot be read as JSON" in found_by_doctor(london, home, "expectations").found
    london.say(expectations="nowhere")
    finding = found_by_doctor(london, home, "expectations")
    assert (finding.state, "nowhere is not a folder that is there" in finding.found) == ("problem", True)


def test_a_suite_whose_name_is_no_sources_is_told_by_the_doctor_and_the_night(london: London, home: Path) -> None:
    suite = london.place / "expectations" / "custody.json"
    suite.rename(suite.with_name("custdy.json"))
    finding = found_by_doctor(london, home, "expectations")
    assert finding.state == "warning"
    assert "custdy.json (did you mean custody?)" in finding.found
    assert ended(forked(lambda: impatient_night(london, home), london.place / "out")) == 0
    told = [line for line in log_of(home, NEW) if line["event"] == "suites of no source"]
    assert [(line["level"], line["files"]) for line in told] == [("WARNING", "custdy.json (did you mean custody?)")]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("/srv/decisions.sqlite3", "decisions_url: is no database URL."),
        ("mysql://host/decisions", "decisions_url: mysql is not known."),
        ("postgresql://user:secret@127.0.0.1:1/decisions", "correct decisions_url in the run file"),
    ],
)
def test_a_store_of_decisions_that_cannot_be_had_is_told_before_anything_is_read(
    london: London, home: Path, url: str, message: str
) -> None:
    london.say(decisions_url=url)
    output = failed_night(london, home)
    assert message in output
    assert "secret" not in output


def test_events_of_a_type_that_no_suite_lists_are_told_before_every_row_is_rejected(london: London, home: Path) -> None:
    shutil.copy(EXPECTATIONS / "events.json", london.place / "expectations" / "events.json")
    contract = london.place / "contracts" / "custody.yaml"
    good = contract.read_text("utf-8")
    contract.write_text(good.replace("event_type: custody", "event_type: custdy"), "utf-8")
    told = (
        "contract custody: event_type is custdy (did you mean custody?), which expectations/events.json does not list."
    )
    assert told in failed_night(london, home)
    finding = next(
        each
        for each in examine(RunSettings.load(london.run_file), Home(home), is_deep=False)
        if each.check == "contracts"
    )
    assert (finding.state, finding.found) == ("problem", told)
    contract.write_text(good, "utf-8")
    assert ended(forked(lambda: impatient_night(london, home), london.place / "out")) == 0


def test_an_engine_that_cannot_be_started_is_told_by_the_doctor_the_schedule_and_the_night_before_anything_is_read(
    london: London, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    london.say(engine="spark")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    told = f"engine spark: needs Java, which is not found in JAVA_HOME ({tmp_path})."
    assert told in failed_night(london, home)
    settings = RunSettings.load(london.run_file)
    findings = {found.check: found for found in examine(settings, Home(home), is_deep=False)}
    assert (findings["engine"].state, findings["engine"].found) == ("problem", told)
    schedule = boroughlink("schedule", "--run-file", str(london.run_file), "--home", str(home))
    assert schedule.code == 2
    assert told in schedule.err


def test_a_spark_that_can_be_started_is_told_by_the_doctor_with_its_master(
    london: London, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not find_java():
        pytest.skip("this machine has no Java")
    london.say(engine="spark")
    settings = RunSettings.load(london.run_file)
    with socket.create_server(("127.0.0.1", 0)) as answering:
        master = f"spark://127.0.0.1:{answering.getsockname()[1]}"
        monkeypatch.setenv("SPARK_MASTER", master)
        findings = {found.check: found for found in examine(settings, Home(home), is_deep=False)}
        assert findings["engine"].state == "ok"
        assert findings["engine"].found.endswith(f"master {master}.")
    findings = {found.check: found for found in examine(settings, Home(home), is_deep=False)}
    assert (findings["engine"].state, findings["engine"].found) == (
        "problem",
        f"engine spark: no master answers at {master}.",
    )
