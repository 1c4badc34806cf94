"""What a process takes is measured from outside, and of that process alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.measure import Cost, run_measured


def python(code: str, log: Path, limit: float = 60.0) -> Cost:
    return run_measured([sys.executable, "-I", "-S", "-c", code], log, limit)


def test_memory_of_the_process_is_counted(tmp_path: Path) -> None:
    assert python("x = bytearray(b'x') * 150_000_000", tmp_path / "log").peak_mb > 140


def test_memory_of_whoever_measures_is_not_counted(tmp_path: Path) -> None:
    held = bytearray(b"x") * 200_000_000
    assert python("pass", tmp_path / "log").peak_mb < 60
    assert len(held) == 200_000_000


def test_cpu_time_of_all_threads_is_counted(tmp_path: Path) -> None:
    code = (
        "import threading, time\n"
        "def work():\n"
        "    while time.thread_time() < 0.2: pass\n"
        "threads = [threading.Thread(target=work) for _ in range(2)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]"
    )
    cost = python(code, tmp_path / "log")
    assert cost.cpu_seconds > 0.38
    assert cost.wall_seconds > 0.15


def test_waiting_takes_wall_time_but_no_cpu_time(tmp_path: Path) -> None:
    cost = python("import time; time.sleep(0.5)", tmp_path / "log")
    assert cost.wall_seconds >= 0.5
    assert cost.cpu_seconds < 0.4


def test_a_command_that_fails_is_told_of_and_its_words_are_kept(tmp_path: Path) -> None:
    cost = python("import sys; sys.exit('no such thing')", tmp_path / "log")
    assert cost.problem == "ended with exit code 1"
    assert "no such thing" in (tmp_path / "log").read_text("utf-8")


def test_a_command_that_runs_too_long_is_stopped(tmp_path: Path) -> None:
    cost = python("import time; time.sleep(30)", tmp_path / "log", limit=0.5)
    assert cost.is_late
    assert cost.wall_seconds < 10
    assert cost.problem.startswith("stopped after")


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="the kernel does not say what the machine is busy with")
def test_what_other_processes_spend_meanwhile_is_told(tmp_path: Path) -> None:
    assert python("pass", tmp_path / "log").others_cpu_seconds is not None


def test_what_is_measured_may_keep_compiled_modules_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    code = "import sys; sys.exit(sys.dont_write_bytecode)"
    assert run_measured([sys.executable, "-S", "-c", code], tmp_path / "log", 60.0).code == 0
