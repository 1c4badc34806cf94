"""The nightly flow as a deployment runs it: plain parameters in, one night planned and run."""

from __future__ import annotations

import os
from pathlib import Path

from prefect import flow

from flows.night import plan_night
from flows.one_run import run_night


@flow(name="one-night", persist_result=False)
def one_night(run_file: str | None = None, home: str | None = None) -> int:
    """Plan tonight and run it; returns the exit code that ``boroughlink run`` would end with."""
    night = plan_night(Path(run_file) if run_file else None, Path(home) if home else None, None, None, os.environ)
    return run_night(night, None).exit_code
