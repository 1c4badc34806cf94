"""What the system allows is looked at before the work begins."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_london import ended, forked

from flows import cli
from pipeline.core.errors import StorageError
from pipeline.core.limits import allow_open_files, check_limits, threads_needed, threads_that_start

NOBODY = 65534
FEW = 10


def as_a_user(limit: int, most: tuple[int, int]) -> None:
    """Take the limit on; root has none of processes, so root becomes another user."""
    if os.geteuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    resource.setrlimit(limit, most)


def message_of_a_check(limit: int, most: int) -> Callable[[], None]:
    def work() -> None:
        as_a_user(limit, (most, most))
        with pytest.raises(StorageError) as refused:
            check_limits()
        sys.stdout.write(str(refused.value))

    return work


def test_a_machine_without_limits_is_good() -> None:
    assert threads_that_start(threads_needed()) == threads_needed()
    check_limits()


@pytest.mark.parametrize(
    ("limit", "most", "message"),
    [
        (resource.RLIMIT_NPROC, FEW, "Raise the limit: ulimit -u"),
        (resource.RLIMIT_AS, 3_000_000_000, "a process: may map only 3.0 GB of memory here"),
    ],
)
def test_what_a_night_would_wait_for_in_vain_or_crash_of_is_told(
    tmp_path: Path, limit: int, most: int, message: str
) -> None:
    out = tmp_path / "out"
    out.touch()
    assert ended(forked(message_of_a_check(limit, most), out)) == 0, out.read_text("utf-8")
    assert message in out.read_text("utf-8")


@pytest.mark.parametrize("most", [1, 4, FEW])
def test_a_command_that_may_start_few_threads_says_so_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    def work() -> None:
        as_a_user(resource.RLIMIT_NPROC, (most, most))
        cli.main()

    monkeypatch.setattr(sys, "argv", ["boroughlink", "link", "people.csv", "--out", "linked"])
    out = tmp_path / "out"
    out.touch()
    ended(forked(work, out))
    assert "more threads and processes here, and this command may need" in out.read_text("utf-8")
    assert "SystemExit: 1" in out.read_text("utf-8")


def test_a_low_limit_of_open_files_is_raised_as_far_as_the_process_may(tmp_path: Path) -> None:
    def work() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 512))
        allow_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (512, 512)

    out = tmp_path / "out"
    assert ended(forked(work, out)) == 0, out.read_text("utf-8")
