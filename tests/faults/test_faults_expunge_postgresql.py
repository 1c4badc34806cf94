"""An expunge where the decisions lie in PostgreSQL, killed and cut off from its database: no byte of them stays in its tables."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from home_bytes import traces
from postgres_server import Server, installed, running_server
from small_london import London, current_run, ended, forked, plain_night
from stewards_say import receipts, said

from flows.night import decisions
from flows.night.decisions import open_decisions
from flows.stewards import expunging
from flows.stewards.expunging import expunge
from pipeline.core.parquet import read_table
from pipeline.core.places import Home
from pipeline.publish.orders import orders
from pipeline.stewardship import erasure
from pipeline.stewardship.store import open_store
from schemas.settings import RunSettings

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
SECRET = "A WORD ON PAPER"
SHORT_S = 0.5


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with running_server(installed()) as server:
        yield server


@pytest.fixture
def decided_on(london: London, home: Path, postgres: Server) -> tuple[str, ...]:
    """Records of which the first was decided on, with each of the others."""
    london.say(decisions_url=postgres.database())
    rows = read_table(home / "published" / "current" / "records" / "part-0.parquet").column("record_id").to_pylist()
    with open_decisions(settings(london), Home(home), {}) as store:
        for other in rows[1:4]:
            store.decide(said(*sorted((rows[0], other)), verdict="unlink", reason=f"{SECRET} {other}"))
    return tuple(rows[:4])


def settings(london: London) -> RunSettings:
    return RunSettings.load(london.run_file)


def ordered(london: London, home: Path, record: str) -> None:
    expunge(settings(london), Home(home), [record], "dpo", "order 1")


def soon_ordered(london: London, home: Path, record: str) -> None:
    """In a process of its own: a database that does not answer is given up soon."""
    decisions.open_store = lambda url, policy: open_store(url, policy, SHORT_S)
    ordered(london, home, record)


def files_with(postgres: Server, text: str) -> list[Path]:
    """The database's own tables that hold the text; its write-ahead log is the operator's."""
    with psycopg.connect(host=str(postgres.folder), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    files = [path for path in (postgres.data / "base").rglob("*") if path.is_file()]
    return [path for path in files if text.encode() in path.read_bytes()]


def check_gone(london: London, home: Path, postgres: Server, record: str) -> None:
    assert traces(Home(home), {record, SECRET}) == []
    assert files_with(postgres, record) == []
    assert files_with(postgres, SECRET) == []
    (order,) = orders(Home(home))
    assert order.expunged_at
    with open_decisions(settings(london), Home(home), {}) as store:
        assert receipts(store) == [(order.receipt_id, 3)]
        assert len(store.log()) == 3


def files_of(home: Path) -> dict[str, bytes]:
    """Every file of the home but the lock, byte by byte."""
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and path.name != "lock"
    }


def lesser_role(postgres: Server, url: str, name: str) -> None:
    """A role that may write decisions, and does not own their table."""
    schema = url.rpartition("%3D")[2]
    with psycopg.connect(host=str(postgres.folder), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN; GRANT USAGE ON SCHEMA {schema} TO {name}")
        connection.execute(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA {schema} TO {name}")


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("how", ["the same order", "the next night"])
@pytest.mark.parametrize("moment", ["before", "not committed", "not overwritten", "after"])
def test_killed_it_is_finished_and_no_byte_stays_in_the_database(
    london: London, home: Path, postgres: Server, decided_on: tuple[str, ...], moment: str, how: str
) -> None:
    out = home.parent / "out"
    places: dict[str, tuple[object, str, Callable[..., object]]] = {
        "before": (expunging, "erase", die),
        "not committed": (erasure, "_erase", lambda *given, real=erasure._erase: (real(*given), die())),
        "not overwritten": (erasure, "_overwrite", die),
        "after": (expunging, "expunge_publications", die),
    }

    def work() -> None:
        setattr(*places[moment])
        ordered(london, home, decided_on[0])

    assert files_with(postgres, decided_on[0])
    assert ended(forked(work, out)) == -signal.SIGKILL, out.read_text("utf-8")
    assert current_run(home) == "2026-11-20-1"
    if how == "the same order":
        ordered(london, home, decided_on[0])
    else:
        assert ended(forked(lambda: plain_night(london.night(home, "2026-11-21")), out)) == 0, out.read_text("utf-8")
    check_gone(london, home, postgres, decided_on[0])


def test_a_database_that_is_gone_is_told_and_the_same_order_finishes_when_it_is_back(
    london: London, home: Path, postgres: Server, decided_on: tuple[str, ...]
) -> None:
    out = home.parent / "out"
    postgres.stop()
    try:
        assert ended(forked(lambda: soon_ordered(london, home, decided_on[0]), out)) == 1, out.read_text("utf-8")
    finally:
        postgres.start()
    assert "it is gone or busy" in out.read_text("utf-8")
    assert current_run(home) == "2026-11-20-1"
    ordered(london, home, decided_on[0])
    check_gone(london, home, postgres, decided_on[0])


def test_a_role_that_does_not_own_the_table_is_told_before_anything_is_removed(
    london: London, home: Path, postgres: Server, decided_on: tuple[str, ...]
) -> None:
    out, url = home.parent / "out", settings(london).decisions_url or ""
    lesser_role(postgres, url, "eraser")
    london.say(decisions_url=url.replace("postgres@", "eraser@"))
    before = files_of(home)
    assert ended(forked(lambda: ordered(london, home, decided_on[0]), out)) == 1
    assert "Nothing was expunged. Give the order with the owner's role" in out.read_text("utf-8")
    assert files_of(home) == before
    assert orders(Home(home)) == []
    with open_decisions(settings(london), Home(home), {}) as store:
        assert decided_on[0] in store.log().column("record_id_l").to_pylist()
    london.say(decisions_url=url)
    ordered(london, home, decided_on[0])
    check_gone(london, home, postgres, decided_on[0])


def test_an_order_whose_overwriting_was_left_to_another_role_says_what_is_open(
    london: London, home: Path, postgres: Server, decided_on: tuple[str, ...]
) -> None:
    """As where the owner's command died after decisions were emptied, and another role gives the order again."""
    url, out = settings(london).decisions_url or "", home.parent / "out"
    assert ended(forked(lambda: (setattr(erasure, "_overwrite", die), ordered(london, home, decided_on[0])), out)) < 0
    lesser_role(postgres, url, "finisher")
    london.say(decisions_url=url.replace("postgres@", "finisher@"))
    assert ended(forked(lambda: ordered(london, home, decided_on[0]), out)) == 1
    assert "Give the same order again as the owner" in out.read_text("utf-8")
    london.say(decisions_url=url)
    ordered(london, home, decided_on[0])
    check_gone(london, home, postgres, decided_on[0])


def test_a_transaction_that_began_before_is_waited_for_and_told(
    london: London, home: Path, postgres: Server, decided_on: tuple[str, ...]
) -> None:
    """As a backup that is being taken: PostgreSQL keeps for it the rows as they were."""
    out = home.parent / "out"
    with psycopg.connect(host=str(postgres.folder), user="postgres", dbname="postgres") as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT 1")
        assert ended(forked(lambda: soon_ordered(london, home, decided_on[0]), out)) == 1, out.read_text("utf-8")
    assert "until the readers that hold it open are gone" in out.read_text("utf-8")
    assert current_run(home) == "2026-11-20-1"
    ordered(london, home, decided_on[0])
    check_gone(london, home, postgres, decided_on[0])
