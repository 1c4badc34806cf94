"""Published tables without some records: persons who had them are made anew from what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.parquet import conform
from pipeline.persons.golden import person_fields, persons_table
from pipeline.persons.survivorship import Survivorship
from schemas.tables import ENDS, IDENTITY_LEDGER, PERSON_FIELDS, PERSONS

ENDED_BY = "withdrawn"


def without_records(
    tables: dict[str, pa.Table], record_ids: Collection[str], survivorship: Survivorship, run_id: str
) -> dict[str, pa.Table]:
    """All published tables, with records, events, links, golden records, ledger and queue as if the records had not been there.

    Who had no other record is gone, and the id ends with this run. Every other person stays who they are.
    """
    records = _rows(tables["records"], "record_id", record_ids, is_in=False)
    touched = set(_rows(tables["records"], "record_id", record_ids).column("person_id").to_pylist())
    own = _rows(records, "person_id", touched)
    dead = touched - set(own.column("person_id").to_pylist())
    events = _rows(tables["events"], "record_id", record_ids, is_in=False)
    fields = _rows(tables["person_fields"], "person_id", touched, is_in=False)
    if len(own):
        fields = pa.concat_tables([conform(fields, PERSON_FIELDS), person_fields(own, survivorship)])
    queue = _open(tables["review_queue"], record_ids, dead)
    persons = _persons(tables["persons"], own, _rows(events, "person_id", touched), fields, touched, queue)
    changes = _rows(tables["link_changes"], "record_id", record_ids, is_in=False)
    return {
        **tables,
        "records": records,
        "events": events,
        "person_fields": fields,
        "persons": persons,
        "review_queue": queue,
        "link_changes": _rows(changes, "person_id_after", dead, is_in=False),
        "identity_ledger": _ledger(tables["identity_ledger"], record_ids, dead, run_id),
    }


def _persons(
    before: pa.Table, own: pa.Table, events: pa.Table, fields: pa.Table, touched: Collection[str], queue: pa.Table
) -> pa.Table:
    kept = conform(_rows(before, "person_id", touched, is_in=False), PERSONS)
    if len(own):
        confidence = before.select(["person_id", "cluster_confidence"]).rename_columns(["person_id", "confidence"])
        kept = pa.concat_tables([kept, persons_table(own, events, fields, confidence, queue)])
    asked = Counter(person for row in queue.column("person_ids").to_pylist() for person in row)
    counts = pa.array([asked[person] for person in kept.column("person_id").to_pylist()], pa.int64())
    at = kept.schema.get_field_index("n_open_questions")
    return kept.set_column(at, kept.schema.field(at), counts)


def _open(queue: pa.Table, record_ids: Collection[str], dead: Collection[str]) -> pa.Table:
    for end in ENDS:
        queue = _rows(queue, end, record_ids, is_in=False)
    is_kept = [all(person not in dead for person in row) for row in queue.column("person_ids").to_pylist()]
    return queue.filter(pa.array(is_kept, pa.bool_()))


def _ledger(ledger: pa.Table, record_ids: Collection[str], dead: Collection[str], run_id: str) -> pa.Table:
    rows = ledger.to_pylist()
    for row in rows:
        row["record_ids"] = [record for record in row["record_ids"] if record not in record_ids]
        if row["person_id"] in dead and row["valid_to"] is None:
            row |= {"valid_to": run_id, "ended_by": ENDED_BY}
    return conform(pa.Table.from_pylist(rows, IDENTITY_LEDGER.arrow_schema()), IDENTITY_LEDGER)


def _rows(table: pa.Table, column: str, values: Collection[str], *, is_in: bool = True) -> pa.Table:
    hit = pc.fill_null(pc.is_in(table.column(column), pa.array(sorted(values), pa.string())), False)
    return table.filter(hit if is_in else pc.invert(hit))
