"""SQL over the current publication: read only, and nothing but the publication."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from itertools import count

import duckdb
import pyarrow as pa

from pipeline.core.clock import LONDON
from pipeline.core.duckdb_files import sql_files, sql_text
from pipeline.core.errors import SettingsError, StateError
from pipeline.core.places import Home
from pipeline.publish.publication import how_to_restore, need_current
from schemas.marts import MARTS, READABLE

# Whose a record was on a day: by the last run of that day, or of the last day before it that had one. A macro's arguments are
# pasted into it, so its own columns have names that no table has: else record_id would be that of record_spans.
AS_OF = """
CREATE VIEW record_spans AS
    SELECT unnest(record_ids) AS record_id, person_id, CAST(left(valid_from, 10) AS DATE) AS from_date,
           CAST(left(valid_to, 10) AS DATE) AS to_date, valid_from, valid_to
    FROM identity_ledger;
CREATE MACRO person_as_of(record, day) AS (
    SELECT any_value(__person) FROM (
        SELECT record_id AS __record, person_id AS __person, from_date AS __from, to_date AS __to FROM record_spans)
    WHERE __record = record AND __from <= CAST(day AS DATE) AND (__to IS NULL OR __to > CAST(day AS DATE)));
"""
VIEWS = ("night", "record_spans")  # besides the published tables
READING = {duckdb.StatementType.SELECT}


def query(home: Home, sql: str) -> pa.Table:
    """The rows of one SELECT; each published table is a view of its name, and times are those of London.

    Of columns with one name, as a join gives them, the second is called ``name_1``. Besides, ``night`` is the publication's run and
    date in one row, ``record_spans`` has a row a record and span of the ledger, and ``person_as_of(record_id, day)`` tells whose a
    record was on a day.

    Raises:
        SettingsError: If nothing is published yet, or the statement is not one SELECT that DuckDB understands.
        StateError: If the publication is damaged.
    """
    publication = need_current(home)
    with duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}) as base:
        _check(base, sql)
        for table in READABLE:
            if table in MARTS and not (publication.folder / table.name).is_dir():
                continue  # an earlier version made this publication
            files = sql_files(publication.folder / table.name)
            try:
                base.execute(f"CREATE VIEW {table.name} AS SELECT * FROM read_parquet([{files}])")  # noqa: S608  (our own paths, quoted)
            except duckdb.Error:
                damaged = str(publication.folder / table.name)
                raise StateError(damaged, "is damaged or gone.", how_to_restore(publication.folder)) from None
        base.execute(AS_OF)
        run_id = sql_text(publication.run_id)
        base.execute(f"CREATE VIEW night AS SELECT {run_id} AS run_id, CAST(left({run_id}, 10) AS DATE) AS as_of")
        base.execute(
            f"SET TimeZone = {sql_text(LONDON.key)}"
        )  # days and months are the force's own, on whatever machine
        place = str(publication.folder)  # where it looks like a pattern, the pattern must be allowed too
        base.execute(f"SET allowed_directories = [{', '.join(map(sql_text, {place, glob.escape(place)}))}]")
        base.execute("SET enable_external_access = false")
        base.execute("SET lock_configuration = true")
        try:
            rows = base.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise _refused(error) from None
    return rows.rename_columns(_each_once(rows.column_names))


def _each_once(names: Sequence[str]) -> list[str]:
    """The names, each with the first number that makes it one of its own."""
    taken: list[str] = []
    for name in names:
        free = (f"{name}_{number}" for number in count(1) if f"{name}_{number}" not in {*names, *taken})
        taken.append(next(free) if name in taken else name)
    return taken


def _check(base: duckdb.DuckDBPyConnection, sql: str) -> None:
    try:
        statements = base.extract_statements(sql)
    except duckdb.Error as error:
        raise _refused(error) from None
    if len(statements) != 1 or statements[0].type not in READING:
        raise SettingsError("query", "takes one SELECT statement.", "The publication cannot be changed.")


def _refused(error: duckdb.Error) -> SettingsError:
    problem = str(error).split("\n\nLINE", maxsplit=1)[0].strip()
    if not problem.startswith("Catalog Error: Table with name"):
        return SettingsError("query", problem)
    there = ", ".join(sorted([*(table.name for table in READABLE), *VIEWS]))
    return SettingsError("query", problem, f"The tables are {there}: schemas/DICTIONARY.md has their columns.")
