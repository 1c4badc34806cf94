"""Asked to stop, or left alone by Prefect or the terminal: what was done counts, and it is said in words."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from command_line import boroughlink
from one_person import tables
from rich.console import Console
from small_london import London, ended, forked

from flows.cli import app
from flows.night.outcome import Outcome
from flows.night.plan import Night
from flows.night.progress import Bars, Terminal
from flows.running import local_server, one_run
from flows.running.serving import serve
from flows.running.stopping import on_stop
from flows.running.under_prefect import run_flow
from flows.served import one_night
from pipeline.core.errors import LinkageError, StorageError
from pipeline.core.parquet import read_table
from pipeline.core.places import ROOT, Home
from pipeline.core.run_note import RunNote, open_run
from pipeline.publish.publication import publish

GONE = httpx.ConnectError("All connection attempts failed")
LATER_S = 1.0


class Deaf:
    """Serves, and takes the first call to end for one of its own, as Prefect does where a night ends at that moment."""

    started = True

    def __init__(self) -> None:
        self.calls = 0

    async def start(self) -> None:
        while self.calls < 2:
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                self.calls += 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_ends_a_schedule_that_loses_the_first_call_to_end(tmp_path: Path, number: signal.Signals) -> None:
    def work() -> None:
        names: list[str] = []
        threading.Timer(LATER_S, os.kill, (os.getpid(), number)).start()
        asyncio.run(serve(Deaf(), names.append))
        assert names == [number.name]

    out = tmp_path / "out"
    assert ended(forked(work, out)) == 0, out.read_text("utf-8")


def test_a_schedule_that_breaks_says_why() -> None:
    class Broken(Deaf):
        async def start(self) -> None:
            raise StorageError("place", "is full.", "Make room.")

    with pytest.raises(StorageError):
        asyncio.run(serve(Broken(), print))


def test_a_schedule_on_a_machine_without_loopback_says_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr(local_server, "has_loopback", lambda: False)
    with pytest.raises(LinkageError, match="Let cron give `boroughlink run`"):
        local_server.begin_prefect_for_the_schedule()


def test_a_command_that_is_given_in_a_folder_that_is_gone_says_so(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    shell = ("sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', str(gone))
    done = boroughlink("runs", "list", before=shell, PYTHONPATH=str(ROOT))
    assert (done.code, "the current folder: is gone. Change to one" in done.err) == (2, True)


def test_a_signal_that_is_ignored_stays_so_and_afterwards_all_is_as_before() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with on_stop(print):
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            assert signal.getsignal(signal.SIGINT) != signal.default_int_handler
        assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
    finally:
        signal.signal(signal.SIGHUP, before)


def an_outcome() -> Outcome:
    return Outcome.__new__(Outcome)


def test_a_night_that_ended_before_prefects_server_was_gone_counts() -> None:
    outcome = an_outcome()

    def flow(_night: Night, hand_over: Callable[[Outcome], object]) -> Outcome:
        hand_over(outcome)
        raise GONE

    assert run_flow(flow, Night.__new__(Night)) is outcome


def test_a_night_that_failed_fails_for_its_reason_where_prefect_cannot_be_told() -> None:
    def flow(_night: Night, _: Callable[[Outcome], object]) -> Outcome:
        try:
            raise StorageError("place", "the disk is full.", "Make room.")
        except StorageError:
            raise GONE  # noqa: B904  (as Prefect does)

    with pytest.raises(StorageError, match="the disk is full"):
        run_flow(flow, Night.__new__(Night))


@pytest.mark.parametrize("error", [GONE, RuntimeError("Cannot. Failed to reach API at http://h/api.")])
def test_a_server_of_prefect_that_does_not_answer_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://user:secret@prefect.example:4200/api")

    def flow(_night: Night, _: Callable[[Outcome], object]) -> Outcome:
        raise error

    with pytest.raises(LinkageError, match=r"\(prefect.example:4200/api\) does not answer. Start it") as failed:
        run_flow(flow, Night.__new__(Night))
    assert "secret" not in str(failed.value)


def test_the_work_goes_on_where_nobody_reads_the_terminal_any_more(tmp_path: Path) -> None:
    def work() -> None:
        reader, writer = os.pipe()
        os.close(reader)
        sys.stderr = os.fdopen(writer, "w", buffering=1)
        terminal = Terminal()
        with Bars(terminal) as bars:
            bars.advance("read", 1)
        terminal.print("published")
        sys.stderr = sys.__stderr__

    out = tmp_path / "out"
    assert ended(forked(work, out)) == 0, out.read_text("utf-8")


def test_a_stage_shows_on_the_terminal_how_long_it_is_at_work() -> None:
    shown = io.StringIO()
    with Bars(Console(file=shown, force_terminal=True, color_system=None, width=80)) as bars:
        bars.begin("link")
        time.sleep(1.2)
    assert re.search(r"link .* 0:00:01", shown.getvalue())


def test_a_night_says_at_once_that_it_begins_or_that_it_goes_on(
    london: London, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = london.place / "out"

    def night() -> None:
        one_run.begin_prefect = lambda: lambda: False
        one_run.run_night(london.night(home, "2026-11-21"), Terminal())

    with monkeypatch.context() as broken:
        broken.setattr(one_run, "warm_up", failing)
        assert ended(forked(night, out)) == 1
    assert out.read_text("utf-8").splitlines()[0] == "Night 2026-11-21-1 begins."
    assert ended(forked(night, out)) == 0
    assert "\nNight 2026-11-21-1 goes on where it stopped.\n" in out.read_text("utf-8")


def test_a_night_of_a_schedule_says_how_it_ended(london: London, home: Path) -> None:
    london.say(as_of="2026-11-21")
    out, (run_file, place) = london.place / "out", map(str, (london.run_file, home))

    def night() -> None:
        one_run.begin_prefect = lambda: lambda: False
        one_night.fn(run_file, place)

    away = london.exports.rename(london.place / "unmounted")
    assert ended(forked(night, out)) == 1
    assert out.read_text("utf-8").startswith(f"The night failed. exports: {london.exports} is not a folder")
    away.rename(london.exports)
    assert ended(forked(night, out)) == 0
    assert out.read_text("utf-8").splitlines()[-1].startswith("Night 2026-11-21-1 is published: ")


def failing(*_: object) -> None:
    raise LinkageError("It ends here.")


def stopped(arguments: list[str], at: str, tmp_path: Path) -> str:
    """What a command says that is asked to stop where it removes the first thing whose path has these words."""

    def work() -> None:
        def stop(event: str, about: tuple[object, ...]) -> None:
            if event == "shutil.rmtree" and at in str(about[0]):
                os.kill(os.getpid(), signal.SIGINT)

        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.addaudithook(stop)
        app(arguments, standalone_mode=False)

    out = tmp_path / "out"
    assert ended(forked(work, out)) == -signal.SIGINT, out.read_text("utf-8")
    return out.read_text("utf-8")


@pytest.mark.slow
def test_an_expunge_that_is_stopped_says_that_it_is_cut_short_and_what_finishes_it(home: Path, tmp_path: Path) -> None:
    record = str(read_table(home / "published" / "current" / "records").column("record_id")[0])
    order = ["expunge", record, "--order", "ICO 7 [b]", "--by", "DPO", "--yes", "--home", str(home)]
    told = stopped(order, "kept", tmp_path)
    assert "Stopped (SIGINT). Order ICO 7 [b] is cut short: what it names may still be here." in told
    assert "The same command finishes it" in told
    done = boroughlink(*order)
    assert (done.code, "\n1 record gone from 1 publication, " in done.out) == (0, True), done.err


def test_a_prune_that_is_stopped_says_so_and_the_same_command_leaves_nothing_of_what_goes(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    for run_id in ("2026-11-18-1", "2026-11-19-1"):
        open_run(home, RunNote(run_id, "published", run_id[:10]))
        publish(home, run_id, tables(f"OF {run_id}"), {})
    command = ["runs", "prune", "--keep", "1", "--home", str(home.root)]
    told = stopped(command, ".new-2026-11-18-1", tmp_path)
    assert "Stopped (SIGINT). Nothing that stays was touched; the same command removes what is left" in told
    assert list(home.runs.glob(".*"))
    assert boroughlink(*command).code == 0
    assert not [path for folder in (home.published, home.runs) for path in folder.glob(".*")]
