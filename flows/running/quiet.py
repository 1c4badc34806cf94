"""Prefect without noise, telemetry or a home outside ours. Call before Prefect is imported."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.core.durable import make_folder


def quiet_prefect(home: Path) -> None:
    """Keep Prefect's state in the home, its server in this process' care, and everything on this machine.

    A worker of an own Prefect server sets PREFECT_API_URL; then that server is used.
    """
    folder = Path(os.environ.get("BOROUGHLINK_PREFECT_HOME") or home / "prefect")
    make_folder(folder)
    os.environ["PREFECT_HOME"] = str(folder)
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_INTERNAL_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_LOGGING_TO_API_ENABLED", "false")
    os.environ.setdefault("PREFECT_RESULTS_PERSIST_BY_DEFAULT", "false")
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")  # of a night that is stopped
