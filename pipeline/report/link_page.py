"""The report of ``boroughlink link``: what was linked, how sure it is, and the model that did it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from markupsafe import Markup

from pipeline.core.html import template
from pipeline.report.charts import size_bars, stage_bars, weight_histogram
from pipeline.report.model_charts import (
    CalibrationBin,
    blocking_chart,
    calibration_chart,
    level_chart,
    spellings_told,
    threshold_curve,
    weight_chart,
)
from schemas.fields import CANONICAL, IGNORE, field_options
from schemas.model import Model
from schemas.tables import MARKING

SAYS_WHICH = {"record_id": "names the record", "source": "names the list that the record is of"}


@dataclass(frozen=True, slots=True)
class LinkStory:
    """What the page tells; counts and probabilities, nothing of a person."""

    facts: Mapping[str, Any]
    """as in metrics.json"""
    model: Model
    weight: np.ndarray
    """match weight of every kept pair, bits"""
    is_link: np.ndarray
    sizes: Sequence[int] | np.ndarray
    """records of each person"""
    drift: Sequence[str] = ()
    dates: Sequence[str] = ()
    """How birthdays were read, and what told it"""
    keys: Sequence[tuple[str, int, float]] = ()
    """kind of key, pairs it brings, matches that no kind before it brought"""
    expected_recall: float | None = None
    estimated_recall: float | None = None
    calibration: Sequence[CalibrationBin] = field(default_factory=tuple)


def render_link_page(story: LinkStory) -> str:
    """The page as HTML that needs no network and no script."""
    facts = story.facts
    tiles = [
        ("candidate pairs", f"{facts['candidate_pairs']:,}"),
        ("linked pairs", f"{facts['linked_pairs']:,}"),
        ("pairs to look at", f"{facts['pairs_to_review']:,}"),
        *_expected_precision(facts),
        ("seconds", f"{facts['wall_seconds']:,.1f}"),
        ("MB at most", f"{facts['peak_memory_mb']:,.0f}"),
    ]
    has_pairs = facts["no_pairs"] is None
    drawn = {
        "weights_svg": weight_histogram(story.weight[story.is_link], story.weight[~story.is_link]) if has_pairs else "",
        "sizes_svg": size_bars(story.sizes),
        "curve_svg": threshold_curve(story.weight, story.is_link) if has_pairs else "",
        "level_weights_svg": weight_chart(story.model),
        "levels_svg": level_chart(story.model),
        "keys_svg": blocking_chart(story.keys) if story.keys else "",
        "calibration_svg": calibration_chart(story.calibration) if story.calibration else "",
        "stages_svg": stage_bars(list(facts["seconds"].items())),
    }
    return template("pipeline.report", "link.html.j2").render(
        marking=MARKING,
        facts=facts,
        tiles=tiles,
        quality=facts.get("quality"),
        columns=_columns(facts, story.model),
        likely=field_options(facts["columns_not_used_perhaps"]),
        drift=story.drift,
        dates=story.dates,
        spellings=spellings_told(story.model),
        expected_recall=story.expected_recall,
        estimated_recall=story.estimated_recall,
        **{name: Markup(svg) for name, svg in drawn.items()},  # noqa: S704  (drawn by us from numbers)
    )


def _columns(facts: Mapping[str, Any], model: Model) -> list[tuple[str, str, str]]:
    """Every column that was used, the field that it was taken for, and what was done with it."""
    rows = [
        (column, field, _what_was_done(column, field, facts, model) + _lost(column, facts) + _taken(column, facts))
        for column, field in facts["columns_used"].items()
    ]
    if truth := facts["settings"]["truth"]:
        rows.append((truth, "true person", "measured against, and nothing else"))
    return rows


def _taken(column: str, facts: Mapping[str, Any]) -> str:
    kind = facts["columns_taken"].get(column)
    undone = field_options({column: IGNORE})[0]
    return f"; taken for {kind} by its heading: say {undone} if it is not" if kind else ""


def _lost(column: str, facts: Mapping[str, Any]) -> str:
    n_lost = facts["columns_not_understood"].get(column)
    return f"; in {n_lost:,} of {facts['records']:,} rows it was not understood" if n_lost else ""


def _what_was_done(column: str, field: str, facts: Mapping[str, Any], model: Model) -> str:
    if told_by := facts["columns_told_by_others"].get(field):
        return f"left out: {told_by} tells it too, and it would count twice"
    if field in facts["fields_left_out"]:
        return (
            f"left out: only {facts['fields_of_some_files'][field][0]} has it, and two files cannot be compared by it"
        )
    if field in SAYS_WHICH:
        return SAYS_WHICH[field]
    if column in facts["columns_without_values"]:
        return "has no values"
    if field in ("full_name", "alias") or field in {comparison.field for comparison in model.comparison}:
        return "compared"
    return (
        "kept for ages and rules"
        if CANONICAL.get(field) in ("carried", "recorded_at")
        else "not compared: the model has no such field"
    )


def _expected_precision(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A tile; none where nothing is linked."""
    precision = facts["expected_precision"]
    return [] if precision is None else [("expected precision", f"{precision:.4f}")]
