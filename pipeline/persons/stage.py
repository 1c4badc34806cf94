"""Persons: from clusters to golden records, lasting identities and the review queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipeline.core.errors import ContractError
from pipeline.core.parquet import conform
from pipeline.persons.again import FieldsSince, PersonsBefore, of_persons, taken_over
from pipeline.persons.causes import Evidence
from pipeline.persons.changes import Blame, blamed_records, feeds_of, link_changes
from pipeline.persons.content import (
    CONTENT,
    MADE_OF,
    corrected,
    corrected_since,
    person_contents,
    persons_of_other_content,
    record_contents,
)
from pipeline.persons.doubts import Doubts
from pipeline.persons.golden import golden_values, person_fields
from pipeline.persons.identity import Identities, carry_on, compare_with, empty_ledger, ledger_of
from pipeline.persons.queue import QueueBefore, review_queue
from pipeline.persons.survivorship import Survivorship
from schemas.tables import EVENTS, PERSONS, RECORDS, Table

OF_A_RECORD = tuple(dict.fromkeys((*MADE_OF, *CONTENT, "contract_version", "feed_id")))
OF_AN_EVENT = ("event_id", "record_id", "role", "borough")
"""Columns of std_records and of events that persons are made of"""


@dataclass(frozen=True, slots=True)
class Previous:
    """What the publication knew that tonight goes on from."""

    identity_ledger: pa.Table
    queue: QueueBefore
    records: Path
    """Folder of its records"""
    model: str
    tables: PersonsBefore | None = None
    """Its tables of persons; None where all persons are to be made anew"""


@dataclass(frozen=True, slots=True)
class PersonTables:
    """The tables of persons, each in the order of its key."""

    persons: pa.Table
    person_fields: pa.Table | FieldsSince
    record_persons: pa.Table
    """record_id and person_id of every record, in the order of its id"""
    identity_ledger: pa.Table
    link_changes: pa.Table
    review_queue: pa.Table
    review_closed: pa.Table
    record_contents: pa.Table
    person_contents: pa.Table
    """Both as ``content`` gives them, for the next night"""
    n_rebuilt: int
    """Persons that were made anew"""


@dataclass(frozen=True, slots=True)
class Clustered:
    """What linking handed on."""

    cluster_members: pa.Table
    doubts: Doubts
    model: str
    decided: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Record to the stewards' decisions on it that were entered, taken back or lapsed since the last publication"""


def build_persons(
    std_records: pa.Table,
    events: pa.Table,
    linked: Clustered,
    survivorship: Survivorship,
    previous: Previous | None,
    run_id: str,
) -> PersonTables:
    """All tables of persons for tonight's clusters.

    Input: of records and events, in the order of their keys, the columns ``OF_A_RECORD`` and ``OF_AN_EVENT``.
    """
    contents = record_contents(std_records)
    identities, changes = _identities(std_records, contents, linked, previous, run_id)
    person_of = pa.table({
        "record_id": linked.cluster_members.column("record_id"), "person_id": identities.person_of,
    })  # fmt: skip
    records = _told_persons(std_records, person_of, RECORDS)
    own_events = _told_persons(events, person_of, EVENTS)
    queue = review_queue(linked.doubts, records, identities.ledger, previous.queue if previous else None, run_id)
    confidence = _confidence(person_of, linked.doubts.clusters)
    said = person_contents(records, contents, own_events, confidence, queue.open)
    made = _Made(records, own_events, (linked.doubts.clusters, linked.cluster_members, queue.open), survivorship)
    before = previous.tables if previous else None
    persons, fields, rebuilt = made.anew() if before is None else made.on(before, said)
    return PersonTables(
        persons, fields, records.select(["record_id", "person_id"]), identities.ledger, changes, queue.open, queue.closed, contents, said, rebuilt
    )  # fmt: skip


def _confidence(person_of: pa.Table, clusters: pa.Table) -> pa.Table:
    """Confidence of the cluster that each person is; a cluster has the id of its first record."""
    ids = clusters.column("cluster_id")
    first = person_of.filter(pc.is_in(person_of.column("record_id"), ids.combine_chunks()))
    return pa.table({"person_id": _persons_at(ids, first), "confidence": clusters.column("confidence")})


@dataclass(frozen=True, slots=True)
class _Made:
    """Golden records of tonight: each way gives persons, their fields, and how many persons were made anew."""

    records: pa.Table
    events: pa.Table
    rest: tuple[pa.Table, pa.Table, pa.Table]
    """Clusters, their members, open questions"""
    survivorship: Survivorship

    def anew(self) -> tuple[pa.Table, pa.Table, int]:
        """Of all persons."""
        fields = person_fields(self.records, self.survivorship)
        persons = persons_table(self.records, self.events, fields, *self.rest)
        return persons, fields, len(persons)

    def on(self, before: PersonsBefore, said: pa.Table) -> tuple[pa.Table, FieldsSince, int]:
        """Of those persons who are not made of what they were; the others are taken over."""
        touched = persons_of_other_content(before.person_contents, said)
        own, own_events = of_persons(self.records, touched), of_persons(self.events, touched)
        fields = person_fields(own, self.survivorship)
        made = persons_table(own, own_events, fields, *self.rest)
        persons = pa.concat_tables(taken_over([before.persons], touched, made))
        return persons, before.person_fields.going_on(touched, fields), len(made)


