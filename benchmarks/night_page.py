"""RESULTS_nights.md, from the measures that ``benchmarks.nights`` wrote: ``python -m benchmarks.night_page NIGHTS.json ONE_LARGE_NIGHT.json``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.machine import about_machine
from benchmarks.pictures import PICTURE
from pipeline.report.charts import LINK, REVIEW

FOLDER = Path(__file__).parent
STAGES = ("standardise", "validate", "settle", "link", "persons", "publish")
HEAD = """# Nights in a row

Made by `python -m benchmarks.nights --people N --nights M --place FOLDER` and `python -m benchmarks.night_page`, on {machine}.
Each night runs twice from the same home, one process each: incrementally, and in a twin of the home with `--full`.
"""
MANY = """
## {nights} nights over {people:,} people

Rows of {files} arrive, have a letter changed or leave ({share:.1%} of them a night in all); the export of one borough is cut short on night 4, and its feed is held;
stewards answer {decisions} questions, one in ten of them wrongly.

| night | records | rows standardised | pairs compared (of candidates) | persons made anew | published tables that differ from the full night | seconds, incremental | full |
|---|---|---|---|---|---|---|---|
{rows}

- Person ids ever given: {ids:,}; ids that covered two true persons who were never linked: **{strange}**.
- Records on which the last ledger, `person_as_of` or `link_changes` tell another person than that night's publication: **{disagreements}**.
"""
LARGE = """
## One night over {records:,} records

{changed:,} rows standardised ({share:.2%}), {compared:,} of {candidates:,} candidate pairs compared, {persons:,} persons made anew; tables that differ: {differing}.

![Seconds of each stage]({picture})

| stage | full, s | incremental, s | share |
|---|---|---|---|
{rows}

Reading is left out: a file that is the same is not read, of the others every row is parsed in both nights ({full_reading:.0f} and {own_reading:.0f} seconds of CPU).
Reading and standardising share a stage and its processes: of the time that passed, standardising is told the part that it has in their CPU time.
The CPU time of the whole run without reading, start and report included, is {full_cpu:.0f} s in the full night and {own_cpu:.0f} s in the incremental one ({cpu_share:.0%}).
"""


def many_nights(measures: dict[str, Any]) -> str:
    """The part about nights in a row."""
    rows = []
    for night in measures["nights"]:
        incremental, full = night["incremental"], night.get("full")
        built = incremental["built"]
        pairs = f"{built['pairs_compared']:,} ({built['pairs_compared'] + built['pairs_known']:,})"
        differ = "first night" if full is None else ", ".join(night["differing_tables"]) or "none"
        times = f"{incremental['seconds']:.0f} | {'' if full is None else format(full['seconds'], '.0f')}"
        rows.append(
            f"| {night['night']}{' (one feed held)' if night['held'] else ''} | "
            f"{incremental['records']:,} | "
            f"{incremental['counts'].get('rows_standardised', 0):,.0f} | {pairs}"
            f" | {built.get('persons_rebuilt', incremental['persons']):,} | {differ} | {times} |"
        )
    return MANY.format(
        nights=len(measures["nights"]) - 1,
        people=measures["people"],
        files="CSV and JSON exports",
        share=sum(measures.get("drift", [0.01])),
        decisions=sum(night["decisions"] for night in measures["nights"]),
        rows="\n".join(rows),
        ids=measures["ids"],
        strange=measures["ids_of_strangers"],
        disagreements=sum(measures["disagreements"].values()),
    )


def large_night(measures: dict[str, Any]) -> str:
    """The part about one night over many records, with its picture."""
    night = measures["nights"][-1]
    incremental, full = night["incremental"], night["full"]
    seconds = [{**night["stages"], "standardise": _standardising_seconds(night)} for night in (full, incremental)]
    rows = [_row(name, *(of_stages[name] for of_stages in seconds)) for name in STAGES]
    rows.append(
        _row("**all that follows reading**", *(sum(of_stages[name] for name in STAGES) for of_stages in seconds))
    )
    cpu = [night["cpu"] + night["standardising_cpu"] for night in (full, incremental)]
    path = FOLDER / "results" / "nights.png"
    with mpl.rc_context(PICTURE):
        figure = Figure(figsize=(7.5, 3.2), layout="constrained", dpi=150)
        axes = figure.subplots()
        for offset, colour, of_stages, label in (
            (-0.2, REVIEW, seconds[0], "full"),
            (0.2, LINK, seconds[1], "incremental"),
        ):
            places = [position + offset for position in range(len(STAGES))]
            axes.barh(places, [of_stages[name] for name in STAGES], height=0.38, color=colour, label=label)
        axes.set_yticks(range(len(STAGES)), STAGES)
        axes.invert_yaxis()
        axes.set(xlabel="seconds", title=f"A night over {incremental['records']:,} records")
        axes.legend(frameon=False)
        figure.savefig(path)
    built = incremental["built"]
    return LARGE.format(
        records=incremental["records"],
        changed=int(incremental["counts"]["rows_standardised"]),
        share=incremental["counts"]["rows_standardised"] / incremental["records"],
        compared=built["pairs_compared"],
        candidates=built["pairs_compared"] + built["pairs_known"],
        persons=built.get("persons_rebuilt", 0),
        differing=", ".join(night["differing_tables"]) or "none",
        picture="results/nights.png",
        rows="\n".join(rows),
        full_reading=full["reading_cpu"],
        own_reading=incremental["reading_cpu"],
        full_cpu=cpu[0],
        own_cpu=cpu[1],
        cpu_share=cpu[1] / cpu[0],
    )


def _standardising_seconds(night: dict[str, Any]) -> float:
    """Its part of the seconds in which exports were read and standardised."""
    reading, standardising = night["reading_cpu"], night["standardising_cpu"]
    seconds: float = night["stages"]["read"] * standardising / (reading + standardising)
    return seconds


def _row(name: str, full: float, incremental: float) -> str:
    return f"| {name} | {full:.1f} | {incremental:.1f} | {incremental / full:.0%} |"


def main() -> None:
    machine = about_machine()
    text = HEAD.format(
        machine=f"{machine['cores']} cores, {machine['memory_gb']:.0f} GB of memory, Python {machine['python']}"
    )
    many, large = (json.loads(Path(path).read_text("utf-8")) for path in sys.argv[1:3])
    (FOLDER / "RESULTS_nights.md").write_text(text + many_nights(many) + large_night(large), "utf-8")


if __name__ == "__main__":
    main()
