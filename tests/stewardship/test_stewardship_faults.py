"""Fifty at once, processes killed in the middle, a database that goes away: what was acknowledged is there, once."""

from __future__ import annotations

import platform
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from failing_syncs import SYNCS
from postgres_server import Server
from stewards_say import said

from pipeline.core.errors import DecisionConflictError, SettingsError, StoreUnavailableError
from pipeline.core.places import ROOT
from pipeline.stewardship.columns import METADATA
from pipeline.stewardship.database import engine_of, reading
from pipeline.stewardship.erasure import erase
from pipeline.stewardship.store import Store, open_store

THREADS, EACH = 50, 10


def at_once(work: Callable[[int], object], count: int = THREADS) -> list[object]:
    """Run the work in threads that all begin at the same moment."""
    gate = threading.Barrier(count)

    def begin(number: int) -> object:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def child(code: str, *arguments: str, stdin: int | None = None) -> subprocess.Popen[str]:
    own = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests')!r}]\n"
    command = [sys.executable, "-c", own + code, *arguments]
    return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def test_fifty_threads_at_once_lose_nothing_and_double_nothing(store: Store) -> None:
    def work(number: int) -> list[str]:
        sent = [said(f"{number}-{k}", f"{number}-{k + 1}", by=f"steward {number}") for k in range(EACH)]
        for new in sent:
            store.decide(new)
            store.decide(new)  # as a client that lost the answer would
        return [new.decision_id for new in sent]

    acknowledged = [decision_id for ids in at_once(work) for decision_id in ids]
    log = store.log()
    assert log.column("seq").to_pylist() == list(range(1, THREADS * EACH + 1))
    assert sorted(log.column("decision_id").to_pylist()) == sorted(acknowledged)
    times = log.column("recorded_at").to_pylist()
    assert times == sorted(times)


def test_one_decision_sent_by_fifty_threads_at_once_is_one(store: Store) -> None:
    sent = said("a", "b")
    outcomes = at_once(lambda _: store.decide(sent).is_new)
    assert Counter(outcomes) == {True: 1, False: THREADS - 1}
    assert len(store.log()) == 1


def test_of_decisions_at_one_moment_that_contradict_each_other_only_one_is_taken(store: Store) -> None:
    """a = b and b = c stand; fifty say at once that c = d, or that a and d are two: never both."""
    for pair in ("ab", "bc"):
        store.decide(said(*pair))

    def work(number: int) -> str:
        new = said("c", "d", by=f"s{number}") if number % 2 else said("a", "d", "unlink", by=f"s{number}")
        try:
            return store.decide(new).decision.verdict
        except DecisionConflictError:
            return "refused"

    outcomes = Counter(at_once(work))
    assert outcomes["refused"] == THREADS - 1
    assert len(store.log()) == 3


def test_threads_that_open_a_new_store_at_once_make_its_tables_once(url: str) -> None:
    def work(number: int) -> None:
        with open_store(url) as store:
            store.decide(said(f"{number}", "z"))

    at_once(work, 10)
    with open_store(url) as store:
        assert len(store.log()) == 10


BURST = """
import os
from concurrent.futures import ThreadPoolExecutor
from stewards_say import said
from pipeline.stewardship.store import open_store
def work(number):
    for k in range(100_000):
        os.write(1, store.decide(said(f"{number}-{k}", f"{number}-{k}b")).decision.decision_id.encode() + b"\\n")
with open_store(sys.argv[1]) as store, ThreadPoolExecutor(4) as pool:
    list(pool.map(work, range(4)))
"""


@pytest.mark.slow
def test_a_process_killed_in_a_burst_has_lost_nothing_that_it_acknowledged(url: str) -> None:
    total = 0
    for round_ in range(3):
        process = child(BURST, url)
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(30 + 7 * round_)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
        process.wait()
        process.stdout.close()
        acknowledged = {line.strip() for line in lines if line.endswith("\n") and len(line) == 37}
        with open_store(url) as store:
            log = store.log()
        ids = log.column("decision_id").to_pylist()
        assert acknowledged <= set(ids)
        assert len(ids) == len(set(ids)) == log.column("seq").to_pylist()[-1]
        total += len(acknowledged)
    assert total >= 111


