"""Processes that read exports: what hangs, dies or is killed there costs one feed, and nothing outlives the night."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path

import pytest
from processes import command_of, descendants, is_gone
from small_london import London, current_run, ended, forked, log_of, note_of, plain_night, published_tables

from flows.stages import workers
from pipeline.core.places import ROOT

pytestmark = pytest.mark.slow
SECOND = "2026-11-21-1"
FEEDS = ["cris.camden", "cris.hackney", "custody", "visor"]
SECONDS = 60.0  # after which what should have happened will not happen


@pytest.fixture
def hung(london: London) -> Iterator[Callable[[], None]]:
    """Lets go of a borough's export that is there but cannot be opened, as on a network drive that went away.

    Its lease makes the kernel keep whoever opens it waiting, for 45 seconds as a rule (/proc/sys/fs/lease-break-time).
    """
    london.say(workers=2, source_retries=0)
    file = os.open(london.exports / "cris" / "hackney.csv", os.O_RDWR)
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)  # who holds the lease is told so: a signal that ends nobody
    yield lambda: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    os.close(file)


def test_with_one_worker_exports_are_read_one_after_the_other(
    london: London, home: Path, hung: Callable[[], None]
) -> None:
    london.say(workers=1)
    night = started(london, home)
    end = time.monotonic() + SECONDS
    while not read(home):
        assert time.monotonic() < end, "nothing is read"
        time.sleep(0.05)
    time.sleep(2)  # the second hangs; whoever read several at once would have read the others by now
    hung()
    assert ended(night) == 0
    assert read(home) == FEEDS


def started(london: London, home: Path) -> int:
    return forked(lambda: plain_night(london.night(home, "2026-11-21")), london.place / "out")


def readers(home: Path, night: int) -> list[int]:
    """The processes that read for a night, once all has been read but what is never read."""
    end = time.monotonic() + SECONDS
    while len(read(home)) < len(FEEDS) - 1:
        assert time.monotonic() < end, "the others are not read"
        time.sleep(0.05)
    log_file = home / "runs" / SECOND / "run.log"
    return [pid for pid in processes() if pid not in (os.getpid(), night) and has_open(pid, log_file)]


def read(home: Path) -> list[object]:
    log_file = home / "runs" / SECOND / "run.log"
    lines = log_of(home, SECOND) if log_file.exists() else []
    return [line["feed"] for line in lines if line["event"] in ("feed read", "feed unchanged")]


def processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def has_open(pid: int, file: Path) -> bool:
    with suppress(OSError):
        return any(path.readlink() == file for path in Path(f"/proc/{pid}/fd").iterdir())
    return False


def wait_until_gone(pid: int) -> None:
    end = time.monotonic() + SECONDS
    while not is_gone(pid):
        assert time.monotonic() < end, "it is still there"
        time.sleep(0.05)


def held(home: Path) -> list[tuple[object, object]]:
    return [(line["feed"], line["code"]) for line in log_of(home, SECOND) if line["event"] == "feed not fresh"]


def test_several_processes_read_what_one_reads(london: London, home: Path, undisturbed: dict[str, object]) -> None:
    london.say(workers=2)
    assert ended(started(london, home)) == 0
    assert published_tables(home) == undisturbed
    assert sorted(map(str, read(home))) == FEEDS


def test_an_export_that_hangs_is_held_when_its_time_is_over_and_its_process_ended(
    london: London, home: Path, hung: Callable[[], None]
) -> None:
    london.say(feed_seconds=4)
    night = started(london, home)
    reading = readers(home, night)
    assert len(reading) == 2
    assert ended(night) == 0
    assert all(map(is_gone, reading))
    assert current_run(home) == SECOND
    assert held(home) == [("cris.hackney", "too_slow")]


def test_a_process_that_dies_while_it_reads_costs_one_feed(
    london: London, home: Path, hung: Callable[[], None]
) -> None:
    night = started(london, home)
    for pid in readers(home, night):
        os.kill(pid, signal.SIGKILL)
    assert ended(night) == 0
    assert current_run(home) == SECOND
    assert held(home) == [("cris.hackney", "reader_died")]


def test_a_killed_night_leaves_no_process_behind_and_the_next_goes_on(
    london: London, home: Path, hung: Callable[[], None], undisturbed: dict[str, object]
) -> None:
    night = started(london, home)
    reading = readers(home, night)
    os.kill(night, signal.SIGKILL)
    assert ended(night) == -signal.SIGKILL
    for pid in reading:
        wait_until_gone(pid)
    hung()
    assert ended(started(london, home)) == 0
    assert current_run(home) == SECOND
    assert published_tables(home) == undisturbed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_night_that_is_asked_to_stop_says_so_at_once_leaves_no_process_behind_and_the_next_goes_on(
    london: London, home: Path, hung: Callable[[], None], undisturbed: dict[str, object], number: signal.Signals
) -> None:
    night = started(london, home)
    reading = readers(home, night)
    os.kill(night, number)
    assert ended(night) == -number
    for pid in reading:
        wait_until_gone(pid)
    output = (london.place / "out").read_text("utf-8")
    assert f"Stopped ({number.name}). Nothing is half done: the next `boroughlink run` goes on" in output
    note = note_of(home, SECOND)
    assert (note["state"], note["error"]) == ("failed", number.name)
    assert "boroughlink_run_exit_code 1.0" in (home / "metrics" / "boroughlink.prom").read_text("utf-8")
    hung()
    assert ended(started(london, home)) == 0
    assert published_tables(home) == undisturbed
    assert len([line for line in log_of(home, SECOND) if line["event"] == "feed read"]) <= len(FEEDS)


@pytest.mark.parametrize("after_s", [0.0, 0.5])
def test_a_ctrl_c_while_the_reading_processes_start_is_answered_by_the_night_alone(
    london: London, home: Path, after_s: float
) -> None:
    """It goes to all of them, as the terminal sends it."""
    london.say(workers=2)
    out = london.place / "out"

    def night() -> None:
        os.dup2(sys.stdout.fileno(), 2)  # what processes write that it starts
        plain_night(london.night(home, "2026-11-21"))

    pid = forked(night, out)
    end = time.monotonic() + SECONDS
    while not (forkservers := [each for each in descendants(pid) if "forkserver" in " ".join(command_of(each))]):
        assert time.monotonic() < end, "no process is started"
        time.sleep(0.01)
    time.sleep(after_s)
    os.killpg(pid, signal.SIGINT)
    assert ended(pid) == -signal.SIGINT
    for each in forkservers:
        wait_until_gone(each)
    output = out.read_text("utf-8")
    assert "Stopped (SIGINT). Nothing is half done" in output
    assert "Traceback" not in output


READING = """
import os, sys, time
from pathlib import Path
from flows.stages.workers import Workers

