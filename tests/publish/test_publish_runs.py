"""Runs and publications: held back and released, gone back to, pruned, and what is told of each."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pytest
from command_line import boroughlink
from one_person import tables

from flows.doctor.finding import Given
from flows.doctor.runs import runs
from flows.night.openmetrics import write_metrics
from flows.night.plan import next_run_id
from flows.stages.gate import release
from pipeline.core.durable import make_folder
from pipeline.core.errors import SettingsError, StateError, StorageError
from pipeline.core.places import Home
from pipeline.core.run_note import RunNote, change_note, open_run, read_note
from pipeline.publish import journal
from pipeline.publish.gate import Measure
from pipeline.publish.held_back import Verdict, held_folder, hold_back, write_verdict
from pipeline.publish.publication import list_publications, publish, read_current
from pipeline.publish.register import list_runs
from pipeline.publish.retire import plan_prune, prune, roll_back

TOO_MUCH = Measure("merged_share", 0.02, 0.05, True, "too many persons were merged")


def published(home: Home, *run_ids: str) -> None:
    for run_id in run_ids:
        open_run(home, RunNote(run_id, "published", run_id[:10]))
        publish(home, run_id, tables(f"OF {run_id}"), {})


def refused(home: Home, run_id: str) -> None:
    current = read_current(home)
    open_run(home, RunNote(run_id, "refused", run_id[:10], base=current.run_id if current else None))
    write_verdict(home, Verdict(run_id, current.run_id if current else None, (TOO_MUCH,)))
    hold_back(home, run_id, tables(f"OF {run_id}"), {"model": "m"})


def states(home: Home) -> dict[str, str]:
    return {entry.run_id: entry.state for entry in list_runs(home)}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = Home(tmp_path / "home")
    published(place, "2026-11-18-1", "2026-11-19-1", "2026-11-19-2", "2026-11-19-10")
    return place


def surname(home: Home) -> str:
    return read_current(home).table("persons").column("surname").to_pylist()[0]


def test_a_refused_run_is_released_with_the_very_bytes_that_were_held_back(home: Home) -> None:
    refused(home, "2026-11-20-1")
    held = {path.name: path.read_bytes() for path in held_folder(home, "2026-11-20-1").glob("persons/*")}
    assert surname(home) == "OF 2026-11-19-10"
    assert states(home)["2026-11-20-1"] == "refused"
    release(home, "2026-11-20-1", "A. Khan", "checked, and nothing is wrong")
    assert {path.name: path.read_bytes() for path in home.current.glob("persons/*")} == held
    manifest = read_current(home).manifest
    assert (manifest["released_by"], manifest["limits_passed"]) == ("A. Khan", [TOO_MUCH.sentence])
    assert "checked" not in json.dumps(manifest)
    (act,) = journal.read(home)
    assert (act.action, act.run_id, act.came_from, act.by) == ("release", "2026-11-20-1", "2026-11-19-10", "A. Khan")
    assert act.reason == "checked, and nothing is wrong"
    assert states(home)["2026-11-20-1"] == "current"


def test_a_release_is_refused_where_readers_see_another_publication_than_it_was_measured_against(home: Home) -> None:
    refused(home, "2026-11-20-1")
    published(home, "2026-11-20-2")
    with pytest.raises(SettingsError, match="2026-11-20-2 is current now"):
        release(home, "2026-11-20-1", "A", "B")
    assert read_current(home).run_id == "2026-11-20-2"
    assert not next(entry for entry in list_runs(home) if entry.run_id == "2026-11-20-1").can_be_released


@pytest.mark.parametrize("run_id", ["2026-11-19-10", "2026-11-19-1", "2026-12-01-1", "../published"])
def test_only_what_the_gate_held_back_can_be_released(home: Home, run_id: str) -> None:
    with pytest.raises(SettingsError):
        release(home, run_id, "A", "B")
    assert journal.read(home) == []


def test_held_back_tables_that_were_changed_are_not_released(home: Home) -> None:
    refused(home, "2026-11-20-1")
    part = next(held_folder(home, "2026-11-20-1").glob("persons/*.parquet"))
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    with pytest.raises(StateError, match="Run the night again"):
        release(home, "2026-11-20-1", "A", "B")
    assert surname(home) == "OF 2026-11-19-10"


def test_a_release_that_died_before_the_switch_can_be_repeated(home: Home) -> None:
    refused(home, "2026-11-20-1")
    held_folder(home, "2026-11-20-1").replace(home.published / "2026-11-20-1")
    release(home, "2026-11-20-1", "A", "B")
    assert surname(home) == "OF 2026-11-20-1"


def test_a_rollback_points_readers_at_the_older_publication_and_says_which_are_taken_back(home: Home) -> None:
    assert roll_back(home, "2026-11-19-1", "A. Khan", "wrong export") == ("2026-11-19-2", "2026-11-19-10")
    assert surname(home) == "OF 2026-11-19-1"
    assert states(home) == {
        "2026-11-18-1": "published",
        "2026-11-19-1": "current",
        "2026-11-19-2": "rolled back",
        "2026-11-19-10": "rolled back",
    }
    assert next_run_id(home, dt.date(2026, 11, 19)) == "2026-11-19-11"
    assert roll_back(home, "2026-11-19-10", "A. Khan", "it was right after all") == ()
    assert states(home)["2026-11-19-10"] == "current"
    with pytest.raises(SettingsError, match="current already"):
        roll_back(home, "2026-11-19-10", "A", "B")


def measured(home: Home) -> dict[str, float]:
    """Each measure of the file by its name and labels, as it stands in its line."""
    lines = home.metrics.read_text("utf-8").splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def test_measures_of_what_readers_see_follow_a_rollback_and_a_release_and_those_of_the_run_stay(home: Home) -> None:
    fresh, held = ('boroughlink_published_feeds{state="' + state + '"}' for state in ("fresh", "held"))
    given = tables()
    status = given["source_status"].to_pylist()[0] | {"state": "held"}
    given["source_status"] = pa.Table.from_pylist([status], given["source_status"].schema)
    note = RunNote("2026-11-20-1", "published", "2026-11-20", ended_at="2026-11-20T03:00:00Z")
    open_run(home, note)
    publish(home, "2026-11-20-1", given, {})
    write_metrics(home, note, 3)
    before = measured(home)
    assert (before[fresh], before[held]) == (0, 1)
    boroughlink("runs", "rollback", "2026-11-19-10", "--by", "A", "--reason", "B", "--home", str(home.root))
    assert measured(home) == before | {fresh: 1, held: 0}
    roll_back(home, "2026-11-20-1", "A", "B")
    refused(home, "2026-11-21-1")
    release(home, "2026-11-21-1", "A", "B")
    after = measured(home)
    success, ended = "boroughlink_run_success_timestamp_seconds", "boroughlink_run_end_timestamp_seconds"
    now = after[success]
    assert now > before[success]
    assert after == before | {fresh: 1, held: 0, success: now, ended: now, "boroughlink_run_exit_code": 0}


def test_a_night_that_was_released_is_told_as_published_by_its_measures_and_no_more_as_refused(home: Home) -> None:
    refused(home, "2026-11-20-1")
    write_metrics(home, read_note(home.run("2026-11-20-1").root), 1)
    published_now, refused_now = ('boroughlink_run_state{state="' + state + '"}' for state in ("published", "refused"))
    exit_code = "boroughlink_run_exit_code"
    assert [measured(home)[name] for name in (published_now, refused_now, exit_code)] == [0, 1, 1]
    release(home, "2026-11-20-1", "A", "B")
    assert [measured(home)[name] for name in (published_now, refused_now, exit_code)] == [1, 0, 0]


def test_a_release_changes_nothing_of_what_measures_tell_of_a_later_run_that_failed(home: Home) -> None:
    refused(home, "2026-11-20-1")
    failed = RunNote("2026-11-21-1", "failed", "2026-11-21", began_at="2026-11-21T02:00:00Z")
    open_run(home, failed)
    write_metrics(home, failed, 1)
    release(home, "2026-11-20-1", "A", "B")
    assert measured(home)["boroughlink_run_exit_code"] == 1


def test_a_run_that_was_released_is_shown_without_why_it_was_not_published(home: Home) -> None:
    refused(home, "2026-11-20-1")
    change_note(home.run("2026-11-20-1").root, stage="publish", error="LimitsPassedError", reason="Not published: x.")
    shown = boroughlink("runs", "show", "2026-11-20-1", "--home", str(home.root)).out
    assert "Not published: x." in shown
    release(home, "2026-11-20-1", "A", "B")
    shown = boroughlink("runs", "show", "2026-11-20-1", "--home", str(home.root)).out
    assert "Not published" not in shown
    assert "too many persons were merged" in shown


def test_the_doctor_says_how_a_held_back_night_is_released_only_while_it_can_be(home: Home) -> None:
    refused(home, "2026-11-20-1")
    (finding,) = runs(home, Given(), is_busy=False)
    assert finding.state == "problem"
    assert "too many persons were merged" in finding.found
    assert "boroughlink runs release 2026-11-20-1 --by NAME" in finding.what_to_do
    roll_back(home, "2026-11-19-1", "A", "B")
    (finding,) = runs(home, Given(), is_busy=False)
    assert finding.state == "problem"
    assert finding.what_to_do.startswith("Run the night again")


def test_a_run_that_was_pruned_is_told_as_that(home: Home) -> None:
    prune(home, plan_prune(home, 1))
    shown = boroughlink("runs", "show", "2026-11-18-1", "--home", str(home.root))
    assert (shown.code, "2026-11-18-1: was pruned at 2" in shown.err) == (2, True)
    assert "is not a run of this home" in boroughlink("runs", "show", "2026-11-17-1", "--home", str(home.root)).err


@pytest.mark.parametrize("written", [None, b"boroughlink_x{ 1", b"\xff"])
def test_a_rollback_holds_where_measures_are_gone_or_damaged(home: Home, written: bytes | None) -> None:
    if written is not None:
        make_folder(home.metrics.parent)
        home.metrics.write_bytes(written)
    boroughlink("runs", "rollback", "2026-11-19-1", "--by", "A", "--reason", "B", "--home", str(home.root))
    assert read_current(home).run_id == "2026-11-19-1"


def test_a_rollback_to_nothing_or_to_a_damaged_publication_changes_nothing(home: Home) -> None:
    with pytest.raises(SettingsError, match="not a publication"):
        roll_back(home, "2026-11-17-1", "A", "B")
    next((home.published / "2026-11-18-1" / "persons").glob("*.parquet")).unlink()
    with pytest.raises(StateError, match="Choose another"):
        roll_back(home, "2026-11-18-1", "A", "B")
    assert surname(home) == "OF 2026-11-19-10"
    assert journal.read(home) == []


def test_a_prune_keeps_the_newest_the_current_and_what_can_be_released_and_never_touches_state(home: Home) -> None:
    refused(home, "2026-11-20-1")
    make_folder(home.last_good / "custody")
    (home.last_good / "custody" / "good").write_text("2026-11-18-1", "utf-8")
    plan = plan_prune(home, 1)
    assert plan.publications == plan.runs == ("2026-11-18-1", "2026-11-19-1", "2026-11-19-2")
    assert plan.bytes_freed > 0
    assert "link_changes of 3 publications" in plan.lost[0]
    assert len(list_publications(home)) == 4, "a plan removes nothing"
    prune(home, plan)
    assert [found.run_id for found in list_publications(home)] == ["2026-11-19-10"]
    assert states(home) == {"2026-11-19-10": "current", "2026-11-20-1": "refused"}
    assert not [path for folder in (home.published, home.runs) for path in folder.glob(".*")]
    assert (home.last_good / "custody" / "good").exists()
    release(home, "2026-11-20-1", "A", "B")


def test_after_a_rollback_a_prune_keeps_what_is_current_and_a_number_is_never_given_again(home: Home) -> None:
    roll_back(home, "2026-11-19-1", "A", "B")
    plan = plan_prune(home, 1)
    assert plan.publications == ("2026-11-18-1", "2026-11-19-2", "2026-11-19-10")
    prune(home, plan)
    assert surname(home) == "OF 2026-11-19-1"
    assert next_run_id(home, dt.date(2026, 11, 19)) == "2026-11-19-11"


@pytest.mark.parametrize("text", ["{", '{"run_id": "2026-11-20-1", "state": "waiting", "as_of": "2026-11-20"}'])
def test_a_refused_run_whose_note_is_not_understood_is_shown_as_such_kept_by_a_prune_and_can_be_released(
    home: Home, text: str
) -> None:
    refused(home, "2026-11-20-1")
    note = home.run("2026-11-20-1").file("run.json")
    note.write_text(text, "utf-8")
    entry = list_runs(home)[-1]
    assert (entry.state, entry.can_be_released) == ("damaged", True)
    assert str(note) in entry.damage
    for command in (("list",), ("show", "2026-11-20-1")):
        assert "Until then its run is not continued" in boroughlink("runs", *command, "--home", str(home.root)).out
    prune(home, plan_prune(home, 1))
    assert note.read_text("utf-8") == text
    release(home, "2026-11-20-1", "A", "B")
    assert surname(home) == "OF 2026-11-20-1"
    assert note.with_name("run.json.damaged-1").read_text("utf-8") == text


def test_tables_of_which_nobody_can_tell_whether_they_wait_for_release_are_not_pruned(home: Home) -> None:
    refused(home, "2026-11-20-1")
    verdict = home.run("2026-11-20-1").file("gate.json")
    verdict.write_text("{", "utf-8")
    published(home, "2026-11-21-1")
    prune(home, plan_prune(home, 1))
    assert held_folder(home, "2026-11-20-1").is_dir()
    assert states(home) == {"2026-11-20-1": "damaged", "2026-11-21-1": "current"}
    verdict.unlink()
    prune(home, plan_prune(home, 1))
    assert states(home) == {"2026-11-21-1": "current"}


def test_a_run_whose_note_the_system_does_not_let_be_read_is_listed_with_that(home: Home) -> None:
    refused(home, "2026-11-20-1")
    note = home.run("2026-11-20-1").file("run.json")
    note.unlink()
    note.symlink_to(note)
    entry = list_runs(home)[-1]
    assert entry.state == "damaged"
    assert "cannot be read (Too many levels of symbolic links)" in entry.damage
    prune(home, plan_prune(home, 1))
    assert held_folder(home, "2026-11-20-1").is_dir()


def test_a_verdict_with_a_field_of_a_newer_version_is_read(home: Home) -> None:
    refused(home, "2026-11-20-1")
    path = home.run("2026-11-20-1").file("gate.json")
    facts = json.loads(path.read_text("utf-8"))
    facts["measures"][0]["unit"] = "share"
    path.write_text(json.dumps(facts), "utf-8")
    assert list_runs(home)[-1].limits_passed == (TOO_MUCH.sentence,)


def test_an_act_in_the_journal_with_a_field_of_a_newer_version_is_known(home: Home) -> None:
    roll_back(home, "2026-11-19-1", "A", "first")
    lines = home.journal.read_text("utf-8")
    home.journal.write_text(lines.replace('{"at"', '{"ticket": 7, "at"'), "utf-8")
    assert journal.n_unreadable(home) == 0
    assert states(home)["2026-11-19-10"] == "rolled back"
    roll_back(home, "2026-11-18-1", "A", "second")
    assert home.journal.read_text("utf-8").startswith('{"ticket": 7, "at"')


def test_a_journal_that_the_system_does_not_let_be_read_is_told_as_that(home: Home) -> None:
    make_folder(home.journal.parent)
    home.journal.symlink_to(home.journal)
    with pytest.raises(StorageError, match=r"releases\.jsonl: cannot be read"):
        list_runs(home)


def test_a_journal_line_that_was_cut_off_does_not_spoil_the_next(home: Home) -> None:
    roll_back(home, "2026-11-19-1", "A", "first")
    with home.journal.open("ab") as handle:
        handle.write(b'{"at": "2026-1')
    roll_back(home, "2026-11-18-1", "A", "second")
    assert [act.reason for act in journal.read(home)] == ["first", "second"]


def test_strange_folders_among_the_publications_are_no_publications(home: Home) -> None:
    (home.published / "lost+found").mkdir()
    (home.runs / "notes-of-mine").mkdir()
    assert len(list_publications(home)) == len(list_runs(home)) == 4