KILLED_UPGRADES = """
import os, signal
import sqlalchemy
from pipeline.stewardship.store import open_store
def upgrade(left):
    def count(connection, cursor, statement, *_):
        nonlocal left
        if not statement.lstrip().upper().startswith(("PRAGMA", "SELECT", "SET", "SHOW")):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sqlalchemy.event.listen(sqlalchemy.Engine, "after_cursor_execute", count)
    with open_store(sys.argv[1]) as store:
        os._exit(0)
for step in range(1, 40):
    process = os.fork()
    if process == 0:
        upgrade(step)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
    sys.stdin.readline()
"""


@pytest.mark.slow
def test_an_upgrade_killed_after_any_of_its_steps_is_done_anew_by_the_next_one(url: str) -> None:
    process = child(KILLED_UPGRADES, url, stdin=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    killed = 0
    while process.stdout.readline().strip() == str(-signal.SIGKILL):
        killed += 1
        engine = engine_of(url)
        with reading(engine) as connection:
            assert sa.inspect(connection).get_table_names() == []
        engine.dispose()
        process.stdin.write("next\n")
        process.stdin.flush()
    process.kill()
    process.communicate()
    assert killed >= 12
    with open_store(url) as store:
        store.decide(said("a", "b"))
        with reading(store.engine) as connection:
            assert set(sa.inspect(connection).get_table_names()) == {*METADATA.tables, "alembic_version"}


def test_a_store_made_by_a_newer_version_is_left_alone(url: str) -> None:
    with open_store(url) as store, store.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SettingsError, match="newer boroughlink"), open_store(url):
        pass


@pytest.mark.postgres
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_decisions_wait_for_a_database_that_is_gone_and_come_back_with_it(postgres: Server, mode: str) -> None:
    with open_store(postgres.database(), patience_s=60) as store, ThreadPoolExecutor(8) as pool:
        store.decide(said("a", "b"))
        burst = [pool.submit(store.decide, said(f"{k}", f"{k}b")) for k in range(40)]
        postgres.stop(mode)
        during = [pool.submit(store.decide, said(f"{k}", f"{k}c")) for k in range(5)]
        time.sleep(3)
        assert not during[-1].done()
        postgres.start()
        acknowledged = {waiting.result().decision.decision_id for waiting in (*burst, *during)}
        ids = store.log().column("decision_id").to_pylist()
        assert len(ids) == 46 == len(set(ids))
        assert acknowledged <= set(ids)


@pytest.mark.postgres
def test_a_database_that_does_not_come_back_is_told_without_its_password(postgres: Server) -> None:
    url = postgres.database().replace("postgres@", "postgres:hunter2@")
    with open_store(url, patience_s=1) as store:
        postgres.stop()
        try:
            with pytest.raises(StoreUnavailableError) as gone:
                store.decide(said("a", "b", reason="ZEBEDIAH"))
        finally:
            postgres.start()
    assert "hunter2" not in str(gone.value)
    assert "ZEBEDIAH" not in str(gone.value)
    assert gone.value.__cause__ is None


@pytest.mark.parametrize(
    "url", ["postgresql://u:SECRET@127.0.0.1:9/d", "postgresql://u@127.0.0.1:9/d?password=SECRET&sslpassword=SECRET"]
)
def test_a_store_is_named_without_its_password_wherever_the_url_has_it(url: str) -> None:
    with pytest.raises(StoreUnavailableError) as gone, open_store(url, patience_s=0):
        pass
    assert "SECRET" not in str(gone.value)
    assert "127.0.0.1:9/d" in str(gone.value)


@pytest.mark.postgres
def test_a_wrong_url_is_told_at_once(postgres: Server) -> None:
    began = time.monotonic()
    wrong = f"postgresql://nobody@/postgres?host={postgres.folder}"
    with pytest.raises(StoreUnavailableError), open_store(wrong, patience_s=30):
        pass
    assert time.monotonic() - began < 5