def _identities(
    std_records: pa.Table, contents: pa.Table, linked: Clustered, previous: Previous | None, run_id: str
) -> tuple[Identities, pa.Table]:
    """Tonight's identities, and what changed since last night."""
    ledger = ledger_of(previous.identity_ledger) if previous else empty_ledger()
    overlap = compare_with(ledger, linked.cluster_members)
    evidence = Evidence(
        _corrected(previous, std_records, contents, overlap.touched) if previous else {},
        frozenset(linked.decided),
        is_model_new=previous is not None and previous.model != linked.model,
    )
    identities = carry_on(overlap, ledger, run_id, evidence)
    blamed = blamed_records(identities)
    feeds = feeds_of(ds.dataset(std_records), blamed)
    gone = blamed.filter(pc.invert(pc.is_in(blamed, pa.array(feeds, pa.string()))))
    if previous and len(gone):
        feeds |= feeds_of(ds.dataset(previous.records, format="parquet"), gone)
    blame = Blame((previous.model, linked.model) if previous else (), linked.decided, feeds)
    return identities, link_changes(identities, blame, run_id)


def _corrected(
    previous: Previous, std_records: pa.Table, contents: pa.Table, record_ids: pa.Array
) -> Mapping[str, str]:
    if previous.tables is None:
        return corrected_since(previous.records, std_records, record_ids)
    return corrected(previous.tables.record_contents, contents, record_ids)


def with_persons(rows: pa.Table, record_persons: pa.Table, table: Table) -> pa.Table:
    """The contracts ``records`` and ``events``: rows as linking handed them on, each with its record's person.

    Raises:
        ContractError: If a row's record has no person.
    """
    return _told_persons(rows, record_persons, table).select(list(table.names)).cast(table.arrow_schema())


def _told_persons(rows: pa.Table, person_of: pa.Table, table: Table) -> pa.Table:
    persons = _persons_at(rows.column("record_id"), person_of)
    if persons.null_count:
        raise ContractError(table.name, "has records that are in no cluster")
    return rows.append_column("person_id", persons)


def _persons_at(record_ids: pa.ChunkedArray, person_of: pa.Table) -> pa.ChunkedArray:
    """The person of each record. Arrow cannot join tables that hold lists: each one's place is looked up, where it must be."""
    known, persons = person_of.column("record_id"), person_of.column("person_id")
    if known.equals(record_ids):
        return persons
    return persons.take(pc.index_in(record_ids, known.combine_chunks()))


def persons_table(
    records: pa.Table, events: pa.Table, fields: pa.Table, clusters: pa.Table, members: pa.Table, queue: pa.Table
) -> pa.Table:
    """The contract ``persons`` of these records; of clusters their id and confidence are read."""
    with duckdb.connect() as base:
        for name, table in (
            ("records", records), ("events", events), ("golden", golden_values(fields)), ("clusters", clusters),
            ("members", members), ("queue", queue),
        ):  # fmt: skip
            base.register(name, table)
        found = base.sql(PERSONS_SQL).to_arrow_table()
    for column in PERSONS.columns:
        if column.name not in found.column_names:
            found = found.append_column(column.name, pa.nulls(len(found), column.type))
    return conform(found.select(list(PERSONS.names)), PERSONS).sort_by("person_id")


PERSONS_SQL = """
WITH seen AS (
    SELECT person_id, count(*) AS n_records, min(recorded_at) AS first_seen_at, max(recorded_at) AS last_seen_at,
           list_sort(list_distinct(list(source))) AS sources, min(record_id) AS any_record
    FROM records GROUP BY person_id),
roles AS (SELECT person_id, list_sort(list_distinct(list(role))) AS roles FROM events GROUP BY person_id),
places AS (
    SELECT person_id, list_sort(list_distinct(list(borough) FILTER (borough IS NOT NULL))) AS boroughs
    FROM (SELECT person_id, borough FROM records UNION ALL SELECT person_id, borough FROM events) GROUP BY person_id),
names AS (
    SELECT person_id, upper(concat_ws(' ', f, s)) AS full_name FROM (
        SELECT person_id, unnest(CASE WHEN len(forename) > 0 THEN forename ELSE [NULL] END) AS f, surname FROM records) AS one,
        unnest(CASE WHEN len(surname) > 0 THEN surname ELSE [NULL] END) AS two(s)
    UNION SELECT person_id, unnest(alias) FROM records),
aliases AS (
    SELECT n.person_id, list_sort(list(DISTINCT n.full_name)) AS alias FROM names n JOIN golden g USING (person_id)
    WHERE n.full_name <> '' AND n.full_name <> upper(concat_ws(' ', g.forename, g.surname)) GROUP BY n.person_id),
asked AS (SELECT unnest(person_ids) AS person_id, count(*) AS n FROM queue GROUP BY 1)
SELECT s.person_id, g.* EXCLUDE (person_id, date_of_birth), CAST(g.date_of_birth AS DATE) AS date_of_birth, a.alias,
       regexp_extract(g.postcode, '^(\\S+) ', 1) AS postcode_district, coalesce(r.roles, []) AS roles,
       coalesce(p.boroughs, []) AS boroughs, s.sources, s.n_records, s.first_seen_at, s.last_seen_at,
       c.confidence AS cluster_confidence, coalesce(q.n, 0) AS n_open_questions
FROM seen s LEFT JOIN golden g USING (person_id) LEFT JOIN aliases a USING (person_id) LEFT JOIN roles r USING (person_id)
LEFT JOIN places p USING (person_id) LEFT JOIN asked q USING (person_id)
JOIN members m ON m.record_id = s.any_record JOIN clusters c USING (cluster_id)
ORDER BY s.person_id
"""
