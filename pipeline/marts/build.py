"""Make the analysts' tables from the Parquet files of a publication, by the SQL that lies beside this module."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.core.clock import LONDON
from pipeline.core.duckdb_files import sql_files, sql_text
from pipeline.core.errors import LinkageError
from pipeline.core.places import REFERENCE
from pipeline.core.reference import rows
from schemas.boroughs import CODES
from schemas.marts import MARTS
from schemas.null_reasons import NOT_UNDERSTOOD
from schemas.settings import AnalysisSettings
from schemas.tables import EVENTS, PERSONS, QUARANTINE, RECORDS, REVIEW_QUEUE, SOURCE_STATUS, Table

SQL = Path(__file__).resolve().parent
NEEDED = (PERSONS, RECORDS, EVENTS, REVIEW_QUEUE, QUARANTINE, SOURCE_STATUS)


def build_marts(folder: Path, run_id: str, settings: AnalysisSettings, spill: Path) -> Iterator[tuple[Table, pa.Table]]:
    """Yield each analysts' table with its rows, ordered by its key, as ``schemas/marts.py`` describes it.

    Args:
        folder: of the publication: a folder of Parquet files for each table.
        run_id: run that makes it; its day is what the tables are true of.
        settings: what a force may decide.
        spill: folder for what does not fit into memory; whoever calls removes it.

    Raises:
        LinkageError: If one cannot be made.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "temp_directory": str(spill),
    }
    with duckdb.connect(config=config) as base:
        base.execute(
            f"SET TimeZone = {sql_text(LONDON.key)}"
        )  # days and months are the force's own, on whatever machine
        for table in NEEDED:
            base.execute(f"CREATE VIEW {table.name} AS SELECT * FROM read_parquet([{sql_files(folder / table.name)}])")  # noqa: S608  (our own paths, quoted)
        as_of = dt.date.fromisoformat(run_id[:10])
        for name, known in {
            "night": pa.table({"run_id": [run_id], "as_of": [as_of]}),
            "setting": pa.Table.from_pylist([settings.model_dump()]),
            "boroughs": _boroughs(),
            "written_flags": _written_flags(),
            "not_understood": pa.table({"reason": list(NOT_UNDERSTOOD)}),
        }.items():
            base.register(name, known)
        base.execute((SQL / "base.sql").read_text("utf-8"))
        for mart in MARTS:
            try:
                found = _rows_of(base, mart)
            except duckdb.Error as error:  # its text may quote a value
                raise LinkageError(
                    f"{mart.name} could not be made from the other tables ({type(error).__name__})."
                ) from None
            yield mart, found


def _rows_of(base: duckdb.DuckDBPyConnection, mart: Table) -> pa.Table:
    """The rows of one mart in its columns' order and types."""
    select = (SQL / f"{mart.name}.sql").read_text("utf-8")
    columns, key = ", ".join(mart.names), ", ".join(mart.key)
    found = base.sql(f"SELECT {columns} FROM ({select}), night ORDER BY {key}").to_arrow_table()  # noqa: S608  (our own SQL and columns)
    return found.cast(mart.arrow_schema())


def _boroughs() -> pa.Table:
    residents = {row["borough"]: int(row["residents"]) for row in rows(REFERENCE / "populations.csv")}
    return pa.Table.from_pylist(
        [
            {"borough": borough, "bcu": unit, "residents": residents.get(borough)}
            for borough, (_, _, unit) in CODES.items()
        ],
        pa.schema([("borough", pa.string()), ("bcu", pa.string()), ("residents", pa.int64())]),
    )


def _written_flags() -> pa.Table:
    """What is written for yes and no, in upper case."""
    flags = {row["written"]: row["value"] == "Y" for row in rows(REFERENCE / "codes.csv") if row["field"] == "flag"}
    return pa.table({"written": list(flags), "is_yes": list(flags.values())})
