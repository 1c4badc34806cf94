"""Pictures of quality as inline SVG: what other thresholds would give, and how well each group is linked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from anyascii import anyascii
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from pipeline.report.charts import INK, LINK, REVIEW, STYLE, count_axis, svg

SIDE: dict[Any, Any] = {**STYLE, "axes.grid.axis": "x"}
GREY = "#505a5f"
LONGEST = 34
"""Letters of a group's name that a picture has room for."""
NATURAL = ("age", "decade of birth")
"""Groupings with an order of their own; others are drawn worst first."""
PANELS = {"recall": "true pairs that are found", "precision": "linked pairs that are right"}
EXPECTED = {"recall": "expected matches that are linked", "precision": "linked pairs expected to be right"}


def threshold_chart(rows: Sequence[Mapping[str, Any]]) -> str:
    """Precision, recall and a steward's load by link threshold, as expected and, where it is told, as it truly is.

    Args:
        rows: thresholds in order, as ``evaluate`` tells them.
    """
    bits = [row["bits"] for row in rows]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11.5, 6.6), layout="constrained")
        cells = figure.subplots(3, 1, sharex=True)
        for axes, name in zip(cells, ("precision", "recall"), strict=False):
            for kind, colour, line in (("estimated", REVIEW, (0, (4, 2))), ("true", LINK, "solid")):
                if rows and rows[0][kind]:
                    values = [row[kind][name] for row in rows]
                    label = "by the truth" if kind == "true" else "as the model expects"
                    axes.plot(bits, values, color=colour, linestyle=line, marker="o", markersize=3, label=label)
            axes.set_ylabel(name)
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g}%"))
        cells[2].plot(bits, [row["to_review"] for row in rows], color=INK, marker="o", markersize=3)
        count_axis(cells[2])
        cells[2].set_ylabel("pairs to review")
        figure.align_ylabels(cells)
        cells[2].xaxis.set_major_locator(MaxNLocator(12, integer=True))
        cells[2].set_xlabel("link threshold, bits")
        _mark(cells, rows)
        figure.legend(*cells[0].get_legend_handles_labels(), loc="outside upper left", ncols=3, frameon=False)
        return svg(figure, "Precision, recall and pairs to review by link threshold in bits")


def _mark(cells: Sequence[Axes], rows: Sequence[Mapping[str, Any]]) -> None:
    """A line at each threshold that is in use, named at the top."""
    for row in rows:
        if row["marks"]:
            for axes in cells:
                axes.axvline(row["bits"], color=GREY, linewidth=0.9, linestyle=(0, (1, 2)), zorder=0)
            cells[0].annotate(
                ", ".join(row["marks"]),
                (row["bits"], 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(3, 2),
                textcoords="offset points",
                fontsize=8,
                color=GREY,
            )


def forest_chart(
    grouping: str, rows: Sequence[Mapping[str, Any]], lowest: Mapping[str, float], titles: Mapping[str, str]
) -> str:
    """Found and right pairs of each group of a grouping, with 95 % intervals; a bar where everybody else is.

    Args:
        grouping: what groups are told by.
        rows: its groups, as ``evaluate`` tells them; those without figures are left out.
        lowest: where each panel begins, so that several pictures have one scale.
        titles: of the panels, ``PANELS`` or ``EXPECTED``.
    """
    shown = [row for row in rows if row["recall"] or row["precision"]]
    if grouping not in NATURAL:
        shown.sort(key=lambda row: (row["recall"] or row["precision"])["value"])
    with mpl.rc_context(SIDE):
        figure = Figure(figsize=(11.5, 0.95 + 0.25 * max(len(shown), 1)), layout="constrained")
        cells = figure.subplots(1, 2, sharey=True)
        for axes, (name, title) in zip(cells, titles.items(), strict=True):
            _panel(axes, [row[name] for row in shown])
            axes.set_title(title, loc="left", fontsize=9.5, fontweight="bold")
            axes.set_xlim(lowest[name] - 0.02 * (1 - lowest[name]), 1 + 0.02 * (1 - lowest[name]))
            axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        labels = [f"{_short(row['group'])} ({row['persons']:,})" for row in shown]
        cells[0].set_yticks(range(len(shown)), labels)
        cells[0].set_ylim(len(shown) - 0.4, -0.6)
        for axes in cells:
            axes.tick_params(axis="y", length=0)
        return svg(figure, f"Pairs found and pairs right by {_quoted(grouping)}, with 95 % intervals")


def _panel(axes: Axes, shares: Sequence[Mapping[str, Any] | None]) -> None:
    for position, share in enumerate(shares):
        if share:
            colour, sign = (REVIEW, "D") if share["is_worse"] else (LINK, "o")
            axes.plot(
                [share["rest_value"]] * 2, [position - 0.32, position + 0.32], color="#b1b4b6", linewidth=2.5, zorder=1
            )
            axes.plot([share["low"], share["high"]], [position, position], color=colour, linewidth=1.6, zorder=2)
            axes.plot([share["value"]], [position], sign, color=colour, markersize=5.5, zorder=3)


def scale_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Where panels begin so that every interval of these rows fits."""
    lows = {name: [row[name]["low"] for row in rows if row[name]] for name in PANELS}
    return {name: float(np.floor(min(values, default=0.9) * 20) / 20) for name, values in lows.items()}


def _short(text: str) -> str:
    """A name that a picture can hold: in letters that its font has, and read as text, not as mathematics."""
    plain = anyascii(text)
    plain = plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 2]}.."
    return plain.replace("$", r"\$")


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
