"""Row numbers of records and persons in a publication, which checks compare instead of ids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.core.lookup import NOWHERE, places_among


@dataclass(frozen=True, slots=True)
class Owners:
    """Records and persons in the order of their ids, and the person of each record."""

    record_ids: pa.Array
    person_ids: pa.Array
    owner: np.ndarray
    """Place of each record's person among the persons; NOWHERE where the persons lack it"""


def owners_of(records: pa.Table, persons: pa.Table) -> Owners:
    """The owners, from the columns ``record_id`` and ``person_id`` of records, and ``person_id`` of persons."""
    person_ids = one_piece(persons, "person_id")
    return Owners(one_piece(records, "record_id"), person_ids, places_among(records.column("person_id"), person_ids))


def is_at(values: np.ndarray, places: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Whether the value at each place is the wanted one; False where either is nowhere."""
    return (places != NOWHERE) & (wanted != NOWHERE) & (np.append(values, NOWHERE)[places] == wanted)


def one_piece(table: pa.Table, name: str) -> pa.Array:
    """A column as one array."""
    combined = table.column(name).combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)
