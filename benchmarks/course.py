"""The course of a run: which processes are started, one after the other, and what is kept of each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.accuracy import Truth, accuracy
from benchmarks.answers import count_candidates, read_answer
from benchmarks.contenders import OURS, Contender
from benchmarks.datasets import DataSet, Source, city, prepare
from benchmarks.measure import run_measured
from benchmarks.places import OWN_KERNELS
from benchmarks.results import Result

START = city(1_000)
"""so small that the time is that of starting: what it takes is the same at every size"""
ENOUGH_SECONDS = 90.0  # a contender that has run so long on a set is not run again there
RUNS_TO_COMPILE = 3  # at most, on one set: a run without compiling follows one with it


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does."""

    sources: Sequence[Source]
    growth: Sequence[Source]
    """for ours alone; those that are among the sources too are measured once"""
    contenders: Sequence[Contender]
    repeat: int
    limit_seconds: float
    bench: Path | None
    cache: Path
    is_fresh: bool = True
    """kernels are compiled anew in a folder of the benchmark's own: the first run is that of a new installation"""

    @property
    def kernels(self) -> Path:
        """Where compiled kernels come from."""
        return self.cache / "kernels" if self.is_fresh else OWN_KERNELS

    @property
    def jobs(self) -> list[tuple[Source, Sequence[Contender]]]:
        """Data sets in the order they are run, each with its contenders."""
        compared = {source.name for source in self.sources}
        ours_alone = [(source, [OURS]) for source in self.growth if source.name not in compared]
        return [*((source, self.contenders) for source in self.sources), *ours_alone]


Report = Callable[[str], None]
Keep = Callable[[Result], None]


def carry_out(plan: Plan, report: Report, keep: Keep) -> None:
    """Run everything; a contender that fails is told of and left out, the run goes on."""
    if plan.is_fresh:
        shutil.rmtree(plan.kernels, ignore_errors=True)
        plan.kernels.mkdir(parents=True)
    if OURS in plan.contenders:
        _all_turns(plan, START, [OURS], report, keep)
    for source, contenders in plan.jobs:
        _all_turns(plan, source, contenders, report, keep)


def _all_turns(plan: Plan, source: Source, contenders: Sequence[Contender], report: Report, keep: Keep) -> None:
    """Every contender in turn, then again: whatever slows the machine for a while slows all of them."""
    report(f"{source.name}: making it ready")
    data = prepare(source, plan.bench, plan.cache / "sets")
    truth = Truth.read(data.truth)
    seconds_spent = {contender.name: 0.0 for contender in contenders if contender.takes(data.rows)}
    for turn in range(1, plan.repeat + 1):
        for contender in contenders:
            if seconds_spent.get(contender.name, ENOUGH_SECONDS) >= ENOUGH_SECONDS:
                continue
            report(f"{source.name}: {contender.title}, turn {turn}")
            result = _turn(plan, data, truth, contender, turn, keep)
            if turn == 1 and not result.problem:
                result = _with_candidates(plan, data, contender, result)
            keep(result)
            seconds_spent[contender.name] += ENOUGH_SECONDS if result.problem else result.wall_seconds


def _turn(plan: Plan, data: DataSet, truth: Truth, contender: Contender, turn: int, keep: Keep) -> Result:
    """One turn; a run that compiled something is kept as turn 0, and done again."""
    for _ in range(RUNS_TO_COMPILE):
        before = _compiled_files(plan.kernels)
        result = measure(plan, data, truth, contender, turn)
        if _compiled_files(plan.kernels) == before:
            break
        keep(replace(result, turn=0))
    return result


def measure(plan: Plan, data: DataSet, truth: Truth, contender: Contender, turn: int) -> Result:
    """Run one contender on one data set, alone, and judge its answer."""
    out = plan.cache / "answers" / f"{data.name}.{contender.name}"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    place = {"NUMBA_CACHE_DIR": str(plan.kernels)} if plan.is_fresh else {}
    cost = run_measured(contender.command(data, out), _log(out), plan.limit_seconds, place)
    result = Result(
        data.name,
        data.rows,
        truth.pairs,
        contender.name,
        turn,
        cost.wall_seconds,
        cost.cpu_seconds,
        cost.peak_mb,
        cost.others_cpu_seconds,
        cost.problem,
    )
    if cost.problem:
        return result
    answer = read_answer(out, data.rows)
    scores = accuracy(answer, truth, by_threshold=contender.by_threshold)
    has_all = contender.by_threshold and answer.candidate_pairs is not None  # every candidate was kept
    return replace(
        result,
        candidate_pairs=answer.candidate_pairs,
        candidate_recall=scores.kept_recall if has_all else None,
        accuracy=scores.as_dict(),
        stage_seconds=answer.stage_seconds,
    )


def _with_candidates(plan: Plan, data: DataSet, contender: Contender, result: Result) -> Result:
    """The result with the contender's candidate pairs, counted by a process that is not timed."""
    if contender.candidates is None:
        return result
    out = plan.cache / "answers" / f"{data.name}.{contender.name}"
    if run_measured(contender.candidates(data, out), _log(out), plan.limit_seconds).problem:
        return result
    counts = count_candidates(out)
    recall = counts["true_candidate_pairs"] / result.true_pairs if result.true_pairs else 1.0
    return replace(result, candidate_pairs=counts["candidate_pairs"], candidate_recall=recall)


def _log(out: Path) -> Path:
    return out.with_name(f"{out.name}.log")


def _compiled_files(kernels: Path) -> set[tuple[str, int]]:
    """What is in the folder of compiled kernels: it changes when something was compiled."""
    return {(str(path), path.stat().st_mtime_ns) for path in kernels.rglob("*.nb?")}
