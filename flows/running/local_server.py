"""Prefect servers of our own on this machine: one that ends with the night, or with the schedule.

A server begins before this process imports Prefect, which takes as long as the server needs to start, and reads then in
PREFECT_API_URL where it is.
"""

from __future__ import annotations

import atexit
import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from pipeline.core.errors import LinkageError

LOOPBACK = "127.0.0.1"
START_SECONDS = 90
END_SECONDS = 10
API_URL = "PREFECT_API_URL"
QUIET = {"PREFECT_SERVER_UI_ENABLED": "false", "PREFECT_UI_ENABLED": "false", "PREFECT__SERVER_FINAL": "1"}
FOR_A_NIGHT = {"PREFECT__SERVER_EPHEMERAL": "1"}
"""Prefect's name for a server without services such as its scheduler"""


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that nothing outlives; not ended by a Ctrl-C at the terminal, for a night that is stopped tells it so."""

    process: subprocess.Popen[bytes]
    port: int

    def answers(self) -> bool:
        """Wait until it answers; False where it does not in time, or ended."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=START_SECONDS)
        try:
            connection.request("GET", "/api/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """End it, by force where it does not."""
        self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


_of_this_process: LocalServer | None = None
"""Prefect keeps the address that it was imported with, so there is one"""


def begin_prefect() -> Callable[[], bool]:
    """Begin a server for a night where PREFECT_API_URL names none; what is returned waits, and tells whether it answers."""
    if _of_this_process is None:
        if os.environ.get(API_URL):
            return lambda: True
        if not has_loopback():
            return lambda: False
    server = _of_this_process or _begin_server(FOR_A_NIGHT)
    return server.answers


def begin_prefect_for_the_schedule() -> LocalServer | None:
    """Begin a full server, which looks for runs that are due; None where PREFECT_API_URL names one already.

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
    return _begin_server({})


def _begin_server(settings: dict[str, str]) -> LocalServer:
    """Begin it on a free port of loopback, and name it in PREFECT_API_URL; who asks it before it is up waits."""
    global _of_this_process  # noqa: PLW0603
    with socket.create_server((LOOPBACK, 0)) as listener:
        port: int = listener.getsockname()[1]
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "flows.running.prefect_server", str(listener.fileno())],
            env=os.environ | QUIET | settings,
            pass_fds=[listener.fileno()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    os.environ[API_URL] = f"http://{LOOPBACK}:{port}/api"
    without_proxy = ",".join(filter(None, (os.environ.get("no_proxy") or os.environ.get("NO_PROXY"), LOOPBACK)))
    os.environ |= {"no_proxy": without_proxy, "NO_PROXY": without_proxy}  # Prefect's client would ask a proxy for it
    server = LocalServer(process, port)
    atexit.register(server.stop)
    _of_this_process = server
    return server


def is_ours() -> bool:
    """PREFECT_API_URL names a server that this process began."""
    return _of_this_process is not None


def has_loopback() -> bool:
    """This machine can talk to itself; without that no server on it can be reached."""
    with suppress(OSError), socket.create_server((LOOPBACK, 0)) as listener:
        socket.create_connection(listener.getsockname(), timeout=2).close()
        return True
    return False
