"""Stages of a night as plain functions: each reads finished tables from the run folder and writes the next ones."""

from __future__ import annotations

import hashlib
import json
import resource
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.building import PERSON_TABLES, PERSONS
from flows.checkpoints import as_marked
from flows.decided import stamp_of
from flows.gate import ask_gate
from flows.kept import forget_others
from flows.linking import LINK, why_full
from flows.night import Night
from flows.outcome import Outcome, worked_on
from flows.reading import READ, STANDARDISE, last_export, noted
from pipeline.core.durable import write_synced
from pipeline.core.errors import LimitsPassedError
from pipeline.core.log import log
from pipeline.core.metrics import Metric
from pipeline.core.parquet import concat, read_table, write_table
from pipeline.link.drift import drift_told
from pipeline.publish.held_back import hold_back
from pipeline.publish.publication import list_publications, publish
from pipeline.report.page import render_report
from pipeline.validate.again import Again
from pipeline.validate.hold import (
    ExportFacts,
    FeedNight,
    FeedState,
    last_good,
    needed_good,
    promote,
    settle,
    status_table,
)
from pipeline.validate.page import render_validation_page
from pipeline.validate.source import Export, FeedValidated, validate_source
from pipeline.validate.suites import Suites
from schemas.contract import Contract
from schemas.model import load_model
from schemas.tables import (
    EVENTS_STAGED,
    FAILED_ROWS,
    QUARANTINE,
    ROW_CONTENT,
    RUN_METRICS,
    SOURCE_STATUS,
    STD_RECORDS,
)

VALIDATE = "validate"


def validate(night: Night, contract: Contract) -> list[str]:
    """Validate a source's exports; returns the ids of its feeds."""
    suites = Suites(night.settings.expectations)
    notes = {feed.feed_id: noted(night.folder, feed.feed_id) for feed in night.feeds_of(contract)}
    exports = [_export(night, feed_id, note) for feed_id, note in notes.items() if "reason_code" not in note]
    for result in validate_source(contract, exports, suites, night.as_of):
        _keep_validated(night, result)
        log("feed validated", feed=result.feed_id, records=len(result.std_records), breaches=len(result.breaches))
    return list(notes)


def settle_feeds(night: Night) -> list[FeedState]:
    """Decide for every feed whether tonight's export counts, or its last good one; write source_status and quarantine."""
    nights = [_feed_night(night, feed_id) for feed_id in night.feeds]
    states = [settle(feed, needed_good(night.home, feed)) for feed in nights]
    used, newest = [], []
    for state in states:
        recorded = (
            read_table(state.std_records, ["recorded_at"]).column(0)
            if state.std_records
            else pa.chunked_array([], pa.int64())
        )
        used.append(len(recorded))
        newest.append(pc.max(recorded).as_py() if len(recorded) else None)
        if state.state != "fresh":
            log("feed not fresh", feed=state.night.feed_id, state=state.state, code=state.night.reason_code)
    write_table(night.folder.table(VALIDATE, "source_status"), status_table(states, used, newest), SOURCE_STATUS)
    tables = (
        night.folder.table(stage, "quarantine", feed_id) for stage in (STANDARDISE, VALIDATE) for feed_id in night.feeds
    )
    rejected = concat([path for path in tables if path.exists()], QUARANTINE)
    write_table(night.folder.table(VALIDATE, "quarantine"), rejected, QUARANTINE)
    findings = [
        finding for feed_id in night.feeds for finding in noted(night.folder, feed_id, VALIDATE).get("findings", [])
    ]
    page = render_validation_page(night.run_id, states, findings)
    write_synced(night.folder.file("validation.html"), page)
    return states


def _export(night: Night, feed_id: str, note: Mapping[str, Any]) -> Export:
    good = last_good(night.home, feed_id)
    rejected = read_table(night.folder.table(STANDARDISE, "quarantine", feed_id))
    return Export(
        feed_id,
        read_table(night.folder.table(STANDARDISE, "std_records", feed_id)),
        read_table(night.folder.table(STANDARDISE, "events", feed_id)),
        read_table(night.folder.table(READ, "raw_records", feed_id)),
        int(str(note["rows_read"])),
        len(rejected),
        good.facts.rows if good else None,
        _again(night, feed_id),
    )


def _again(night: Night, feed_id: str) -> Again | None:
    """What the current publication's run found of the feed's rows that say what they said, by the rules of tonight."""
    contract, _ = night.feeds[feed_id]
    last = last_export(night, feed_id, contract)
    if last is None:
        return None
    path = last.folder.table(VALIDATE, FAILED_ROWS.name, feed_id)
    is_whole = as_marked(night.home, last.folder.root / VALIDATE / contract.source, [path])
    if not is_whole or noted(last.folder, feed_id, VALIDATE).get("suites") != _suites_stamp(night):
        return None
    then, now = (
        read_table(folder.table(STANDARDISE, ROW_CONTENT.name, feed_id)) for folder in (last.folder, night.folder)
    )
    ids = now.column("record_id").combine_chunks()
    place = pc.index_in(ids, then.column("record_id").combine_chunks())
    is_same = pc.equal(then.column("content").combine_chunks().take(place), now.column("content").combine_chunks())
    return Again(ids.filter(pc.fill_null(is_same, False)), read_table(path))


