"""A run that died is continued: what was finished is not done again, unless what it was made from has changed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from small_london import London, current_run, ended, forked, log_of, note_of, plain_night, published_tables
from stewards_say import said

from flows.night.decisions import open_decisions
from flows.stages import building, linking, publishing, reading, validating
from pipeline.core.places import Home
from pipeline.publish import publication
from pipeline.publish.publication import read_current
from schemas.settings import RunSettings

pytestmark = pytest.mark.slow
STAGES = ("read_and_standardise", "validate", "settle_feeds", "link", "persons", "publish_tables", "write_report")
MODULES = {
    "read_and_standardise": reading,
    "validate": validating,
    "settle_feeds": validating,
    "link": linking,
    "persons": building,
}
SECOND = "2026-11-21-1"
READ_EVENTS = ("feed read", "feed unchanged")


def dies_in(stage: str, call: int = 1) -> Callable[[], None]:
    """Make this process kill itself when the stage is called for the n-th time."""

    def patch() -> None:
        module = MODULES.get(stage, publishing)
        real, calls = getattr(module, stage), []

        def killed(*given: object) -> object:
            calls.append(given)
            if len(calls) == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given)

        setattr(module, stage, killed)

    return patch


def night_two(london: London, home: Path, before: Callable[[], None] = lambda: None, *, fresh: bool = False) -> int:
    def work() -> None:
        before()
        plain_night(london.night(home, "2026-11-21"), fresh=fresh)

    return ended(forked(work, london.place / "out"))


def events(home: Path, run_id: str = SECOND) -> list[tuple[object, object]]:
    """What the log says was done, and of what, since the last beginning."""
    lines = log_of(home, run_id)
    last = max(at for at, line in enumerate(lines) if line["event"] == "run begins")
    return [(line["event"], line.get("stage") or line.get("feed")) for line in lines[last:]]


def test_a_night_killed_at_any_stage_goes_on_there_and_gives_the_same_tables(
    london: London, home: Path, undisturbed: dict[str, object]
) -> None:
    for stage in STAGES:
        assert night_two(london, home, dies_in(stage)) == -signal.SIGKILL
        assert current_run(home) == ("2026-11-20-1" if stage != "write_report" else SECOND)
        assert note_of(home, SECOND)["state"] == "unfinished"
    assert night_two(london, home) == 0
    assert note_of(home, SECOND)["state"] == "published"
    assert note_of(home, SECOND)["n_resumed"] == len(STAGES)
    done = [event for event, _ in events(home)]
    assert not {*READ_EVENTS, "feed validated", "linked", "persons built", "published"} & set(done)
    assert published_tables(home) == undisturbed
    assert (home / "runs" / SECOND / "report.html").is_file()
    assert sorted(path.name for path in (home / "runs").iterdir()) == ["2026-11-20-1", SECOND]


def test_feeds_that_were_read_are_not_read_again_and_the_others_are(london: London, home: Path) -> None:
    assert night_two(london, home, dies_in("read_and_standardise", 3)) == -signal.SIGKILL
    read = {feed for event, feed in events(home) if event in READ_EVENTS}
    assert night_two(london, home) == 0
    stood = {str(step).removeprefix("read/") for event, step in events(home) if event == "stage stands"}
    read_now = {feed for event, feed in events(home) if event in READ_EVENTS}
    assert stood <= read
    assert stood | read_now == {"cris.camden", "cris.hackney", "custody", "visor"}
    assert not stood & read_now


def test_only_an_export_that_has_changed_is_read_again(london: London, home: Path) -> None:
    assert night_two(london, home, dies_in("persons")) == -signal.SIGKILL
    custody = london.exports / "custody" / "custody.csv"
    custody.write_bytes(b"".join(custody.read_bytes().splitlines(keepends=True)[:-3]))
    (london.exports / "cris" / "camden.csv").unlink()  # it was read in time
    assert night_two(london, home) == 0
    assert [feed for event, feed in events(home) if event in READ_EVENTS] == ["custody"]
    assert [feed for event, feed in events(home) if event == "feed validated"] == ["custody"]
    assert ("linked", None) in events(home)


def test_what_stewards_decided_since_counts_on_the_night_that_goes_on(london: London, home: Path) -> None:
    assert night_two(london, home, dies_in("publish_tables")) == -signal.SIGKILL
    current = read_current(Home(home))
    assert current is not None
    one, other = current.table("records").column("record_id").to_pylist()[:2]
    with open_decisions(RunSettings(), Home(home), {}) as store:
        store.decide(said(one, other))
    assert night_two(london, home) == 0
    done = [event for event, _ in events(home)]
    assert {"linked", "persons built"} <= set(done)
    assert not {*READ_EVENTS, "feed validated"} & set(done)
    person_of = {row["record_id"]: row["person_id"] for row in read_current(Home(home)).table("records").to_pylist()}
    assert person_of[one] == person_of[other]


@pytest.mark.parametrize("damage", ["output", "marker", "no output"])
def test_a_stage_whose_files_or_marker_are_damaged_runs_again(
    london: London, home: Path, undisturbed: dict[str, object], damage: str
) -> None:
    assert night_two(london, home, dies_in("publish_tables")) == -signal.SIGKILL
    link = home / "runs" / SECOND / "link"
    if damage == "output":
        data = bytearray((link / "links.arrow").read_bytes())
        data[len(data) // 2] ^= 1
        (link / "links.arrow").write_bytes(data)
    elif damage == "marker":
        (link / "done.json").write_text('{"stage": "link", "inp', "utf-8")
    else:
        (link / "clusters.arrow").unlink()
    assert night_two(london, home) == 0
    done = events(home)
    assert ("linked", None) in done
    assert not [feed for event, feed in done if event in READ_EVENTS]
    assert published_tables(home) == undisturbed


def test_other_settings_or_fresh_begin_anew_and_say_what_became_of_the_old_run(london: London, home: Path) -> None:
    assert night_two(london, home, dies_in("link")) == -signal.SIGKILL
    assert night_two(london, home, dies_in("link"), fresh=True) == -signal.SIGKILL
    assert note_of(home, SECOND)["state"] == "abandoned"
    london.say(policy="balanced")
    assert night_two(london, home) == 0
    assert note_of(home, "2026-11-21-2")["state"] == "abandoned"
    assert note_of(home, "2026-11-21-3")["state"] == "published"
    assert current_run(home) == "2026-11-21-3"


def test_a_contract_that_changed_begins_anew(london: London, home: Path) -> None:
    assert night_two(london, home, dies_in("link")) == -signal.SIGKILL
    contract = london.place / "contracts" / "custody.yaml"
    contract.write_text(contract.read_text("utf-8").replace("trust: 8", "trust: 7"), "utf-8")
    assert night_two(london, home) == 0
    assert current_run(home) == "2026-11-21-2"


@pytest.mark.parametrize("changed", [False, True])
def test_a_publication_that_had_its_name_is_completed_whatever_comes_next(
    london: London, home: Path, *, changed: bool
) -> None:
    def dies() -> None:
        publication.point_at = lambda *_: os.kill(os.getpid(), signal.SIGKILL)

    assert night_two(london, home, dies) == -signal.SIGKILL
    assert current_run(home) == "2026-11-20-1"
    if changed:
        london.say(policy="balanced")
    assert night_two(london, home) == 0
    assert note_of(home, SECOND)["state"] == "published"
    assert current_run(home) == ("2026-11-21-2" if changed else SECOND)
