"""The database behind the decisions: SQLite by default, PostgreSQL by URL; durable writes, one writer at a time."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import NoSuchModuleError

from pipeline.core.database_name import database_name
from pipeline.core.durable import sync_folder
from pipeline.core.errors import SettingsError
from pipeline.core.postgresql import on_psycopg
from schemas.settings import SQLITE

BUSY_MS = 10_000
LOCK_MS = 30_000
STUCK_MS = 60_000
CONNECT_S = 5
WRITERS_LOCK = 0x6B0F0DEC  # any number that nothing else in the database takes


def engine_of(url: str) -> Engine:
    """An engine for the store's URL: ``sqlite:///path`` or ``postgresql://...``; makes the file of SQLite, for its owner only.

    Raises:
        SettingsError: If the URL is of another kind, or the file cannot be made.
    """
    try:
        parsed = _sqlite_file(url) if url.startswith(SQLITE) else sa.make_url(url)
    except sa.exc.ArgumentError:
        raise SettingsError("decisions_url", "is no database URL.", _EXAMPLES) from None
    url_of_store = on_psycopg(parsed)
    kind = url_of_store.get_backend_name()
    if kind == "sqlite":
        return _sqlite(url_of_store)
    if kind == "postgresql":
        return _postgresql(url_of_store)
    raise SettingsError("decisions_url", f"{kind} is not known.", _EXAMPLES)


_EXAMPLES = "Give sqlite:////srv/boroughlink/decisions.sqlite3 or postgresql://user@host/database."


def name_of(engine: Engine) -> str:
    """The store as messages name it: where it is, never who asks it with what password."""
    return database_name(engine.url)


def _sqlite_file(url: str) -> sa.URL:
    """All that follows is the path: a folder's name may hold ``?``, which a URL's query begins with."""
    return sa.URL.create("sqlite", database=url.removeprefix(SQLITE))


def _sqlite(url: sa.URL) -> Engine:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise SettingsError("decisions_url", "a store in memory would lose every decision.", _EXAMPLES)
    path = Path(url.database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        sync_folder(path.parent)
    except OSError as error:
        what_to_do = "Every use of the store writes beside it, reading too: give it to this user, or give the command as the user whose it is."
        raise SettingsError(str(path), f"cannot be opened for writing: {error.strerror}.", what_to_do) from None
    engine = sa.create_engine(url, hide_parameters=True, pool_timeout=LOCK_MS / 1000)

    @event.listens_for(engine, "do_connect")
    def connect(dialect: object, record: Any, arguments: object, parameters: object) -> sqlite3.Connection:  # noqa: ANN401
        """To the file that is there: one that is gone is not made anew, empty."""
        address = f"{path.resolve().as_uri()}?mode=rw"
        connection = sqlite3.connect(address, timeout=BUSY_MS / 1000, uri=True, check_same_thread=False)
        record.info["file"] = _file_at(path)
        return connection

    @event.listens_for(engine, "checkout")
    def same_file(connection: object, record: Any, proxy: object) -> None:  # noqa: ANN401
        """A file that was put in place of the first, as a restore does, is the store from then on; else writes went nowhere."""
        if record.info["file"] != _file_at(path):
            raise sa.exc.DisconnectionError

    @event.listens_for(engine, "connect")
    def durable(connection: Any, record: object) -> None:  # noqa: ANN401
        connection.isolation_level = None  # transactions begin below, not where the driver guesses
        for setting in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        is_write = connection.get_execution_options().get("is_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")

    return engine


def _file_at(path: Path) -> tuple[int, int] | None:
    """What tells the file at a path from one that takes its place; None where there is none."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _postgresql(url: sa.URL) -> Engine:
    try:
        return sa.create_engine(
            url,
            hide_parameters=True,
            isolation_level="READ COMMITTED",  # each statement sees all that was committed before it: the lock orders writers
            pool_pre_ping=True,
            pool_timeout=LOCK_MS / 1000,
            connect_args={"connect_timeout": CONNECT_S},
        )
    except (ImportError, NoSuchModuleError):
        problem = "PostgreSQL needs the driver psycopg."
        raise SettingsError("decisions_url", problem, "Install boroughlink with its extra `postgres`.") from None


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that no other writer of the store runs beside; when it ends well, what it wrote is on disk."""
    with engine.connect().execution_options(is_write=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_MS}")
            connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {STUCK_MS}")
            connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads one state of the store."""
    with engine.connect() as connection, connection.begin():
        yield connection


def check_durable(connection: Connection, store: str) -> None:
    """That what is acknowledged is on disk.

    Raises:
        SettingsError: If the database is set to forget what it acknowledged when the power goes.
    """
    if connection.dialect.name == "sqlite":
        modes = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
        is_durable = modes == ["wal", 2]
    else:
        is_durable = connection.exec_driver_sql("SHOW fsync").scalar() == "on"
    if not is_durable:
        raise SettingsError(store, "does not keep what it acknowledges through a power cut.", "Turn its fsync on.")
