"""The review desk, served for a benchmark."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2

from pipeline.core.places import Home

LIMITS = "review: { requests_a_minute: 1000000, sign_ins_a_minute: 100000 }\n"


class Server:
    """The desk as ``boroughlink review`` serves it, on a free port, for as long as the context lasts."""

    def __init__(self, home: Home, workers: int) -> None:
        self.home, self.workers = home, workers

    def __enter__(self) -> Server:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        run_file = self.home.root / "run.yaml"
        run_file.write_text(LIMITS)
        command = [
            sys.executable,
            "-c",
            "from flows.cli import main; main()",
            "review",
            "--port",
            str(port),
            "--home",
            str(self.home.root),
            "--run-file",
            str(run_file),
            "--workers",
            str(self.workers),
        ]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        for _ in range(600):
            try:
                if httpx2.get(f"{self.url}/health").status_code == 200:
                    return self
            except httpx2.HTTPError:
                time.sleep(0.2)
        raise RuntimeError("the desk does not start")

    def __exit__(self, *_: object) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(30)

    def memory_mb(self) -> float:
        """Resident memory of the desk's processes."""
        pages = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                if int(stat.read_text().rpartition(")")[2].split()[2]) == self.process.pid:
                    pages += int((stat.parent / "statm").read_text().split()[1])
            except (OSError, ValueError, IndexError):
                continue
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
