"""Rows of a finished table: in memory, or in parts as they come from the files of a stage.

A million records have gigabytes of values behind them: to hold all of them at once costs more than to read some of them
twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from pipeline.core.parquet import count_rows, in_groups, read_parts
from schemas.tables import Table


@dataclass(frozen=True, slots=True)
class InParts:
    """Rows in the order of their key that are never held at once."""

    table: Table
    parts: Callable[[Sequence[str] | None], Iterator[pa.Table]]
    """One after the other; of all columns, or some"""
    n_rows: int


Rows: TypeAlias = pa.Table | InParts


def of_file(path: Path, table: Table) -> InParts:
    """The rows of an Arrow file."""
    return InParts(table, partial(read_parts, path), count_rows(path))


def n_rows(rows: Rows) -> int:
    """How many there are."""
    return rows.n_rows if isinstance(rows, InParts) else len(rows)


def columns_of(rows: Rows, *names: str) -> pa.Table:
    """Some columns of all rows, each in one piece."""
    if isinstance(rows, InParts):
        rows = pa.concat_tables([*rows.parts(names)] or [rows.table.arrow_schema().empty_table()])
    return rows.select(list(names)).combine_chunks()


def parts_of(rows: Rows, names: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """All rows in groups of one size, each in one piece."""
    if isinstance(rows, InParts):
        return in_groups(rows.parts(names))
    return in_groups([rows.select(list(names)) if names else rows])
