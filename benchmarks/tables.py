"""The tables of RESULTS.md, each from medians and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.contenders import BY_NAME, OURS
from benchmarks.course import START
from benchmarks.growth import against_n_log_n, fit, n_log_n_exponent
from benchmarks.results import Result, Summary

DISTURBED = 0.10  # of the machine's cores in other hands while a process was measured


LOWER_IS_BETTER: dict[str, Callable[[Summary], float]] = {
    "wall time": lambda own: own.wall_seconds,
    "CPU time": lambda own: own.cpu_seconds,
    "peak memory": lambda own: own.peak_mb,
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


def accuracy_table(told: Sequence[Summary]) -> str:
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
    for own in told:
        cells = [share(own.accuracy[name]) for name in names]
        if own.contender == OURS.name:
            cells = [f"**{cell}**" if name == "cluster_f1" else cell for name, cell in zip(names, cells, strict=True)]
        rows.append([own.data, f"{own.records:,}", f"{own.true_pairs:,}", title(own), *cells])
    return table(heads, rows)


def cost_table(told: Sequence[Summary]) -> str:
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
    for own in told:
        ours = of_contender(told, own.data, OURS.name)
        ratios = ["", "", ""]
        if ours and own.contender != OURS.name:
            ratios = [ratio(of(ours), of(own)) for of in LOWER_IS_BETTER.values()]
        low, high = own.wall_span
        mark = " *" if own.others_share > DISTURBED else ""
        rows.append(
            [
                own.data,
                f"{own.records:,}",
                title(own),
                str(own.turns),
                f"{own.wall_seconds:.2f}{mark}",
                f"{low:.2f}-{high:.2f}",
                f"{own.cpu_seconds:.2f}",
                f"{own.peak_mb:,.0f}",
                *ratios,
            ]
        )
    note = f"\n\n\\* other processes took more than {DISTURBED:.0%} of the cores during one of the turns: wall time may be too long."
    return table(heads, rows) + (note if any(own.others_share > DISTURBED for own in told) else "")


def candidate_table(told: Sequence[Summary]) -> str:
    """How many pairs were looked at, and what share of the true ones was among them."""
    rows = []
    for own in told:
        found, sign = (
            (own.accuracy["kept_recall"], "≥ ") if own.candidate_recall is None else (own.candidate_recall, "")
        )
        pairs = own.candidate_pairs
        counted = [f"{pairs:,}", f"{pairs / own.records:.1f}"] if pairs is not None else ["", ""]
        rows.append([own.data, f"{own.records:,}", title(own), *counted, f"{sign}{share(found)}"])
    return table(["set", "records", "contender", "candidate pairs", "a record", "found"], rows)


def behind(told: Sequence[Summary]) -> str:
    """Every set and measure where a peer is better: said, not hidden."""
    lines = []
    for own in told:
        ours = of_contender(told, own.data, OURS.name)
        if not ours or own.contender == OURS.name:
            continue
        worse = [f"{name} x {of(ours) / of(own):.2f}" for name, of in LOWER_IS_BETTER.items() if of(ours) > of(own)]
        for what, (theirs, mine) in {
            "cluster F1": (own.accuracy["cluster_f1"], ours.accuracy["cluster_f1"]),
            "cluster F1 (its best threshold)": (own.accuracy["best_cluster_f1"], ours.accuracy["cluster_f1"]),
            "pair F1": (own.accuracy["pair_f1"], ours.accuracy["pair_f1"]),
        }.items():
            if theirs is not None and mine is not None and round(mine, 4) < round(theirs, 4):
                worse.append(f"{what} {mine:.4f} against {theirs:.4f}")
        if worse:
            lines.append(f"- {own.data}, {title(own)}: {'; '.join(worse)}")
    return "\n".join(lines) or "Nowhere in this run."


def growth_part(cities: Sequence[Summary], start: Summary | None) -> list[str]:
    """What boroughlink takes at each size of the city, and the exponents."""
    idle = start.cpu_seconds if start else 0.0
    told = [own for own in cities if own.cpu_seconds > idle]
    if len(told) < 2:
        return []
    sizes = [float(own.records) for own in told]
    work = [own.cpu_seconds - idle for own in told]
    rows = [_grown(*one) for one in zip(told, work, against_n_log_n(sizes, work), strict=True)]
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
        "wall": [own.wall_seconds for own in told],
        "CPU": [own.cpu_seconds for own in told],
        "CPU without start-up": work,
        "peak memory": [own.peak_mb for own in told],
        "candidate pairs": [float(own.candidate_pairs or 1) for own in told],
    }
    exponents = ", ".join(f"{name} {fit(sizes, cost).exponent:.2f}" for name, cost in costs.items())
    text = (
        f"boroughlink on the city. Start-up, {idle:.1f} CPU s, is what a set of {START.rows:,} records takes: loading the program and drawing the "
        "report. *against n log n*: CPU time without start-up as a multiple of n log n drawn through the smallest size; where it falls, time grows more "
        f"slowly. Exponents of size, fitted on the logarithms: {exponents}; n log n itself would be fitted with {n_log_n_exponent(sizes):.2f} over these sizes."
    )
    return [table(heads, rows), text]


def _grown(own: Summary, work: float, multiple: float) -> list[str]:
    """One row: the size, what it took, and per record."""
    pairs = f"{own.candidate_pairs / own.records:.1f}" if own.candidate_pairs else ""
    seconds = [f"{value:.1f}" for value in (own.wall_seconds, own.cpu_seconds, work)]
    memory = [f"{own.peak_mb:,.0f}", f"{own.peak_mb * 1e3 / own.records:.2f}"]
    each = f"{work * 1e6 / own.records:.1f}"
    return [f"{own.records:,}", *seconds, f"{multiple:.2f}", each, *memory, pairs, share(own.accuracy["cluster_f1"])]


def first_runs(results: Sequence[Result], everything: Sequence[Summary]) -> list[str]:
    """What compiling costs: the very first run, and how many more compiled something."""
    compiling = [own for own in results if not own.turn and not own.problem]
    start = of_contender(everything, START.name, OURS.name)
    if not compiling or not start:
        return []
    first = compiling[0]
    later = ", ".join(f"{own.data} ({own.wall_seconds:.1f} s)" for own in compiling[1:])
    more = f" Kernels for other columns were compiled later, in the first run on {later}." if later else ""
    return [
        "## The very first run",
        f"On a new installation boroughlink compiles its kernels: the first run, on {first.records:,} records, took {first.wall_seconds:.1f} s and "
        f"{first.cpu_seconds:.1f} CPU s; the same run afterwards {start.wall_seconds:.1f} s.{more}",
    ]


def of_contender(told: Sequence[Summary], data: str, contender: str) -> Summary | None:
    """What a contender got on a set; None where it has no result."""
    return next((own for own in told if own.data == data and own.contender == contender and not own.problem), None)


def title(own: Summary) -> str:
    """The contender's name as a page has it."""
    return BY_NAME[own.contender].title
