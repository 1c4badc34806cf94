"""One night, from the boroughs' exports to linked Parquet. Read this first: a line a stage.

Tasks hand on ids and paths, never rows: what they write lies in the run's folder.
"""

from __future__ import annotations

import time

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from flows import tasks
from flows.night import Night
from flows.outcome import Outcome


@flow(
    name="nightly",
    flow_run_name="{night.run_id}",
    task_runner=ThreadPoolTaskRunner(max_workers=4),  # type: ignore[arg-type]
    validate_parameters=False,
    persist_result=False,
    on_completion=[tasks.note_state],  # type: ignore[list-item]
    on_failure=[tasks.note_state],  # type: ignore[list-item]
    on_crashed=[tasks.note_state],  # type: ignore[list-item]
)
def nightly(night: Night) -> Outcome:
    """Read and standardise every feed, validate every source, link, build persons, publish, report."""
    began = time.perf_counter()
    read = {feed_id: tasks.read_and_standardise.submit(night, feed_id) for feed_id in night.feeds}
    tasks.wait_for_feeds(night, read)
    validated = [tasks.validate.submit(night, contract) for contract in night.contracts]
    states = tasks.settle_feeds(night, wait_for=validated)
    tasks.link(night, states)
    tasks.build_persons(night)
    publication = tasks.publish(night, states)
    return tasks.report(night, states, publication, time.perf_counter() - began)
