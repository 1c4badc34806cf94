"""Published tables without some records: persons who had them are made anew from what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.parquet import conform
from pipeline.persons.golden import person_fields, persons_table
from pipeline.persons.survivorship import Survivorship
from schemas.tables import ENDS, IDENTITY_LEDGER, LINK_CHANGES, PERSON_FIELDS, PERSONS, SOURCE_STATUS

ENDED_BY = "withdrawn"


def without_records(
    tables: dict[str, pa.Table], record_ids: Collection[str], survivorship: Survivorship, run_id: str
) -> dict[str, pa.Table]:
    """All published tables, with persons, ledger and queue as if the records had never been there.

    Who had no other record is gone, and the id ends with this run. Every other person stays who they are.
    """
    records = _filter_rows(tables["records"], "record_id", record_ids, is_in=False)
    gone = _filter_rows(tables["records"], "record_id", record_ids)
    touched = set(gone.column("person_id").to_pylist())
    remaining = _filter_rows(records, "person_id", touched)
    dead = touched - set(remaining.column("person_id").to_pylist())
    events = _filter_rows(tables["events"], "record_id", record_ids, is_in=False)
    fields = _filter_rows(tables["person_fields"], "person_id", touched, is_in=False)
    if len(remaining):
        fields = pa.concat_tables([conform(fields, PERSON_FIELDS), person_fields(remaining, survivorship)])
    queue = _open_questions(tables["review_queue"], record_ids, dead)
    persons = _persons(tables["persons"], remaining, _filter_rows(events, "person_id", touched), fields, touched, queue)
    ledger = _ledger(tables["identity_ledger"], record_ids, dead, run_id)
    changes = _filter_rows(tables["link_changes"], "record_id", record_ids, is_in=False)
    changes = _filter_rows(changes, "person_id_after", dead, is_in=False)
    return {
        **tables,
        "records": records,
        "events": events,
        "person_fields": fields,
        "persons": persons,
        "review_queue": queue,
        "link_changes": _recounted(changes, records, ledger, run_id),
        "identity_ledger": ledger,
        "source_status": _used(tables["source_status"], gone),
    }


def _persons(
    before: pa.Table, remaining: pa.Table, events: pa.Table, fields: pa.Table, touched: Collection[str], queue: pa.Table
) -> pa.Table:
    persons = conform(_filter_rows(before, "person_id", touched, is_in=False), PERSONS)
    if len(remaining):
        persons = pa.concat_tables(
            [persons, persons_table(remaining, events, fields, _confidence(before, remaining), queue)]
        )
    n_questions = Counter(person for row in queue.column("person_ids").to_pylist() for person in row)
    counts = pa.array([n_questions[person] for person in persons.column("person_id").to_pylist()], pa.int64())
    position = persons.schema.get_field_index("n_open_questions")
    return persons.set_column(position, persons.schema.field(position), counts)


def _confidence(before: pa.Table, remaining: pa.Table) -> pa.Table:
    """As it was until the next night weighs the clusters; nothing is doubtful about a single record."""
    n_left = Counter(remaining.column("person_id").to_pylist())
    known = zip(before.column("person_id").to_pylist(), before.column("cluster_confidence").to_pylist(), strict=True)
    confidence = {person: 1.0 if n_left[person] == 1 else was for person, was in known if n_left[person]}
    return pa.table(
        {"person_id": pa.array(confidence, pa.string()), "confidence": pa.array(confidence.values(), pa.float64())}
    )


def _open_questions(queue: pa.Table, record_ids: Collection[str], dead: Collection[str]) -> pa.Table:
    for end in ENDS:
        queue = _filter_rows(queue, end, record_ids, is_in=False)
    is_kept = [
        all(person not in dead for person in person_ids) for person_ids in queue.column("person_ids").to_pylist()
    ]
    return queue.filter(pa.array(is_kept, pa.bool_()))


def _recounted(changes: pa.Table, records: pa.Table, ledger: pa.Table, run_id: str) -> pa.Table:
    """Changes of the run with as many records as their persons have now, and had in the span that it ended."""
    n_after = Counter(records.column("person_id").to_pylist())
    ended = (row for row in ledger.to_pylist() if row["valid_to"] == run_id and row["valid_from"] != run_id)
    n_before = {row["person_id"]: len(row["record_ids"]) for row in ended}
    rows = changes.to_pylist()
    for row in rows:
        row["n_records_after"] = n_after[row["person_id_after"]]
        row["n_records_before"] = n_before.get(row["person_id_before"], row["n_records_before"])
    return conform(pa.Table.from_pylist(rows, LINK_CHANGES.arrow_schema()), LINK_CHANGES)


def _used(status: pa.Table, gone: pa.Table) -> pa.Table:
    """The feeds, each with as many records as are left of it; what their exports held that night stays what it was."""
    n_gone = Counter(gone.column("feed_id").to_pylist())
    rows = status.to_pylist()
    for row in rows:
        row["rows_used"] -= n_gone[row["feed_id"]]
    return conform(pa.Table.from_pylist(rows, SOURCE_STATUS.arrow_schema()), SOURCE_STATUS)


def _ledger(ledger: pa.Table, record_ids: Collection[str], dead: Collection[str], run_id: str) -> pa.Table:
    rows = ledger.to_pylist()
    for row in rows:
        row["record_ids"] = [record for record in row["record_ids"] if record not in record_ids]
        if row["person_id"] in dead and row["valid_to"] is None:
            row |= {"valid_to": run_id, "ended_by": ENDED_BY}
    return conform(pa.Table.from_pylist(rows, IDENTITY_LEDGER.arrow_schema()), IDENTITY_LEDGER)


def _filter_rows(table: pa.Table, column: str, values: Collection[str], *, is_in: bool = True) -> pa.Table:
    is_named = pc.fill_null(pc.is_in(table.column(column), pa.array(sorted(values), pa.string())), False)
    return table.filter(is_named if is_in else pc.invert(is_named))
