"""An expunge that is killed: readers have whole tables throughout, and the same order, or the next night, leaves no trace and no loss."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from home_bytes import own_values, traces
from small_london import London, current_run, ended, forked, killed_after, plain_night, small_london
from stewards_say import receipts, said

from flows.cli import app
from flows.doctor.examination import examine
from flows.night.decisions import open_decisions
from flows.stewards import expunging
from pipeline.core import durable
from pipeline.core.parquet import read_table
from pipeline.core.places import Home
from pipeline.publish.orders import orders
from pipeline.publish.publication import list_publications
from pipeline.publish.verify import damaged_files
from pipeline.review.records.index import index_of
from pipeline.stewardship import erasure
from pipeline.stewardship.audit import Act, append, verify
from pipeline.stewardship.database import writing
from pipeline.validate.last_good import damage_of
from schemas.settings import RunSettings

pytestmark = pytest.mark.slow
FIRST, SECOND, HELD, DIED = "2026-11-20-1", "2026-11-21-1", "2026-11-22-1", "2026-11-23-1"
STEPS = {"os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree"}
EVERY = 71  # of its some 600 syncs, renames and removals
TYPED, OTHER = "Check of data quality: the aunt of ZEBEDIAH rang", "Check of data quality: another case"
BY, ORDER = "data protection officer", "ICO 2026/118"


@dataclass(frozen=True)
class Full:
    """A home with two publications, a night that the gate held back, one that was killed, decisions and the desk's index."""

    london: London
    home: Path
    ids: tuple[str, str]
    """A record that is alone its person, and one of a person of several"""
    secrets: frozenset[str]
    records: frozenset[str]
    """All others"""


def record_rows(home: Path) -> list[dict[str, object]]:
    return read_table(home / "published" / "current" / "records" / "part-0.parquet").to_pylist()


def decide(home: Path, left: str, right: str, **more: object) -> None:
    with open_decisions(RunSettings(), Home(home), {}) as store:
        store.decide(said(*sorted((left, right)), **more))


def dies_at(step: int) -> None:
    """This process kills itself at its n-th sync, rename or removal: before it."""
    count, real = 0, os.fsync

    def next_step() -> None:
        nonlocal count
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def sync(handle: int) -> None:
        next_step()
        real(handle)

    durable.os.fsync = sync
    sys.addaudithook(lambda event, _: next_step() if event in STEPS else None)


@pytest.fixture(scope="module")
def full(warm: London, tmp_path_factory: pytest.TempPathFactory) -> Full:
    place = tmp_path_factory.mktemp("full")
    london, home, out = small_london(place), place / "home", place / "out"
    shutil.copytree(warm.place / "home", home, symlinks=True)
    rows = sorted(record_rows(home), key=lambda row: str(row["record_id"]))
    many = Counter(row["person_id"] for row in rows)
    alone = next(row for row in rows if many[row["person_id"]] == 1)
    one_of_many = next(row for row in rows if many[row["person_id"]] > 2)
    ids = (str(alone["record_id"]), str(one_of_many["record_id"]))
    secrets = own_values(Home(home), [alone, one_of_many]) | set(ids) | {"a word on paper"}
    decide(home, *ids, verdict="unlink", reason="a word on paper")
    decide(home, ids[0], next(str(row["record_id"]) for row in rows if row["record_id"] not in ids), verdict="unlink")
    assert ended(forked(lambda: plain_night(london.night(home, "2026-11-21")), out)) == 0, out.read_text()
    london.say(publish_limits={"person_records": 2})
    assert ended(forked(lambda: plain_night(london.night(home, "2026-11-22")), out)) == 1, out.read_text()
    london.say(publish_limits={})

    def half() -> None:
        dies_at(250)
        plain_night(london.night(home, "2026-11-23"))

    assert ended(forked(half, out)) == -signal.SIGKILL, out.read_text()
    assert (home / "runs" / HELD / "held_back").is_dir()
    index_of(Home(home), (home / "published" / "current").resolve())
    leftover = home / "runs" / DIED / "standardise" / ".std_records.arrow.new"
    leftover.parent.mkdir(exist_ok=True)
    shutil.copy(next(iter(Home(home).last_good.glob("custody/*/std_records.arrow"))), leftover)
    others = frozenset(str(row["record_id"]) for row in rows) - set(ids)
    return Full(london, home, ids, frozenset(secrets), others)


