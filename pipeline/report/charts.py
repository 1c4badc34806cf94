"""Pictures of a report as inline SVG: no script, no network."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MaxNLocator

LINK, REVIEW, INK, PALE = "#1d70b8", "#f47738", "#0b0c0c", "#b1b4b6"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "boroughlink",
    "svg.fonttype": "none",  # text stays text: it can be searched and copied
    "text.parse_math": False,
    "font.sans-serif": ["DejaVu Sans", "Verdana"],  # as wide as each other: what is laid out here fits there
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titley": 1.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "grid.color": "#d8dadb",
    "legend.fontsize": 9,
    "legend.frameon": False,
}
TITLE, LEGEND, LABELS = 0.28, 0.3, 0.5
"""Inches that a title takes above its axes, a legend above it, and figures with what they mean below"""
WIDTH, LEFT, RIGHT, MOST_NAME = 11.5, 0.8, 0.2, 4.5
"""Inches of a whole picture; beside axes, where figures up to 10,000,000 fit, and half of one; at most for names"""


def weight_histogram(linked: np.ndarray, waiting: np.ndarray) -> str:
    """How many pairs are linked and how many wait, by match weight in bits."""
    weights = np.concatenate([linked, waiting])
    low, high = (int(np.floor(weights.min())), int(np.ceil(weights.max())) + 1) if len(weights) else (0, 1)
    edges = np.arange(low, high + 1)
    n_linked, n_pairs = (np.histogram(of, edges)[0] for of in (linked, weights))
    with style("y"):
        figure, (axes,) = canvas([2.4], [counts_room(n_pairs)], top=LEGEND)
        axes.stairs(n_linked, edges, fill=True, color=LINK, label="linked pairs")
        axes.stairs(n_pairs, edges, baseline=n_linked, fill=True, color=REVIEW, label="pairs that wait for a steward")
        axes.set_xlabel("match weight, bits")
        count_axis(axes)
        legend(figure, axes)
        return svg(figure, "Histogram of match weights: linked pairs and pairs that wait for a steward")


def size_bars(sizes: Sequence[int] | np.ndarray) -> str:
    """How many persons have one record, two, and so on."""
    most = 12
    counts = np.bincount(np.minimum(np.asarray(sizes, int), most), minlength=most + 1)[1:]
    with style("y"):
        figure, (axes,) = canvas([1.8], [counts_room(counts)], top=TITLE)
        axes.bar(range(most), counts, color=LINK)
        name_places(axes.xaxis, [*(str(size) for size in range(1, most)), f"{most}+"])
        axes.set_xlabel("records of a person")
        axes.set_title("persons")
        count_axis(axes)
        return svg(figure, "Bar chart: how many persons have how many records")


def stage_bars(seconds: Sequence[tuple[str, float]]) -> str:
    """Seconds of each stage."""
    names, values = [name for name, _ in seconds], [value for _, value in seconds]
    told = [f"{value:.1f} s" for value in values]
    with style("x"):
        names = [shortened(name, MOST_NAME) for name in names]
        figure, (axes,) = canvas([0.27 * max(len(names), 1)], [room(names)], top=0.1, right=room(told))
        axes.bar_label(axes.barh(range(len(names)), values, color=LINK), told, padding=3)
        axes.set_xlim(0, max(values, default=0) or 1)
        axes.set_xlabel("seconds")
        name_rows(axes, names)
        return svg(figure, "Bar chart: seconds of each stage")


def style(grid: Literal["x", "y", "both"], size: float = 9) -> AbstractContextManager[None]:
    """How pictures look that are drawn in it: which lines stand behind, and how large texts are, in points."""
    return mpl.rc_context({**STYLE, "axes.grid.axis": grid, "font.size": size})


def canvas(
    heights: Sequence[float],
    left: Sequence[float],
    *,
    n_cells: int | None = None,
    width: float = WIDTH,
    top: float = TITLE,
    right: float = RIGHT,
) -> tuple[Figure, list[Axes]]:
    """A picture and its axes, row by row; those of a column share their scale, told below the lowest.

    Nothing moves afterwards: whoever asks leaves the room that texts need. All lengths are inches.

    Args:
        heights: of the axes of each row.
        left: of each column, the room beside its axes.
        n_cells: where the last row is not full.
        width: of the whole picture.
        top: room above the first row.
        right: room beside the axes of each column.
    """
    between, columns = TITLE + 0.1, len(left)
    height = top + sum(heights) + between * (len(heights) - 1) + LABELS
    cell = (width - sum(left)) / columns
    figure, cells = Figure(figsize=(width, height)), list[Axes]()
    n_cells = len(heights) * columns if n_cells is None else n_cells
    for number in range(n_cells):
        row, column = divmod(number, columns)
        x = sum(left[: column + 1]) + cell * column
        y = height - top - sum(heights[: row + 1]) - between * row
        box = (x / width, y / height, (cell - right) / width, heights[row] / height)
        cells.append(figure.add_axes(box, sharex=cells[column] if row else None))
        cells[-1].xaxis.set_visible(number + columns >= n_cells)
    return figure, cells


def room(texts: Iterable[str], size: float | None = None, weight: str = "normal") -> float:
    """Inches that the widest of these texts takes, with a little air."""
    font = FontProperties(size=size, weight=weight)
    widths = (text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] for text in texts)
    return max(widths, default=0) / 72 + 0.12


def counts_room(counts: Iterable[int] | np.ndarray) -> float:
    """Inches that the figures of an axis of these counts take."""
    return max(LEFT, room([f"{1.05 * max(counts, default=0):,.0f}"]))


def shortened(text: str, inches: float, size: float | None = None, weight: str = "normal") -> str:
    """As much of a text as fits, less of its middle."""
    shown = text
    for kept in range(len(text) - 1, 0, -1):
        if room([shown], size, weight) <= inches:
            break
        shown = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
    return shown


def name_rows(axes: Axes, names: Sequence[str], n_rows: int | None = None) -> None:
    """Rows from the top, named at the left; with ``n_rows`` there is room for more."""
    axes.set_ylim((n_rows or len(names)) - 0.4, -0.6)
    name_places(axes.yaxis, names)


def name_places(axis: XAxis | YAxis, names: Sequence[str]) -> None:
    """Names of the places 0, 1, .. along an axis."""
    axis.set_major_locator(FixedLocator(range(len(names))))
    axis.set_major_formatter(FixedFormatter(names))


def legend(figure: Figure, axes: Axes) -> None:
    """What colours mean, in the picture's upper left, where ``LEGEND`` was left for it."""
    figure.legend(*axes.get_legend_handles_labels(), loc="upper left", ncols=3, borderaxespad=0)


