"""Patience with the database of the decisions: where it is busy or gone for a moment, the work is tried again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from pipeline.core.errors import StoreUnavailableError
from pipeline.core.log import warn
from pipeline.stewardship.database import name_of

T = TypeVar("T")
WAITS = "decisions wait for the database"
"""Event of the log: one try failed, and another follows"""
SQLITE_PASSING = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
)
SQLITE_NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")
SQLITE_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
RESTORE = (
    "Restore it from a backup; where there is none, move it away, and bring an export back (boroughlink decide --import "
    "FILE --by NAME)."
)
POSTGRESQL_PASSING = ("08", "53", "57P", "57014", "40001", "40P01", "55P03", "25P03")
"""Starts of SQLSTATE codes that a later try may not meet: connection, resources, shutdown, deadlock, lock, idle."""
POSTGRESQL_LASTING = (
    "authentication failed",
    "does not exist",
    "could not translate host name",
    "no pg_hba.conf entry",
)


def with_patience(engine: Engine, seconds: float, work: Callable[[], T]) -> T:
    """Do the work; where the database is busy or gone, try again until the seconds are over.

    Raises:
        StoreUnavailableError: If it still fails, or fails for good; no text of the database is in it, for it may quote rows.
    """
    tries = Retrying(
        stop=stop_after_delay(seconds),
        wait=wait_random_exponential(multiplier=0.05, max=2.0),
        retry=retry_if_exception(_is_passing),
        before_sleep=partial(_note, seconds),
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


def _note(at_most: float, state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    waited = round(state.seconds_since_start or 0.0, 1)
    code = _code(error) if error else None
    warn(WAITS, attempt=state.attempt_number, code=code, waited_seconds=waited, at_most_seconds=at_most)


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
