"""A pair's waterfall as a PNG: no display needed, told apart by more than colour, without any value of a record."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.core.chart_text import signed
from pipeline.explain.waterfall import Step, Waterfall

FOR, AGAINST, INK, QUIET = "#1d70b8", "#f47738", "#0b0c0c", "#6f777b"
HATCH = "////"
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": QUIET,
    "axes.grid": True,
    "axes.grid.axis": "x",
    "grid.color": "#e3e5e6",
    "axes.axisbelow": True,
    "hatch.linewidth": 0.7,
}
NAMES = {"prior": "before comparing (prior)", "related": "relatives and neighbours"}
PNG_DPI = 150

CLEAR = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}  # a threshold's line does not strike a figure through


def waterfall_png(
    falls: Waterfall, headline: str, record_ids: tuple[str, str], link_bits: float | None = None
) -> bytes:
    """The waterfall as PNG, same input same bytes."""
    with mpl.rc_context(STYLE):
        rows = len(falls.steps) + 1
        figure = Figure(
            figsize=(10, 1.9 + 0.36 * rows + (0.25 if falls.silent else 0)), layout="constrained", dpi=PNG_DPI
        )
        axes = figure.subplots()
        _draw_steps(axes, falls)
        _draw_total(axes, falls, rows - 1)
        _draw_lines(axes, falls, link_bits, rows)
        _label(figure, axes, falls, headline, record_ids)
        out = io.BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def name_of(step: Step) -> str:
    """A step's name in words."""
    return NAMES.get(step.kind, step.name.replace("_", " "))


def _draw_steps(axes: Axes, falls: Waterfall) -> None:
    for row, step in enumerate(falls.steps):
        is_for = step.bits >= 0
        axes.barh(
            row,
            step.bits,
            left=step.before,
            height=0.64,
            color=FOR if is_for else "white",
            edgecolor=FOR if is_for else AGAINST,
            hatch=None if is_for else HATCH,
            linewidth=1.2,
        )
        axes.plot([step.after, step.after], [row + 0.32, row + 0.68], color=QUIET, linewidth=0.9)
        _write(axes, max(step.before, step.after), row, signed(step.bits))


def _draw_total(axes: Axes, falls: Waterfall, row: int) -> None:
    axes.barh(row, falls.total, height=0.64, color=INK)
    _write(axes, max(falls.total, 0.0), row, signed(falls.total), weight="bold")


def _write(axes: Axes, bits: float, row: int, text: str, weight: str = "normal") -> None:
    axes.annotate(
        text, (bits, row), xytext=(5, 0), textcoords="offset points", va="center", color=INK, weight=weight, bbox=CLEAR
    )


def _draw_lines(axes: Axes, falls: Waterfall, link_bits: float | None, rows: int) -> None:
    low, high = falls.span
    low, high = min(low, link_bits or 0.0), max(high, link_bits or 0.0)
    room = (high - low) or 1.0
    axes.set_xlim(low - 0.03 * room, high + 0.12 * room)
    axes.set_ylim(rows - 0.4, -0.8)
    axes.axvline(0, color=QUIET, linewidth=1.0, zorder=0.9)
    if link_bits is not None:
        axes.axvline(link_bits, color=INK, linewidth=1.1, linestyle=(0, (4, 3)), zorder=0.9)
        is_right = link_bits > (low + high) / 2
        axes.annotate(
            f"linked from {link_bits:zg}".replace("-", "\N{MINUS SIGN}"),
            (link_bits, -0.8),
            xytext=(-4 if is_right else 4, 2),
            textcoords="offset points",
            ha="right" if is_right else "left",
            fontsize=9,
            color=INK,
        )


def _label(figure: Figure, axes: Axes, falls: Waterfall, headline: str, record_ids: tuple[str, str]) -> None:
    names = [f"{name_of(step)}: {step.level}" if step.level else name_of(step) for step in falls.steps]
    axes.set_yticks(range(len(names) + 1), [*names, "match weight"])
    axes.get_yticklabels()[-1].set_fontweight("bold")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("bits: each one more doubles the odds. Solid bars speak for one person, hatched bars against")
    title = f"{headline} ({signed(falls.total)} bits, probability {probability_words(falls.probability)})"
    figure.suptitle(title, x=0.012, ha="left", fontsize=13, fontweight="bold")
    axes.set_title(" ", pad=20)  # room for the records, which begin at the figure's edge
    ids = axes.annotate(
        f"records {record_ids[0]} and {record_ids[1]}",
        (0.012, 1),
        xytext=(0, 24),
        xycoords=("figure fraction", "axes fraction"),
        textcoords="offset points",
        fontsize=9,
        color=QUIET,
    )
    ids.set_in_layout(False)
    if falls.silent:
        silent = ", ".join(name.replace("_", " ") for name in falls.silent)
        figure.supxlabel(f"no evidence: {silent}", x=0.012, ha="left", fontsize=9, color=QUIET)


def probability_words(value: float) -> str:
    """A probability that is never told as certain."""
    if value > 0.999999:
        return "over 0.999999"
    if value < 0.000001:
        return "under 0.000001"
    return f"{value:.6f}".rstrip("0")
