"""A Prefect server of our own on this machine, for the schedule: only a full server looks for runs that are due."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from flows.quiet import end_with_us
from pipeline.core.errors import LinkageError

START_SECONDS = 90


@contextmanager
def local_server() -> Iterator[str]:
    """Start a server without its browser pages (they call out), on loopback; its API's address while the block runs.

    Where PREFECT_API_URL names a server, that one is used.

    Raises:
        LinkageError: If the server does not answer in time.
    """
    if api_url := os.environ.get("PREFECT_API_URL"):
        yield api_url
        return
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    quiet = {**os.environ, "PREFECT_SERVER_UI_ENABLED": "false", "PREFECT_UI_ENABLED": "false"}
    server = subprocess.Popen(command, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    end_with_us(server)
    address = f"http://127.0.0.1:{port}/api"
    try:
        _wait(server, f"{address}/health")
        os.environ["PREFECT_API_URL"] = address
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait(server: subprocess.Popen[bytes], health: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(health, timeout=2):  # noqa: S310  (our own server on loopback)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise LinkageError("Prefect's server does not start; see `prefect server start`, or name one in PREFECT_API_URL.")
