"""Pictures of a model as inline SVG: what its levels are worth, its thresholds, its keys, and whether it is calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from pipeline.core.chart_text import plain, signed
from pipeline.report.charts import INK, LINK, REVIEW, STYLE, canvas, count_axis, svg
from schemas.model import Comparison, Model

LEAST = 1e-9
COLUMNS = 3
SIDE: dict[Any, Any] = {**STYLE, "axes.grid.axis": "x"}
POINTS = 200
"""At most so many thresholds are drawn."""


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Pairs of about one predicted probability, and the share of them that are matches, with its interval."""

    predicted: float
    observed: float
    count: int
    low: float
    high: float


def level_chart(model: Model) -> str:
    """How often every comparison level occurs, m and u, one small picture a comparison; log scale."""
    trained = _trained(model)
    least = min((min(level.m, level.u) for comparison in trained for level in comparison.levels), default=LEAST)
    with mpl.rc_context(SIDE):
        figure, cells = _multiples(trained)
        for axes, comparison in zip(cells, trained, strict=True):
            rows = np.arange(len(comparison.levels))
            m = [max(level.m, LEAST) for level in comparison.levels]
            u = [max(level.u, LEAST) for level in comparison.levels]
            axes.hlines(rows, np.minimum(m, u), np.maximum(m, u), color="#b1b4b6", linewidth=2, zorder=1)
            axes.plot(m, rows, "o", color=LINK, label="m: among records of one person")
            axes.plot(u, rows, "D", color=REVIEW, markersize=5, label="u: among random pairs")
            axes.set_xscale("log")
            axes.set_xlim(max(least, LEAST) / 3, 3)
            axes.minorticks_off()
            _name_levels(axes, comparison)
        _share_legend(figure, cells)
        return svg(
            figure, "How often each comparison level occurs: among records of one person, and among random pairs"
        )


def weight_chart(model: Model) -> str:
    """Bits of every comparison level, one small picture a comparison; exact levels count by the value's rarity, so theirs is the mean."""
    trained = _trained(model)
    bits = [[level_bits(comparison, number) for number in range(len(comparison.levels))] for comparison in trained]
    most = (max((abs(value) for row in bits for value in row), default=0.0) or 1.0) * 1.4
    with mpl.rc_context(SIDE):
        figure, cells = _multiples(trained)
        for axes, comparison, row in zip(cells, trained, bits, strict=True):
            colours = [LINK if value >= 0 else REVIEW for value in row]
            drawn = axes.barh(range(len(row)), row, color=colours, height=0.7)
            axes.bar_label(drawn, [signed(value) for value in row], padding=2, fontsize=7.5)
            axes.axvline(0, color=INK, linewidth=0.8)
            axes.set_xlim(-most, most)
            _name_levels(axes, comparison)
        if cells:
            figure.supxlabel("bits: right speaks for one person, left against", fontsize=9)
        return svg(figure, "What each comparison level is worth, in bits for or against one person")


def threshold_curve(weights: np.ndarray, is_link: np.ndarray) -> str:
    """Expected precision and recall of the linked pairs by link threshold, and how many pairs a steward would look at.

    Args:
        weights: match weight of every kept pair, bits.
        is_link: whether the pair is linked; a pair that waits is never linked at any threshold, and stays a question.
    """
    thresholds, precision, recall, load = expected_quality(np.asarray(weights, float), np.asarray(is_link, bool))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11.5, 5.4), layout="constrained")
        cells = figure.subplots(3, 1, sharex=True)
        panels = (
            ("expected precision", precision, LINK),
            ("expected recall", recall, REVIEW),
            ("pairs to review", load, INK),
        )
        for axes, (name, values, colour) in zip(cells, panels, strict=True):
            axes.step(thresholds, values, where="post", color=colour)
            axes.set_title(name, loc="left", fontsize=9.5, fontweight="bold")
        cells[0].set_ylim(min(float(precision.min()), 0.99), 1 + 0.05 * (1 - min(float(precision.min()), 0.99)))
        cells[0].ticklabel_format(axis="y", useOffset=False)
        cells[1].set_ylim(0, 1.05)
        cells[2].fill_between(thresholds, load, step="post", color=INK, alpha=0.15, linewidth=0)
        count_axis(cells[2])
        cells[2].set_xlabel("link threshold, bits")
        return svg(figure, "Expected precision, expected recall and pairs to review by link threshold in bits")


