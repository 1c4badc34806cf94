"""The tables of RESULTS.md, each from medians and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.contenders import BY_NAME, OURS
from benchmarks.course import START
from benchmarks.growth import against_n_log_n, fit, n_log_n_exponent
from benchmarks.results import Result, Summary

DISTURBED = 0.10  # of the machine's cores in other hands while a process was measured


LOWER_IS_BETTER: dict[str, Callable[[Summary], float]] = {
    "wall time": lambda summary: summary.wall_seconds,
    "CPU time": lambda summary: summary.cpu_seconds,
    "peak memory": lambda summary: summary.peak_mb,
}


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column to the left, figures to the right."""
    right = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [heads, right, *rows])


def share(value: float | None) -> str:
    """A share with four places, as precision and recall are told."""
    return "" if value is None else f"{value:.4f}"


def ratio(ours: float, theirs: float) -> str:
    """How many times as much ours is as theirs."""
    return f"{ours / theirs:.2f}" if theirs else ""


def accuracy_table(summaries: Sequence[Summary]) -> str:
    """Right and wrong, for pairs and for clusters."""
    heads = [
        "set",
        "records",
        "true pairs",
        "contender",
        "pairs P",
        "R",
        "F1",
        "clusters P",
        "R",
        "F1",
        "best pair F1",
        "best cluster F1",
        "B-cubed F1",
        "whole persons",
        "calibration error",
    ]
    names = (
        "pair_precision",
        "pair_recall",
        "pair_f1",
        "cluster_precision",
        "cluster_recall",
        "cluster_f1",
        "best_pair_f1",
        "best_cluster_f1",
        "b_cubed_f1",
        "exact_persons",
        "calibration_error",
    )
    rows = []
    for summary in summaries:
        cells = [share(summary.accuracy[name]) for name in names]
        if summary.contender == OURS.name:
            cells = [f"**{cell}**" if name == "cluster_f1" else cell for name, cell in zip(names, cells, strict=True)]
        rows.append([summary.data, f"{summary.records:,}", f"{summary.true_pairs:,}", title(summary), *cells])
    return table(heads, rows)


def cost_table(summaries: Sequence[Summary]) -> str:
    """Time and memory, and how many times as much ours takes."""
    heads = [
        "set",
        "records",
        "contender",
        "turns",
        "wall s",
        "shortest-longest",
        "CPU s",
        "peak MB",
        "boroughlink / it: wall",
        "CPU",
        "memory",
    ]
    rows = []
    for summary in summaries:
        ours = of_contender(summaries, summary.data, OURS.name)
        ratios = ["", "", ""]
        if ours and summary.contender != OURS.name:
            ratios = [ratio(cost(ours), cost(summary)) for cost in LOWER_IS_BETTER.values()]
        low, high = summary.wall_span
        mark = " *" if summary.others_share > DISTURBED else ""
        rows.append(
            [
                summary.data,
                f"{summary.records:,}",
                title(summary),
                str(summary.turns),
                f"{summary.wall_seconds:.2f}{mark}",
                f"{low:.2f}-{high:.2f}",
                f"{summary.cpu_seconds:.2f}",
                f"{summary.peak_mb:,.0f}",
                *ratios,
            ]
        )
    note = (
        f"\n\n\\* other processes took more than {DISTURBED:.0%} of the cores during one of "
        "the turns: wall time may be too long."
    )
    return table(heads, rows) + (note if any(summary.others_share > DISTURBED for summary in summaries) else "")


def candidate_table(summaries: Sequence[Summary]) -> str:
    """How many pairs were looked at, and what share of the true ones was among them."""
    rows = []
    for summary in summaries:
        recall, sign = (
            (summary.accuracy["kept_recall"], "≥ ")
            if summary.candidate_recall is None
            else (summary.candidate_recall, "")
        )
        pairs = summary.candidate_pairs
        counted = [f"{pairs:,}", f"{pairs / summary.records:.1f}"] if pairs is not None else ["", ""]
        rows.append([summary.data, f"{summary.records:,}", title(summary), *counted, f"{sign}{share(recall)}"])
    return table(["set", "records", "contender", "candidate pairs", "a record", "found"], rows)


