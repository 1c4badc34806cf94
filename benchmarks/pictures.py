"""The pictures of RESULTS.md: accuracy a set, and time and memory against size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.contenders import CONTENDERS, OURS
from benchmarks.growth import n_log_n
from benchmarks.results import Summary
from pipeline.report.charts import INK, LINK, REVIEW, STYLE

COLOURS = {"boroughlink": LINK, "splink": REVIEW, "recordlinkage": "#c4c7c9", "recordlinkage_keys": "#868a8d"}
PICTURE = {
    **STYLE,
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
}


def draw_accuracy(summaries: Sequence[Summary], path: Path) -> None:
    """Grouped bars of cluster F1, a group a set; a mark where a peer's best threshold would have brought it."""
    data = list(dict.fromkeys(summary.data for summary in summaries))
    present = [summary for summary in CONTENDERS if any(another.contender == summary.name for another in summaries)]
    with mpl.rc_context(PICTURE):
        figure = Figure(figsize=(8.5, 1.0 + 0.19 * len(summaries) + 0.14 * len(data)), layout="constrained", dpi=150)
        axes = figure.subplots()
        next_position = 0.0
        for name in data:
            group = [
                summary
                for contender in present
                for summary in summaries
                if summary.data == name and summary.contender == contender.name
            ]
            places = [next_position + position for position in range(len(group))]
            for position, summary in zip(places, group, strict=True):
                _bar(axes, position, summary)
            axes.text(-0.012, float(np.mean(places)), name, ha="right", va="center")
            next_position += len(group) + 0.8
        for contender in present:
            axes.barh([-5], [0], color=COLOURS[contender.name], label=contender.title)
        axes.plot([], [], color=INK, linewidth=1.6, label="best threshold, if the truth were known")
        axes.set(xlim=(0, 1.06), ylim=(next_position - 0.8, -0.9), yticks=[], title="Cluster F1 at own thresholds")
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0])
        axes.spines["left"].set_visible(False)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        handles, labels = axes.get_legend_handles_labels()
        order = [*range(1, len(handles)), 0]  # the contenders first
        figure.legend(
            [handles[position] for position in order],
            [labels[position] for position in order],
            loc="outside lower center",
            ncols=3,
            frameon=False,
        )
        figure.savefig(path)


def _bar(axes: Axes, position: float, summary: Summary) -> None:
    f1, best = summary.accuracy["cluster_f1"] or 0.0, summary.accuracy["best_cluster_f1"]
    axes.barh([position], [f1], height=0.86, color=COLOURS[summary.contender])
    weight = "bold" if summary.contender == OURS.name else "normal"
    ink = "white" if summary.contender == OURS.name else INK
    axes.text(f1 - 0.008, position, f"{f1:.4f}", ha="right", va="center", fontsize=7.5, color=ink, fontweight=weight)
    if best is not None:
        axes.plot([best, best], [position - 0.43, position + 0.43], color=INK, linewidth=1.6, solid_capstyle="butt")
        axes.text(best + 0.006, position, f"{best:.4f}", va="center", fontsize=7.5, color=INK)


MEASURES = (("wall_seconds", "Wall time (s)"), ("cpu_seconds", "CPU time (s)"), ("peak_mb", "Peak memory (MB)"))


def draw_sizes(summaries: Sequence[Summary], path: Path) -> None:
    """Time and memory against records, both axes logarithmic, with a line that grows as n log n."""
    with mpl.rc_context({**PICTURE, "axes.grid.axis": "both"}):
        figure = Figure(figsize=(11, 4.2), layout="constrained", dpi=150)
        for axes, (name, title) in zip(figure.subplots(1, len(MEASURES)), MEASURES, strict=True):
            lines = {contender: _line_of(summaries, contender.name, name) for contender in CONTENDERS}
            for contender, (sizes, costs) in lines.items():
                if sizes:
                    axes.plot(
                        sizes,
                        costs,
                        marker="o",
                        markersize=5,
                        linewidth=2,
                        color=COLOURS[contender.name],
                        label=contender.title,
                        zorder=3,
                    )
            _tell_values(axes, summaries, name)
            _log_axes(
                axes,
                [float(getattr(summary, name)) for summary in summaries],
                sorted({summary.records for summary in summaries}),
            )
            _guide(axes, *lines[OURS])
            axes.set(title=title, xlabel="records")
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
        figure.savefig(path)


def _line_of(summaries: Sequence[Summary], contender: str, measure: str) -> tuple[list[int], list[float]]:
    summary = sorted(
        (summary for summary in summaries if summary.contender == contender), key=lambda summary: summary.records
    )
    return [each.records for each in summary], [float(getattr(each, measure)) for each in summary]


def _tell_values(axes: Axes, summaries: Sequence[Summary], measure: str) -> None:
    """Each point's value: above the highest of its size, below the others."""
    for summary in summaries:
        cost = float(getattr(summary, measure))
        is_highest = all(
            cost >= float(getattr(another, measure)) for another in summaries if another.data == summary.data
        )
        axes.annotate(
            f"{cost:,.0f}" if cost >= 10 else f"{cost:.1f}",
            (summary.records, cost),
            xytext=(0, 7 if is_highest else -14),
            textcoords="offset points",
            ha="center",
            fontsize=7.5,
            color=COLOURS[summary.contender],
            fontweight="bold",
        )


def _guide(axes: Axes, sizes: Sequence[int], costs: Sequence[float]) -> None:
    """n log n through ours at the largest size."""
    if len(sizes) > 1:
        line = np.geomspace(sizes[0], sizes[-1], 50)
        shape = n_log_n(line.tolist())
        axes.plot(
            line,
            shape / shape[-1] * costs[-1],
            color="#86898b",
            linewidth=1,
            linestyle=(0, (4, 3)),
            label="n log n",
            zorder=1,
        )


def _log_axes(axes: Axes, costs: Sequence[float], sizes: Sequence[int]) -> None:
    axes.set(
        xscale="log", yscale="log", xlim=(sizes[0] / 1.6, sizes[-1] * 1.6), ylim=(min(costs) / 1.8, max(costs) * 1.7)
    )
    axes.set_xticks(sizes, [_short(size) for size in sizes])
    axes.set_xticks([], minor=True)
    axes.yaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.yaxis.set_minor_formatter(mpl.ticker.NullFormatter())


def _short(size: int) -> str:
    """A size to two figures: 100k, 1M."""
    rounded = int(float(f"{size:.1e}"))
    return f"{rounded / 1e6:g}M" if rounded >= 1_000_000 else f"{rounded / 1e3:g}k"
