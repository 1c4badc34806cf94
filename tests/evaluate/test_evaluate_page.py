"""The page of an evaluation and its pictures: whole, escaped, alike each time, and nothing to fetch."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from linkages import linkage_of

from pipeline.evaluate.evaluation import evaluate
from pipeline.evaluate.truth import Truth
from pipeline.report.evaluate_page import render_evaluate_page
from pipeline.report.quality_charts import EXPECTED, PANELS, forest_chart, scale_of, threshold_chart

ODD = '$x_1$ <script>alert("&")</script> 東京'


def facts(*, has_truth: bool = True) -> dict[str, Any]:
    """Two hundred persons, a tenth of them split, in two towns of which one has an odd name."""
    persons = 200
    entity = np.repeat(np.arange(persons), 2)
    is_split = (entity % 10 == 0) & (np.arange(2 * persons) % 2 == 1)
    cluster = np.where(is_split, entity + persons, entity)
    pairs = [(2 * k, 2 * k + 1, 1.0 if k % 10 == 0 else 6.0, k % 10 > 0) for k in range(persons)]
    towns = pa.table({"town": np.where(entity < 90, ODD, "HACKNEY"), "sex": np.where(entity % 3 == 0, "M", "F")})
    linkage = linkage_of(cluster, towns, pairs=pairs)
    return evaluate(linkage, Truth(entity, 0, 0) if has_truth else None, ("town",))


FACTS = {has_truth: facts(has_truth=has_truth) for has_truth in (True, False)}
ROWS = FACTS[True]["groups"]
WORSE = [{**ROWS[0], "recall": {**ROWS[0]["recall"], "is_worse": True}, "precision": None}]
CHARTS: dict[str, Callable[[], str]] = {
    "thresholds": lambda: threshold_chart(FACTS[True]["thresholds"]),
    "thresholds without the truth": lambda: threshold_chart(FACTS[False]["thresholds"]),
    "no thresholds": lambda: threshold_chart([]),
    "groups": lambda: forest_chart(ODD, ROWS, scale_of(ROWS), PANELS),
    "a worse group": lambda: forest_chart("age", WORSE, scale_of(WORSE), EXPECTED),
    "no groups": lambda: forest_chart("town", [], scale_of([]), PANELS),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_an_svg_with_a_label_for_screen_readers_and_alike_each_time(name: str) -> None:
    drawn = ET.fromstring(CHARTS[name]())
    assert drawn.get("role") == "img"
    assert len(drawn.get("aria-label", "")) > 20
    assert CHARTS[name]() == CHARTS[name]()


@pytest.mark.parametrize("has_truth", [True, False])
def test_the_page_fetches_nothing_runs_nothing_and_is_alike_each_time(has_truth: bool) -> None:
    page = render_evaluate_page(FACTS[has_truth])
    assert "<script" not in page
    assert not re.search(r"(?:src|href|url)\s*[=(]\s*[\"']?https?:", page)
    assert "OFFICIAL-SENSITIVE" in page
    assert page == render_evaluate_page(FACTS[has_truth])


def test_where_no_group_is_large_enough_nobody_is_told_that_none_is_linked_worse() -> None:
    entity = np.repeat(np.arange(5), 2)
    pairs = [(2 * k, 2 * k + 1, 6.0, True) for k in range(5)]
    few = evaluate(linkage_of(entity, pa.table({"sex": ["M", "F"] * 5}), pairs=pairs), None)
    page = render_evaluate_page(few)
    assert "none that has 20 persons in pairs" in page
    assert "No group is linked worse" not in page
    assert not FACTS[True]["groups_untold"]


def test_the_page_names_a_group_as_text_whatever_it_is_called() -> None:
    page = render_evaluate_page(FACTS[True])
    assert "&lt;script&gt;alert(" in page
    assert ODD not in page


def test_the_page_shows_truth_and_expectation_side_by_side_and_their_gap() -> None:
    page = render_evaluate_page(FACTS[True])
    for heading in (
        "Linked pairs, by the truth",
        "Linked pairs, as the model expects",
        "Expected less true",
        "B-cubed",
    ):
        assert heading in page
    assert f"Expected calibration error {FACTS[True]['calibration']['error']:.4f}" in page


def test_without_the_truth_the_page_says_so_and_shows_no_true_figures() -> None:
    page = render_evaluate_page(FACTS[False])
    assert "Nobody told the truth." in page
    assert "by the truth" not in page
    assert "calibration" not in page


def test_a_calibration_error_over_the_bound_is_a_warning() -> None:
    facts = {**FACTS[True], "calibration": {**FACTS[True]["calibration"], "error": 0.0501}}
    assert "not below 0.05" in render_evaluate_page(facts)
