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

from flows.quiet import end_with_us, has_loopback
from pipeline.core.errors import LinkageError

START_SECONDS = 90
API_URL = "PREFECT_API_URL"


def choose_port() -> int | None:
    """A free port for a server of our own, named in PREFECT_API_URL; None where that names a server already.

    Call it before Prefect is imported: Prefect reads the address then, and a client that knows none starts a server of
    its own beside ours, which nobody ends when this process is killed.

    Raises:
        LinkageError: If this machine cannot reach a server of its own.
    """
    if os.environ.get(API_URL):
        return None
    if not has_loopback():
        raise LinkageError(
            "The schedule needs a Prefect server, and this machine has no loopback interface to reach one of its own. "
            "Let cron give `boroughlink run`, which does without, or name a server in PREFECT_API_URL."
        )
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    os.environ[API_URL] = f"http://127.0.0.1:{port}/api"
    return port


@contextmanager
def local_server(port: int) -> Iterator[None]:
    """Run a server without its browser pages (they call out) on a port of loopback while the block runs.

    It ends with this process, also where that is killed and can do nothing itself, but not by a Ctrl-C at the terminal: a
    night that is stopped tells it so.

    Raises:
        LinkageError: If the server does not answer in time.
    """
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "PREFECT_SERVER_UI_ENABLED": "false", "PREFECT_UI_ENABLED": "false"}
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet, start_new_session=True)  # noqa: S603
    end_with_us(server)
    try:
        _wait(server, f"http://127.0.0.1:{port}/api/health")
        yield
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
