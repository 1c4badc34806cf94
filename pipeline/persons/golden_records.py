"""Golden records of tonight: of all persons, or only of those who changed while the others are taken over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.lookup import places_among
from pipeline.core.parquet import read_parts
from pipeline.persons.again import FieldsSince, PersonsBefore, of_persons, replace_persons
from pipeline.persons.content import persons_of_other_confidence, persons_of_other_questions, rows_of_other
from pipeline.persons.golden import person_fields, persons_table
from pipeline.persons.identity import Identities, persons_changed
from pipeline.persons.survivorship import Survivorship
from pipeline.persons.tonight import Tonight, with_events

PERSONS_AT_ONCE = 50_000
MOST_TOUCHED = 0.5  # of the persons of last night


def confidence_of(records: pa.Table, clusters: pa.Table) -> pa.Table:
    """Confidence of each person's cluster; a cluster has the id of its first record."""
    first = places_among(clusters.column("cluster_id"), records.column("record_id"))
    return pa.table(
        {"person_id": records.column("person_id").take(pa.array(first)), "confidence": clusters.column("confidence")}
    )


@dataclass(frozen=True, slots=True)
class GoldenRecords:
    """Makes golden records; both methods return persons, their fields, and how many persons were made anew."""

    records: pa.Table
    """With person_id"""
    tonight: Tonight
    confidence: pa.Table
    """Of each person: person_id and confidence"""
    queue: pa.Table
    survivorship: Survivorship

    def make_all(self) -> tuple[Iterable[pa.Table], pa.Table, int]:
        """Make all persons."""
        person_ids = pc.unique(self.records.column("person_id"))
        parts = self._made(person_ids)
        return [made for made, _ in parts], pa.concat_tables(fields for _, fields in parts), len(person_ids)

    def make_touched(
        self, before: PersonsBefore, identities: Identities
    ) -> tuple[Iterable[pa.Table], pa.Table | FieldsSince, int]:
        """Make the persons whose records, confidence or questions changed; the others are taken over.

        Where most changed, as after a change of the model, all are made: it costs less than to put the others between them.
        """
        persons = self.records.column("person_id")
        groups = [
            pa.array(persons_changed(identities), pa.string()),
            persons.take(
                pa.array(rows_of_other("made_of", before.records, self.tonight.contents, self.tonight.places))
            ).combine_chunks(),
            persons_of_other_confidence(before.persons, self.confidence),
            persons_of_other_questions(before.persons, self.queue),
        ]
        touched = pc.unique(pa.concat_arrays(groups))
        if len(touched) > MOST_TOUCHED * len(before.persons):
            return self.make_all()
        persons_made, fields = (pa.concat_tables(tables) for tables in zip(*self._made(touched), strict=True))
        return (
            replace_persons(read_parts(before.golden), touched, persons_made),
            before.person_fields.next_night(touched, fields),
            len(persons_made),
        )

    def _made(self, person_ids: pa.Array) -> list[tuple[pa.Table, pa.Table]]:
        """These persons and their fields in order, some at a time: making one needs far more memory than keeping it."""
        in_order = person_ids.sort()
        begins = range(0, len(in_order), PERSONS_AT_ONCE) or (0,)
        return [self._rows(in_order.slice(first, PERSONS_AT_ONCE)) for first in begins]

    def _rows(self, person_ids: pa.Array) -> tuple[pa.Table, pa.Table]:
        """These persons, and their fields."""
        is_wanted = pc.is_in(self.records.column("person_id"), person_ids).to_numpy()
        records, events, rows = with_events(self.records, self.tonight.events, is_wanted)
        events = events.append_column("person_id", records.column("person_id").take(pa.array(rows)))
        fields = person_fields(records, self.survivorship)
        confidence = of_persons(self.confidence, pc.unique(records.column("person_id")))
        return persons_table(records, events, fields, confidence, self.queue), fields
