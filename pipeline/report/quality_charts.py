"""Pictures of quality as inline SVG: what other thresholds would give, and how well each group is linked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from anyascii import anyascii
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from pipeline.report.charts import (
    INK,
    LEGEND,
    LINK,
    PALE,
    REVIEW,
    RIGHT,
    TITLE,
    WIDTH,
    canvas,
    count_axis,
    counts_room,
    legend,
    name_rows,
    room,
    style,
    svg,
)

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
    with style("both"):
        figure, cells = canvas(
            [1.6, 1.6, 1.6], [counts_room([row["to_review"] for row in rows])], top=LEGEND + 2 * TITLE
        )
        for axes, name in zip(cells, ("precision", "recall"), strict=False):
            for kind, colour, line in (("estimated", REVIEW, (0, (4, 2))), ("true", LINK, "solid")):
                if rows and rows[0][kind]:
                    values = [row[kind][name] for row in rows]
                    label = "by the truth" if kind == "true" else "as the model expects"
                    axes.plot(bits, values, color=colour, linestyle=line, marker="o", markersize=3, label=label)
            axes.set_title(name)
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g}%"))
        cells[2].plot(bits, [row["to_review"] for row in rows], color=INK, marker="o", markersize=3)
        count_axis(cells[2])
        cells[2].set_title("pairs to review")
        cells[2].xaxis.set_major_locator(MaxNLocator(12, integer=True))
        cells[2].set_xlabel("link threshold, bits")
        _mark(cells, rows)
        legend(figure, cells[0])
        return svg(figure, "Precision, recall and pairs to review by link threshold in bits")


def _mark(cells: Sequence[Axes], rows: Sequence[Mapping[str, Any]]) -> None:
    """A line at each threshold that is in use, named at the top; names that would run into each other stand together."""
    low, high = cells[0].get_xlim()
    inch = (high - low) / (cells[0].get_position().width * WIDTH)
    named: list[tuple[float, str]] = []
    for row in rows:
        if row["marks"]:
            for axes, top in zip(cells, (1.2, 1, 1), strict=True):
                axes.axvline(row["bits"], 0, top, color=GREY, lw=0.9, ls=(0, (1, 2)), zorder=0, clip_on=False)
            named.append((row["bits"], ", ".join(row["marks"])))
            while len(named) > 1 and named[-1][0] - named[-2][0] < inch * room([named[-2][1]], 8):
                _, last = named.pop()
                named[-1] = (named[-1][0], f"{named[-1][1]}, {last}")
    for bits, name in named:
        is_late = bits + inch * room([name], 8) > high
        cells[0].annotate(
            name,
            (bits, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(-3 if is_late else 3, 18),
            textcoords="offset points",
            ha="right" if is_late else "left",
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
    with style("x"):
        names = [f"{_short(row['group'])} ({row['persons']:,})" for row in shown]
        figure, cells = canvas([0.25 * max(len(shown), 1)], [room(names), RIGHT])
        for axes, (name, title) in zip(cells, titles.items(), strict=True):
            _panel(axes, [row[name] for row in shown])
            axes.set_title(title)
            axes.set_xlim(lowest[name] - 0.02 * (1 - lowest[name]), 1 + 0.02 * (1 - lowest[name]))
            axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
            name_rows(axes, names if axes is cells[0] else [], len(names))
        return svg(figure, f"Pairs found and pairs right by {_quoted(grouping)}, with 95 % intervals")


def _panel(axes: Axes, shares: Sequence[Mapping[str, Any] | None]) -> None:
    """An interval and its value a row; those that are worse told apart by colour and sign."""
    for is_worse, colour, sign in ((False, LINK, "o"), (True, REVIEW, "D")):
        told = [(row, share) for row, share in enumerate(shares) if share and share["is_worse"] == is_worse]
        rows = np.array([row for row, _ in told], float)
        value, low, high, rest = (
            np.array([share[name] for _, share in told], float) for name in ("value", "low", "high", "rest_value")
        )
        axes.vlines(rest, rows - 0.32, rows + 0.32, color=PALE, linewidth=2.5, zorder=1)
        axes.hlines(rows, low, high, color=colour, linewidth=1.6, zorder=2)
        axes.plot(value, rows, sign, color=colour, markersize=5.5, zorder=3)


def scale_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Where panels begin so that every interval of these rows fits."""
    lows = {name: [row[name]["low"] for row in rows if row[name]] for name in PANELS}
    return {name: float(np.floor(min(values, default=0.9) * 20) / 20) for name, values in lows.items()}


def _short(text: str) -> str:
    """A name that a picture can hold, in letters that its font has."""
    plain = anyascii(text)
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 2]}.."


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