with Workers(2, Path(sys.argv[1])) as pool:
    print(pool.do(60, os.getpid), flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize(
    ("send", "number"), [(os.kill, signal.SIGKILL), (os.killpg, signal.SIGTERM), (os.killpg, signal.SIGHUP)]
)
def test_a_night_that_a_signal_ends_leaves_no_process_and_no_folder_of_its_reading_behind(
    tmp_path: Path, send: Callable[[int, int], None], number: signal.Signals
) -> None:
    """To its whole group as a service and a terminal send it, or to the night alone."""
    temporary = Path(tempfile.mkdtemp(dir="/tmp"))  # the path of a socket may have 107 characters
    command = [sys.executable, "-c", READING, str(tmp_path / "run.log")]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(temporary)},
        cwd=ROOT,
        start_new_session=True,
    ) as night:
        assert night.stdout
        reader = int(night.stdout.readline())
        assert list(temporary.iterdir()) != []
        send(night.pid, number)
    wait_until_gone(reader)
    end = time.monotonic() + SECONDS
    while left := list(temporary.iterdir()):
        assert time.monotonic() < end, left
        time.sleep(0.05)
    temporary.rmdir()


def test_where_tmpdir_is_too_long_for_a_socket_the_night_itself_reads(tmp_path: Path) -> None:
    (temporary := tmp_path / ("x" * 100)).mkdir()
    reading = READING.replace("    time.sleep(600)\n", "    print(os.getpid())\n")
    read = subprocess.run(
        [sys.executable, "-c", reading, str(tmp_path / "run.log")],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
        cwd=ROOT,
        check=False,
    )
    assert (read.returncode, read.stderr) == (0, "")
    reader, night = read.stdout.split()
    assert reader == night
    assert list(temporary.iterdir()) == []


def test_where_processes_can_have_no_locks_in_common_the_night_itself_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []

    def few() -> None:
        made.append(None)
        if len(made) > 1:
            raise OSError(errno.ENOSPC, "/dev/shm is full")

    monkeypatch.setattr(workers.CONTEXT, "Lock", few)
    with workers.Workers(2, tmp_path / "run.log") as pool:
        assert pool.processes == 1
        assert pool.do(SECONDS, os.getpid) == os.getpid()


def test_a_night_whose_reading_processes_all_die_at_their_start_ends_and_holds_its_feeds(
    london: London, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    london.say(workers=2, source_retries=0)
    monkeypatch.setattr(workers, "_begin", os._exit)
    night = started(london, home)
    end = time.monotonic() + SECONDS
    while not is_gone(night):
        assert time.monotonic() < end, "it waits for ever"
        time.sleep(0.05)
    assert ended(night) == 0
    assert sorted(map(str, held(home))) == sorted(str((feed, "no_reader")) for feed in FEEDS)


def test_what_is_asked_of_processes_that_cannot_start_is_answered_however_much_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_begin", os._exit)
    much = "x" * 1_000_000  # more than a pipe holds that nobody reads
    with workers.Workers(2, tmp_path / "run.log") as pool, ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(pool.do, SECONDS, len, much) for _ in range(12)]
        assert {type(one.exception(SECONDS)) for one in asked} <= {BrokenProcessPool, RuntimeError}
