"""Row numbers of records and persons in a publication, which checks compare instead of ids."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from operator import methodcaller

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.lookup import NOWHERE, in_one, places_among

VALUE = methodcaller("as_py")


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
    return in_one(table.column(name))


def places_in_any_order(values: pa.Array | pa.ChunkedArray, choices: pa.Array) -> np.ndarray:
    """Place of each value among a few choices in any order; NOWHERE for a value that is not among them."""
    return pc.fill_null(pc.index_in(values, choices), NOWHERE).to_numpy(zero_copy_only=False)


class RecordsByPerson:
    """Records and their persons, sorted by person."""

    def __init__(self, owners: Owners) -> None:
        order = np.argsort(owners.owner, kind="stable")
        self.person_ids = owners.person_ids
        self.record_ids = owners.record_ids.take(pa.array(order))
        self.owner = owners.owner[order]
        self.first = np.searchsorted(self.owner, np.arange(len(owners.person_ids) + 1))

    def are(self, person_ids: pa.ChunkedArray, record_ids: pa.ListArray) -> bool:
        """Whether these are all persons in order, and beside each one its records in order."""
        return (
            in_one(person_ids).equals(self.person_ids)
            and np.array_equal(pc.list_value_length(record_ids).to_numpy(), np.diff(self.first))
            and pc.list_flatten(record_ids).equals(self.record_ids)
        )

    def look_up(self, part: pa.Table) -> tuple[np.ndarray, np.ndarray]:
        """The person of each row, as a place, and whether the row's record is one of the person's.

        Rows of few persons are looked up among these persons and their records only: few enough to be looked up
        quickly.
        """
        ids = one_piece(part, "person_id")
        starts = np.flatnonzero(
            np.append(True, pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1)).to_numpy(zero_copy_only=False))
        )
        runs = ids.take(pa.array(starts))
        ends = pc.min_max(runs)
        low = bisect_left(self.person_ids, ends["min"].as_py(), key=VALUE)
        high = bisect_right(self.person_ids, ends["max"].as_py(), key=VALUE)
        place = places_in_any_order(runs, self.person_ids.slice(low, max(high - low, 0)))
        person = np.repeat(np.where(place == NOWHERE, NOWHERE, place + low), np.diff(np.append(starts, len(ids))))
        begin, end = self.first[low], self.first[max(high, low)]
        record = places_in_any_order(part.column("record_id"), self.record_ids.slice(begin, end - begin))
        return person, is_at(self.owner[begin:end], record, person)
