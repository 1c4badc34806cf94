"""Measures of quality: worked by hand, and against a count of every pair."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.evaluate.curves import by_threshold, calibration, calibration_error, wilson
from pipeline.evaluate.quality import b_cubed, cluster_score, exact_persons, pair_score, quality

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=14)


def test_a_worked_example_gives_the_figures_worked_by_hand() -> None:
    entity, cluster = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 2])
    scores = quality(cluster, entity, np.array([0, 2]), np.array([1, 3]))
    assert scores.clusters.precision == pytest.approx(2 / 4)  # 01 and 34 of 01, 23, 24, 34
    assert scores.clusters.recall == pytest.approx(2 / 4)  # of 01, 02, 12, 34
    assert scores.pairs.precision == pytest.approx(1 / 2)
    assert scores.pairs.recall == pytest.approx(1 / 4)
    assert scores.b_cubed.precision == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3 + 1) / 6)
    assert scores.b_cubed.recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1 + 1) / 6)
    assert scores.exact_persons == pytest.approx(1 / 3)
    assert scores.true_pairs == 4


@settings(max_examples=200)
@given(ROWS, st.booleans())
def test_counted_pairs_are_those_that_one_finds_by_listing_them(rows, across: bool) -> None:
    cluster, entity, source = (np.array(column) for column in zip(*rows, strict=True))
    pairs = [(a, b) for a, b in combinations(range(len(rows)), 2) if not across or source[a] != source[b]]
    linked = {p for p in pairs if cluster[p[0]] == cluster[p[1]]}
    true = {p for p in pairs if entity[p[0]] == entity[p[1]]}
    score = cluster_score(cluster, entity, source if across else None)
    assert score.precision == pytest.approx(len(linked & true) / len(linked) if linked else 1.0)
    assert score.recall == pytest.approx(len(linked & true) / len(true) if true else 1.0)


@given(ROWS)
def test_the_truth_measured_against_itself_is_perfect(rows) -> None:
    entity = np.array([row[1] for row in rows])
    figures = [cluster_score(entity, entity).f1, b_cubed(entity, entity).f1, exact_persons(entity, entity)]
    assert figures == pytest.approx([1.0, 1.0, 1.0])


def test_no_links_at_all_are_precise_and_find_nothing() -> None:
    none = np.empty(0, int)
    assert pair_score(none, none, np.array([0, 0])).as_dict() == {"precision": 1.0, "recall": 0.0, "f1": 0.0}


def test_probabilities_that_mean_what_they_say_have_no_calibration_error() -> None:
    chance = np.random.default_rng(1)
    probability = chance.random(40_000)
    is_match = chance.random(40_000) < probability
    assert calibration_error(calibration(probability, is_match)) < 0.01
    assert calibration_error(calibration(np.sqrt(probability), is_match)) > 0.1


@given(st.integers(0, 200), st.integers(1, 200))
def test_a_wilson_interval_holds_the_share_it_is_about(hits: int, cases: int) -> None:
    hits = min(hits, cases)
    low, high = wilson(hits, cases)
    assert 0 <= low <= hits / cases + 1e-12
    assert hits / cases - 1e-12 <= high <= 1


def test_a_higher_threshold_never_finds_more() -> None:
    weight = np.array([9.0, 5.0, 5.0, 1.0, -2.0])
    right = np.array([True, True, False, True, False])
    none_held = np.zeros(5, bool)
    points = by_threshold(weight, right, none_held, 4, np.array([-3.0, 0.0, 5.0, 10.0]))
    assert [point.pairs for point in points] == [5, 4, 3, 0]
    assert [round(point.score.precision, 3) for point in points] == [0.6, 0.75, 0.667, 1.0]
    assert [point.score.recall for point in points] == [0.75, 0.75, 0.5, 0.0]


def test_no_threshold_links_a_pair_that_a_rule_holds_back() -> None:
    points = by_threshold(np.array([9.0, 5.0]), np.array([True, True]), np.array([True, False]), 2, np.array([0.0]))
    assert (points[0].pairs, points[0].score.recall) == (1, 0.5)


def test_with_probabilities_the_curve_by_threshold_is_what_they_promise() -> None:
    points = by_threshold(np.array([3.0, 1.0]), np.array([0.9, 0.5]), np.zeros(2, bool), 2.0, np.array([0.0, 2.0]))
    assert [point.score.precision for point in points] == pytest.approx([0.7, 0.9])
    assert [point.score.recall for point in points] == pytest.approx([0.7, 0.45])
