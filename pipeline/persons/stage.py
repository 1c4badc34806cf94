"""Persons: from clusters to golden records, lasting identities and the review queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

from pipeline.core.lookup import NOWHERE, places_among
from pipeline.core.parquet import read_parts
from pipeline.persons.again import FieldsSince, PersonsBefore, of_persons, replace_persons
from pipeline.persons.causes import Evidence
from pipeline.persons.changes import Blame, blamed_records, feeds_of, link_changes
from pipeline.persons.content import (
    CONTENT,
    MADE_OF,
    contents_with,
    corrected,
    corrected_since,
    persons_of_other_confidence,
    persons_of_other_questions,
    record_contents,
    rows_of_other,
)
from pipeline.persons.doubts import Doubts
from pipeline.persons.golden import person_fields, persons_table
from pipeline.persons.handed_on import rows_of
from pipeline.persons.identity import Identities, carry_on, compare_with, persons_changed
from pipeline.persons.ledger import empty_ledger, ledger_of
from pipeline.persons.overlap import Overlap, compare_rows
from pipeline.persons.queue import Queue, review_queue
from pipeline.persons.survivorship import Survivorship
from schemas.tables import EVENTS, RECORDS

OF_A_RECORD = tuple(dict.fromkeys((*MADE_OF, *CONTENT, "contract_version", "feed_id")))
OF_AN_EVENT = ("event_id", "record_id", "role", "borough")
"""Columns of std_records and of events that persons are made of"""
PERSONS_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class Previous:
    """What the publication knew that tonight goes on from."""

    identity_ledger: pa.Table
    records: Path
    """Folder of its records"""
    model: str
    tables: PersonsBefore | None = None
    """Its tables of persons; None where all persons are to be made anew"""


@dataclass(frozen=True, slots=True)
class Linked:
    """What linking handed on."""

    std_records: pa.Table
    events: pa.Table
    """Of both, in the order of their keys, the columns ``OF_A_RECORD`` and ``OF_AN_EVENT``"""
    cluster_members: pa.Table
    model: str
    decided: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Record to the stewards' decisions on it that were entered, taken back or lapsed since the last publication"""
    changed_records: pa.Array | None = None
    """Records that may say something else than what the publication has of them; None where any may"""


@dataclass(frozen=True, slots=True)
class Identified:
    """The person of every record of tonight."""

    run_id: str
    tonight: _Tonight
    identities: Identities
    link_changes: pa.Table

    @property
    def record_persons(self) -> pa.Table:
        """record_id and person_id of every record, in the order of its id."""
        return self.records.select(["record_id", "person_id"])

    @property
    def records(self) -> pa.Table:
        """Tonight's records with their person_id."""
        return self.tonight.std_records.append_column("person_id", self.identities.person_of)

    @property
    def identity_ledger(self) -> Iterable[pa.Table]:
        """In parts, in the order of its key; to be gone through once."""
        return self.identities.spans.parts()

    @property
    def record_contents(self) -> pa.Table:
        """As ``content`` gives it, for the next night."""
        return self.tonight.contents


@dataclass(frozen=True, slots=True)
class PersonTables:
    """Golden records and questions, each table in the order of its key."""

    persons: Iterable[pa.Table]
    """In parts, to be gone through once"""
    person_fields: pa.Table | FieldsSince
    review_queue: pa.Table
    review_closed: pa.Table
    n_rebuilt: int
    """Persons that were made anew"""


def identify(linked: Linked, previous: Previous | None, run_id: str) -> Identified:
    """Which person each of tonight's clusters is."""
    tonight = _tonight(linked, previous.tables if previous else None)
    return Identified(run_id, tonight, *_identities(tonight, linked, previous, run_id))


def build_persons(
    identified: Identified,
    doubts: Doubts,
    survivorship: Survivorship,
    before: PersonsBefore | None,
    queue_before: Queue | None,
) -> PersonTables:
    """Tonight's persons, and what is asked of them."""
    run_id, records = identified.run_id, identified.records
    queue = review_queue(doubts, records, identified.identities.spans.merged(), queue_before, run_id)
    golden = _GoldenRecords(
        records, identified.tonight, _confidence(records, doubts.clusters), queue.open, survivorship
    )
    persons, fields, rebuilt = (
        golden.make_all() if before is None else golden.make_touched(before, identified.identities)
    )
    return PersonTables(persons, fields, queue.open, queue.closed, rebuilt)


@dataclass(frozen=True, slots=True)
class _Tonight:
    """What persons are made of; all of records in one order."""

    std_records: pa.Table
    events: pa.Table
    cluster_members: pa.Table
    contents: pa.Table
    """As ``content`` gives them"""
    places: NDArray[np.int64]
    """Row of each record last night; NOWHERE of a new one, and of all where persons are made anew"""


