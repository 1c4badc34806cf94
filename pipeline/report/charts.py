"""Pictures of a report as inline SVG: no script, no network."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

LINK, REVIEW, INK = "#1d70b8", "#f47738", "#0b0c0c"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "boroughlink",
    "svg.fonttype": "none",  # text stays text: it can be searched and copied
    "font.sans-serif": ["DejaVu Sans", "Verdana"],  # as wide as each other: what is laid out here fits there
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#d8dadb",
    "axes.axisbelow": True,
}


def weight_histogram(linked: np.ndarray, waiting: np.ndarray) -> str:
    """How many pairs are linked and how many wait, by match weight in bits."""
    weights = np.concatenate([linked, waiting])
    low, high = (int(np.floor(weights.min())), int(np.ceil(weights.max())) + 1) if len(weights) else (0, 1)
    bins = np.arange(low, high + 1)
    with mpl.rc_context(STYLE):
        figure, axes = canvas(11.5, 3.2)
        axes.hist(
            [linked, waiting],
            bins=bins.tolist(),
            stacked=True,
            color=[LINK, REVIEW],
            label=["linked", "wait for a steward"],
        )
        axes.set_xlabel("match weight, bits")
        axes.set_ylabel("pairs")
        count_axis(axes)
        axes.legend(frameon=False)
        return svg(figure, "Histogram of match weights: linked pairs and pairs that wait for a steward")


def size_bars(sizes: Sequence[int] | np.ndarray) -> str:
    """How many persons have one record, two, and so on."""
    most = 12
    counts = np.bincount(np.minimum(np.asarray(sizes, int), most), minlength=most + 1)[1:]
    labels = [*(str(size) for size in range(1, most)), f"{most}+"]
    with mpl.rc_context(STYLE):
        figure, axes = canvas(11.5, 2.6)
        axes.bar(labels, counts, color=LINK)
        axes.set_xlabel("records of a person")
        axes.set_ylabel("persons")
        count_axis(axes)
        return svg(figure, "Bar chart: how many persons have how many records")


def stage_bars(seconds: Sequence[tuple[str, float]]) -> str:
    """Seconds of each stage."""
    with mpl.rc_context({**STYLE, "axes.grid.axis": "x"}):
        figure, axes = canvas(11.5, 0.6 + 0.3 * max(len(seconds), 1))
        names = [name for name, _ in reversed(seconds)]
        values = [value for _, value in reversed(seconds)]
        drawn = axes.barh(names, values, color=LINK)
        axes.bar_label(drawn, [f"{value:.1f} s" for value in values], padding=3)
        axes.margins(x=0.12)
        return svg(figure, "Bar chart: seconds of each stage")


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty picture of so many inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def count_axis(axes: Axes) -> None:
    """Upright, from 0 on, with figures at whole numbers only: a count has no halves, and rounded they would repeat."""
    axes.set_ylim(0, max(1.0, axes.get_ylim()[1]))
    axes.yaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def svg(figure: Figure, title: str) -> str:
    """The picture as inline SVG that says its title to a screen reader; same input, same bytes."""
    _settle(figure)
    out = io.StringIO()
    FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
    drawn = out.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)


def _settle(figure: Figure) -> None:
    """Keep the layout as it is, rounded: the last digits of the layout solver differ from one drawing to the next."""
    engine = figure.get_layout_engine()
    if engine is not None and figure.axes:
        engine.execute(figure)
    figure.set_layout_engine("none")
    for axes in figure.axes:
        left, bottom, width, height = (round(value, 4) for value in axes.get_position().bounds)
        axes.set_position((left, bottom, width, height))