def count_axis(axes: Axes) -> None:
    """Upright, from 0 on, with figures at whole numbers only: a count has no halves, and rounded they would repeat."""
    axes.set_ylim(0, max(1.0, axes.get_ylim()[1]))
    axes.yaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def svg(figure: Figure, title: str) -> str:
    """The picture as inline SVG that says its title to a screen reader; same input, same bytes."""
    for axes in figure.axes:
        _draw_scale(axes, axes.xaxis)
        _draw_scale(axes, axes.yaxis)
    out = io.StringIO()
    FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
    drawn = out.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)


def _draw_scale(axes: Axes, axis: XAxis | YAxis) -> None:
    """An axis as a few lines and texts: matplotlib's ticks are five artists each, and were most of a picture's time."""
    is_x, is_told = axis is axes.xaxis, axis.get_visible()
    axis.set_visible(False)
    low, high = sorted(axis.get_view_interval())
    values = axis.get_majorticklocs()
    texts = zip(values, axis.get_major_formatter().format_ticks(values.tolist()), strict=True)
    figures = [(value, text) for value, text in texts if low <= value <= high]
    if mpl.rcParams["axes.grid.axis"] in ("both", "x" if is_x else "y"):
        ends = [[(value, 0), (value, 1)] if is_x else [(0, value), (1, value)] for value, _ in figures]
        place = axes.get_xaxis_transform() if is_x else axes.get_yaxis_transform()
        lines = LineCollection(ends, transform=place, colors=mpl.rcParams["grid.color"], linewidths=0.8, zorder=0.5)
        axes.add_collection(lines, autolim=False)
    if is_told:
        place, vertical, horizontal = axes.get_xaxis_text1_transform(5) if is_x else axes.get_yaxis_text1_transform(5)
        for value, text in figures:
            x, y = (value, 0) if is_x else (0, value)
            axes.text(x, y, text, transform=place, va=vertical, ha=horizontal)
    if is_told and is_x:
        axes.annotate(axes.get_xlabel(), (0.5, 0), (0, -20), "axes fraction", "offset points", ha="center", va="top")
