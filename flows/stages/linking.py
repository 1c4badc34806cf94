"""The stage that links: it goes on from what the current publication was linked with, or says why it cannot."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from flows.continuing.kept import LINK as KEPT_LINK
from flows.continuing.kept import keep_link, kept_frequencies, kept_link, read_facts
from flows.continuing.resume import code_stamp
from flows.night.decisions import decided_tonight, decision_metrics, with_evidence
from flows.night.plan import Night
from flows.night.ready import count_decisions
from pipeline.core.durable import write_synced
from pipeline.core.log import log
from pipeline.core.metrics import Metric
from pipeline.core.parquet import concat, count_rows, in_order, write_all, write_table
from pipeline.engines.by_name import engine_of
from pipeline.engines.frequency_table import FrequencyTable
from pipeline.engines.port import Engine, IncrementalEngine
from pipeline.link.drift import drift_told
from pipeline.link.kept import LinkKept
from pipeline.link.stage import link_records
from pipeline.publish.publication import read_current
from pipeline.validate.hold import FeedState
from schemas.model import Model, save_model
from schemas.tables import (
    CLUSTER_MEMBERS,
    CLUSTERS,
    DECIDED_PAIRS,
    DECISIONS,
    EVENTS_STAGED,
    LINKS,
    REVIEW_PAIRS,
    STANDING_DECISIONS,
    STD_RECORDS,
)

LINK, REBUILD = "link", "rebuild.json"
GROWN, OLD_DAYS = 0.1, 28  # of the records, and of days, since the frequency table was made: then it is made anew


@dataclass(frozen=True, slots=True)
class Basis:
    """What tonight's linking goes on from."""

    kept: LinkKept | None
    """None: of this engine or model nothing is kept"""
    frequencies_of: str
    """Run that made the frequency table"""
    why_full: str | None
    """Why all pairs are scored; None where only those of new and changed records are"""


def link(night: Night, states: Iterable[FeedState]) -> list[Metric]:
    """Link all records that count tonight and write links, clusters, review_pairs, decisions and both inputs."""
    present = [state for state in states if state.std_records and state.events]
    with ThreadPoolExecutor(1) as pool:  # what is read is written while it is linked, which has the other core
        std_records = concat([state.std_records for state in present if state.std_records], STD_RECORDS)
        std_records = in_order(std_records, STD_RECORDS.key)
        writing = [pool.submit(write_table, night.folder.table(LINK, "std_records"), std_records, STD_RECORDS)]
        writing.append(pool.submit(_write_events, night, present))
        metrics = _link(night, std_records)
        for write in writing:
            write.result()
    return metrics


def _write_events(night: Night, present: Iterable[FeedState]) -> Path:
    events = concat([state.events for state in present if state.events], EVENTS_STAGED)
    return write_table(night.folder.table(LINK, "events"), events, EVENTS_STAGED)


def _link(night: Night, std_records: pa.Table) -> list[Metric]:
    """Link the records, in the order of their key; writes all that comes of it."""
    model = night.model
    engine = engine_of(night.settings.engine)
    with ThreadPoolExecutor(1) as pool:  # what is kept is read while decisions are looked up
        reading_basis = pool.submit(_basis, night, std_records, model, engine)
        decided = decided_tonight(night, std_records)
        basis = reading_basis.result()
    linked = link_records(std_records, model, night.settings.policy, engine, decided=decided.pairs, kept=basis.kept)
    decided = with_evidence(night, decided, linked.links, linked.model, std_records)
    save_model(linked.model, night.folder.file("model.toml"))
    outputs = (
        ("links", linked.links, LINKS),
        ("cluster_members", linked.cluster_members, CLUSTER_MEMBERS),
        ("clusters", linked.clusters, CLUSTERS),
        ("review_pairs", linked.review_pairs, REVIEW_PAIRS),
        ("decisions", decided.log, DECISIONS),
        ("standing_decisions", decided.standing, STANDING_DECISIONS),
        ("decided_pairs", decided.pairs, DECIDED_PAIRS),
    )
    facts = {"stamps": _stamps(model), "frequencies_of": basis.frequencies_of}
    with ThreadPoolExecutor(1) as pool:
        keeping = pool.submit(keep_link, night.home, night.run_id, linked.kept, facts) if linked.kept else None
        write_all((night.folder.table(LINK, name), data, table) for name, data, table in outputs)
        if keeping:
            keeping.result()
    write_synced(night.folder.root / LINK / REBUILD, json.dumps({"why_full": basis.why_full}))
    for sentence in drift_told(linked.metrics):
        log("model drifted", told=sentence)
    log(
        "linked",
        records=len(std_records),
        clusters=len(linked.clusters),
        questions=len(linked.review_pairs),
        full=basis.why_full,
    )
    is_full = Metric("night", "is_full", float(basis.why_full is not None), "count")
    return [*linked.metrics, *decision_metrics(decided.standing), is_full]