@pytest.fixture
def home(full: Full, tmp_path: Path) -> Path:
    return Path(shutil.copytree(full.home, tmp_path / "home", symlinks=True))


def command(full: Full, home: Path) -> None:
    words = [
        "expunge",
        *full.ids,
        "--order",
        ORDER,
        "--by",
        BY,
        "--home",
        str(home),
        "--run-file",
        str(full.london.run_file),
        "--json",
    ]
    app(words, standalone_mode=False)


def night(full: Full, home: Path) -> None:
    plain_night(full.london.night(home, "2026-11-23"))


def check_whole(home: Path) -> None:
    assert current_run(home) == SECOND
    for found in list_publications(Home(home)):
        assert damaged_files(found.folder, is_deep=True) == []


def check_gone(full: Full, home: Path, *, n_later: int = 0) -> None:
    """No trace of the records, nothing else lost, one receipt that names nothing, and one of the store for each later time."""
    place = Home(home)
    assert traces(place, set(full.secrets)) == []
    assert not [path for path in home.rglob(".*") if path.name != ".lock"]
    for found in list_publications(place):
        assert damaged_files(found.folder, is_deep=True) == []
        assert set(found.table("records").column("record_id").to_pylist()) == full.records
    if (home / "runs" / HELD / "held_back").is_dir():
        assert damaged_files(home / "runs" / HELD / "held_back", is_deep=True) == []
    kept = {path.parent.parent.name: read_table(path) for path in place.last_good.glob("*/*/std_records.arrow")}
    assert {record for table in kept.values() for record in table.column("record_id").to_pylist()} == full.records
    assert [damage for feed in kept if (damage := damage_of(place, feed))] == []
    own = orders(place)
    assert [(order.ordered_by, order.order_ref, order.expunged_at is not None) for order in own] == [(BY, ORDER, True)]
    assert not full.secrets & set(json.dumps(asdict(own[0])).split('"'))
    with open_decisions(RunSettings(), place, {}) as store:
        first, *later = receipts(store)
    assert first == (own[0].receipt_id, 2)
    assert [n_decisions for _, n_decisions in later] == [0] * n_later


def killed(full: Full, home: Path, before: Callable[[], None], out: Path) -> bool:
    """Whether the command died; else it had ended."""

    def work() -> None:
        before()
        command(full, home)

    code = ended(forked(work, out))
    assert code in (0, -signal.SIGKILL), out.read_text("utf-8")
    return code != 0


def test_an_expunge_leaves_no_trace_and_a_home_that_the_doctor_finds_well(
    full: Full, home: Path, tmp_path: Path
) -> None:
    assert len(full.secrets) > 4
    assert traces(Home(home), set(full.secrets))
    assert not killed(full, home, lambda: None, tmp_path / "out")
    check_whole(home)
    check_gone(full, home)
    receipt = json.loads((tmp_path / "out").read_text("utf-8"))
    assert (receipt["n_records"], receipt["n_publications"], receipt["n_decisions"]) == (2, 3, 2)
    found = {
        finding.check: finding for finding in examine(RunSettings.load(full.london.run_file), Home(home), is_deep=True)
    }
    assert {name for name, finding in found.items() if finding.state == "problem"} <= {"feeds"}
    assert ended(forked(lambda: night(full, home), tmp_path / "out")) == 0, (tmp_path / "out").read_text("utf-8")
    check_gone(full, home)


