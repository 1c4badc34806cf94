"""The stage that publishes, if the gate lets it, and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flows.continuing.kept import forget_others
from flows.night.decisions import detached_among, stamp_of
from flows.night.finishing import switch_to
from flows.night.outcome import Outcome, worked_on
from flows.night.plan import Night
from flows.stages.gate import RELEASED_REPORT, ask_gate
from flows.stages.linking import LINK, why_full
from flows.stages.person_tables import built_rows
from flows.stages.reading import READING_PEAK
from flows.stages.validating import VALIDATE
from pipeline.core.durable import write_synced
from pipeline.core.errors import LimitsPassedError
from pipeline.core.log import log
from pipeline.core.memory import peak_mb
from pipeline.core.metrics import Metric
from pipeline.core.parquet import read_table
from pipeline.link.drift import drift_told
from pipeline.publish.held_back import hold_back
from pipeline.publish.publication import list_publications, publish
from pipeline.publish.rows import Rows, n_rows, of_file
from pipeline.report.page import COLUMNS, NightStory, render_report
from pipeline.validate.hold import FeedState, add_missing_checksums
from schemas.tables import LINKS, RUN_METRICS


def publish_tables(night: Night, states: Sequence[FeedState], metrics: Sequence[Metric]) -> Path:
    """Publish all tables, then keep tonight's fresh exports as the last good ones.

    Raises:
        LimitsPassedError: If the gate holds the night back; its tables then wait in the run's folder.
    """
    tables = built_rows(night)
    tables["links"] = of_file(night.folder.table(LINK, "links"), LINKS)
    tables |= {name: read_table(night.folder.table(VALIDATE, name)) for name in ("quarantine", "source_status")}
    counts = [*metrics, Metric("run", "peak_memory", _most_mb(metrics), "MB"), *_table_counts(tables)]
    tables["run_metrics"] = pa.Table.from_pylist([metric._asdict() for metric in counts], RUN_METRICS.arrow_schema())
    settings = night.settings
    facts = {
        "as_of": night.as_of.isoformat(),
        "model": night.model.stamp,
        "policy": settings.policy,
        "engine": settings.engine,
        "analysis": settings.analysis.model_dump(),
        "decisions": stamp_of(read_table(night.folder.table(LINK, "decisions"))),
        "contracts": {contract.source: contract.stamp for contract in night.contracts},
        "inputs": {state.night.feed_id: state.facts.file_sha256 if state.facts else None for state in states},
    }
    if not night.home.is_published(night.run_id):  # else the run died after the gate had let it through
        passed = ask_gate(night, states, tables).broken
        if passed:
            held = hold_back(night.home, night.run_id, tables, facts)
            problems = tuple(limit.sentence for limit in passed)
            seconds = sum(metric.value for metric in metrics if metric.metric == "seconds")
            write_report(night, states, held, metrics, seconds, refused=problems)
            raise LimitsPassedError(night.run_id, problems)
    published = publish(night.home, night.run_id, tables, facts)
    switch_to(night.home, night.run_id)
    add_missing_checksums(states)
    forget_others(night.home, night.run_id)
    log("published", run=night.run_id)
    return published


def write_report(
    night: Night,
    states: Sequence[FeedState],
    published: Path,
    metrics: Sequence[Metric],
    seconds: float,
    *,
    refused: Sequence[str] = (),
) -> Outcome:
    """Write report.html into the run's folder, of a night that is refused also that of its release; returns what it came to."""
    tables = {name: read_table(published / name, columns) for name, columns in COLUMNS.items()}
    path = night.folder.file("report.html")
    story = _story(night, states, tables, metrics, refused)
    write_synced(path, render_report(story))
    if refused:
        write_synced(night.folder.file(RELEASED_REPORT), render_report(replace(story, is_released=True)))
    decisions = tables["links"].column("decision")
    return Outcome(
        run_id=night.run_id,
        published=published,
        report=path,
        validation=night.folder.file("validation.html"),
        records=len(tables["records"]),
        persons=len(tables["persons"]),
        links=pc.sum(pc.equal(decisions, "link")).as_py() or 0,
        questions=len(tables["review_queue"]),
        quarantined=len(tables["quarantine"]),
        fresh=sum(state.state == "fresh" for state in states),
        not_fresh=tuple(
            (state.night.feed_id, state.state, state.night.reason or "") for state in states if state.state != "fresh"
        ),
        seconds=round(seconds, 3),
        peak_mb=round(_most_mb(metrics), 1),
        detached=detached_among(metrics),
        why_full=why_full(night),
        built=_work_counts(metrics),
        unread=_unread(states),
    )


def _story(
    night: Night,
    states: Sequence[FeedState],
    tables: Mapping[str, pa.Table],
    metrics: Sequence[Metric],
    refused: Sequence[str],
) -> NightStory:
    return NightStory(
        tables,
        [*metrics, Metric("run", "peak_memory", _most_mb(metrics), "MB")],
        night.run_id,
        night.as_of.isoformat(),
        night.model.stamp,
        has_before=any(publication.run_id != night.run_id for publication in list_publications(night.home)),
        refused=refused,
        drift=drift_told(metrics),
        detached=detached_among(metrics),
        worked_on=worked_on(why_full(night), _work_counts(metrics)),
        unread=_unread(states),
    )


def _unread(states: Sequence[FeedState]) -> tuple[tuple[str, str], ...]:
    """Feed and what to tell of its sheets that were not read, of those that are fresh nevertheless."""
    return tuple((state.night.feed_id, state.unread) for state in states if state.unread)


def _work_counts(metrics: Sequence[Metric]) -> dict[str, int]:
    """Records of all sources by what became of them since last night, persons rebuilt, and pairs compared and taken over."""
    values = {metric.metric: int(metric.value) for metric in metrics if metric.stage in ("night", "link")}
    records = {
        name: sum(count for metric, count in values.items() if metric.startswith(f"records_{name}_"))
        for name in ("new", "changed", "withdrawn", "unchanged")
    }
    pairs_known = values.get("candidate_pairs", 0) - values.get("compared_pairs", 0)
    records |= {"persons_rebuilt": values.get("persons_rebuilt", 0)}
    return {**records, "pairs_compared": values.get("compared_pairs", 0), "pairs_known": pairs_known}


def _most_mb(metrics: Sequence[Metric]) -> float:
    """Most memory that the run has held, MB."""
    return max([peak_mb(), *(metric.value for metric in metrics if metric.metric == READING_PEAK)])


def _table_counts(tables: Mapping[str, Rows]) -> list[Metric]:
    return [Metric("publish", f"rows_{name}", n_rows(rows), "count") for name, rows in tables.items()]
