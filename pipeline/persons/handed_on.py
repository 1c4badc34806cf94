"""Records and events with their persons: the rows as linking wrote them, and each row's person beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.core.errors import ContractError
from pipeline.core.lookup import NOWHERE, places_among
from pipeline.core.parquet import read_parts, read_table
from schemas.tables import Table


@dataclass(frozen=True, slots=True)
class WithPersons:
    """The contracts ``records`` and ``events``, in the order of their keys."""

    table: Table
    path: Path
    """Rows without their persons"""
    persons: pa.ChunkedArray
    """The person of each row"""

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return len(self.persons)

    def parts(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """All rows, some at a time; some columns, or all."""
        names = list(columns or self.table.names)
        schema = self.table.arrow_schema()
        wanted, position = pa.schema([schema.field(name) for name in names], schema.metadata), 0
        for part in read_parts(self.path, [name for name in names if name != "person_id"] or self.table.key):
            persons = self.persons.slice(position, len(part)).combine_chunks()
            yield part.append_column("person_id", persons).select(names).cast(wanted)
            position += len(part)


def with_persons(path: Path, record_persons: pa.Table, table: Table) -> WithPersons:
    """The rows that linking wrote, each with its record's person.

    Raises:
        ContractError: If a row's record has no person.
    """
    persons, ids = record_persons.column("person_id"), read_table(path, ["record_id"]).column("record_id")
    if not ids.equals(record_persons.column("record_id")):
        persons = persons.take(pa.array(rows_of(ids, record_persons, table)))
    return WithPersons(table, path, persons)


def rows_of(record_ids: pa.Array | pa.ChunkedArray, records: pa.Table, table: Table) -> NDArray[np.int64]:
    """Where each record stands among the records, which are in order.

    Raises:
        ContractError: If one is not there.
    """
    places = places_among(record_ids, records.column("record_id"))
    if (places == NOWHERE).any():
        raise ContractError(table.name, "has records that are in no cluster")
    return places