def test_killed_at_its_steps_the_same_order_finishes_it(full: Full, tmp_path: Path) -> None:
    """Each time in a new home, at another sync, rename or removal."""
    deaths = 0
    for step in range(1, 2000, EVERY):
        home = Path(shutil.copytree(full.home, tmp_path / f"home{step}", symlinks=True))
        if not killed(full, home, lambda step=step: dies_at(step), tmp_path / "out"):
            break
        deaths += 1
        check_whole(home)
        assert not killed(full, home, lambda: None, tmp_path / "out")
        check_gone(full, home)
        shutil.rmtree(home)
    assert deaths > 5


def test_killed_again_and_again_it_gets_through_or_the_next_night_finishes_it(full: Full, tmp_path: Path) -> None:
    """At random moments, in the command and in the nights that go on with it."""
    chance, out = random.Random(118), tmp_path / "out"
    deaths = 0
    for round_ in range(4):
        home = Path(shutil.copytree(full.home, tmp_path / f"home{round_}", symlinks=True))
        for work in (command, command, night, night):
            code = killed_after(forked(lambda work=work, home=home: work(full, home), out), chance.uniform(0.05, 1.5))
            assert code in (0, -signal.SIGKILL), out.read_text("utf-8")
            deaths += code != 0
            assert str(current_run(home)) >= SECOND
        assert ended(forked(lambda home=home: night(full, home), out)) == 0, out.read_text("utf-8")
        if orders(Home(home)):
            check_gone(full, home)
        shutil.rmtree(home)
    assert deaths > 5


@pytest.mark.parametrize("moment", ["before the decisions are emptied", "before their bytes are overwritten"])
def test_the_doctor_tells_of_one_that_was_cut_short_and_the_next_night_finishes_it(
    full: Full, home: Path, tmp_path: Path, moment: str
) -> None:
    def before() -> None:
        place, name = (expunging, "erase") if "emptied" in moment else (erasure, "_overwrite")
        setattr(place, name, lambda *_: os.kill(os.getpid(), signal.SIGKILL))

    assert killed(full, home, before, tmp_path / "out")
    check_whole(home)
    told = [
        finding
        for finding in examine(RunSettings.load(full.london.run_file), Home(home), is_deep=False)
        if finding.check == "expunge orders"
    ]
    assert [finding.state for finding in told] == ["problem"]
    assert "boroughlink run finishes it" in told[0].what_to_do
    assert ended(forked(lambda: night(full, home), tmp_path / "out")) == 0, (tmp_path / "out").read_text("utf-8")
    check_gone(full, home)


def test_after_a_backup_came_back_every_order_is_carried_out_again(full: Full, home: Path, tmp_path: Path) -> None:
    """What was restored is older than the order; of the records only hashes are known by then."""
    assert not killed(full, home, lambda: None, tmp_path / "out")
    for folder in (Path("published") / FIRST, Path("state") / "last_good", Path("runs") / FIRST):
        shutil.rmtree(home / folder)
        shutil.copytree(full.home / folder, home / folder)
    assert traces(Home(home), set(full.secrets))
    assert told(full, home, "--again")[0].startswith("receipt ")
    check_gone(full, home)


def looked_at_the_desk(full: Full, home: Path) -> tuple[int, str]:
    """Entries of the desk's log on the records, with typed reasons; returns the head of the log."""
    acts = [Act("ann", "steward", "case.view", {"review_id": "Q1", "records": [record]}, TYPED) for record in full.ids]
    acts.append(Act("ben", "steward", "case.view", {"review_id": "Q2", "records": [min(full.records)]}, OTHER))
    with open_decisions(RunSettings(), Home(home), {}) as store, writing(store.engine) as connection:
        for act in acts:
            append(connection, act, dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC))
        proof = verify(connection)
    return proof.n_entries, proof.head


