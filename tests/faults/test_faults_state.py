"""Two runs at once, a clock set back, a source that is written while it is read, decisions that cannot be had, files that are damaged."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from small_london import London, current_run, ended, forked, log_of, note_of, plain_night, published_tables
from stewards_say import said

from flows.night.decisions import open_decisions
from pipeline.core.errors import SourceError
from pipeline.core.places import Home
from pipeline.read.feed import read_feed
from schemas.contract import Contract
from schemas.settings import RunSettings

pytestmark = pytest.mark.slow
OLD, NEW = "2026-11-20-1", "2026-11-21-1"
DAY = "2026-11-21"


def night(london: London, home: Path, day: str = DAY) -> tuple[int, str]:
    """Exit code of a night, and what it said."""
    out = london.place / "out"
    out.write_text("", "utf-8")
    code = ended(forked(lambda: plain_night(london.night(home, day)), out))
    return code, out.read_text("utf-8")


def test_of_two_runs_at_once_one_publishes_and_the_other_names_it(london: London, home: Path) -> None:
    outs = [london.place / f"out{at}" for at in range(3)]
    pids = [forked(lambda: plain_night(london.night(home, DAY)), out) for out in outs]
    codes = [ended(pid) for pid in pids]
    assert sorted(codes) == [0, 1, 1]
    told = [out.read_text("utf-8") for out, code in zip(outs, codes, strict=True) if code]
    assert all("is in use by process" in text for text in told)
    assert sorted(path.name for path in (home / "runs").iterdir()) == [OLD, NEW]
    assert current_run(home) == NEW


def test_a_run_that_waited_for_its_turn_takes_the_next_number(london: London, home: Path) -> None:
    planned = london.night(home, DAY)
    assert night(london, home)[0] == 0
    assert ended(forked(lambda: plain_night(planned), london.place / "out")) == 0
    assert current_run(home) == "2026-11-21-2"


def test_a_clock_set_back_is_told_and_the_publication_stays(london: London, home: Path) -> None:
    code, told = night(london, home, "2026-11-19")
    assert code == 1
    assert "Was the clock set back?" in told
    assert "boroughlink runs rollback RUN" in told
    assert current_run(home) == OLD
    assert not (home / "runs" / "2026-11-19-1").exists()
    code, told = night(london, home)
    assert code == 0, told
    assert current_run(home) == NEW


def test_a_run_of_the_same_day_after_the_clock_went_back_an_hour_is_the_next_one(london: London, home: Path) -> None:
    note = note_of(home, OLD) | {"began_at": "2999-01-01T00:00:00Z", "ended_at": "2999-01-01T00:00:00Z"}
    (home / "runs" / OLD / "run.json").write_text(json.dumps(note), "utf-8")
    assert night(london, home, "2026-11-20")[0] == 0
    assert current_run(home) == "2026-11-20-2"


HEAD = "Ref,Surname\n"
TRIAL = Contract.model_validate(
    {
        "source": "trial",
        "title": "Trial",
        "location": "trial.csv",
        "format": "csv",
        "event_type": "referral",
        "person": {"surname": ["Surname"]},
        "event": {"event_ref": ["Ref"]},
        "constants": {"role": "subject"},
    }
)


@contextmanager
def writing(path: Path, *, is_renamed: bool) -> Iterator[None]:
    """Somebody who writes the export anew all the time: in place, or under another name and then renamed."""
    stop = threading.Event()

    def work() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            text = HEAD + "".join(f"{number}-{row},VERSION{number % 10}\n" for row in range(4_000))
            where = path.with_suffix(".new") if is_renamed else path
            with where.open("w") as handle:
                for start in range(0, len(text), 8_192):
                    handle.write(text[start : start + 8_192])
                    handle.flush()
            if is_renamed:
                where.replace(path)
            stop.wait(0.05)

    writer = threading.Thread(target=work)
    writer.start()
    while not path.exists():
        time.sleep(0.01)
    try:
        yield
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("is_renamed", [True, False])
def test_an_export_that_is_written_while_it_is_read_is_read_whole_or_tried_again(
    tmp_path: Path, *, is_renamed: bool
) -> None:
    feed = next(TRIAL.all_feeds())
    whole, again = 0, 0
    with writing(tmp_path / "trial.csv", is_renamed=is_renamed):
        for _ in range(25):
            try:
                found = read_feed(TRIAL, feed, str(tmp_path), {})
            except SourceError as error:
                again += error.is_retryable or error.code == "empty_file"
            else:
                versions = {ref.split("-")[0] for ref in found.records.column("event_ref").to_pylist()}
                assert (len(found.records), len(versions)) == (4_000, 1)
                whole += 1
    assert whole + again == 25
    assert again


def test_a_feed_that_never_stands_still_is_held_with_the_reason(london: London, home: Path) -> None:
    path = london.exports / "cris" / "camden.csv"
    rows = path.read_bytes()
    stop = threading.Event()

    def work() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            path.write_bytes(rows + b"\n" * (number % 50))

    writer = threading.Thread(target=work)
    pid = forked(lambda: plain_night(london.night(home, DAY)), london.place / "out")
    writer.start()
    try:
        assert ended(pid) == 0
    finally:
        stop.set()
        writer.join()
    failed = [line for line in log_of(home, NEW) if line["event"] == "feed not fresh"]
    assert [line["feed"] for line in failed] in ([], ["cris.camden"])
    assert current_run(home) == NEW


def test_a_night_without_its_decisions_fails_before_it_reads_and_keeps_the_publication(
    london: London, home: Path
) -> None:
    (home / "state" / "decisions.sqlite3").write_bytes(b"no database" * 1000)
    code, told = night(london, home)
    assert code == 1
    assert "decisions.sqlite3" in told
    assert current_run(home) == OLD
    assert not (home / "runs" / NEW).exists()
    (home / "state" / "decisions.sqlite3").unlink()
    assert night(london, home)[0] == 0
    assert current_run(home) == NEW


def test_a_night_whose_decisions_were_lost_fails_and_says_so(london: London, home: Path) -> None:
    store = home / "state" / "decisions.sqlite3"
    with open_decisions(RunSettings(), Home(home), {}) as opened:
        opened.decide(said("a", "b"))
    assert night(london, home)[0] == 0
    kept = store.read_bytes()
    for file in store.parent.glob("decisions.sqlite3*"):
        file.unlink()
    code, told = night(london, home)
    assert code == 1
    assert "has 0 stewards' decisions, but the publication was made with 1" in told
    assert current_run(home) == NEW
    store.write_bytes(kept)
    assert night(london, home)[0] == 0
    assert current_run(home) == "2026-11-21-2"


def spoil(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 20] = bytes(20)
    path.write_bytes(data)


@pytest.mark.parametrize("what", ["pointer", "facts", "records"])
def test_a_damaged_last_good_export_is_told_only_where_it_is_needed(london: London, home: Path, what: str) -> None:
    folder = home / "state" / "last_good" / "custody"
    version = folder / (folder / "good").read_text("utf-8")
    custody = london.exports / "custody" / "custody.csv"
    kept = custody.read_bytes()
    if what == "pointer":
        (folder / "good").write_text("2026-01-01-9", "utf-8")
    elif what == "facts":
        (version / "export.json").write_text('{"file": "cus', "utf-8")
    else:
        spoil(version / "std_records.arrow")
    custody.unlink()
    code, told = night(london, home)
    assert code == 1
    assert str(folder) in told
    assert "restore the folder from a backup" in told
    assert current_run(home) == OLD
    custody.write_bytes(kept)
    assert night(london, home)[0] == 0  # the good export of tonight mends it
    custody.unlink()
    assert night(london, home)[0] == 0
    assert [line["feed"] for line in log_of(home, "2026-11-21-2") if line["event"] == "feed not fresh"] == ["custody"]


@pytest.mark.parametrize("what", ["manifest", "ledger", "pointer", "no pointer"])
def test_a_damaged_publication_is_told_with_its_file_before_anything_is_done(
    london: London, home: Path, what: str
) -> None:
    current = home / "published" / "current"
    backup = london.place / "backup"
    shutil.copytree(home / "published", backup, symlinks=True)
    if what == "manifest":
        (current / "manifest.json").write_text("{", "utf-8")
    elif what == "ledger":
        spoil(next((current / "identity_ledger").glob("*.parquet")))
    elif what == "pointer":
        shutil.rmtree(current.resolve())
    else:
        current.unlink()
    code, told = night(london, home)
    assert code == 1
    assert str(home / "published") in told
    assert "ln -sfn" in told or "runs rollback" in told
    assert sorted(path.name for path in (home / "runs").iterdir()) == [OLD]
    shutil.rmtree(home / "published")
    shutil.copytree(backup, home / "published", symlinks=True)
    assert night(london, home)[0] == 0
    assert current_run(home) == NEW


@pytest.mark.parametrize("text", ["", "{", '{"run_id": "other", "state": "unfinished", "as_of": "2026-11-20"}', "[1]"])
def test_a_damaged_note_of_a_published_run_is_mended_and_the_next_goes_on(
    london: London, home: Path, text: str
) -> None:
    (home / "runs" / OLD / "run.json").write_text(text, "utf-8")
    assert night(london, home)[0] == 0
    assert note_of(home, OLD)["state"] == "published"
    assert (home / "runs" / OLD / "run.json.damaged-1").read_text("utf-8") == text
    assert current_run(home) == NEW


def test_a_damaged_note_of_another_run_is_left_as_it_is_and_the_night_goes_on(london: London, home: Path) -> None:
    other = home / "runs" / "2026-11-20-2"
    other.mkdir()
    (other / "run.json").write_text("{", "utf-8")
    assert night(london, home)[0] == 0
    assert (other / "run.json").read_text("utf-8") == "{"
    assert current_run(home) == NEW


def test_a_note_that_the_system_does_not_let_be_read_stops_the_night_with_that_and_stays(
    london: London, home: Path
) -> None:
    note = home / "runs" / OLD / "run.json"
    kept = note.rename(note.with_name("elsewhere"))
    note.symlink_to(note)
    code, told = night(london, home)
    assert code == 1
    assert "run.json: cannot be read (Too many levels of symbolic links)" in told
    assert current_run(home) == OLD
    kept.replace(note)
    assert night(london, home)[0] == 0
    assert current_run(home) == NEW


def test_damaged_measures_and_a_damaged_lock_file_do_not_stop_a_night(
    london: London, home: Path, undisturbed: dict[str, object]
) -> None:
    (home / "run.lock").write_bytes(b"\xff{")
    (home / "runs" / ".new-2026-11-21-1").mkdir()
    assert night(london, home)[0] == 0
    assert published_tables(home) == undisturbed
