"""The nightly flow as a deployment runs it: plain parameters in, one night planned and run."""

from __future__ import annotations

import os
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread

from prefect import flow
from prefect.settings import Settings, get_current_settings

from flows.night.place import keep_from_others
from flows.night.plan import plan_night
from flows.running.one_run import run_night


@flow(name="one-night", persist_result=False)
def one_night(run_file: str | None = None, home: str | None = None) -> int:
    """Plan tonight and run it; returns the exit code that ``boroughlink run`` would end with."""
    keep_from_others()
    Thread(target=_ask_once_where_alone, args=(get_current_settings(),), daemon=True).start()
    night = plan_night(Path(run_file) if run_file else None, Path(home) if home else None, None, None, os.environ)
    try:
        return run_night(night, None).exit_code
    finally:
        if _is_alone():
            os._exit(0)  # all is written, and Prefect's server is gone


def _ask_once_where_alone(settings: Settings) -> None:
    """Wait until the schedule is gone; Prefect, which would try each call for a minute, then tries it once."""
    if schedule := parent_process():
        schedule.join()
        settings.client.max_retries = 0


def _is_alone() -> bool:
    """The schedule that began this process was killed, and its Prefect server with it."""
    schedule = parent_process()
    return schedule is not None and not schedule.is_alive()
