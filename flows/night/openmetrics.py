"""Measures of the last run as OpenMetrics text for a node exporter's textfile collector; no personal data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pyarrow.parquet as pq
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from pipeline.core.clock import moment_of
from pipeline.core.durable import make_folder, replacing, sync_folder
from pipeline.core.errors import LinkageError
from pipeline.core.log import log
from pipeline.core.places import Home
from pipeline.core.run_ids import run_folders
from pipeline.core.run_note import RunNote, last_note, read_note
from pipeline.publish.publication import Publication, read_current

FILE_OF_ALL, FOLDER_OF_ALL = 0o644, 0o755
"""The node exporter is another user, and nothing here is of a person"""
PREFIX = "boroughlink_"
OF_PUBLICATION = ("run_success", "published")
STATES = ("published", "failed", "refused")


def write_metrics(home: Home, note: RunNote, exit_code: int) -> None:
    """Write ``<home>/metrics/boroughlink.prom``, whole or not at all."""
    gauges = _Gauges()
    _add_end(gauges, note, exit_code)
    gauges.set("run_resumed", "How often the last run was continued after it had died or failed", note.n_resumed)
    _add_measures(gauges, home, note)
    _add_publication(gauges, home)
    _write(gauges, home)


def renew_metrics(home: Home) -> None:
    """What the file tells of the publication, as readers see it now: after a release, a rollback or an expunge. Never raises.

    Where the last run is the one that they see, as after its release, also how it ended.
    """
    try:
        gauges = _Gauges()
        text = home.metrics.read_text("utf-8")
        for family in text_string_to_metric_families(text):  # type: ignore[no-untyped-call]
            if not family.name.removeprefix(PREFIX).startswith(OF_PUBLICATION):
                for sample in family.samples:
                    name = sample.name.removeprefix(PREFIX)
                    gauges.set(name, family.documentation, sample.value, **sample.labels)
        _add_publication(gauges, home)
        last, current = last_note(home), read_current(home)
        if last and current and last.run_id == current.run_id and last.state == "published":
            _add_end(gauges, last, 0 if set(_states(current)) <= {"fresh"} else 3)
        _write(gauges, home)
    except (OSError, ValueError, LinkageError) as error:
        log("metrics not written", error=type(error).__name__)


def _write(gauges: _Gauges, home: Home) -> None:
    make_folder(home.metrics.parent)
    home.metrics.parent.chmod(FOLDER_OF_ALL)
    text: bytes = generate_latest(gauges.registry)  # type: ignore[no-untyped-call]
    with replacing(home.metrics) as temporary:
        temporary.write_bytes(text)
        temporary.chmod(FILE_OF_ALL)
    sync_folder(home.metrics.parent)


def _add_end(gauges: _Gauges, note: RunNote, exit_code: int) -> None:
    for state in STATES:
        gauges.set("run_state", "1 for the state that the last run ended in", float(note.state == state), state=state)
    gauges.set("run_exit_code", "Exit code of the last run: 0 good, 1 failed, 3 a feed was held", exit_code)
    if note.ended_at:
        gauges.set("run_end_timestamp_seconds", "When the last run ended", moment_of(note.ended_at).timestamp())


def _add_measures(gauges: _Gauges, home: Home, note: RunNote) -> None:
    path = home.run(note.run_id).file("metrics.json")
    for stage, metric, value, unit in json.loads(path.read_text("utf-8")) if path.exists() else []:
        if metric == "seconds":
            gauges.set("stage_seconds", "How long a stage of the last run took", value, stage=stage)
        else:
            gauges.set("measure", "What a stage of the last run measured", value, stage=stage, metric=metric, unit=unit)
    if note.peak_mb is not None:
        gauges.set("run_peak_memory_bytes", "Most memory that the last run held", note.peak_mb * 2**20)


def _add_publication(gauges: _Gauges, home: Home) -> None:
    if last := _last_success(home):
        gauges.set("run_success_timestamp_seconds", "When a run last published", moment_of(last).timestamp())
    current = read_current(home)
    if current is None:
        return
    tables = current.manifest["tables"]
    for name, facts in tables.items() if isinstance(tables, dict) else ():
        gauges.set("published_rows", "Rows of a table that readers see", facts["rows"], table=name)
    states = Counter(_states(current))
    for state in ("fresh", "held", "missing"):
        gauges.set("published_feeds", "Feeds by state, in what readers see", states[state], state=state)


def _states(publication: Publication) -> Iterator[str]:
    """State of each feed, read without threads: they may be what the night failed for, and a reader would wait for ever."""
    for path in sorted((publication.folder / "source_status").glob("*.parquet")):
        with pq.ParquetFile(path) as file:
            yield from file.read(["state"], use_threads=False).column("state").to_pylist()


def _last_success(home: Home) -> str | None:
    ended = []
    for folder in run_folders(home):
        try:
            note = read_note(folder)
        except LinkageError:
            continue
        if note and note.state == "published" and note.ended_at:
            ended.append(note.ended_at)
    return max(ended, default=None)


class _Gauges:
    """Gauges in a registry of their own, made when they are first set."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._gauges: dict[str, Gauge] = {}

    def set(self, name: str, description: str, value: float, **labels: str) -> None:
        if name not in self._gauges:
            self._gauges[name] = Gauge(f"{PREFIX}{name}", description, tuple(labels), registry=self.registry)
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)
