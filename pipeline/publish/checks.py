"""Checks of a finished set of tables, before readers see it.

Ids are compared as text once, where their places among the records and persons are looked up; what must hold between
the tables is told of places. Where a record's person is not there at all, that is told, and other counts may be higher
for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.lookup import NOWHERE, in_one, places_among
from pipeline.publish.each_once import EachOnce
from pipeline.publish.fields import FieldChecks
from pipeline.publish.places import Owners, RecordsByPerson, is_at, one_piece, owners_of
from pipeline.publish.rows import InParts, Rows, columns_of, n_rows, parts_of
from schemas.tables import ENDS, PERSON_FIELDS, PUBLISHED, Table

Tables = Mapping[str, Rows]
BrokenRows = Iterator[tuple[int, str]]
"""How many rows break what must hold, and what they are"""

MOST_TOLD = 3


class Checks:
    """Checks within the tables and between them, made while their rows pass by on the way to their files."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._keys = {table.name: EachOnce(table.key) for table in PUBLISHED}

    @cached_property
    def _persons(self) -> pa.Table:
        return columns_of(self._tables["persons"], "person_id", "surname", "n_records")

    @cached_property
    def _owners(self) -> Owners:
        return owners_of(columns_of(self._tables["records"], "record_id", "person_id"), self._persons)

    @cached_property
    def _records_of(self) -> RecordsByPerson:
        return RecordsByPerson(self._owners)

    @cached_property
    def _fields(self) -> FieldChecks:
        return FieldChecks(self._records_of, one_piece(self._persons, "surname"))

    def watch(self, name: str) -> Iterator[pa.Table]:
        """Yield the rows of a table, some at a time, after checking them."""
        rows = self._keys[name].watch(parts_of(self._tables[name]))
        return self._fields.watch(rows) if name == PERSON_FIELDS.name else rows

    def between(self) -> list[str]:
        """What is wrong between the tables, in words and counts; the rows need not have passed."""
        tables, owners = self._tables, self._owners
        return [
            *_in_words(_link_problems(tables, owners)),
            *_in_words(_event_problems(tables, owners)),
            *_in_words(_ledger_problems(tables, owners, self._records_of)),
            *_in_words(_person_reference_problems(tables, owners)),
            *_in_words(_person_problems(owners, self._persons.column("n_records"))),
        ]

    def within(self) -> list[str]:
        """What is wrong within the tables, once all their rows have passed."""
        with_broken_key = [table for table in PUBLISHED if not self._keys[table.name].holds]
        problems = [
            sentence for table in with_broken_key for sentence in _key_problems(self._tables[table.name], table)
        ]
        problems += _in_words(self._fields.problems())
        return problems if n_rows(self._tables["records"]) else [*problems, self._no_record()]

    def _no_record(self) -> str:
        """Why there is none, as far as the feeds tell: the first of a new contract is often one that no export fits."""
        reasons = [row for part in parts_of(self._tables["source_status"]) for row in part.to_pylist() if row["reason"]]
        told = [f"{row['feed_id']} is {row['state']}: {row['reason'].rstrip('.')}" for row in reasons[:MOST_TOLD]]
        more = [f"and {len(reasons) - MOST_TOLD:,} more feeds"] if len(reasons) > MOST_TOLD else []
        return "; ".join(["there is not one record", *told, *more])


def _in_words(problems: BrokenRows) -> list[str]:
    return [f"{count:,} {problem}" for count, problem in problems if count]


def _key_problems(rows: Rows, table: Table) -> Iterator[str]:
    """What is wrong with the key of rows that are not unique and in order by it; rows in memory may have nulls in it."""
    columns = ", ".join(f'"{name}"' for name in table.key)
    if isinstance(rows, InParts):
        yield f"{table.name} is not in the order of its key ({columns}), or has a key twice"
        return
    counts = rows.select(list(table.key)).group_by(list(table.key)).aggregate([([], "count_all")]).column("count_all")
    if n_repeated := pc.sum(pc.greater(counts, 1)).as_py():
        yield f"{table.name} has {n_repeated:,} keys ({columns}) twice"


