"""Persons: from clusters to golden records, lasting identities and the review queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipeline.persons.again import FieldsSince, PersonsBefore
from pipeline.persons.causes import Evidence
from pipeline.persons.changes import Blame, blamed_records, feeds_of, link_changes
from pipeline.persons.content import (
    corrected,
    corrected_since,
    rows_of_other,
)
from pipeline.persons.doubts import Doubts
from pipeline.persons.golden_records import GoldenRecords, confidence_of
from pipeline.persons.identity import Identities, carry_on, compare_with
from pipeline.persons.ledger import empty_ledger, ledger_of
from pipeline.persons.overlap import Overlap, compare_rows
from pipeline.persons.queue import Owners, Queue, review_queue
from pipeline.persons.successors import NOTHING_NEW, successors
from pipeline.persons.survivorship import Survivorship
from pipeline.persons.tonight import Linked, Tonight, tonight_of


@dataclass(frozen=True, slots=True)
class Previous:
    """What tonight needs of the publication that it goes on from."""

    identity_ledger: pa.Table
    records: Path
    """Folder of its records"""
    model: str
    tables: PersonsBefore | None = None
    """Its tables of persons; None where all persons are to be made anew"""


@dataclass(frozen=True, slots=True)
class Identified:
    """The person of every record of tonight."""

    run_id: str
    tonight: Tonight
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
        """The ledger in parts, in the order of its key; may be read once."""
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
    tonight = tonight_of(linked, previous.tables if previous else None)
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
    identities = identified.identities
    owners = Owners(records, {move.record_id: move.before for move in identities.moves})
    queue = review_queue(doubts, owners, identities.spans.merged(), queue_before, run_id)
    golden = GoldenRecords(
        records, identified.tonight, confidence_of(records, doubts.clusters), queue.open, survivorship
    )
    persons, fields, rebuilt = golden.make_all() if before is None else golden.make_touched(before, identities)
    return PersonTables(persons, fields, queue.open, queue.closed, rebuilt)


def _identities(
    tonight: Tonight, linked: Linked, previous: Previous | None, run_id: str
) -> tuple[Identities, pa.Table]:
    """Tonight's identities, and what changed since last night."""
    ledger = ledger_of(previous.identity_ledger) if previous else empty_ledger()
    before = previous.tables if previous else None
    known_by = (
        successors(ledger, previous.records, tonight.std_records, tonight.is_renewed) if previous else NOTHING_NEW
    )
    if before is None:
        overlap = compare_with(ledger, tonight.cluster_members, known_by)
    else:
        overlap = compare_rows(tonight.cluster_members, ledger, before.records, tonight.places, known_by)
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


def _corrected(previous: Previous, tonight: Tonight, overlap: Overlap) -> Mapping[str, str]:
    if previous.tables is None:
        return corrected_since(previous.records, tonight.std_records, overlap.touched)
    records_before, places = previous.tables.records, tonight.places
    rows = rows_of_other("content", records_before, tonight.contents, places)
    records_now = tonight.contents.append_column("record_id", tonight.std_records.column("record_id")).take(
        pa.array(rows)
    )
    causes = corrected(records_before.take(pa.array(places[rows])), records_now)
    return {record: cause for record, cause in causes.items() if record in overlap.person_before}
