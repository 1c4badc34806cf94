"""What must not get out, and what must be tried again, without running a night."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import tasks
from flows.night import passwords, plan_night
from flows.stage_frame import private
from pipeline.core.errors import LinkageError, SourceError
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


def test_only_what_a_later_try_may_mend_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "PLAIN_WAITS", (0, 0))
    tries: list[str] = []

    class Step:
        @staticmethod
        def fn(kind: str) -> str:
            tries.append(kind)
            if len(tries) < 3:
                raise SourceError("unreachable", "x", "is down.", "Wait.", is_retryable=kind == "passing")
            return "read"

    assert tasks._with_retries(Step, ("passing",)) == "read"
    assert len(tries) == 3
    tries.clear()
    with pytest.raises(SourceError):
        tasks._with_retries(Step, ("lasting",))
    assert len(tries) == 1


def test_runs_of_a_day_are_counted_in_the_home(tmp_path) -> None:
    for number in (1, 2, 10):
        (tmp_path / "runs" / f"2026-11-20-{number}").mkdir(parents=True)
    night = plan_night(None, tmp_path, None, None, {})
    assert night.run_id == "2026-11-20-11"
    assert len(night.feeds) == 104


def test_a_password_that_cannot_be_had_concerns_only_the_feed_that_needs_it(tmp_path: Path) -> None:
    (tmp_path / "merton").write_text(" secret\n", "utf-8")
    settings = RunSettings(passwords={"MERTON_WORD": tmp_path / "merton", "SUTTON_WORD": tmp_path / "gone"})
    assert passwords(settings, {}, None) == {}
    assert passwords(settings, {}, "CAMDEN_WORD") == {}
    assert passwords(settings, {}, "MERTON_WORD") == {"MERTON_WORD": "secret"}
    assert passwords(settings, {"SUTTON_WORD": "set"}, "SUTTON_WORD") == {"SUTTON_WORD": "set"}
    with pytest.raises(SourceError, match=r"gone: cannot be read .* it should hold SUTTON_WORD\. Correct `passwords`"):
        passwords(settings, {}, "SUTTON_WORD")