def as_an_earlier_version_left_it(store: Path) -> None:
    """The tables of decisions in form 0003, which knew no erasure of the log."""
    with closing(sqlite3.connect(store)) as base:
        for event in ("insert", "update"):
            base.execute(f"DROP TRIGGER audit_log_{event}")
        base.execute("ALTER TABLE audit_log DROP COLUMN erasure_id")
        for event in ("insert", "update"):
            base.execute(
                f"CREATE TRIGGER audit_log_{event} BEFORE {event} ON audit_log BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        base.execute("UPDATE alembic_version SET version_num = '0003'")
        base.commit()


def log_rows(home: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(Home(home).decisions)) as base:
        return base.execute("SELECT seq, actor, action, subject, why FROM audit_log ORDER BY seq").fetchall()


def test_again_reaches_the_desks_log_of_orders_that_an_earlier_version_carried_out(
    full: Full, home: Path, tmp_path: Path
) -> None:
    assert not killed(full, home, lambda: None, tmp_path / "out")
    number, digest = looked_at_the_desk(full, home)
    as_an_earlier_version_left_it(Home(home).decisions)
    assert traces(Home(home), {*full.secrets, TYPED})
    assert told(full, home, "--again")[0].startswith("receipt ")
    check_gone(full, home, n_later=1)
    assert traces(Home(home), {TYPED}) == []
    _, *looks, other, entry = log_rows(home)
    assert [look[1:3] for look in looks] == [("ann", "case.view")] * 2
    assert [json.loads(str(look[3]))["records"] for look in looks] == [["erased"]] * 2
    assert (json.loads(str(other[3]))["records"], other[4]) == ([min(full.records)], OTHER)
    assert (entry[1:3], json.loads(str(entry[3]))["n_entries"]) == ((BY, "erasure"), 2)
    proof = ["audit", "verify", "--home", str(home), "--head", f"{number}:{digest}"]
    assert ended(forked(lambda: app(proof, standalone_mode=False), tmp_path / "out")) == 0, (
        tmp_path / "out"
    ).read_text()
    before = log_rows(home)
    told(full, home, "--again")
    assert log_rows(home) == before
    check_gone(full, home, n_later=1)


def told(full: Full, home: Path, *words: str) -> list[str]:
    out = home.parent / "told"
    out.unlink(missing_ok=True)
    place = ("--home", str(home), "--run-file", str(full.london.run_file))
    assert ended(forked(lambda: app(["expunge", *words, *place], standalone_mode=False), out)) == 0, out.read_text(
        "utf-8"
    )
    return out.read_text("utf-8").splitlines()


@pytest.mark.parametrize(("source", "file"), [("custody", "custody/custody.csv"), ("cris", "cris/camden.csv")])
def test_a_changed_row_comes_again_only_from_a_source_without_numbers_and_the_command_says_so(
    london: London, full: Full, tmp_path: Path, source: str, file: str
) -> None:
    home = Path(shutil.copytree(full.home, london.place / "its home", symlinks=True))
    rows = [row for row in record_rows(home) if row["file"] == file and row["surname"]]
    row = next(row for row in rows if [other["row_number"] for other in rows].count(row["row_number"]) == 1)
    said = told(full, home, str(row["record_id"]), "--order", ORDER, "--by", BY)
    assert [line.startswith("1 may come again") for line in said[2:]] == [True] * (source == "cris")
    lines = (london.exports / file).read_text("utf-8").splitlines()
    at = int(str(row["row_number"])) - 1
    lines[at] = re.sub(re.escape(row["surname"][0]), lambda found: f"{found.group()}e", lines[at], flags=re.IGNORECASE)
    (london.exports / file).write_text("\n".join(lines) + "\n", "utf-8")
    assert ended(forked(lambda: plain_night(london.night(home, "2026-11-24")), tmp_path / "out")) == 0, (
        tmp_path / "out"
    ).read_text()
    back = [one for one in record_rows(home) if (one["file"], one["row_number"]) == (file, row["row_number"])]
    assert len(back) == (source == "cris")
