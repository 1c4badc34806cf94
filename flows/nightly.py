"""One night, from the boroughs' exports to linked Parquet. Read this first: a line a stage.

Stages hand on ids and paths, never rows: what they write lies in the run's folder. A run that died goes on with its
first stage that is not finished (``continuing``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from prefect import flow

from flows.night.outcome import Outcome
from flows.night.plan import Night
from flows.stages import tasks


def one_night(night: Night, hand_over: Callable[[Outcome], object] | None = None) -> Outcome:
    """Read and standardise every feed, validate every source, link, build persons, publish, report.

    What became of it is handed over before Prefect is told, which may fail.
    """
    began = time.perf_counter()
    tasks.read_feeds(night)
    tasks.validate_sources(night)
    states = tasks.run(tasks.settle_feeds, night)
    tasks.run(tasks.link, night, states)
    tasks.run(tasks.build_persons, night)
    published = tasks.run(tasks.publish, night, states)
    outcome = tasks.run(tasks.report, night, states, published, time.perf_counter() - began)
    if hand_over:
        hand_over(outcome)
    return outcome


HOOKS: Any = [tasks.note_state]
nightly = flow(
    name="nightly",
    flow_run_name="{night.run_id}",
    validate_parameters=False,
    persist_result=False,
    on_completion=HOOKS,
    on_failure=HOOKS,
    on_crashed=HOOKS,
)(one_night)
