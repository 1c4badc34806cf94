"""The report page: sources and their state, what was linked, what waits, what changed since last night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from pipeline.core.html import template
from pipeline.core.metrics import Metric
from pipeline.report.charts import size_bars, stage_bars, weight_histogram
from pipeline.report.findings import COLUMNS as FINDINGS
from pipeline.report.findings import findings
from pipeline.report.not_understood import not_understood
from schemas.question_words import TYPE_WORDS
from schemas.tables import MARKING

COLUMNS = {
    "persons": ["n_records", "boroughs"],
    "records": ["source", "nulled"],
    "links": ["match_weight", "decision"],
    "source_status": None,
    "quarantine": ["reason_code", "reason"],
    "review_queue": ["review_type", "harm"],
    "identity_ledger": ["person_id", "valid_from", "valid_to", "merged_into", "split_from"],
    **FINDINGS,
}
"""What the page is made of: the tables, and their columns that it needs; None: all"""
SHORT = {"duplicate_row": "Repeats an earlier row of the same export."}
"""Reasons that name a row, told as one"""


@dataclass(frozen=True, slots=True)
class NightStory:
    """What the page tells of a night."""

    tables: Mapping[str, pa.Table]
    """those of ``COLUMNS``"""
    metrics: Sequence[Metric]
    run_id: str
    as_of: str
    model: str
    """its stamp"""
    has_before: bool
    """an earlier night was published"""
    refused: Sequence[str] = ()
    """the limits for which the publish gate holds the night back, as sentences"""
    is_released: bool = False
    """an operator has published it nevertheless"""
    drift: Sequence[str] = ()
    """how the data has drifted from the model, as sentences"""
    detached: int = 0
    """decisions of stewards that bind nothing, as a record is gone or speaks of somebody else"""
    worked_on: str = "everything"
    """in words"""
    unread: Sequence[tuple[str, str]] = ()
    """feed, and what to tell of the sheets of its export that were not read"""


@dataclass(frozen=True, slots=True)
class Changes:
    """Persons since last night."""

    is_first: bool
    new: int
    gone: int
    merged: int
    split: int


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    feeds: int
    fresh: int
    rows_read: int
    rows_used: int
    rows_quarantined: int
    names_several: bool
    """A fresh export of it gave more records than rows"""

    @property
    def has_held(self) -> bool:
        """Some of its records are not of tonight's rows."""
        return self.fresh < self.feeds


def changes_since(ledger: pa.Table, run_id: str, has_before: bool) -> Changes:
    """What the ledger says this run did."""
    ids, begins, ends = (ledger.column(name) for name in ("person_id", "valid_from", "valid_to"))
    has_begun, has_ended = (pc.fill_null(pc.equal(column, run_id), False) for column in (begins, ends))
    begun, ids_before = pc.unique(ids.filter(has_begun)), ids.filter(pc.invert(has_begun)).combine_chunks()
    ended = ledger.filter(has_ended)
    is_merged = pc.is_valid(ended.column("merged_into"))
    is_gone = pc.and_not(pc.invert(pc.is_in(ended.column("person_id"), begun)), is_merged)
    return Changes(
        not has_before,
        new=_count(pc.invert(pc.is_in(begun, ids_before))),
        gone=_count(is_gone),
        merged=_count(is_merged),
        split=_count(pc.is_valid(ledger.column("split_from").filter(has_begun))),
    )


def _count(holds: pa.ChunkedArray | pa.Array) -> int:
    return pc.sum(holds).as_py() or 0


def render_report(story: NightStory) -> str:
    """The page as HTML that needs no network and no script; counts only, no personal data."""
    tables, metrics = story.tables, story.metrics
    persons, links, status = tables["persons"], tables["links"], tables["source_status"].to_pylist()
    weight = links.column("match_weight").to_numpy()
    is_link = pc.equal(links.column("decision"), "link").to_numpy()
    rejected = tables["quarantine"].to_pylist()
    reasons = Counter(SHORT.get(row["reason_code"], row["reason"]) for row in rejected)
    boroughs = pc.list_value_length(persons.column("boroughs")).to_numpy()
    return template("pipeline.report", "report.html.j2").render(
        run_id=story.run_id,
        as_of=story.as_of,
        model=story.model,
        marking=MARKING,
        refused=story.refused,
        is_released=story.is_released,
        drift=story.drift,
        detached=story.detached,
        worked_on=story.worked_on,
        figures=_figures(tables, int(is_link.sum()), int((boroughs > 1).sum())),
        sources=_sources(status),
        not_fresh=[row for row in status if row["state"] != "fresh"],
        unread=story.unread,
        questions=_questions(tables["review_queue"]),
        quarantine=sorted(reasons.items(), key=lambda item: (-item[1], item[0])),
        not_understood=not_understood(tables["records"]),
        boroughs=[(n, int((boroughs == n).sum())) for n in sorted(set(boroughs.tolist()))],
        findings=findings(tables),
        changes=changes_since(tables["identity_ledger"], story.run_id, story.has_before),
        weights_svg=Markup(weight_histogram(weight[is_link], weight[~is_link])),  # noqa: S704  (drawn by us from numbers)
        sizes_svg=Markup(size_bars(persons.column("n_records").to_pylist())),  # noqa: S704
        stages_svg=Markup(stage_bars([(m.stage, m.value) for m in metrics if m.metric == "seconds"])),  # noqa: S704
        metrics=[metric for metric in metrics if metric.metric != "seconds"],
    )


def _figures(tables: Mapping[str, pa.Table], linked: int, in_several: int) -> list[tuple[str, int]]:
    return [
        ("records", len(tables["records"])),
        ("persons", len(tables["persons"])),
        ("persons seen in more than one borough", in_several),
        ("linked pairs", linked),
        ("open questions", len(tables["review_queue"])),
        ("rows in quarantine", len(tables["quarantine"])),
    ]


def _sources(status: Sequence[Mapping[str, Any]]) -> list[_Source]:
    names = sorted({str(row["source"]) for row in status})
    sources = []
    for name in names:
        feeds = [row for row in status if row["source"] == name]
        read, used, rejected = (
            int(np.sum([row[column] for row in feeds])) for column in ("rows_read", "rows_used", "rows_quarantined")
        )
        fresh = [row for row in feeds if row["state"] == "fresh"]
        names_several = any(row["rows_used"] > row["rows_read"] - row["rows_quarantined"] for row in fresh)
        sources.append(_Source(name, len(feeds), len(fresh), read, used, rejected, names_several))
    return sources


def _questions(queue: pa.Table) -> list[tuple[str, int, int]]:
    """Kind of question, how many, and the gravest harm among them."""
    harm = Counter[str]()
    count = Counter(queue.column("review_type").to_pylist())
    for row in queue.to_pylist():
        harm[row["review_type"]] = max(harm[row["review_type"]], row["harm"])
    return [
        (TYPE_WORDS.get(name, name), count[name], harm[name])
        for name in sorted(count, key=lambda name: (-harm[name], name))
    ]
