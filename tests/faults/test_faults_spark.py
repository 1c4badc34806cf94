"""A night whose work fails on Spark publishes nothing, quotes nobody, and the next one goes on from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from failing_workers import QUOTED, failing_workers
from small_london import London, current_run, ended, forked, note_of, plain_night, published_tables

from pipeline.engines.spark.session import find_java

pytestmark = [pytest.mark.slow, pytest.mark.spark]
OLD, NEW, DAY = "2026-11-20-1", "2026-11-21-1", "2026-11-21"


def test_a_night_whose_workers_fail_publishes_nothing_and_the_next_goes_on_from_it(
    london: London, home: Path, undisturbed: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not find_java():
        pytest.skip("this machine has no Java")
    london.say(engine="spark")
    out, log_file = london.place / "out", home / "runs" / NEW / "run.log"
    with monkeypatch.context() as failing:
        for name, value in failing_workers(tmp_path / "hook", "raise").items():
            failing.setenv(name, value)
        assert ended(forked(lambda: plain_night(london.night(home, DAY)), out)) == 1
    assert "engine spark: a worker failed (ValueError, sitecustomize.py line " in out.read_text("utf-8")
    assert current_run(home) == OLD
    assert (note_of(home, NEW)["state"], note_of(home, NEW)["stage"]) == ("failed", "link")
    assert QUOTED not in out.read_text("utf-8") + log_file.read_text("utf-8") + str(note_of(home, NEW))
    assert ended(forked(lambda: plain_night(london.night(home, DAY)), out)) == 0
    assert current_run(home) == NEW
    assert note_of(home, NEW)["n_resumed"] == 1
    assert published_tables(home) == undisturbed
