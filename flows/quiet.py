"""Prefect without noise, telemetry or a home outside ours. Call before Prefect is imported."""

from __future__ import annotations

import os
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

_WATCHERS: list[tuple[subprocess.Popen[bytes], int]] = []
"""Each waits for the end of a pipe that the system closes with this process"""


def quiet_prefect(home: Path) -> None:
    """Keep Prefect's state in the home, its server in this process' care, and everything on this machine.

    A worker of an own Prefect server sets PREFECT_API_URL; then that server is used.
    """
    folder = Path(os.environ.get("BOROUGHLINK_PREFECT_HOME", home / "prefect"))
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["PREFECT_HOME"] = str(folder)
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_INTERNAL_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_ENABLED", "false")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "60")
    os.environ.setdefault("PREFECT_RESULTS_PERSIST_BY_DEFAULT", "false")
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")  # of a night that is stopped


def has_loopback() -> bool:
    """This machine can talk to itself; without that Prefect's local server cannot be reached."""
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as server,
            socket.create_connection(server.getsockname(), timeout=2),
        ):
            return True
    except OSError:
        return False


def prefect_starts() -> bool:
    """Prefect has a server to talk to: the one of PREFECT_API_URL, or its own local one, which is started here."""
    if os.environ.get("PREFECT_API_URL"):
        return True
    if not has_loopback():
        return False
    from prefect.server.api.server import SubprocessASGIServer  # noqa: PLC0415

    class Server(SubprocessASGIServer):
        """Prefect's own, which nothing outlives; the instance is shared, so that its client finds it."""

        def _run_uvicorn_command(self) -> subprocess.Popen[Any]:
            process = super()._run_uvicorn_command()
            end_with_us(process)
            return process

    try:
        Server().start()
    except RuntimeError:
        return False
    return True


def end_with_us(process: subprocess.Popen[Any]) -> None:
    """End that process when this one is gone, also where it was killed and could do nothing itself."""
    ours, ends = os.pipe()
    command = ["/bin/sh", "-c", f"read -r _; kill {process.pid} 2>/dev/null"]
    with suppress(OSError):
        _WATCHERS.append((subprocess.Popen(command, stdin=ours, start_new_session=True), ends))  # noqa: S603
    os.close(ours)