def test_decisions_wait_for_another_process_that_holds_the_file(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite3"
    with open_store(f"sqlite:///{path}", patience_s=20) as store:
        holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(2, lambda: holder.execute("ROLLBACK"))
        timer.start()
        assert store.decide(said("a", "b")).is_new
        timer.join()
        holder.close()


def test_a_folder_put_in_place_of_the_first_holds_the_store_from_then_on(tmp_path: Path) -> None:
    """Else what is decided after a restore beside a running desk would go to a file that nobody sees any more."""
    folder, backup = tmp_path / "in # use?", tmp_path / "backup"
    url = f"sqlite:///{folder}/decisions.sqlite3"
    with open_store(f"sqlite:///{backup}/decisions.sqlite3") as store:
        store.decide(said("a", "b"))
    with open_store(url) as store:
        store.decide(said("c", "d"))
        folder.rename(tmp_path / "before")
        backup.rename(folder)
        assert [row["record_id_l"] for row in store.log().to_pylist()] == ["a"]
        store.decide(said("e", "f"))
    with open_store(url) as store:
        assert [row["record_id_l"] for row in store.log().to_pylist()] == ["a", "e"]


def test_a_file_that_is_moved_away_is_told_and_not_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite3"
    with open_store(f"sqlite:///{path}", patience_s=0.2) as store:
        store.decide(said("a", "b"))
        path.rename(tmp_path / "away.sqlite3")
        with pytest.raises(StoreUnavailableError, match="gone or busy"):
            store.decide(said("c", "d"))
        assert not path.exists()
        (tmp_path / "away.sqlite3").rename(path)
        store.decide(said("c", "d"))
        assert len(store.log()) == 2


WITHOUT_SYNCS = """
from failing_syncs import fail_syncs
from pipeline.core.errors import StoreUnavailableError
from pipeline.stewardship.store import open_store
from stewards_say import said

with open_store(sys.argv[1], patience_s=0.2) as store:
    fail_syncs()
    try:
        store.decide(said("c", "d"))
        print("acknowledged")
    except StoreUnavailableError as error:
        print(type(error).__name__)
"""


@pytest.mark.skipif(platform.machine() not in SYNCS, reason="numbers of its system calls are not known")
def test_a_decision_whose_sync_fails_is_not_acknowledged(tmp_path: Path) -> None:
    """So what is acknowledged was synced."""
    url = f"sqlite:///{tmp_path / 'decisions.sqlite3'}"
    with open_store(url) as store:
        store.decide(said("a", "b"))

    deciding = child(WITHOUT_SYNCS, url)
    told, error = deciding.communicate(timeout=60)
    assert told.split() == ["StoreUnavailableError"], error
    with open_store(url) as store:
        assert [row["record_id_l"] for row in store.log().to_pylist()] == ["a"]


@pytest.mark.postgres
def test_a_server_that_does_not_sync_is_not_used(postgres: Server) -> None:
    url = postgres.database()
    engine = engine_of(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:

        def reload_until(fsync: str) -> None:
            connection.exec_driver_sql("SELECT pg_reload_conf()")
            while connection.exec_driver_sql("SHOW fsync").scalar() != fsync:
                time.sleep(0.05)

        connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
        reload_until("off")
        try:
            with pytest.raises(SettingsError, match="power cut"), open_store(url):
                pass
        finally:
            connection.exec_driver_sql("ALTER SYSTEM RESET fsync")
            reload_until("on")
    engine.dispose()


@pytest.mark.postgres
def test_a_role_that_may_only_read_and_insert_is_enough_to_decide(postgres: Server) -> None:
    url = postgres.database()
    schema = url.rpartition("%3D")[2]
    with open_store(url) as store, store.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(f"CREATE ROLE clerk LOGIN; GRANT USAGE ON SCHEMA {schema} TO clerk")
        connection.exec_driver_sql(
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO clerk; GRANT INSERT ON decisions TO clerk"
        )
    with open_store(url.replace("postgres@", "clerk@")) as store:
        assert store.decide(said("a", "b")).is_new
        with pytest.raises(StoreUnavailableError, match="refused"):
            erase(store, ["a"], "clerk", "order 1", "an order")
        assert len(store.log()) == 1


def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite3"
    path.write_bytes(b"a list of decisions, written by hand" * 100)
    with pytest.raises(StoreUnavailableError, match="SQLITE_NOTADB"), open_store(f"sqlite:///{path}"):
        pass
    assert path.read_bytes().startswith(b"a list")
