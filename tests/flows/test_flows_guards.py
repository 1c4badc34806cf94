"""What must not get out, and what must be tried again, without running a night."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from prefect import task

from flows.night.plan import Night, passwords, plan_night
from flows.stages import tasks
from flows.stages.stage_frame import private
from pipeline.core.errors import LinkageError, SourceError, StoreUnavailableError
from schemas.settings import RunSettings

PLANNED = plan_night(None, Path("/nowhere"), None, None, {})


def test_the_error_of_a_library_keeps_its_words_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOROUGHLINK_DEBUG", raising=False)
    with pytest.raises(LinkageError) as caught, private(PLANNED, "custody"):
        raise ValueError("could not convert ZEBEDEE SENTINELSON")
    assert "ZEBEDEE" not in str(caught.value)
    assert "custody failed (ValueError)" in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_our_own_errors_pass_as_they_are() -> None:
    error = SourceError("stale", "custody", "is old.", "Ask again.")
    with pytest.raises(SourceError) as caught, private(PLANNED, "custody"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("retries", [0, 1, 3])
@pytest.mark.parametrize(
    ("error", "is_tried_again"),
    [
        (SourceError("unreachable", "x", "is down.", "Wait.", is_retryable=True), True),
        (SourceError("stale", "x", "is old.", "Ask again."), False),
        (StoreUnavailableError("the store of decisions", "does not answer."), True),
        (LinkageError("No."), False),
    ],
    ids=["source down", "source old", "store down", "another"],
)
def test_where_no_flow_is_running_what_a_later_try_may_mend_is_tried_as_often_as_the_run_file_says(
    error: LinkageError, retries: int, *, is_tried_again: bool
) -> None:
    tries: list[Night] = []

    @task(retry_delay_seconds=0)
    def fails(night: Night) -> None:
        tries.append(night)
        raise error

    settings = PLANNED.settings.model_copy(update={"stage_retries": retries, "source_retries": retries})
    night = replace(PLANNED, settings=settings)
    expected = 1 + (retries if is_tried_again else 0)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tasks, "RETRY_DELAY_SECONDS", 0)
        with pytest.raises(type(error)):
            tasks.run(fails, night)
    assert len(tries) == expected, "a stage"
    tries.clear()
    with pytest.raises(type(error)):
        tasks.submit(fails.with_options(retries=retries), [(night,)], 1)[0]()
    assert len(tries) == expected, "one of several"


def test_what_a_later_try_mended_counts() -> None:
    tries: list[str] = []

    @task(retries=2, retry_delay_seconds=[0, 0])
    def reads(feed_id: str) -> str:
        tries.append(feed_id)
        if len(tries) < 3:
            raise SourceError("unreachable", "x", "is down.", "Wait.", is_retryable=True)
        return "read"

    assert tasks.submit(reads, [("custody",)], 1)[0]() == "read"


def test_runs_of_a_day_are_counted_in_the_home(tmp_path) -> None:
    for number in (1, 2, 10):
        (tmp_path / "runs" / f"2026-11-20-{number}").mkdir(parents=True)
    night = plan_night(None, tmp_path, None, None, {})
    assert night.run_id == "2026-11-20-11"
    assert len(night.feeds) == 105


def test_a_password_that_cannot_be_had_concerns_only_the_feed_that_needs_it(tmp_path: Path) -> None:
    (tmp_path / "merton").write_text(" secret\n", "utf-8")
    settings = RunSettings(passwords={"MERTON_WORD": tmp_path / "merton", "SUTTON_WORD": tmp_path / "gone"})
    assert passwords(settings, {}, None) == {}
    assert passwords(settings, {}, "CAMDEN_WORD") == {}
    assert passwords(settings, {}, "MERTON_WORD") == {"MERTON_WORD": "secret"}
    assert passwords(settings, {"SUTTON_WORD": "set"}, "SUTTON_WORD") == {"SUTTON_WORD": "set"}
    with pytest.raises(SourceError, match=r"gone: cannot be read .* it should hold SUTTON_WORD\. Correct `passwords`"):
        passwords(settings, {}, "SUTTON_WORD")
