"""Raw results: one JSON line a process that was measured, the first line saying how and where; and medians of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from pipeline.core.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Result:
    """One process of one contender on one data set."""

    data: str
    records: int
    true_pairs: int
    contender: str
    turn: int
    """counted from 1; 0 a run that also compiled, which is told apart and never in a median"""
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    others_cpu_seconds: float | None
    problem: str = ""
    candidate_pairs: int | None = None
    candidate_recall: float | None = None
    """true pairs among the candidates, as a share of all true pairs; None where the contender keeps no list"""
    accuracy: dict[str, float | None] = field(default_factory=dict)
    stage_seconds: dict[str, float] = field(default_factory=dict)
    """as the contender tells them"""


@dataclass(frozen=True, slots=True)
class Run:
    """All results of one command."""

    about: dict[str, Any]
    """command, date, machine and versions"""
    results: list[Result]


@dataclass(frozen=True, slots=True)
class Summary:
    """All turns of one contender on one data set: medians."""

    data: str
    records: int
    true_pairs: int
    contender: str
    turns: int
    wall_seconds: float
    wall_span: tuple[float, float]
    """shortest and longest"""
    cpu_seconds: float
    peak_mb: float
    others_share: float
    """largest share of the machine's cores that other processes took meanwhile"""
    candidate_pairs: int | None
    candidate_recall: float | None
    accuracy: dict[str, float | None]
    """of the turn with the middle cluster F1"""
    problem: str


class RawFile:
    """The file of raw results; a line is written as soon as it is known, so a run that stops keeps what it has."""

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"about": dict(about)}) + "\n", "utf-8")

    def add(self, result: Result) -> None:
        """One more line."""
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(result)) + "\n")


def read_run(path: Path) -> Run:
    """The results of a file.

    Raises:
        SettingsError: If it is not a file of raw results.
    """
    try:
        first, *lines = path.read_text("utf-8").splitlines()
        return Run(json.loads(first)["about"], [Result(**json.loads(line)) for line in lines])
    except (OSError, ValueError, KeyError, TypeError) as error:
        advice = "Give a .jsonl file that an earlier run of the benchmarks wrote."
        raise SettingsError(str(path), f"is not a file of raw results ({type(error).__name__}).", advice) from error


def summaries(results: Iterable[Result], cores: int) -> list[Summary]:
    """One summary a data set and contender, in the order they first come in."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        if result.turn:
            groups.setdefault((result.data, result.contender), []).append(result)
    return [_summary(turns, cores) for turns in groups.values()]


def _summary(turns: Sequence[Result], cores: int) -> Summary:
    good = [turn for turn in turns if not turn.problem] or list(turns)
    first = good[0]
    walls = [turn.wall_seconds for turn in good]
    middle = sorted(good, key=lambda turn: turn.accuracy.get("cluster_f1") or 0.0)[(len(good) - 1) // 2]
    counted = next((turn for turn in good if turn.candidate_pairs is not None), first)
    return Summary(
        first.data,
        first.records,
        first.true_pairs,
        first.contender,
        len(good),
        median(walls),
        (min(walls), max(walls)),
        median(turn.cpu_seconds for turn in good),
        median(turn.peak_mb for turn in good),
        max((turn.others_cpu_seconds or 0.0) / (turn.wall_seconds * cores) for turn in good),
        counted.candidate_pairs,
        counted.candidate_recall,
        middle.accuracy,
        next((turn.problem for turn in turns if turn.problem), ""),
    )