def _suites_stamp(night: Night) -> str:
    """Hash of all suites."""
    found = hashlib.sha256()
    for path in sorted(night.settings.expectations.glob("*.json")):
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _keep_validated(night: Night, result: FeedValidated) -> None:
    write_table(night.folder.table(VALIDATE, "std_records", result.feed_id), result.std_records, STD_RECORDS)
    write_table(night.folder.table(VALIDATE, "events", result.feed_id), result.events, EVENTS_STAGED)
    write_table(night.folder.table(VALIDATE, "quarantine", result.feed_id), result.quarantine, QUARANTINE)
    write_table(night.folder.table(VALIDATE, FAILED_ROWS.name, result.feed_id), result.failed, FAILED_ROWS)
    breach = result.breaches[0] if result.breaches else None
    said = {
        "rows": len(result.std_records),
        "reason_code": breach.code if breach else None,
        "reason": " ".join(each.reason for each in result.breaches) or None,
        "findings": [asdict(finding) for finding in result.findings],
        "suites": _suites_stamp(night),
    }
    path = night.folder.root / VALIDATE / result.feed_id / "note.json"
    write_synced(path, json.dumps(said))


def _feed_night(night: Night, feed_id: str) -> FeedNight:
    _, feed = night.feeds[feed_id]
    note, validated = noted(night.folder, feed_id), noted(night.folder, feed_id, VALIDATE)
    if "reason_code" in note:
        return FeedNight(
            feed_id, feed.source, feed.borough, reason_code=str(note["reason_code"]), reason=str(note["reason"])
        )
    rejected = sum(
        len(read_table(night.folder.table(stage, "quarantine", feed_id), ["feed_id"]))
        for stage in (STANDARDISE, VALIDATE)
    )
    facts = ExportFacts(
        str(note["file"]), str(note["file_sha256"]), night.as_of.isoformat(), int(str(validated["rows"]))
    )
    return FeedNight(
        feed_id,
        feed.source,
        feed.borough,
        int(str(note["rows_read"])),
        rejected,
        facts,
        validated["reason_code"],
        validated["reason"],
        night.folder.table(VALIDATE, "std_records", feed_id),
        night.folder.table(VALIDATE, "events", feed_id),
    )


def publish_tables(night: Night, states: Sequence[FeedState], metrics: Sequence[Metric]) -> Path:
    """Publish all tables, then keep tonight's fresh exports as the last good ones.

    Raises:
        LimitsPassedError: If the gate holds the night back; its tables then wait in the run's folder.
    """
    tables = {table.name: read_table(night.folder.table(PERSONS, table.name)) for table in PERSON_TABLES}
    tables["links"] = read_table(night.folder.table(LINK, "links"))
    tables |= {name: read_table(night.folder.table(VALIDATE, name)) for name in ("quarantine", "source_status")}
    counts = [*metrics, Metric("run", "peak_memory", peak_mb(), "MB"), *_table_counts(tables)]
    tables["run_metrics"] = pa.Table.from_pylist([metric._asdict() for metric in counts], RUN_METRICS.arrow_schema())
    settings = night.settings
    facts = {
        "as_of": night.as_of.isoformat(),
        "model": load_model(settings.model).stamp,
        "policy": settings.policy,
        "engine": settings.engine,
        "decisions": stamp_of(read_table(night.folder.table(LINK, "decisions"))),
        "contracts": {contract.source: contract.stamp for contract in night.contracts},
        "inputs": {state.night.feed_id: state.facts.file_sha256 if state.facts else None for state in states},
    }
    if not (night.home.published / night.run_id).is_dir():  # else the run died after the gate had let it through
        refused = ask_gate(night, states, tables).broken
        if refused:
            held = hold_back(night.home, night.run_id, tables, facts)
            problems = tuple(found.sentence for found in refused)
            seconds = sum(metric.value for metric in metrics if metric.metric == "seconds")
            write_report(night, states, held, metrics, seconds, refused=problems)
            raise LimitsPassedError(night.run_id, problems)
    published = publish(night.home, night.run_id, tables, facts)
    promote(night.home, states, night.run_id)
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
    """Write report.html into the run's folder; returns what the night came to."""
    names = ("persons", "records", "links", "source_status", "quarantine", "review_queue", "identity_ledger")
    tables = {name: read_table(published / name) for name in names}
    has_before = any(other.run_id != night.run_id for other in list_publications(night.home))
    model = load_model(night.settings.model).stamp
    measures = [*metrics, Metric("run", "peak_memory", peak_mb(), "MB")]
    as_of, drift = night.as_of.isoformat(), drift_told(metrics)
    why, built = why_full(night), _built(metrics)
    told = worked_on(why, built)
    page = render_report(
        tables,
        measures,
        night.run_id,
        as_of,
        model,
        has_before=has_before,
        refused=refused,
        drift=drift,
        worked_on=told,
    )
    path = night.folder.file("report.html")
    write_synced(path, page)
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
        peak_mb=round(peak_mb(), 1),
        why_full=why,
        built=built,
    )


def _built(metrics: Sequence[Metric]) -> dict[str, int]:
    """Records by what became of them since the last night, over all sources; and pairs compared tonight, and taken over."""
    found = {metric.metric: int(metric.value) for metric in metrics if metric.stage in ("night", "link")}
    told = {
        name: sum(count for metric, count in found.items() if metric.startswith(f"records_{name}_"))
        for name in ("new", "changed", "withdrawn", "unchanged")
    }
    known = found.get("candidate_pairs", 0) - found.get("compared_pairs", 0)
    told |= {"persons_rebuilt": found.get("persons_rebuilt", 0)}
    return {**told, "pairs_compared": found.get("compared_pairs", 0), "pairs_known": known}


def peak_mb() -> float:
    """Most memory this process has held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _table_counts(tables: Mapping[str, pa.Table]) -> list[Metric]:
    return [Metric("publish", f"rows_{name}", len(table), "count") for name, table in tables.items()]
