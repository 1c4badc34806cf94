"""What a night starts beside itself ends with it, however the night ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.core.places import ROOT

NIGHT = """
import subprocess, sys, time
from flows.quiet import end_with_us
server = subprocess.Popen(["sleep", "600"])
end_with_us(server)
print(server.pid, flush=True)
time.sleep(float(sys.argv[1]))
"""


def is_there(pid: int) -> bool:
    """Whether the process is at work; one that ended and that nobody asked about is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(("seconds", "is_killed"), [("600", True), ("0.5", False)])
def test_a_server_beside_the_night_ends_when_the_night_is_killed_or_done(seconds: str, *, is_killed: bool) -> None:
    with subprocess.Popen([sys.executable, "-c", NIGHT, seconds], stdout=subprocess.PIPE, cwd=ROOT) as night:
        assert night.stdout
        server = int(night.stdout.readline())
        assert is_there(server)
        if is_killed:
            night.send_signal(signal.SIGKILL)
        night.wait()
        until = time.monotonic() + 20
        while is_there(server) and time.monotonic() < until:
            time.sleep(0.05)
        assert not is_there(server)


def descendants(pid: int) -> list[int]:
    """All processes that a process has begun, and those that these have."""
    children = [
        int(child)
        for thread in Path(f"/proc/{pid}/task").glob("*")
        for child in (thread / "children").read_text("utf-8").split()
    ]
    return [one for child in children for one in (child, *descendants(child))]


def command_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text("utf-8").split("\0")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 0)])
def test_a_schedule_that_is_killed_or_stopped_leaves_no_server_behind_and_its_port_is_free(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    command = [str(Path(sys.executable).parent / "boroughlink"), "schedule", "--home", str(tmp_path / "home")]
    with (tmp_path / "out").open("w") as out, subprocess.Popen(command, stdout=out, stderr=out, cwd=ROOT) as schedule:
        try:
            until = time.monotonic() + 120
            while "Stop with Ctrl-C" not in (tmp_path / "out").read_text("utf-8") and time.monotonic() < until:
                assert schedule.poll() is None, (tmp_path / "out").read_text("utf-8")
                time.sleep(0.2)
            time.sleep(3)
            begun = descendants(schedule.pid)
            servers = [pid for pid in begun if {"prefect", "uvicorn"} & set(command_of(pid))]
            assert len(servers) == 1, "the server of the schedule, and none that Prefect starts by itself"
            port = int(command_of(servers[0])[-2])
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        finally:
            schedule.send_signal(number)
    assert schedule.returncode == code
    until = time.monotonic() + 30
    while any(map(is_there, begun)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not [command_of(pid) for pid in begun if is_there(pid)]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
