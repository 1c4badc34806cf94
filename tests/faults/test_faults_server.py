"""What a night starts beside itself ends with it, however the night ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command_line import boroughlink
from processes import command_of, descendants, is_gone
from small_london import London, current_run, log_of, note_of
from web_desk import World, running

from flows.stewards.desk import check_port
from pipeline.core.places import ROOT, Home

RUN = "2026-11-20-1"
LONGEST_WAIT = 300.0  # seconds: kernels may be compiled meanwhile, beside other tests
NIGHT = """
import sys, time
from pathlib import Path
from flows.running import local_server
from flows.running.quiet import quiet_prefect
quiet_prefect(Path(sys.argv[2]))
has_answered = local_server.begin_prefect()()
from prefect.client.orchestration import get_client
has_answered &= get_client(sync_client=True).api_healthcheck() is None
print(local_server._of_this_process.process.pid, has_answered, flush=True)
time.sleep(float(sys.argv[1]))
"""


WITH_A_PROXY = os.environ | {"http_proxy": "http://127.0.0.1:9", "NO_PROXY": "proxy.example"}


@pytest.mark.parametrize(("seconds", "is_killed"), [("600", True), ("0.5", False)])
def test_a_server_beside_the_night_ends_when_the_night_is_killed_or_done(
    begun_home: Path, seconds: str, *, is_killed: bool
) -> None:
    command = [sys.executable, "-c", NIGHT, seconds, str(begun_home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=WITH_A_PROXY) as night:
        assert night.stdout
        process_id, has_answered = night.stdout.readline().split()
        assert has_answered == b"True"
        server = int(process_id)
        assert not is_gone(server)
        if is_killed:
            night.send_signal(signal.SIGKILL)
        night.wait()
        until = time.monotonic() + 20
        while not is_gone(server) and time.monotonic() < until:
            time.sleep(0.05)
        assert is_gone(server)


@contextmanager
def scheduled(tmp_path: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A schedule that serves."""
    command = [str(Path(sys.executable).parent / "boroughlink"), "schedule", *options]
    out = tmp_path / "out"
    with out.open("w") as file, subprocess.Popen(command, stdout=file, stderr=file, cwd=ROOT) as schedule:
        try:
            waited_for(lambda: "run one-night/nightly" in out.read_text("utf-8") or schedule.poll() is not None)
            assert schedule.poll() is None, out.read_text("utf-8")
            yield schedule
        finally:
            schedule.kill()


def waited_for(comes: Callable[[], object]) -> bool:
    """Whether it came, in the time that the slowest machine may take."""
    until = time.monotonic() + LONGEST_WAIT
    while not (came := bool(comes())) and time.monotonic() < until:
        time.sleep(0.1)
    return came


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 0)])
def test_a_schedule_that_is_killed_or_stopped_leaves_no_server_behind_and_its_port_is_free(
    begun_home: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with scheduled(tmp_path, "--home", str(begun_home)) as schedule:
        time.sleep(3)
        begun = descendants(schedule.pid)
        servers = [
            pid for pid in begun if {"flows.running.prefect_server", "prefect", "uvicorn"} & set(command_of(pid))
        ]
        assert len(servers) == 1, "the server of the schedule, and none that Prefect starts by itself"
        port = int(re.findall(r"PREFECT_API_URL=http://127.0.0.1:(\d+)/api", (tmp_path / "out").read_text("utf-8"))[0])
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        schedule.send_signal(number)
        assert schedule.wait() == code
    assert waited_for(lambda: all(map(is_gone, begun))), [command_of(pid) for pid in begun if not is_gone(pid)]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.slow
def test_the_night_of_a_schedule_that_is_killed_publishes_and_its_process_ends_with_it(
    london: London, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with scheduled(tmp_path, "--home", str(home), "--run-file", str(london.run_file)) as schedule:
        deploy = (tmp_path / "out").read_text("utf-8").partition("A night at once: ")[2]
        server, *command = deploy.split()
        environment = os.environ | dict([server.split("=", 1)])
        subprocess.run([sys.executable, "-m", *command], env=environment, capture_output=True, check=True, cwd=tmp_path)
        assert waited_for((home / "runs" / RUN / "standardise").exists), (tmp_path / "out").read_text("utf-8")
        begun = descendants(schedule.pid)
        schedule.kill()
    assert note_of(home, RUN)["state"] == "unfinished"
    assert waited_for(lambda: note_of(home, RUN)["state"] == "published")
    assert waited_for(lambda: all(map(is_gone, begun))), [command_of(pid) for pid in begun if not is_gone(pid)]
    assert current_run(home) == RUN


@pytest.mark.slow
def test_a_night_runs_without_prefect_where_its_database_is_damaged_and_says_so(london: London, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "prefect").mkdir(parents=True)
    (home / "prefect" / "prefect.db").write_bytes(b"no database " * 1000)
    night = boroughlink("run", "--home", str(home), "--run-file", str(london.run_file))
    assert night.code == 0, night.err
    assert "Prefect's local server does not start; the night runs without it." in night.out + night.err
    assert "prefect does not start" in [line["event"] for line in log_of(home, RUN)]
    assert current_run(home) == RUN


def test_workers_of_a_review_desk_that_is_killed_end_and_leave_its_port(home: Path) -> None:
    world = World(Home(home))
    with running(world, "--workers", "2") as served:
        port = served.url.rpartition(":")[2]
        command = next(process for process in descendants(os.getpid()) if {"review", port} <= set(command_of(process)))
        workers = descendants(command)
        assert len(workers) >= 2
        os.kill(command, signal.SIGKILL)
        until = time.monotonic() + LONGEST_WAIT
        while not all(map(is_gone, workers)) and time.monotonic() < until:
            time.sleep(0.05)
    assert all(map(is_gone, workers))
    check_port("127.0.0.1", int(port))