def behind(summaries: Sequence[Summary]) -> str:
    """Every set and measure where a peer is better: said, not hidden."""
    lines = []
    for summary in summaries:
        ours = of_contender(summaries, summary.data, OURS.name)
        if not ours or summary.contender == OURS.name:
            continue
        worse = [
            f"{name} x {cost(ours) / cost(summary):.2f}"
            for name, cost in LOWER_IS_BETTER.items()
            if cost(ours) > cost(summary)
        ]
        for measure, (theirs, mine) in {
            "cluster F1": (summary.accuracy["cluster_f1"], ours.accuracy["cluster_f1"]),
            "cluster F1 (its best threshold)": (summary.accuracy["best_cluster_f1"], ours.accuracy["cluster_f1"]),
            "pair F1": (summary.accuracy["pair_f1"], ours.accuracy["pair_f1"]),
        }.items():
            if theirs is not None and mine is not None and round(mine, 4) < round(theirs, 4):
                worse.append(f"{measure} {mine:.4f} against {theirs:.4f}")
        if worse:
            lines.append(f"- {summary.data}, {title(summary)}: {'; '.join(worse)}")
    return "\n".join(lines) or "Nowhere in this run."


def growth_part(cities: Sequence[Summary], start: Summary | None) -> list[str]:
    """What boroughlink takes at each size of the city, and the exponents."""
    idle = start.cpu_seconds if start else 0.0
    summaries = [summary for summary in cities if summary.cpu_seconds > idle]
    if len(summaries) < 2:
        return []
    sizes = [float(summary.records) for summary in summaries]
    work = [summary.cpu_seconds - idle for summary in summaries]
    rows = [_grown(*each) for each in zip(summaries, work, against_n_log_n(sizes, work), strict=True)]
    heads = [
        "records",
        "wall s",
        "CPU s",
        "CPU s without start-up",
        "against n log n",
        "microseconds a record",
        "peak MB",
        "kB a record",
        "candidate pairs a record",
        "cluster F1",
    ]
    costs = {
        "wall": [summary.wall_seconds for summary in summaries],
        "CPU": [summary.cpu_seconds for summary in summaries],
        "CPU without start-up": work,
        "peak memory": [summary.peak_mb for summary in summaries],
        "candidate pairs": [float(summary.candidate_pairs or 1) for summary in summaries],
    }
    exponents = ", ".join(f"{name} {fit(sizes, cost).exponent:.2f}" for name, cost in costs.items())
    text = (
        f"boroughlink on the city. Start-up, {idle:.1f} CPU s, is what a set of {START.rows:,} "
        "records takes: loading the program and drawing the "
        "report. *against n log n*: CPU time without start-up as a multiple of n log n drawn "
        "through the smallest size; where it falls, time grows more "
        f"slowly. Exponents of size, fitted on the logarithms: {exponents}; n log n itself would "
        f"be fitted with {n_log_n_exponent(sizes):.2f} over these sizes."
    )
    return [table(heads, rows), text]


def _grown(summary: Summary, work: float, multiple: float) -> list[str]:
    """One row: the size, what it took, and per record."""
    pairs = f"{summary.candidate_pairs / summary.records:.1f}" if summary.candidate_pairs else ""
    seconds = [f"{value:.1f}" for value in (summary.wall_seconds, summary.cpu_seconds, work)]
    memory = [f"{summary.peak_mb:,.0f}", f"{summary.peak_mb * 1e3 / summary.records:.2f}"]
    each = f"{work * 1e6 / summary.records:.1f}"
    return [
        f"{summary.records:,}",
        *seconds,
        f"{multiple:.2f}",
        each,
        *memory,
        pairs,
        share(summary.accuracy["cluster_f1"]),
    ]


def first_runs(results: Sequence[Result], everything: Sequence[Summary]) -> list[str]:
    """What compiling costs: the very first run, and how many more compiled something."""
    compiling = [summary for summary in results if not summary.turn and not summary.problem]
    start = of_contender(everything, START.name, OURS.name)
    if not compiling or not start:
        return []
    first = compiling[0]
    later = ", ".join(f"{summary.data} ({summary.wall_seconds:.1f} s)" for summary in compiling[1:])
    more = f" Kernels for other columns were compiled later, in the first run on {later}." if later else ""
    return [
        "## The very first run",
        "On a new installation boroughlink compiles its kernels: the first run, on "
        f"{first.records:,} records, took {first.wall_seconds:.1f} s and "
        f"{first.cpu_seconds:.1f} CPU s; the same run afterwards {start.wall_seconds:.1f} s.{more}",
    ]


def of_contender(summaries: Sequence[Summary], data: str, contender: str) -> Summary | None:
    """What a contender got on a set; None where it has no result."""
    return next(
        (
            summary
            for summary in summaries
            if summary.data == data and summary.contender == contender and not summary.problem
        ),
        None,
    )


def title(summary: Summary) -> str:
    """The contender's name as a page has it."""
    return BY_NAME[summary.contender].title
