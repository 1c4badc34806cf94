"""Rows of a database, through SQLAlchemy."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import sqlalchemy as sa

from pipeline.core.errors import SourceError
from pipeline.core.postgresql import on_psycopg
from pipeline.read.fetch import check_is_file, no_package
from pipeline.read.sheets import Row, Sheet
from pipeline.read.workbooks import cell_text

BATCH = 10_000
CORRECT_QUERY = "Correct `query` in the contract."


def read_query(root: str, location: str, query: str, source: str) -> tuple[Sheet, str]:
    """The query's rows as text, its column names first, and the SHA-256 over both.

    Raises:
        SourceError: missing_file, unreachable (which a later try may mend), bad_query.
    """
    url = _url(root, location, source)
    try:
        engine = sa.create_engine(url)
    except ImportError as error:
        raise no_package(source, f"the database driver {error.name}") from None
    except sa.exc.ArgumentError as error:
        problem = f"is not a database URL that this machine knows ({type(error).__name__})."
        raise SourceError("unreachable", source, problem, "Correct `location` in the contract.") from None
    digest = hashlib.sha256()
    rows: list[Row] = []
    try:
        with engine.connect() as connection:
            result = connection.execution_options(yield_per=BATCH).execute(sa.text(query))
            names = list(result.keys())
            digest.update(repr(names).encode())
            rows.append(Row(0, names))
            for number, values in enumerate(result, start=1):
                cells = [cell_text(value) for value in values]
                digest.update(repr(cells).encode())
                rows.append(Row(number, cells))
    except sa.exc.OperationalError as error:
        if "readonly database" in str(error.orig):
            problem = "has a query that writes, and an export is only read."
            raise SourceError("bad_query", source, problem, CORRECT_QUERY) from None
        is_query = bool(re.search(r"no such (table|column)|syntax error|does not exist", str(error.orig)))
        raise _failed(source, error, is_query=is_query) from None
    except sa.exc.SQLAlchemyError as error:
        if re.search(r"malformed|not a database", str(error)):
            raise SourceError(
                "truncated_file", source, "is damaged: it is no whole database.", "Ask for tonight's copy again."
            ) from None
        raise _failed(source, error, is_query=True) from None
    finally:
        engine.dispose()
    return Sheet(None, iter(rows)), digest.hexdigest()


def _failed(source: str, error: Exception, *, is_query: bool) -> SourceError:
    if is_query:
        return SourceError("bad_query", source, f"refuses its query ({type(error).__name__}).", CORRECT_QUERY)
    problem = f"does not answer ({type(error).__name__})."
    return SourceError("unreachable", source, problem, "Check that the database is up.", is_retryable=True)


def _url(root: str, location: str, source: str) -> sa.URL:
    try:
        url = sa.make_url(location)
    except (sa.exc.ArgumentError, ValueError):
        raise SourceError(
            "unreachable", source, "has no database URL.", "Correct `location` in the contract."
        ) from None
    if "+" not in url.drivername:
        url = on_psycopg(url)
    if not url.drivername.startswith("sqlite") or not url.database or url.database == ":memory:":
        return url
    path = Path(url.database) if Path(url.database).is_absolute() else Path(root) / url.database
    try:
        check_is_file(path, url.database)
    except FileNotFoundError:
        raise SourceError(
            "missing_file", url.database, "is not there.", "Ask for tonight's copy of the database."
        ) from None
    return url.set(database=f"file:{path}", query={"mode": "ro", "uri": "true"})