def is_still_decided(night: Night) -> bool:
    """Whether stewards have decided nothing since the night was linked. Once the run is published, nothing is linked again."""
    if night.home.is_published(night.run_id):
        return True
    return count_rows(night.folder.table(LINK, "decisions")) == count_decisions(night)


def why_full(night: Night) -> str | None:
    """Why tonight scored all pairs; None where it went on from the last night."""
    note: dict[str, str | None] = json.loads((night.folder.root / LINK / REBUILD).read_text("utf-8"))
    return note["why_full"]


def _basis(night: Night, std_records: pa.Table, model: Model, engine: Engine) -> Basis:
    """The frequency table of the current publication while it may be used, and its pairs where they still hold."""
    if not isinstance(engine, IncrementalEngine):
        return Basis(None, night.run_id, f"the engine {engine.name} keeps nothing")
    if not (model.is_trained and model.blocking.rule):
        return Basis(None, night.run_id, "the model is not frozen: it learns from each night's records")
    base = read_current(night.home)
    if base is None:
        return _with_new_frequencies(night, std_records, model, engine, "this is the first night")
    facts = read_facts(night.home.kept / base.run_id / KEPT_LINK)
    frequencies = kept_frequencies(night.home, base.run_id) if facts else None
    if facts is None or frequencies is None:
        return _with_new_frequencies(night, std_records, model, engine, f"nothing usable is kept of {base.run_id}")
    if why := _why_refresh(night, len(std_records), frequencies.records, facts, model):
        return _with_new_frequencies(night, std_records, model, engine, why)
    return _with_kept_frequencies(night, base.run_id, frequencies, facts, model)


def _with_kept_frequencies(
    night: Night, base_run_id: str, frequencies: FrequencyTable, facts: dict[str, Any], model: Model
) -> Basis:
    """Go on with the frequency table that is kept, and with the pairs too unless something speaks against it."""
    kept, frequencies_of = None, facts["frequencies_of"]
    if night.is_full:
        reason = "it was asked for"
    elif facts["stamps"] != _stamps(model):
        reason = "the program or its reference lists are not those of the last night"
    else:
        kept = kept_link(night.home, base_run_id, frequencies)
        reason = f"the pairs kept of {base_run_id} are damaged"
    return Basis(kept, frequencies_of, None) if kept else Basis(LinkKept(frequencies), frequencies_of, reason)


def _with_new_frequencies(
    night: Night, std_records: pa.Table, model: Model, engine: IncrementalEngine, why: str
) -> Basis:
    return Basis(LinkKept(engine.frequency_table(std_records, model)), night.run_id, why)


def _why_refresh(night: Night, n_now: int, n_then: int, facts: dict[str, Any], model: Model) -> str | None:
    """Why the frequency table is made anew; None where it still serves."""
    age = (night.as_of - dt.date.fromisoformat(facts["frequencies_of"][:10])).days
    if facts["stamps"]["model"] != model.stamp:
        return "the model changed"
    if night.is_refresh:
        return "a new frequency table was asked for"
    if abs(n_now - n_then) > GROWN * n_then:
        return f"the frequency table was made of {n_then:,} records, and there are {n_now:,} now"
    return f"the frequency table is {age} days old" if age >= OLD_DAYS else None


def _stamps(model: Model) -> dict[str, str]:
    return {"model": model.stamp, "code": code_stamp()}