def _person_problems(owners: Owners, n_records: pa.ChunkedArray) -> BrokenRows:
    n_owned = np.bincount(owners.owner[owners.owner != NOWHERE], minlength=len(owners.person_ids))
    yield int(np.count_nonzero(n_owned == 0)), "persons without a record"
    yield int(np.count_nonzero(owners.owner == NOWHERE)), "records without a person"
    yield (
        int(np.count_nonzero((n_owned > 0) & (n_owned != n_records.to_numpy()))),
        "persons whose count of records is wrong",
    )


def _link_problems(tables: Tables, owners: Owners) -> BrokenRows:
    links = columns_of(tables["links"], "record_id_l", "record_id_r", "decision")
    left, right = (places_among(links.column(name), owners.record_ids) for name in ENDS)
    is_there = (left != NOWHERE) & (right != NOWHERE)
    yield int(np.count_nonzero(~is_there)), "links to records that are not there"
    is_link = is_there & pc.equal(links.column("decision"), "link").to_numpy()
    yield (
        int(np.count_nonzero(owners.owner[left[is_link]] != owners.owner[right[is_link]])),
        "linked pairs in two persons",
    )


def _event_problems(tables: Tables, owners: Owners) -> BrokenRows:
    """Check that the record of each event exists and belongs to the event's person."""
    events = columns_of(tables["events"], "record_id", "person_id")
    person = np.append(owners.owner, NOWHERE)[places_among(events.column("record_id"), owners.record_ids)]
    person_ids = owners.person_ids.take(pa.array(person, mask=person == NOWHERE))
    yield len(events) - _how_many(pc.equal(events.column("person_id"), person_ids)), "events without a record"


def _ledger_problems(tables: Tables, owners: Owners, records_of: RecordsByPerson) -> BrokenRows:
    """Check that the ledger tells each record's person; only where it does not so in order are its records looked up."""
    open_spans = _open_spans(tables, "person_id", "record_ids")
    span_records = in_one(open_spans.column("record_ids"))
    wrong = 0
    if not records_of.are(open_spans.column("person_id"), span_records):
        span_record = places_among(pc.list_flatten(span_records), owners.record_ids)
        span_person = places_among(open_spans.column("person_id"), owners.person_ids)[
            pc.list_parent_indices(span_records).to_numpy()
        ]
        is_in_ledger = np.zeros(len(owners.record_ids), bool)
        is_in_ledger[span_record[span_record != NOWHERE]] = True
        wrong = int(np.count_nonzero(~is_at(owners.owner, span_record, span_person)) + np.count_nonzero(~is_in_ledger))
    yield wrong, "records whose person the ledger does not tell"


def _person_reference_problems(tables: Tables, owners: Owners) -> BrokenRows:
    """Check tables that name persons: each must exist, and each change must be in the ledger."""
    open_spans = _open_spans(tables, "person_id", "valid_from")
    question_persons = columns_of(tables["review_queue"], "person_ids").column("person_ids")
    span_person, question_person = (
        places_among(ids, owners.person_ids)
        for ids in (open_spans.column("person_id"), pc.list_flatten(question_persons))
    )
    has_span = np.zeros(len(owners.person_ids), bool)
    has_span[span_person[span_person != NOWHERE]] = True
    yield int(np.count_nonzero(~has_span)), "living persons without an open span in the ledger"
    yield int(np.count_nonzero(span_person == NOWHERE)), "open spans of persons that are not there"
    yield int(np.count_nonzero(question_person == NOWHERE)), "questions about persons that are not there"
    changes = columns_of(tables["link_changes"], "person_id_after", "run_id")
    changes = changes.filter(pc.is_valid(changes.column("person_id_after")))
    spans = pc.binary_join_element_wise(open_spans.column("person_id"), open_spans.column("valid_from"), " ")
    span_begins = pc.binary_join_element_wise(changes.column("person_id_after"), changes.column("run_id"), " ")
    yield pc.sum(pc.invert(pc.is_in(span_begins, spans))).as_py() or 0, "changes that the ledger does not tell"


def _how_many(is_so: pa.ChunkedArray) -> int:
    return pc.sum(is_so).as_py() or 0


def _open_spans(tables: Tables, *names: str) -> pa.Table:
    spans = columns_of(tables["identity_ledger"], *names, "valid_to")
    return spans.filter(pc.is_null(spans.column("valid_to"))).combine_chunks()
