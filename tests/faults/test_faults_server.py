"""What a night starts beside itself ends with it, however the night ends."""

from __future__ import annotations

import signal
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
