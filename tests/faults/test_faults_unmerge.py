"""An unmerge that is killed: all of its decisions are there or none, and the same command again makes it whole, each decision once."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from small_london import London, ended, forked, killed_after, plain_night
from stewards_say import said

from flows.cli import app
from flows.night.decisions import open_decisions
from pipeline.core.places import Home
from pipeline.publish.publication import list_publications
from pipeline.review.questions.machine import looked_at_by_stewards
from pipeline.stewardship.database import reading
from schemas.settings import RunSettings

pytestmark = pytest.mark.slow
TRIES = 12


@dataclass(frozen=True)
class Case:
    """A home with a person of several records, of whom stewards had joined one to each of the others."""

    london: London
    home: Path
    person: str
    parted: str
    stay: tuple[str, ...]

    def in_new_home(self, place: Path) -> Case:
        home = Path(shutil.copytree(self.home, place, symlinks=True))
        return Case(self.london, home, self.person, self.parted, self.stay)

    def unmerge(self) -> None:
        words = [
            "unmerge",
            self.person,
            self.parted,
            "--by",
            "ann",
            "--reason",
            "two brothers",
            "--home",
            str(self.home),
        ]
        app(words, standalone_mode=False)

    def store(self) -> tuple[object, ...]:
        """What the store tells, without what differs from time to time."""
        with open_decisions(RunSettings(), Home(self.home), {}) as store:
            log = store.log().to_pylist()
            with reading(store.engine) as connection:
                looked_at = looked_at_by_stewards(connection)
        verdict_of = {row["decision_id"]: row["verdict"] for row in log}
        assert [row["seq"] for row in log] == list(range(1, len(log) + 1))
        decisions_made = Counter(
            (row["verdict"], row["record_id_l"], row["record_id_r"], verdict_of.get(row["retracts"])) for row in log
        )
        return decisions_made, looked_at


@pytest.fixture(scope="module")
def case(warm: London, tmp_path_factory: pytest.TempPathFactory) -> Case:
    home = Path(shutil.copytree(warm.place / "home", tmp_path_factory.mktemp("unmerge") / "home", symlinks=True))
    rows = list_publications(Home(home))[0].table("records").select(["record_id", "person_id"]).to_pylist()
    many = Counter(row["person_id"] for row in rows)
    person = min(name for name, count in many.items() if count == max(many.values()))
    parted, *stay = sorted(row["record_id"] for row in rows if row["person_id"] == person)
    with open_decisions(RunSettings(), Home(home), {}) as store:
        for other in stay:
            store.decide(said(*sorted((parted, other)), by="eve"))
    return Case(warm, home, person, parted, tuple(stay))


def dies_at(step: int) -> None:
    """This process kills itself before its n-th statement, or commit, to the store."""
    count = 0

    def next_step(*_: object) -> None:
        nonlocal count
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(sa.Engine, "before_cursor_execute", next_step)
    sa.event.listen(sa.Engine, "commit", next_step)


def dead(work: Callable[[], object], out: Path) -> bool:
    code = ended(forked(work, out))
    assert code in (0, -signal.SIGKILL), out.read_text("utf-8")
    return code != 0


def test_killed_at_any_statement_it_is_whole_or_not_there_and_the_same_command_finishes_it(
    case: Case, tmp_path: Path
) -> None:
    before, out = case.store(), tmp_path / "out"
    undisturbed = case.in_new_home(tmp_path / "undisturbed")
    assert not dead(undisturbed.unmerge, out)
    after = undisturbed.store()
    assert after[0] - before[0] == Counter(  # type: ignore[operator]
        [("unlink", *sorted((case.parted, other)), None) for other in case.stay]
        + [("retract", *sorted((case.parted, other)), "link") for other in case.stay]
    )
    seen = []
    for step in range(1, 1_000):
        own = case.in_new_home(tmp_path / f"home{step}")

        def work(own: Case = own, step: int = step) -> None:
            dies_at(step)
            own.unmerge()

        if not dead(work, out):
            break
        seen.append(own.store())
        assert seen[-1] in (before, after)
        assert not dead(own.unmerge, out)
        assert own.store() == after
        shutil.rmtree(own.home)
    assert before in seen
    assert len(seen) > 5


def test_killed_at_odd_moments_again_and_again_it_gets_through_and_the_night_parts_them(
    case: Case, tmp_path: Path
) -> None:
    out, chance = tmp_path / "out", random.Random(11)
    before = case.store()
    undisturbed = case.in_new_home(tmp_path / "undisturbed")
    assert not dead(undisturbed.unmerge, out)
    own = case.in_new_home(tmp_path / "home")
    for _ in range(TRIES):
        killed_after(forked(own.unmerge, out), chance.uniform(0.01, 0.6))
        assert own.store() in (before, undisturbed.store())
    assert not dead(own.unmerge, out)
    assert own.store() == undisturbed.store()
    assert ended(forked(lambda: plain_night(own.london.night(own.home, "2026-11-21")), out)) == 0, out.read_text(
        "utf-8"
    )
    rows = list_publications(Home(own.home))[-1].table("records").select(["record_id", "person_id"]).to_pylist()
    owner = {row["record_id"]: row["person_id"] for row in rows}
    assert owner[case.parted] not in {owner[other] for other in case.stay}
