"""The database behind the decisions: SQLite by default, PostgreSQL by URL; durable writes, one writer at a time, patience."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from pipeline.core.durable import sync_folder
from pipeline.core.errors import SettingsError, StoreUnavailableError
from pipeline.core.log import log
from schemas.settings import SQLITE

T = TypeVar("T")
BUSY_MS = 10_000
LOCK_MS = 30_000
STUCK_MS = 60_000
CONNECT_S = 5
WRITERS_LOCK = 0x6B0F0DEC  # any number that nothing else in the database takes
SQLITE_PASSING = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
)
SQLITE_NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")
SQLITE_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
RESTORE = "Restore it from a backup; where there is none, move it away, and bring an export back (boroughlink decide --import)."
POSTGRESQL_PASSING = ("08", "53", "57P", "57014", "40001", "40P01", "55P03", "25P03")
"""Starts of SQLSTATE codes that a later try may not meet: connection, resources, shutdown, deadlock, lock, idle."""
POSTGRESQL_LASTING = (
    "authentication failed",
    "does not exist",
    "could not translate host name",
    "no pg_hba.conf entry",
)


def engine_of(url: str) -> Engine:
    """An engine for the store's URL: ``sqlite:///path`` or ``postgresql://...``; makes the file of SQLite, for its owner only.

    Raises:
        SettingsError: If the URL is of another kind, or the file cannot be made.
    """
    try:
        parsed = _sqlite_file(url) if url.startswith(SQLITE) else sa.make_url(url)
    except sa.exc.ArgumentError:
        raise SettingsError("decisions_url", "is no database URL.", _EXAMPLES) from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        return _sqlite(parsed)
    if kind in ("postgresql", "postgres"):
        return _postgresql(parsed.set(drivername="postgresql+psycopg"))
    raise SettingsError("decisions_url", f"{kind} is not known.", _EXAMPLES)


_EXAMPLES = "Give sqlite:////srv/boroughlink/decisions.sqlite3 or postgresql://user@host/database."


def name_of(engine: Engine) -> str:
    """The store as messages name it: its URL without the password."""
    return engine.url.render_as_string(hide_password=True)


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
        raise SettingsError(str(path), f"cannot be opened for writing: {error.strerror}.") from None
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


def with_patience(engine: Engine, seconds: float, work: Callable[[], T]) -> T:
    """Do the work; where the database is busy or gone, try again until the seconds are over.

    Raises:
        StoreUnavailableError: If it still fails, or fails for good; no text of the database is in it, for it may quote rows.
    """
    tries = Retrying(
        stop=stop_after_delay(seconds),
        wait=wait_random_exponential(multiplier=0.05, max=2.0),
        retry=retry_if_exception(_is_passing),
        before_sleep=_note,
        reraise=True,
    )
    try:
        return tries(work)
    except PoolTimeoutError:
        problem = "it is too busy to take another connection."
    except DBAPIError as error:
        problem = f"it is gone or busy ({_code(error)})." if _is_passing(error) else f"it refused ({_code(error)})."
        if _code(error) in SQLITE_NO_ROOM:
            problem = f"its disk is full ({_code(error)}): free some space."
        if _is_damaged(error):
            raise StoreUnavailableError(name_of(engine), f"its file is damaged ({_code(error)}).", RESTORE) from None
    raise StoreUnavailableError(name_of(engine), problem)


def _is_damaged(error: DBAPIError) -> bool:
    return (
        isinstance(error.orig, sqlite3.Error) and (getattr(error.orig, "sqlite_errorcode", 0) & 0xFF) in SQLITE_DAMAGED
    )


def _note(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log("decisions wait for the database", attempt=state.attempt_number, code=_code(error) if error else None)


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        return (getattr(error.orig, "sqlite_errorcode", 0) & 0xFF) in SQLITE_PASSING
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return str(state).startswith(POSTGRESQL_PASSING)
    if error.connection_invalidated:
        return True
    return isinstance(error, OperationalError) and not any(phrase in str(error.orig) for phrase in POSTGRESQL_LASTING)


def _code(error: BaseException) -> str:
    """What the database calls the error, without its text."""
    cause = getattr(error, "orig", None) or error
    name = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return str(name or type(cause).__name__)


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