def _tonight(linked: Linked, before: PersonsBefore | None) -> _Tonight:
    cluster_members, ids = linked.cluster_members, linked.std_records.column("record_id").combine_chunks()
    std_records = linked.std_records.set_column(0, "record_id", ids)
    if not std_records.column("record_id").equals(cluster_members.column("record_id")):
        cluster_members = cluster_members.take(pa.array(rows_of(ids, cluster_members, RECORDS)))
    places = np.full(len(ids), NOWHERE) if before is None else places_among(ids, before.records.column("record_id"))
    is_renewed = np.ones(len(ids), bool)
    if before and linked.changed_records is not None:
        is_renewed = (places == NOWHERE) | pc.is_in(ids, linked.changed_records).to_numpy(zero_copy_only=False)
    contents = record_contents(*_with_events(std_records, linked.events, is_renewed))
    if before and not is_renewed.all():
        contents = contents_with(contents, is_renewed, before.records, places)
    return _Tonight(std_records, linked.events, cluster_members, contents, places)


def _with_events(
    records: pa.Table, events: pa.Table, is_wanted: NDArray[np.bool_]
) -> tuple[pa.Table, pa.Table, NDArray[np.int64]]:
    """Some records, in the order of their ids, their events, and the row of each event's record."""
    if not is_wanted.all():
        records = records.filter(pa.array(is_wanted)).combine_chunks()
        events = events.filter(pc.is_in(events.column("record_id"), records.column("record_id").combine_chunks()))
    return records, events, rows_of(events.column("record_id"), records, EVENTS)


def _confidence(records: pa.Table, clusters: pa.Table) -> pa.Table:
    """Confidence of the cluster that each person is; a cluster has the id of its first record."""
    first = places_among(clusters.column("cluster_id"), records.column("record_id"))
    return pa.table(
        {"person_id": records.column("person_id").take(pa.array(first)), "confidence": clusters.column("confidence")}
    )


@dataclass(frozen=True, slots=True)
class _GoldenRecords:
    """Golden records of tonight: each way gives persons, their fields, and how many persons were made anew."""

    records: pa.Table
    """With person_id"""
    tonight: _Tonight
    confidence: pa.Table
    """Of each person: person_id and confidence"""
    queue: pa.Table
    survivorship: Survivorship

    def make_all(self) -> tuple[Iterable[pa.Table], pa.Table, int]:
        """Of all persons, some at a time: what one of them needs while it is made is far more than what is kept of it."""
        persons = self.records.column("person_id")
        person_ids = pc.unique(persons).sort()
        place = places_among(persons, person_ids)
        begins = range(0, len(person_ids), PERSONS_AT_ONCE) or (0,)
        parts = [self._rows((place >= first) & (place < first + PERSONS_AT_ONCE)) for first in begins]
        return (
            [persons_made for persons_made, _ in parts],
            pa.concat_tables(fields for _, fields in parts),
            len(person_ids),
        )

    def make_touched(
        self, before: PersonsBefore, identities: Identities
    ) -> tuple[Iterable[pa.Table], FieldsSince, int]:
        """Of those persons who are not made of what they were; the others are taken over."""
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
        persons_made, fields = self._rows(pc.is_in(persons, touched).to_numpy())
        return (
            replace_persons(read_parts(before.golden), touched, persons_made),
            before.person_fields.next_night(touched, fields),
            len(persons_made),
        )

    def _rows(self, is_wanted: NDArray[np.bool_]) -> tuple[pa.Table, pa.Table]:
        """Persons and their fields, of these records."""
        records, events, rows = _with_events(self.records, self.tonight.events, is_wanted)
        events = events.append_column("person_id", records.column("person_id").take(pa.array(rows)))
        fields = person_fields(records, self.survivorship)
        confidence = of_persons(self.confidence, pc.unique(records.column("person_id")))
        return persons_table(records, events, fields, confidence, self.queue), fields


def _identities(
    tonight: _Tonight, linked: Linked, previous: Previous | None, run_id: str
) -> tuple[Identities, pa.Table]:
    """Tonight's identities, and what changed since last night."""
    ledger = ledger_of(previous.identity_ledger) if previous else empty_ledger()
    before = previous.tables if previous else None
    if before is None:
        overlap = compare_with(ledger, tonight.cluster_members)
    else:
        overlap = compare_rows(tonight.cluster_members, ledger, before.records, tonight.places)
    evidence = Evidence(
        _corrected(previous, tonight, overlap) if previous else {},
        frozenset(linked.decided),
        is_model_new=previous is not None and previous.model != linked.model,
    )
    identities = carry_on(overlap, ledger, run_id, evidence)
    blamed = blamed_records(identities)
    feeds = feeds_of(ds.dataset(tonight.std_records), blamed)
    withdrawn = blamed.filter(pc.invert(pc.is_in(blamed, pa.array(feeds, pa.string()))))
    if previous and len(withdrawn):
        feeds |= feeds_of(
            ds.dataset(before.records) if before else ds.dataset(previous.records, format="parquet"), withdrawn
        )
    blame = Blame((previous.model, linked.model) if previous else (), linked.decided, feeds)
    return identities, link_changes(identities, blame, run_id)


def _corrected(previous: Previous, tonight: _Tonight, overlap: Overlap) -> Mapping[str, str]:
    if previous.tables is None:
        return corrected_since(previous.records, tonight.std_records, overlap.touched)
    records_before, places = previous.tables.records, tonight.places
    rows = rows_of_other("content", records_before, tonight.contents, places)
    records_now = tonight.contents.append_column("record_id", tonight.std_records.column("record_id")).take(
        pa.array(rows)
    )
    causes = corrected(records_before.take(pa.array(places[rows])), records_now)
    return {record: cause for record, cause in causes.items() if record in overlap.person_before}
