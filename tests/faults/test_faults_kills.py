"""Killed again and again, at random moments and in the middle of every kind of write: old or new, never half, nothing lost."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from small_london import London, current_run, ended, forked, killed_after, note_of, plain_night, published_tables
from stewards_say import said

from flows.night.decisions import open_decisions
from pipeline.core import durable
from pipeline.core.places import Home
from schemas.settings import RunSettings

pytestmark = pytest.mark.slow
KILLS, KILLS_A_NIGHT = 50, 5
OLD, NEW = "2026-11-20-1", "2026-11-21-1"


def night_two(london: London, home: Path) -> None:
    plain_night(london.night(home, "2026-11-21"))


def decide(home: Path) -> str:
    """A steward's decision on two records that no export has: acknowledged when this returns."""
    with open_decisions(RunSettings(), Home(home), {}) as store:
        return store.decide(said(uuid.uuid4().hex, uuid.uuid4().hex)).decision.decision_id


def decided(home: Path) -> set[str]:
    with open_decisions(RunSettings(), Home(home), {}) as store:
        return set(store.log().column("decision_id").to_pylist())


def is_over(home: Path) -> bool:
    """The second night has ended well, though its process may have been killed after that."""
    return (home / "runs" / NEW).exists() and note_of(home, NEW)["state"] == "published"


@pytest.mark.parametrize("seed", range(20261121, 20261125))  # two hundred kills in all
def test_fifty_kills_at_random_moments_leave_a_whole_publication_and_every_decision(
    warm: London, undisturbed: dict[str, object], tmp_path: Path, seed: int
) -> None:
    """Nights that are killed up to five times each and then finish: their tables are those of a night left in peace."""
    at, out = random.Random(seed), tmp_path / "out"
    began = time.perf_counter()
    shutil.copytree(warm.place / "home", tmp_path / "first", symlinks=True)
    assert ended(forked(lambda: night_two(warm, tmp_path / "first"), out)) == 0
    seconds = time.perf_counter() - began
    kills, nights = 0, 0
    while kills < KILLS:
        nights += 1
        home = tmp_path / f"home{nights}"
        shutil.copytree(warm.place / "home", home, symlinks=True)
        acknowledged = set()
        for attempt in range(KILLS_A_NIGHT):
            began = time.perf_counter()
            moment = began + at.uniform(0, seconds)
            pid = forked(lambda home=home: night_two(warm, home), out)
            if at.random() < 0.2:
                acknowledged.add(decide(home))
            code = killed_after(pid, max(0.0, moment - time.perf_counter()))
            assert code in (0, -signal.SIGKILL), out.read_text("utf-8")
            kills += code == -signal.SIGKILL
            if attempt == 0 and code == 0:
                seconds = time.perf_counter() - began  # the machine has other work now than when it was measured
            assert current_run(home) in (OLD, NEW)
            if is_over(home):
                break
        else:
            assert ended(forked(lambda home=home: night_two(warm, home), out)) == 0, out.read_text("utf-8")
        assert is_over(home)
        assert current_run(home) == NEW
        assert published_tables(home) == undisturbed
        assert not list((home / "published").glob(".*"))
        assert acknowledged <= decided(home)
        shutil.rmtree(home)
    assert kills >= KILLS


def dies_at(write: int) -> Callable[[], None]:
    """Make this process kill itself at its n-th sync of a file or folder: before it, so the write may be lost."""

    def patch() -> None:
        real, count = os.fsync, 0

        def killed(handle: int) -> None:
            nonlocal count
            count += 1
            if count == write:
                os.kill(os.getpid(), signal.SIGKILL)
            real(handle)

        durable.os.fsync = killed

    return patch


def test_a_kill_at_every_seventh_sync_of_a_night_is_mended_by_the_next_one(
    warm: London, undisturbed: dict[str, object], tmp_path: Path
) -> None:
    """One night that dies at its 1st, 8th, 15th... sync, going on each time, until it gets through."""
    home, out = tmp_path / "home", tmp_path / "out"
    shutil.copytree(warm.place / "home", home, symlinks=True)
    kills = 0

    def work(write: int) -> None:
        dies_at(write)()
        night_two(warm, home)

    for write in range(1, 1000, 7):
        code = ended(forked(lambda write=write: work(write), out))
        assert code in (0, -signal.SIGKILL), out.read_text("utf-8")
        kills += code == -signal.SIGKILL
        assert current_run(home) in (OLD, NEW)
        if is_over(home):  # be it that it was killed after its last word
            break
    assert is_over(home)
    assert kills >= 5
    assert published_tables(home) == undisturbed


@pytest.mark.parametrize("part", [1, 3, 8, 10])
def test_a_kill_in_the_middle_of_writing_the_publication_leaves_the_old_one(
    warm: London, undisturbed: dict[str, object], tmp_path: Path, part: int
) -> None:
    """The n-th table of the publication is cut off half written."""
    home, out = tmp_path / "home", tmp_path / "out"
    shutil.copytree(warm.place / "home", home, symlinks=True)

    finished: list[Path] = []

    class Cut(pq.ParquetWriter):
        """A writer that dies of the n-th table of the publication, half of it on the disk."""

        def __init__(self, where: Path, *rest: object, **options: object) -> None:
            super().__init__(where, *rest, **options)
            self.path = where

        def close(self) -> None:
            super().close()
            if ".staging-" in str(self.path):
                finished.append(self.path)
                if len(finished) == part:
                    os.truncate(self.path, self.path.stat().st_size // 2)
                    os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        pq.ParquetWriter = Cut
        night_two(warm, home)

    assert ended(forked(work, out)) == -signal.SIGKILL, out.read_text("utf-8")
    assert current_run(home) == OLD
    assert ended(forked(lambda: night_two(warm, home), out)) == 0
    assert published_tables(home) == undisturbed
    assert not list((home / "published").glob(".*"))
