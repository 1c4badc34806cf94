"""What a run leaves for those who operate it: measures, log lines, and a message where one is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus
from small_london import London, ended, forked, log_of, plain_night
from webhook import webhook

from flows.stages import publishing
from pipeline.core.errors import PublishRefusedError
from pipeline.core.lock import run_lock

pytestmark = pytest.mark.slow
FAILED = "2026-11-21-1"


def measures(home: Path) -> dict[tuple[str, ...], float]:
    text = (home / "metrics" / "boroughlink.prom").read_text("utf-8")
    found = {
        (sample.name.removeprefix("boroughlink_"), *sample.labels.values()): sample.value
        for family in prometheus(text)
        for sample in family.samples
    }
    assert {sample.name for family in openmetrics(text) for sample in family.samples} == {
        f"boroughlink_{name}" for name, *_ in found
    }
    return found


def night(london: London, home: Path, error: Exception | None = None) -> int:
    def work() -> None:
        def fails(*_: object) -> None:
            raise error  # type: ignore[misc]

        if error:
            publishing.publish_tables = fails  # type: ignore[assignment]
        plain_night(london.night(home, "2026-11-21"))

    return ended(forked(work, london.place / "out"))


def test_a_good_night_leaves_its_measures(home: Path) -> None:
    found = measures(home)
    assert found[("run_state", "published")] == 1
    assert found[("run_exit_code",)] == 0
    assert found[("published_feeds", "fresh")] == 4
    assert found[("published_rows", "records")] > 100
    assert found[("run_success_timestamp_seconds",)] == found[("run_end_timestamp_seconds",)]
    assert found[("run_peak_memory_bytes",)] > 1e6
    stages_told = {key[1] for key in found if key[0] == "stage_seconds"}
    assert stages_told == {"read", "validate", "settle", "link", "persons", "publish"}


@pytest.mark.parametrize(
    ("error", "state", "told"),
    [
        (PublishRefusedError(("3 persons without a record",)), "refused", "3 persons without a record"),
        (ValueError("ZEBEDEE SENTINELSON"), "failed", "publish failed (ValueError)"),
    ],
    ids=["refused", "failed"],
)
def test_a_night_that_does_not_publish_leaves_its_stage_and_reason_but_no_value_of_a_person(
    london: London, home: Path, error: Exception, state: str, told: str
) -> None:
    assert night(london, home, error) == 1
    found = measures(home)
    assert found[("run_state", state)] == 1
    assert found[("run_exit_code",)] == 1
    assert found[("run_success_timestamp_seconds",)] <= found[("run_end_timestamp_seconds",)]
    last = log_of(home, FAILED)[-1]
    assert (last["event"], last["state"], last["stage"]) == ("run ends", state, "publish")
    assert told in str(last["reason"])
    everything = b"".join(path.read_bytes() for path in (home / "runs" / FAILED).glob("*.*") if path.is_file())
    assert b"SENTINELSON" not in everything
    assert "SENTINELSON" not in (london.place / "out").read_text("utf-8")


def test_a_night_that_fails_is_told_to_the_webhook_of_its_run_file(london: London, home: Path) -> None:
    with webhook() as taken:
        london.say(notify={"webhook": {"url": taken.url}})
        assert night(london, home, ValueError("ZEBEDEE SENTINELSON")) == 1
        assert night(london, home) == 0
        (home / "published" / "current").unlink()
        assert night(london, home) == 1
    assert [(told["run_id"], told["state"], told["stage"]) for told in taken.bodies] == [
        (FAILED, "failed", "publish"),
        ("2026-11-21-2", "failed", "begin"),
    ]
    assert "SENTINELSON" not in json.dumps(taken.bodies)


def test_a_home_in_which_no_run_can_begin_is_told_to_the_webhook(london: London) -> None:
    with webhook() as taken:
        london.say(notify={"webhook": {"url": taken.url}})
        assert night(london, Path("/proc/boroughlink")) == 1
    assert [(told["run_id"], told["state"], told["stage"], told["error"]) for told in taken.bodies] == [
        (FAILED, "failed", "begin", "StorageError")
    ]
    assert "no folder can be made there" in taken.bodies[0]["reason"]


def test_a_run_beside_one_that_is_at_work_is_not_told_to_the_webhook(london: London, home: Path) -> None:
    with webhook() as taken, run_lock(home / "run.lock"):
        london.say(notify={"webhook": {"url": taken.url}})
        assert night(london, home) == 1
    assert taken.bodies == []
