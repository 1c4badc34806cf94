"""The nightly flow as a deployment runs it: plain parameters in, one night planned and run."""

from __future__ import annotations

import os
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread

from prefect import flow
from prefect.settings import Settings, get_current_settings

from flows.night.outcome import Outcome
from flows.night.place import keep_from_others
from flows.night.plan import plan_night
from flows.night.progress import Terminal
from flows.running.one_run import run_night
from pipeline.core.errors import LinkageError


@flow(name="one-night", persist_result=False)
def one_night(run_file: str | None = None, home: str | None = None) -> int:
    """Plan tonight and run it; returns the exit code that ``boroughlink run`` would end with."""
    keep_from_others()
    Thread(target=_ask_once_where_alone, args=(get_current_settings(),), daemon=True).start()
    try:
        night = plan_night(Path(run_file) if run_file else None, Path(home) if home else None, None, None, os.environ)
        outcome = run_night(night, None)
        Terminal().print(_ended(outcome), soft_wrap=True, markup=False)
        return outcome.exit_code
    except LinkageError as error:  # which Prefect keeps to itself
        Terminal().print(f"The night failed. {error}", soft_wrap=True, markup=False)
        raise
    finally:
        if _is_alone():
            os._exit(0)  # all is written, and Prefect's server is gone


def _ended(outcome: Outcome) -> str:
    held = f"; {len(outcome.not_fresh):,} feeds are not fresh" if outcome.not_fresh else ""
    return f"Night {outcome.run_id} is published{held}: {outcome.report}"


def _ask_once_where_alone(settings: Settings) -> None:
    """Wait until the schedule is gone; Prefect, which would try each call for a minute, then tries it once."""
    if schedule := parent_process():
        schedule.join()
        settings.client.max_retries = 0


def _is_alone() -> bool:
    """The schedule that began this process was killed, and its Prefect server with it."""
    schedule = parent_process()
    return schedule is not None and not schedule.is_alive()
