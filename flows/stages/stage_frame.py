"""What surrounds every stage: errors without personal data, seconds, and the measures of the run."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flows.night.plan import Night
from flows.night.progress import progress
from pipeline.core.durable import storage_error, write_synced
from pipeline.core.errors import LinkageError
from pipeline.core.log import log
from pipeline.core.metrics import Metric

_metrics_lock = threading.Lock()


@contextmanager
def private(night: Night, place: str) -> Iterator[None]:
    """Let only our own errors through: one of a library may quote the data it met, and Prefect would keep it."""
    try:
        yield
    except Exception as error:
        if isinstance(error, LinkageError) and error.stage:
            raise  # told already, nearer to where it happened
        known_error = error if isinstance(error, LinkageError) else storage_error(error, night.home.root)
        if known_error is None and os.environ.get("BOROUGHLINK_DEBUG"):
            raise
        if known_error is None:
            kind = type(error).__name__
            known_error = LinkageError(f"{place} failed ({kind}). Set BOROUGHLINK_DEBUG=1 and run again to see where.")
        known_error.stage = known_error.stage or place
        log("stage failed", stage=place, error=type(error).__name__, reason=str(known_error))
        if known_error is error:
            raise
        raise known_error from None


class timed:  # noqa: N801  (reads as a word where it is used)
    """Seconds of a stage, over all tries of the run, as a metric; on a terminal its clock goes."""

    def __init__(self, night: Night, stage: str) -> None:
        self._night, self._stage, self._start = night, stage, time.perf_counter()

    def __enter__(self) -> None:
        log("stage begins", stage=self._stage)
        progress().begin(self._stage)

    def __exit__(self, kind: object, *_: object) -> None:
        seconds = time.perf_counter() - self._start
        log("stage ends", stage=self._stage, seconds=round(seconds, 3), is_good=kind is None)
        if kind is None:
            before = sum(
                metric.value
                for metric in metrics_of(self._night)
                if (metric.stage, metric.metric) == (self._stage, "seconds")
            )
            add_metrics(self._night, [Metric(self._stage, "seconds", before + seconds, "s")])


def add_metrics(night: Night, metrics: list[Metric]) -> None:
    """Keep measures of the run; one that is there already gets its new value."""
    with _metrics_lock:
        by_name = {(metric.stage, metric.metric): metric for metric in (*metrics_of(night), *metrics)}
        write_synced(night.folder.file("metrics.json"), json.dumps(list(by_name.values())))


def metrics_of(night: Night) -> list[Metric]:
    """Measures of the run so far; none where they can no longer be read, for nothing else depends on them."""
    path = night.folder.file("metrics.json")
    try:
        return [Metric(*row) for row in json.loads(path.read_text("utf-8"))] if path.exists() else []
    except (ValueError, TypeError):
        log("metrics damaged")
        return []
