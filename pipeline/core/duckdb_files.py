"""How DuckDB's SQL names Parquet files and columns, and writes texts where no value can be bound."""

from __future__ import annotations

import glob
from pathlib import Path


def duckdb_files(place: Path) -> list[str]:
    """A Parquet file, or those of a folder, as DuckDB's ``read_parquet`` takes them: it reads every path as a pattern."""
    files = sorted(place.glob("*.parquet")) if place.is_dir() else [place]
    return [glob.escape(str(path)) for path in files]


def sql_text(value: str) -> str:
    """A text as SQL writes it, where no value can be bound."""
    return "'" + value.replace("'", "''") + "'"


def sql_name(name: str) -> str:
    """The name of a column or table as SQL writes it, whatever signs it has."""
    return '"' + name.replace('"', '""') + '"'


def sql_files(place: Path) -> str:
    """As ``duckdb_files``, to stand between the brackets of ``read_parquet([...])``."""
    return ", ".join(map(sql_text, duckdb_files(place)))
