"""Pictures of a model as inline SVG: what its levels are worth, its thresholds, its keys, and whether it is calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from pipeline.core.chart_text import signed
from pipeline.report.charts import (
    INK,
    LEGEND,
    LINK,
    MOST_NAME,
    PALE,
    REVIEW,
    TITLE,
    WIDTH,
    canvas,
    count_axis,
    counts_room,
    legend,
    name_rows,
    room,
    shortened,
    style,
    svg,
)
from schemas.model import LEVELS, SPELLING_BITS, Comparison, Model

LEAST = 1e-9
COLUMNS = 3
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
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
    shares = [np.log10([(max(x.m, LEAST), max(x.u, LEAST)) for x in each.levels[::-1]]) for each in _trained(model)]
    with style("x", 8):
        figure, cells = _multiples(model, LEGEND + TITLE, "share of pairs, log scale")
        for axes, of_levels in zip(cells, shares, strict=True):
            m, u = of_levels.T
            rows = range(len(of_levels))
            axes.hlines(rows, m, u, color=PALE, linewidth=2, zorder=1)
            axes.plot(m, rows, "o", color=LINK, label="m: among records of one person")
            axes.plot(u, rows, "D", color=REVIEW, markersize=5, label="u: among random pairs")
            axes.set_xlim(min(float(each.min()) for each in shares) - 0.5, 0.5)
            axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
            axes.xaxis.set_major_formatter(FuncFormatter(_power))
        if cells:
            legend(figure, cells[0])
        return svg(
            figure, "How often each comparison level occurs: among records of one person, and among random pairs"
        )


def weight_chart(model: Model) -> str:
    """Bits of every comparison level, one small picture a comparison.

    Exact levels count by the value's rarity, so theirs is the mean; of ``variant``, which does too, that of a name of usual rarity.
    """
    bits = [[level_bits(each, number) for number in reversed(range(len(each.levels)))] for each in _trained(model)]
    most = (max((abs(value) for row in bits for value in row), default=0.0) or 1.0) * 1.4
    with style("x", 8):
        figure, cells = _multiples(model, TITLE, "bits: right speaks for one person, left against")
        for axes, row in zip(cells, bits, strict=True):
            colours = [LINK if value >= 0 else REVIEW for value in row]
            drawn = axes.barh(range(len(row)), row, color=colours, height=0.7)
            axes.bar_label(drawn, [signed(value) for value in row], padding=2, fontsize=7.5)
            axes.axvline(0, color=INK, linewidth=0.8)
            axes.set_xlim(-most, most)
        return svg(figure, "What each comparison level is worth, in bits for or against one person")


def threshold_curve(weights: np.ndarray, is_link: np.ndarray) -> str:
    """Expected precision and recall of the linked pairs by link threshold, and how many pairs a steward would look at.

    Args:
        weights: match weight of every kept pair, bits.
        is_link: whether the pair is linked; a pair that waits is never linked at any threshold, and stays a question.
    """
    thresholds, precision, recall, load = expected_quality(np.asarray(weights, float), np.asarray(is_link, bool))
    with style("both"):
        figure, cells = canvas([1.3, 1.3, 1.3], [counts_room(load)])
        panels = (
            ("expected precision", precision, LINK),
            ("expected recall", recall, REVIEW),
            ("pairs to review", load, INK),
        )
        for axes, (name, values, colour) in zip(cells, panels, strict=True):
            axes.step(thresholds, values, where="post", color=colour)
            axes.set_title(name)
        cells[0].set_ylim(min(float(precision.min()), 0.99), 1 + 0.05 * (1 - min(float(precision.min()), 0.99)))
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
    with style("x"):
        names = [shortened(name, MOST_NAME) for name, _, _ in rules]
        counts = [[float(pairs) for _, pairs, _ in rules], [matches for _, _, matches in rules]]
        told = [[_count(value) for value in values] for values in counts]
        figure, (axes,) = canvas(
            [0.42 * max(len(rules), 1)], [room(names)], top=LEGEND, right=room([*told[0], *told[1]], 8)
        )
        for shift, values, texts, colour, label in zip(
            (-0.2, 0.2), counts, told, (LINK, REVIEW), ("pairs", "new matches expected"), strict=True
        ):
            lengths = [max(value - 0.5, 0.0) for value in values]
            drawn = axes.barh(np.arange(len(rules)) + shift, lengths, 0.38, 0.5, color=colour, label=label)
            axes.bar_label(drawn, texts, padding=3, fontsize=8)
        axes.set_xscale("log")
        _log_counts(axes.xaxis)
        axes.set_xlabel("pairs, log scale")
        axes.set_xlim(0.5, max([1.5, *counts[0], *counts[1]]))
        name_rows(axes, names)
        if rules:
            legend(figure, axes)
        return svg(figure, "How many pairs each blocking key brings, and how many new matches are expected among them")


def calibration_chart(bins: Sequence[CalibrationBin]) -> str:
    """Observed share of matches by predicted probability, with intervals; on the diagonal the model is right."""
    with style("both"):
        figure, (axes, counts) = canvas(
            [3.8, 0.9], [counts_room([each.count for each in bins])], width=6.4, top=LEGEND + TITLE
        )
        predicted, observed = [each.predicted for each in bins], [each.observed for each in bins]
        arms = [
            [max(each.observed - each.low, 0.0) for each in bins],
            [max(each.high - each.observed, 0.0) for each in bins],
        ]
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), label="as promised")
        axes.errorbar(
            predicted, observed, yerr=arms, fmt="o", color=LINK, capsize=3, label="observed, with its interval"
        )
        axes.set_title("observed share of matches")
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.03, 1.03)
        legend(figure, axes)
        counts.bar(predicted, [each.count for each in bins], width=0.02, color=REVIEW)
        counts.set_yscale("log")  # else a bin of a few doubtful pairs is not seen beside thousands of sure ones
        _log_counts(counts.yaxis)
        counts.set_ylim(bottom=0.8)
        counts.set_title("pairs")
        counts.set_xlabel("predicted match probability")
        return svg(figure, "Calibration: observed share of matches by predicted match probability")


def level_bits(comparison: Comparison, index: int) -> float:
    """Bits of one level of a trained comparison, whatever the value: log2(m / u), capped."""
    level = comparison.levels[index]
    return min(float(np.log2(max(level.m, LEAST) / max(level.u, LEAST))), comparison.max_bits)


def spellings_told(model: Model) -> list[str]:
    """Of each name, the bits of two spellings (``variant``) from the most common names to the rarest; none where all count alike."""
    told = []
    for comparison in _trained(model):
        if comparison.usual_rarity is not None:
            usual = level_bits(comparison, LEVELS[comparison.kind].index("variant"))
            of_bins = [usual + rarity - comparison.usual_rarity for rarity in (SPELLING_BITS[0], SPELLING_BITS[-1])]
            low, high = (signed(min(bits, comparison.max_bits)) for bits in of_bins)
            told.append(f"{comparison.field.replace('_', ' ')} from {low} to {high}")
    return told


def _trained(model: Model) -> list[Comparison]:
    return [comparison for comparison in model.comparison if comparison.levels]


def _multiples(model: Model, top: float, meaning: str) -> tuple[Figure, list[Axes]]:
    """One cell a trained comparison, named with its levels, the surest at the top; as high as its row's tallest."""
    trained = _trained(model)
    names = [[level.name.replace("_", " ") for level in comparison.levels[::-1]] for comparison in trained]
    tallest = [max(map(len, names[first : first + COLUMNS])) for first in range(0, len(names), COLUMNS)]
    left = [room(name for rows in names[column::COLUMNS] for name in rows) for column in range(COLUMNS)]
    figure, cells = canvas([0.2 * n_rows for n_rows in tallest], left, n_cells=len(names), top=top)
    for number, (axes, comparison) in enumerate(zip(cells, trained, strict=True)):
        name_rows(axes, names[number], tallest[number // COLUMNS])
        axes.set_title(shortened(comparison.field.replace("_", " "), (WIDTH - sum(left)) / COLUMNS, 9.5, "bold"))
    if cells:
        figure.supxlabel(meaning, y=0, va="bottom", fontsize=9)
    return figure, cells


def _power(exponent: float, _: int) -> str:
    return "10" + f"{exponent:.0f}".translate(RAISED) if exponent else "1"


def _log_counts(axis: XAxis | YAxis) -> None:
    """Of a log scale whole figures only, and so few that they stand apart however large they are."""
    axis.set_major_locator(LogLocator(numticks=6))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axis.set_minor_locator(NullLocator())


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:,.1f}"
