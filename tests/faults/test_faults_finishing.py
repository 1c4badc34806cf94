"""A publication whose last steps failed or died is finished by the next release or night: readers, last good exports, note, measures."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
from command_line import boroughlink
from small_london import London, current_run, ended, forked, note_of, plain_night

from flows.stages import publishing
from pipeline.core.places import Home
from pipeline.publish.publication import read_current

pytestmark = pytest.mark.slow
FIRST, SECOND, THIRD = "2026-11-20-1", "2026-11-21-1", "2026-11-22-1"
BY = ("--by", "A. Khan", "--reason", "seen with the stewards")


def night(london: London, home: Path, day: str, *, dies: bool = False) -> int:
    def work() -> None:
        if dies:
            publishing.switch_to = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        plain_night(london.night(home, day))

    return ended(forked(work, london.place / "out"))


def runs(home: Path, *words: str) -> tuple[int, str]:
    done = boroughlink("runs", *words, "--home", str(home))
    return done.code, done.err


def good_runs(home: Path) -> set[str]:
    """Runs whose exports are the last good ones."""
    pointers = (home / "state" / "last_good").glob("*/good")
    return {path.read_text("utf-8").strip().removesuffix(".again") for path in pointers}


def shorten(export: Path) -> None:
    export.write_bytes(b"".join(export.read_bytes().splitlines(keepends=True)[:-3]))


def refuse(london: London, home: Path) -> None:
    london.say(publish_limits={"person_records": 1})
    assert night(london, home, "2026-11-21") == 1
    assert note_of(home, SECOND)["state"] == "refused"


@pytest.fixture
def half_released(london: London, home: Path) -> Path:
    """A home in which a release failed after the switch: where the last good exports of a feed lie there is a file."""
    refuse(london, home)
    folder = home / "state" / "last_good" / "visor"
    folder.rename(folder.with_name("visor away"))
    folder.touch()
    code, said = runs(home, "release", SECOND, *BY)
    assert code == 1, said
    assert current_run(home) == SECOND
    folder.unlink()
    folder.with_name("visor away").rename(folder)
    return home


def test_a_release_that_failed_after_the_switch_is_finished_by_releasing_again(half_released: Path) -> None:
    home = half_released
    assert FIRST in good_runs(home)
    code, said = runs(home, "release", SECOND, *BY)
    assert (code, said) == (0, "")
    assert good_runs(home) == {SECOND}
    assert note_of(home, SECOND)["state"] == "published"
    assert len((home / "state" / "releases.jsonl").read_text("utf-8").splitlines()) == 1
    code, said = runs(home, "release", SECOND, *BY)
    assert (code, "is published already" in said) == (2, True)


def test_a_release_that_failed_after_the_switch_is_finished_by_the_next_night(
    london: London, half_released: Path
) -> None:
    home = half_released
    (london.exports / "visor" / "visor.csv").unlink(missing_ok=True)
    london.say(publish_limits={"person_records": None})
    assert night(london, home, "2026-11-22", dies=True) == -signal.SIGKILL
    assert good_runs(home) == {SECOND}
    assert note_of(home, SECOND)["state"] == "published"


def test_the_exports_of_a_night_that_died_after_the_switch_are_the_last_good_ones_of_the_next_date(
    london: London, home: Path
) -> None:
    custody = london.exports / "custody" / "custody.csv"
    before = len(custody.read_bytes().splitlines()) - 1
    shorten(custody)
    assert night(london, home, "2026-11-21", dies=True) == -signal.SIGKILL
    assert (current_run(home), good_runs(home)) == (SECOND, {FIRST})
    custody.unlink()
    assert night(london, home, "2026-11-22") == 0
    assert note_of(home, SECOND)["state"] == "published"
    current = read_current(Home(home))
    assert current is not None
    status = {row["feed_id"]: row for row in current.table("source_status").to_pylist()}
    assert (current.run_id, status["custody"]["state"], status["custody"]["rows_last_good"]) == (
        THIRD,
        "held",
        before - 3,
    )


def test_the_next_night_finishes_a_publication_though_the_tables_of_its_run_were_removed(
    london: London, home: Path
) -> None:
    assert night(london, home, "2026-11-21", dies=True) == -signal.SIGKILL
    for folder in ("standardise", "validate"):
        shutil.rmtree(home / "runs" / SECOND / folder)
    assert night(london, home, "2026-11-22") == 0
    assert note_of(home, SECOND)["state"] == "published"
    assert good_runs(home) == {THIRD}


def test_a_night_that_failed_after_its_publication_and_was_taken_back_stays_so(london: London, home: Path) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError

    def work() -> None:
        publishing.write_report = fails  # type: ignore[assignment]
        plain_night(london.night(home, "2026-11-21"))

    assert ended(forked(work, london.place / "out")) == 1
    assert current_run(home) == SECOND
    assert runs(home, "rollback", FIRST, *BY) == (0, "")
    assert night(london, home, "2026-11-21") == 0
    current = read_current(Home(home))
    assert current is not None
    assert current.run_id == "2026-11-21-2"
    assert note_of(home, "2026-11-21-2")["base"] == FIRST
