"""What an operator meets where state is damaged or a word is mistyped: what is wrong, and what to do, never a stack trace."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from home_bytes import traces
from small_london import London, current_run, ended, forked, killed_after, plain_night
from stewards_say import said

from flows.cli import app
from flows.doctor.examination import examine
from flows.doctor.machine import Finding
from flows.night.decisions import open_decisions
from pipeline.core.lock import lock_holder, run_lock
from pipeline.core.places import Home
from pipeline.publish import journal
from pipeline.publish.publication import list_publications
from pipeline.review.records.shelf import Reference, Shelves
from schemas.settings import RunSettings

pytestmark = pytest.mark.slow
FIRST, SECOND = "2026-11-20-1", "2026-11-21-1"
GARBAGE = b"\xff\xfe\x00garbage"
BY = ("--by", "A. Khan", "--reason", "seen with the stewards")


@pytest.fixture
def two_nights(london: London, home: Path) -> Path:
    assert run(london, home, "2026-11-21")[0] == 0
    return home


def run(london: London, home: Path, day: str) -> tuple[int, str]:
    return _run_in_fork(home, lambda: plain_night(london.night(home, day)))


def command_output(home: Path, *words: str) -> tuple[int, str]:
    """A command, as its exit code and all that it says."""
    return _run_in_fork(home, lambda: app([*words, "--home", str(home)], standalone_mode=False))


def _run_in_fork(home: Path, work: Callable[[], object]) -> tuple[int, str]:
    out = home.parent / "told"
    out.unlink(missing_ok=True)
    code = ended(forked(work, out))
    return code, out.read_text("utf-8")


def findings_of(london: London, home: Path, check: str) -> list[Finding]:
    return [
        finding
        for finding in examine(RunSettings.load(london.run_file), Home(home), is_deep=False)
        if finding.check == check
    ]


@pytest.mark.parametrize("text", [GARBAGE, b"[]"])
def test_a_publication_that_cannot_be_read_is_told_by_every_command_and_one_can_go_back(
    london: London, two_nights: Path, text: bytes
) -> None:
    home = two_nights
    (home / "published" / SECOND / "manifest.json").write_bytes(text)
    for words in (("query", "SELECT 1"), ("history", "P1")):
        code, output = command_output(home, *words)
        assert (code, "is damaged or gone" in output, "runs rollback" in output) == (1, True, True)
    code, output = command_output(home, "runs", "list", "--json")
    assert code == 0
    assert '"state": "damaged"' in output
    assert run(london, home, "2026-11-22")[0] == 1
    assert command_output(home, "runs", "rollback", FIRST, *BY)[0] == 0
    assert current_run(home) == FIRST
    assert journal.read(Home(home))[-1].runs == (SECOND,)
    assert [finding.state for finding in findings_of(london, home, "publication")] == ["ok", "warning"]
    assert run(london, home, "2026-11-22")[0] == 0, "another publication that is damaged stops no night"


def test_a_home_that_was_copied_without_its_links_is_told(london: London, home: Path) -> None:
    copy = Path(shutil.copytree(home, london.place / "copy"))
    code, output = run(london, copy, "2026-11-21")
    assert (code, "copied without its links" in output, f"ln -s {FIRST}" in output) == (1, True, True)
    assert "copied without its links" in findings_of(london, copy, "publication")[0].found
    shutil.rmtree(copy / "published" / "current")
    (copy / "published" / "current").symlink_to(FIRST)
    assert run(london, copy, "2026-11-21")[0] == 0


def test_a_pointer_that_is_gone_is_told_by_the_doctor_as_by_the_night(london: London, home: Path) -> None:
    (home / "published" / "current").unlink()
    (finding,) = findings_of(london, home, "publication")
    assert (finding.state, f"ln -sfn {FIRST}" in finding.what_to_do) == ("problem", True)


@pytest.mark.parametrize("table", ["persons", "source_status"])
def test_a_table_that_the_gate_counts_is_looked_at_before_the_night(london: London, home: Path, table: str) -> None:
    file = home / "published" / FIRST / table / "part-0.parquet"
    os.truncate(file, file.stat().st_size // 2)
    code, output = run(london, home, "2026-11-21")
    assert (code, f"{table}/part-0.parquet cannot be read" in output) == (1, True)
    code, output = command_output(home, "query", "SELECT 1")
    assert (code, "is damaged or gone" in output) == (1, True)


def test_lines_of_the_journal_that_cannot_be_read_stop_nothing_and_the_doctor_tells_of_them(
    london: London, two_nights: Path
) -> None:
    home = two_nights
    assert command_output(home, "runs", "rollback", FIRST, *BY)[0] == 0
    path = Home(home).journal
    path.write_bytes(GARBAGE + b"\n" + path.read_bytes() + b'{"at": "2026-11-2')
    assert [entry.action for entry in journal.read(Home(home))] == ["rollback"]
    assert command_output(home, "runs", "list")[0] == 0
    assert [(finding.state, finding.found[:7]) for finding in findings_of(london, home, "journal")] == [
        ("warning", "1 lines")
    ]
    assert run(london, home, "2026-11-22")[0] == 0


@pytest.mark.parametrize("how", ["half", "garbage", "a folder"])
def test_a_store_of_decisions_that_is_damaged_is_told_with_what_to_do(london: London, home: Path, how: str) -> None:
    with open_decisions(RunSettings(), Home(home), {}) as store:
        store.decide(said("a", "b"))
    path = Home(home).decisions
    if how == "half":
        os.truncate(path, path.stat().st_size // 2)
    elif how == "garbage":
        path.write_bytes(GARBAGE * 1000)
    else:
        path.unlink()
        path.mkdir()
    for code, output in (run(london, home, "2026-11-21"), command_output(home, "decide", "--list")):
        assert code == 1
        assert "Try again" not in output
        assert "Restore it from a backup" in output or "Is a directory" in output
    assert current_run(home) == FIRST


FOLDERS = ("", "runs", "published", "kept", "prefect", "state", "state/last_good", "state/last_good/custody")
FILES = ("run.lock", "state/last_good/custody/good", f"runs/{FIRST}/run.json")


@pytest.mark.parametrize("place", [*FOLDERS, *FILES])
def test_a_file_in_the_place_of_a_folder_or_the_other_way_round_is_named(
    london: London, home: Path, place: str
) -> None:
    path = home / place
    moved = path.rename(home.parent / "kept_elsewhere") if path.exists() else None
    path.mkdir() if place in FILES else path.write_text("x", "utf-8")
    code, output = run(london, home, "2026-11-21")
    assert (code, f"{path}: is a " in output, "Move it away." in output) == (1, True, True), output
    assert [finding.state for finding in examine(RunSettings.load(london.run_file), Home(home), is_deep=False)].count(
        "problem"
    )
    path.rmdir() if place in FILES else path.unlink()
    if moved:
        moved.rename(path)
    code, output = run(london, home, "2026-11-21")
    assert code == 0, output
    assert current_run(home) == SECOND


def test_a_slip_in_the_name_of_the_home_makes_none(home: Path) -> None:
    """A decision that is acknowledged must be one that the night reads."""
    slip = home.with_name("hom")
    for words in (
        ("decide", "a", "b", "--link", *BY),
        ("decide", "--list"),
        ("runs", "list"),
        ("history", "P1"),
        ("query", "SELECT 1"),
        ("audit", "verify"),
        ("review", "users", "add", "A. Steward"),
        ("review", "users", "list"),
    ):
        code, output = command_output(slip, *words)
        assert code == 1, words
        assert "is no home" in output or "has no publication" in output
    assert not slip.exists()


def test_an_expunge_finds_its_way_around_damage_or_says_which_file_it_is(london: London, two_nights: Path) -> None:
    home = two_nights
    record = list_publications(Home(home))[0].table("records").column("record_id")[0].as_py()
    order = ("expunge", record, "--order", "1", "--by", "dpo")
    next(iter(Home(home).last_good.glob("cris.camden/*/export.json"))).write_bytes(GARBAGE)
    assert command_output(home, *order)[0] == 0
    manifest = home / "published" / FIRST / "manifest.json"
    manifest_bytes = manifest.read_bytes()
    manifest.write_bytes(GARBAGE)
    code, output = command_output(home, *order)
    assert (code, str(manifest) in output, "then give the order again" in output) == (1, True, True)
    for words in (("runs", "rollback", FIRST, *BY), ("runs", "release", SECOND, *BY)):
        code, output = command_output(home, *words)
        assert (code, "was cut short" in output) == (1, True)
    manifest.write_bytes(manifest_bytes)
    assert command_output(home, *order)[0] == 0
    assert command_output(home, "runs", "rollback", FIRST, *BY)[0] == 0


def test_an_id_that_only_a_night_had_which_was_taken_back_and_pruned_still_resolves(london: London, home: Path) -> None:
    rows = list_publications(Home(home))[0].table("records").select(["record_id", "person_id"]).to_pylist()
    many = Counter(row["person_id"] for row in rows)
    record, person = next((row["record_id"], row["person_id"]) for row in rows if many[row["person_id"]] == 3)
    assert command_output(home, "unmerge", person, record, *BY)[0] == 0
    assert run(london, home, "2026-11-21")[0] == 0
    after = list_publications(Home(home))[1].table("records").select(["record_id", "person_id"]).to_pylist()
    own = {row["record_id"]: row["person_id"] for row in after}[record]
    assert own not in many
    assert command_output(home, "runs", "rollback", FIRST, *BY)[0] == 0
    assert command_output(home, "runs", "prune", "--keep", "1")[0] == 0
    assert [findings_of.run_id for findings_of in list_publications(Home(home))] == [FIRST]
    code, output = command_output(home, "history", own)
    assert (code, SECOND in output, person in output) == (0, True, True)
    assert command_output(home, "expunge", record, "--order", "1", "--by", "dpo")[0] == 0
    assert traces(Home(home), {record}) == []


def test_looking_at_a_home_all_the_time_keeps_no_night_from_beginning(london: London, home: Path) -> None:
    """As a monitor does: it never takes the lock for long, and writes nothing."""

    def look() -> None:
        while True:
            lock_holder(Home(home).lock)

    lock = (home / "run.lock").read_bytes()
    assert command_output(home, "runs", "list")[0] == 0
    assert (home / "run.lock").read_bytes() == lock
    looking = [forked(look, home.parent / "looking") for _ in range(2)]
    try:
        for _ in range(20):
            with run_lock(Home(home).lock):
                assert lock_holder(Home(home).lock)
    finally:
        for pid in looking:
            killed_after(pid, 0.0)


def test_a_desk_that_is_open_does_not_show_an_expunged_record_once_more(london: London, home: Path) -> None:
    record = list_publications(Home(home))[0].table("records").column("record_id")[0].as_py()

    def work() -> None:  # in a process of its own: no other one is forked from it while DuckDB is open
        shelves = Shelves(Home(home), cast("Reference", None))
        assert shelves.current().owner(record)
        app(["expunge", record, "--order", "1", "--by", "dpo", "--home", str(home)], standalone_mode=False)
        assert shelves.current().owner(record) is None

    code, output = _run_in_fork(home, work)
    assert code == 0, output
