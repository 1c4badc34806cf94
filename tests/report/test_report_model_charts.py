from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.charts import canvas, count_axis, room, shortened, size_bars, stage_bars, style, weight_histogram
from pipeline.report.model_charts import (
    CalibrationBin,
    blocking_chart,
    calibration_chart,
    expected_quality,
    level_bits,
    level_chart,
    spellings_told,
    threshold_curve,
    weight_chart,
)
from schemas.model import LEVELS, Blocking, Comparison, Kind, Level, Model


def comparison(field: str, kind: Kind) -> Comparison:
    m = np.arange(1, len(LEVELS[kind]) + 1, dtype=float)
    m, u = m / m.sum(), m[::-1] / m.sum()
    levels = [Level(name=n, m=a, u=b, related=b) for n, a, b in zip(LEVELS[kind], m.tolist(), u.tolist(), strict=True)]
    return Comparison(field=field, kind=kind, levels=tuple(levels))


KINDS: tuple[Kind, ...] = ("forename", "surname", "date", "phone")
MODEL = Model(
    name="small", blocking=Blocking(fields=("phone",)), comparison=tuple(comparison(f"{k} <$> &", k) for k in KINDS)
)
UNTRAINED = Model(
    name="bare", blocking=Blocking(fields=("phone",)), comparison=(Comparison(field="phone", kind="phone"),)
)
WEIGHTS, IS_LINK = np.array([-2.5, 0.0, 3.0, 9.5, 20.0]), np.array([False, False, True, True, True])
BINS = [CalibrationBin(0.1, 0.2, 40, 0.1, 0.3), CalibrationBin(0.9, 0.85, 1_200, 0.8, 0.9)]
CHARTS: dict[str, Callable[[], str]] = {
    "levels": lambda: level_chart(MODEL),
    "levels of an untrained model": lambda: level_chart(UNTRAINED),
    "weights": lambda: weight_chart(MODEL),
    "weights of an untrained model": lambda: weight_chart(UNTRAINED),
    "thresholds": lambda: threshold_curve(WEIGHTS, IS_LINK),
    "thresholds of one pair": lambda: threshold_curve(np.array([3.0]), np.array([True])),
    "thresholds of no pairs": lambda: threshold_curve(np.array([]), np.array([], bool)),
    "keys": lambda: blocking_chart([("phone <$>", 1200, 30.5), ("upn", 1, 0.2), ("none", 0, 0.0)]),
    "no keys": lambda: blocking_chart([]),
    "calibration": lambda: calibration_chart(BINS),
    "no calibration": lambda: calibration_chart([]),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_an_svg_with_a_label_for_screen_readers(name: str) -> None:
    drawn = ET.fromstring(CHARTS[name]())
    assert drawn.tag.endswith("svg")
    assert drawn.get("role") == "img"
    assert len(drawn.get("aria-label", "")) > 20


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_drawn_again_has_the_same_bytes(name: str) -> None:
    assert CHARTS[name]() == CHARTS[name]()


def test_the_names_in_a_chart_are_text_that_can_be_searched_whatever_signs_they_hold() -> None:
    for chart in (level_chart(MODEL), weight_chart(MODEL), blocking_chart([("phone <$> &", 1200, 30.5)])):
        texts = {
            "".join(text.itertext()).strip() for text in ET.fromstring(chart).iter("{http://www.w3.org/2000/svg}text")
        }
        assert "phone <$> &" in texts


LONG = "a_column_with_a_very_long_name_that_somebody_chose " * 4
MANY = Model(
    name="many",
    blocking=Blocking(fields=("phone",)),
    comparison=tuple(comparison(LONG + kind, kind) for kind in LEVELS),
)
CROWDED: dict[str, Callable[[], str]] = {
    "levels": lambda: level_chart(MANY),
    "weights": lambda: weight_chart(MANY),
    "keys": lambda: blocking_chart([(LONG, 3_000_000_000, 1.5e9), ("upn", 1, 0.2)]),
    "stages": lambda: stage_bars([(LONG, 123_456.7), ("read", 0.0)]),
    "histogram": lambda: weight_histogram(np.full(30_000_000, 5.5, np.float32), WEIGHTS),
    "sizes": lambda: size_bars(np.ones(200_000_000, np.int8)),
    "calibration": lambda: calibration_chart([*BINS, CalibrationBin(0.99, 0.98, 3_000_000_000, 0.9, 1.0)]),
}


@pytest.mark.parametrize("name", CROWDED)
def test_long_names_and_huge_counts_stay_inside_the_picture(name: str) -> None:
    drawn = ET.fromstring(CROWDED[name]())
    picture = float(drawn.get("viewBox", "").split()[2])
    for text in drawn.iter("{http://www.w3.org/2000/svg}text"):
        css, x = text.get("style", ""), float(text.get("x", ""))
        size = float(re.findall(r"font-size: ([\d.]+)px", css)[0])
        with style("y"):
            told = "".join(text.itertext())
            wide = 72 * (room([told], size, "bold" if "font-weight" in css else "normal") - room([""]))
        begin = x - {"start": 0, "middle": 0.5, "end": 1}[re.findall(r"text-anchor: (\w+)", css)[0]] * wide
        assert begin >= 0
        assert begin + wide <= picture


def test_a_name_too_long_for_its_room_keeps_both_its_ends() -> None:
    short = shortened("suburb_or_village_in_which_the_person_lives", 2.0)
    assert room([short]) <= 2.0
    assert short.startswith("suburb_or")
    assert short.endswith("erson_lives")
    assert shortened("suburb", 2.0) == "suburb"


def test_the_bits_of_a_level_never_exceed_the_cap() -> None:
    phone = comparison("phone", "phone").model_copy(update={"max_bits": 1.0})
    assert level_bits(phone, 2) == 1.0
    assert level_bits(phone, 0) == pytest.approx(np.log2(1 / 3))


@given(st.lists(st.tuples(st.floats(-30, 50), st.booleans()), min_size=1, max_size=40))
def test_expected_quality_at_each_threshold_equals_a_plain_sum(pairs: list[tuple[float, bool]]) -> None:
    weights, is_link = np.array([w for w, _ in pairs]), np.array([is_link for _, is_link in pairs])
    thresholds, precision, recall, load = expected_quality(weights, is_link)
    chance = [1 / (1 + 2.0**-w) for w, _ in pairs]
    for k, threshold in enumerate(thresholds):
        linked = [p for p, (w, is_own) in zip(chance, pairs, strict=True) if is_own and w >= threshold]
        assert load[k] == len(pairs) - len(linked)
        assert precision[k] == pytest.approx(sum(linked) / len(linked) if linked else 1.0, abs=1e-9)
        assert recall[k] == pytest.approx(sum(linked) / max(sum(chance), 1e-9), abs=1e-9)


def test_review_load_only_grows_and_recall_only_falls_as_the_threshold_rises() -> None:
    _, _, recall, load = expected_quality(WEIGHTS, IS_LINK)
    assert (np.diff(load) >= 0).all()
    assert (np.diff(recall) <= 1e-12).all()


@pytest.mark.parametrize("most", [0, 1, 3, 2_000])
def test_an_axis_of_counts_has_whole_figures_of_which_none_stands_twice(most: int) -> None:
    figure, (axes,) = canvas([2.6], [0.8])
    axes.plot([0, 1], [0, most])
    count_axis(axes)
    figure.draw_without_rendering()
    shown = [tick.get_text() for tick in axes.get_yticklabels()]
    assert len({*shown}) == len(shown) > 1
    assert all(float(tick).is_integer() for tick in axes.get_yticks())


def test_what_two_spellings_are_worth_is_told_from_common_names_to_rare_ones() -> None:
    forename = comparison("forename", "forename").model_copy(update={"usual_rarity": 9.0, "max_bits": 5.0})
    drawn = level_bits(forename, LEVELS["forename"].index("variant"))
    model = Model(
        name="names",
        blocking=Blocking(fields=("surname",)),
        comparison=(forename, comparison("surname", "surname"), *UNTRAINED.comparison),
    )
    low = f"{drawn + 3 - 9:+.1f}".replace("-", "\N{MINUS SIGN}")
    assert spellings_told(model) == [f"forename from {low} to +5.0"], "capped; all surnames count alike"