def expected_quality(weights: np.ndarray, is_link: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(thresholds, precision, recall, load): what the pairs' own probabilities promise at each link threshold.

    Recall is of the matches among the kept pairs; load is every kept pair that is not linked.
    """
    if not len(weights):
        return (np.zeros(1), np.ones(1), np.ones(1), np.zeros(1))
    low, high = float(np.floor(weights.min())), float(np.ceil(weights.max()))
    thresholds = np.linspace(low, high, min(POINTS, int(high - low) * 4 + 1)) if high > low else np.array([low])
    probability = 1.0 / (1.0 + np.exp2(-np.clip(weights, -60, 60)))
    order = np.argsort(weights[is_link], kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(probability[is_link][order])])
    below = np.searchsorted(weights[is_link][order], thresholds, side="left")
    linked = len(order) - below
    matches = sums[-1] - sums[below]
    precision = np.where(linked > 0, matches / np.maximum(linked, 1), 1.0)
    return thresholds, precision, matches / max(float(probability.sum()), LEAST), len(weights) - linked


def blocking_chart(rules: Sequence[tuple[str, int, float]]) -> str:
    """Pairs that each key brings, and the matches expected among those that no key before it brought; log scale.

    Args:
        rules: name, pairs, expected new matches; drawn in this order from the top.
    """
    with mpl.rc_context(SIDE):
        figure, axes = canvas(11.5, 1.1 + 0.42 * max(len(rules), 1))
        rows = np.arange(len(rules))
        for shift, column, colour, label in ((-0.2, 1, LINK, "pairs"), (0.2, 2, REVIEW, "new matches expected")):
            values = [float(rule[column]) for rule in rules]
            drawn = axes.barh(
                rows + shift,
                [max(value - 0.5, 0.0) for value in values],
                height=0.38,
                color=colour,
                label=label,
                left=0.5,
            )
            axes.bar_label(drawn, [_count(value) for value in values], padding=3, fontsize=8)
        axes.set_xscale("log")
        axes.set_xlim(left=0.5)
        axes.margins(x=0.1)
        axes.set_yticks(rows, [plain(name) for name, _, _ in rules])
        axes.set_ylim(len(rules) - 0.4, -0.6)
        axes.xaxis.set_major_formatter(_thousands())
        if rules:
            figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=2, frameon=False)
        return svg(figure, "How many pairs each blocking key brings, and how many new matches are expected among them")


def calibration_chart(bins: Sequence[CalibrationBin]) -> str:
    """Observed share of matches by predicted probability, with intervals; on the diagonal the model is right."""
    with mpl.rc_context({**STYLE, "axes.grid.axis": "both"}):
        figure = Figure(figsize=(6.4, 6.0), layout="constrained")
        axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        predicted = [each.predicted for each in bins]
        observed = [each.observed for each in bins]
        arms = [
            [max(each.observed - each.low, 0.0) for each in bins],
            [max(each.high - each.observed, 0.0) for each in bins],
        ]
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), label="as promised")
        axes.errorbar(
            predicted, observed, yerr=arms, fmt="o", color=LINK, capsize=3, label="observed, with its interval"
        )
        axes.set_ylabel("observed share of matches")
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.03, 1.03)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=2, frameon=False)
        counts.bar(predicted, [each.count for each in bins], width=0.02, color=REVIEW)
        counts.set_yscale("log")  # else a bin of a few doubtful pairs is not seen beside thousands of sure ones
        counts.set_ylim(bottom=0.8)
        counts.minorticks_off()
        counts.set_ylabel("pairs")
        counts.yaxis.set_major_formatter(_thousands())
        counts.set_xlabel("predicted match probability")
        return svg(figure, "Calibration: observed share of matches by predicted match probability")


def level_bits(comparison: Comparison, index: int) -> float:
    """Bits of one level of a trained comparison, whatever the value: log2(m / u), capped."""
    level = comparison.levels[index]
    return min(float(np.log2(max(level.m, LEAST) / max(level.u, LEAST))), comparison.max_bits)


def _trained(model: Model) -> list[Comparison]:
    return [comparison for comparison in model.comparison if comparison.levels]


def _multiples(comparisons: Sequence[Comparison]) -> tuple[Figure, list[Axes]]:
    """One cell a comparison, as high as its row's tallest."""
    rows = [comparisons[first : first + COLUMNS] for first in range(0, len(comparisons), COLUMNS)]
    heights = [max(len(comparison.levels) for comparison in row) + 1.6 for row in rows]
    figure = Figure(figsize=(11.5, 0.8 + 0.21 * sum(heights)), layout="constrained")
    if not rows:
        return figure, []
    grid = figure.subplots(len(rows), COLUMNS, squeeze=False, height_ratios=heights)
    cells = list(grid.flat)
    for empty in cells[len(comparisons) :]:
        empty.set_axis_off()
    return figure, cells[: len(comparisons)]


def _name_levels(axes: Axes, comparison: Comparison) -> None:
    names = [level.name.replace("_", " ") for level in comparison.levels]
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.tick_params(axis="x", labelsize=7.5)
    axes.tick_params(axis="y", length=0)
    axes.set_title(plain(comparison.field.replace("_", " ")), loc="left", fontsize=9.5, fontweight="bold")


def _share_legend(figure: Figure, cells: Sequence[Axes]) -> None:
    if cells:
        handles, labels = cells[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=2, frameon=False)


def _thousands() -> FuncFormatter:
    return FuncFormatter(lambda value, _: f"{value:,.0f}")


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:,.1f}"
