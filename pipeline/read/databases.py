"""Rows of a database, through SQLAlchemy."""

from __future__ import annotations

import codecs
import difflib
import functools
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
UNKNOWN = re.compile(r'no such (table|column): (\S+)|(relation|column) "?([^\s"]+)"? does not exist')
"""What SQLite and PostgreSQL say of a name in a query that they do not know"""
MOST_NAMED = 10  # tables


def read_query(root: str, location: str, query: str, source: str, encoding: str = "utf-8") -> tuple[Sheet, str]:
    """The query's rows as text, its column names first, and the SHA-256 over both.

    Args:
        root: folder that a relative SQLite path starts from.
        location: SQLAlchemy URL.
        query: in SQL.
        source: whom messages name.
        encoding: of bytes, and of the texts of SQLite, which keeps them as they were given.

    Raises:
        SourceError: missing_file, unreachable (which a later try may mend), bad_query, wrong_encoding.
    """
    url = _url(root, location, source)
    try:
        engine = sa.create_engine(url)
    except ImportError as error:
        raise no_package(source, f"the database driver {error.name}") from None
    except sa.exc.ArgumentError as error:
        problem = f"is not a database URL that this machine knows ({type(error).__name__})."
        raise SourceError("unreachable", source, problem, "Correct `location` in the contract.") from None
    try:
        with engine.connect() as connection:
            rows, sha256 = _rows(connection, query, encoding)
    except UnicodeDecodeError:
        raise _wrong_encoding(source, encoding) from None
    except sa.exc.OperationalError as error:
        raise _not_operational(source, str(error.orig), encoding, engine) from None
    except sa.exc.SQLAlchemyError as error:
        if re.search(r"malformed|not a database", str(error)):
            raise SourceError(
                "truncated_file", source, "is damaged: it is no whole database.", "Ask for tonight's copy again."
            ) from None
        raise _refuses(source, str(error), type(error).__name__, engine) from None
    finally:
        engine.dispose()
    return Sheet(None, iter(rows)), sha256


def _rows(connection: sa.Connection, query: str, encoding: str) -> tuple[list[Row], str]:
    if connection.dialect.name == "sqlite" and codecs.lookup(encoding).name != "utf-8":
        driver = connection.connection.driver_connection
        driver.text_factory = functools.partial(str, encoding=encoding)  # type: ignore[union-attr]
    result = connection.execution_options(yield_per=BATCH).execute(sa.text(query))
    names = list(result.keys())
    digest = hashlib.sha256(repr(names).encode())
    rows = [Row(0, names)]
    for number, values in enumerate(result, start=1):
        cells = [cell_text(_text_of_bytes(value, encoding)) for value in values]
        digest.update(repr(cells).encode())
        rows.append(Row(number, cells))
    return rows, digest.hexdigest()


def _text_of_bytes(value: object, encoding: str) -> object:
    """What a column of bytes says; those that are no text, such as a picture's, are written as their numbers."""
    return value.decode(encoding, "backslashreplace") if isinstance(value, bytes) else value


def _wrong_encoding(source: str, encoding: str) -> SourceError:
    what_to_do = "Say the `encoding` of the database in the contract, or ask for it in UTF-8."
    return SourceError("wrong_encoding", source, f"has a text that is not {encoding}.", what_to_do)


def _refuses(source: str, said: str, kind: str, engine: sa.Engine) -> SourceError:
    """That a query is refused: with the table or column that is not there, else the kind of error alone, as what else a driver says may hold values."""
    if not (unknown := UNKNOWN.search(said)):
        return SourceError("bad_query", source, f"refuses its query ({kind}).", CORRECT_QUERY)
    name = unknown[2] or unknown[4]
    if "column" in (unknown[1], unknown[3]):
        return SourceError("bad_query", source, f"has no column {name}, which its query names.", CORRECT_QUERY)
    return SourceError(
        "bad_query", source, f"has no table {name}, which its query names{_tables_beside(name, engine)}.", CORRECT_QUERY
    )


def _tables_beside(name: str, engine: sa.Engine) -> str:
    """The tables and views that are there, the one of the likest name first; empty where none is, or the database does not tell."""
    try:
        there = sa.inspect(engine)
        names = sorted({*there.get_table_names(), *there.get_view_names()})
    except sa.exc.SQLAlchemyError:
        return ""
    nearest = difflib.get_close_matches(name, names, n=1)
    others = [other for other in names if other not in nearest]
    shown = [*nearest, *others][:MOST_NAMED]
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"; there are {', '.join(shown)}{more}" if shown else ""


def _not_operational(source: str, said: str, encoding: str, engine: sa.Engine) -> SourceError:
    """What an operational error of a driver, which said this, comes from."""
    if "Could not decode" in said:
        return _wrong_encoding(source, encoding)
    if "readonly database" in said:
        problem = "has a query that writes, and an export is only read."
        return SourceError("bad_query", source, problem, CORRECT_QUERY)
    if re.search(r"no such (table|column)|syntax error|does not exist", said):
        return _refuses(source, said, "OperationalError", engine)
    problem = "does not answer (OperationalError)."
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
