"""Checks of ``person_fields``, by far the longest table, made while its rows pass by, some at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.lookup import NOWHERE
from pipeline.publish.places import RecordsByPerson, places_in_any_order
from schemas.tables import PERSONS

READ = ["person_id", "field", "value", "record_id", "is_chosen"]
FIELDS = pa.array(PERSONS.names)
MAY_LACK = [PERSONS.names.index(name) for name in ("address", "postcode", "uprn")]
"""Fields of which no record need be chosen: the address is chosen as one"""


class FieldChecks:
    """Counts of the rows of ``person_fields`` that break what must hold for them."""

    def __init__(self, records: RecordsByPerson, surnames: pa.Array) -> None:
        """Input: whose the records are; surnames of the persons, in their order."""
        self._records, self._surnames = records, surnames
        self._columns: list[tuple[np.ndarray, ...]] = []
        self._not_given = self._other_surname = 0

    def watch(self, parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield the parts as they are, after checking them."""
        for part in parts:
            if len(part):
                self._look(part.select(READ))
            yield part

    def problems(self) -> Iterator[tuple[int, str]]:
        """How many rows break what must hold, and in which way; once all have passed."""
        yield self._not_given, "values that no record of the person gives"
        not_once = _count_not_once(*map(np.concatenate, zip(*self._columns, strict=True))) if self._columns else 0
        yield not_once, "fields without exactly one chosen record"
        yield self._other_surname, "golden values that their chosen field does not have"

    def _look(self, part: pa.Table) -> None:
        person, has_record = self._records.look_up(part)
        field = places_in_any_order(part.column("field"), FIELDS)
        is_chosen = part.column("is_chosen").to_numpy()
        self._not_given += int(np.count_nonzero(~has_record))
        is_surname = is_chosen & (field == PERSONS.names.index("surname")) & (person != NOWHERE)
        golden = self._surnames.take(pa.array(person[is_surname]))
        is_same = pc.equal(part.column("value").filter(pa.array(is_surname)), golden)
        self._other_surname += len(is_same) - (pc.sum(is_same).as_py() or 0)
        self._columns.append((person, field.astype(np.int8), is_chosen))


def _count_not_once(person: np.ndarray, field: np.ndarray, is_chosen: np.ndarray) -> int:
    """Count fields of persons with several chosen records, or with none where there must be one; rows are in order."""
    starts = np.flatnonzero(np.append(True, (person[1:] != person[:-1]) | (field[1:] != field[:-1])))
    n_chosen = np.add.reduceat(is_chosen, starts, dtype=np.int32)
    must_have_one = ~np.isin(field[starts], MAY_LACK)
    return int(np.count_nonzero((n_chosen > 1) | ((n_chosen == 0) & must_have_one)))
