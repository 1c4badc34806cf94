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
from benchmarks.measure import take
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
        known = {source.name for source in self.sources}
        later = [(source, [OURS]) for source in self.growth if source.name not in known]
        return [*((source, self.contenders) for source in self.sources), *later]


Told = Callable[[str], None]
Kept = Callable[[Result], None]


def carry_out(plan: Plan, told: Told, kept: Kept) -> None:
    """Run everything; a contender that fails is told of and left out, the run goes on."""
    if plan.is_fresh:
        shutil.rmtree(plan.kernels, ignore_errors=True)
        plan.kernels.mkdir(parents=True)
    if OURS in plan.contenders:
        _all_turns(plan, START, [OURS], told, kept)
    for source, contenders in plan.jobs:
        _all_turns(plan, source, contenders, told, kept)


def _all_turns(plan: Plan, source: Source, contenders: Sequence[Contender], told: Told, kept: Kept) -> None:
    """Every contender in turn, then again: whatever slows the machine for a while slows all of them."""
    told(f"{source.name}: making it ready")
    data = prepare(source, plan.bench, plan.cache / "sets")
    truth = Truth.read(data.truth)
    spent = {own.name: 0.0 for own in contenders if own.takes(data.rows)}
    for turn in range(1, plan.repeat + 1):
        for own in contenders:
            if spent.get(own.name, ENOUGH_SECONDS) >= ENOUGH_SECONDS:
                continue
            told(f"{source.name}: {own.title}, turn {turn}")
            result = _turn(plan, data, truth, own, turn, kept)
            if turn == 1 and not result.problem:
                result = _with_candidates(plan, data, own, result)
            kept(result)
            spent[own.name] += ENOUGH_SECONDS if result.problem else result.wall_seconds


def _turn(plan: Plan, data: DataSet, truth: Truth, own: Contender, turn: int, kept: Kept) -> Result:
    """One turn; a run that compiled something is kept as turn 0, and done again."""
    for _ in range(RUNS_TO_COMPILE):
        before = _compiled(plan.kernels)
        result = measure(plan, data, truth, own, turn)
        if _compiled(plan.kernels) == before:
            break
        kept(replace(result, turn=0))
    return result


def measure(plan: Plan, data: DataSet, truth: Truth, own: Contender, turn: int) -> Result:
    """Run one contender on one data set, alone, and judge its answer."""
    out = plan.cache / "answers" / f"{data.name}.{own.name}"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    place = {"NUMBA_CACHE_DIR": str(plan.kernels)} if plan.is_fresh else {}
    taken = take(own.command(data, out), _log(out), plan.limit_seconds, place)
    result = Result(
        data.name,
        data.rows,
        truth.pairs,
        own.name,
        turn,
        taken.wall_seconds,
        taken.cpu_seconds,
        taken.peak_mb,
        taken.others_cpu_seconds,
        taken.problem,
    )
    if taken.problem:
        return result
    answer = read_answer(out, data.rows)
    found = accuracy(answer, truth, by_threshold=own.by_threshold)
    has_all = own.by_threshold and answer.candidate_pairs is not None  # every candidate was kept
    return replace(
        result,
        candidate_pairs=answer.candidate_pairs,
        candidate_recall=found.kept_recall if has_all else None,
        accuracy=found.as_dict(),
        stage_seconds=answer.stage_seconds,
    )


def _with_candidates(plan: Plan, data: DataSet, own: Contender, result: Result) -> Result:
    """The result with the contender's candidate pairs, counted by a process that is not timed."""
    if own.candidates is None:
        return result
    out = plan.cache / "answers" / f"{data.name}.{own.name}"
    if take(own.candidates(data, out), _log(out), plan.limit_seconds).problem:
        return result
    found = count_candidates(out)
    recall = found["true_candidate_pairs"] / result.true_pairs if result.true_pairs else 1.0
    return replace(result, candidate_pairs=found["candidate_pairs"], candidate_recall=recall)


def _log(out: Path) -> Path:
    return out.with_name(f"{out.name}.log")


def _compiled(kernels: Path) -> set[tuple[str, int]]:
    """What is in the folder of compiled kernels: it changes when something was compiled."""
    return {(str(path), path.stat().st_mtime_ns) for path in kernels.rglob("*.nb?")}
