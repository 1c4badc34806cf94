"""What records and persons say, as hashes of 64 bits: which of them say something else than last night.

A record that says what it said has the same hash; that one which says something else has too happens once in 10^19 changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from pipeline.persons.causes import CONTRACT, CORRECTED
from schemas.tables import PERSON_COLUMNS, RECORDS

OF_ITS_PERSON = tuple(column.name for column in PERSON_COLUMNS)
CONTENT = ("role", "basis", "flags", *OF_ITS_PERSON)
"""What a record says of its person. recorded_at is not in it: some exports stamp every row anew each night."""
MADE_OF = ("record_id", "source", "borough", "basis", "recorded_at", *OF_ITS_PERSON)
"""What a golden record is made of."""
LISTS = frozenset(column.name for column in RECORDS.columns if pa.types.is_list(column.type))


def record_contents(std_records: pa.Table) -> pa.Table:
    """One row a record, in the order given: record_id, contract_version, and the hashes ``content`` and ``made_of``."""
    return _hashed(std_records, {"content": CONTENT, "made_of": MADE_OF})


def person_contents(
    records: pa.Table, contents: pa.Table, events: pa.Table, confidence: pa.Table, queue: pa.Table
) -> pa.Table:
    """One row a person, person_id and the hash ``said`` of all that it is made of.

    Args:
        records: with person_id.
        contents: of the same records in the same order, as ``record_contents`` gives.
        events: with person_id.
        confidence: person_id and the confidence of its cluster.
        queue: open questions.
    """
    made_of = pa.table({"person_id": records.column("person_id"), "made_of": contents.column("made_of")})
    with duckdb.connect() as base:
        for name, table in (("records", made_of), ("events", events), ("confidence", confidence), ("queue", queue)):
            base.register(name, table)
        return base.sql(PERSONS_SAID_SQL).to_arrow_table().cast(SAID)


# Each hash is hashed again, so that two rows of a person that swap a value do not cancel out.
PERSONS_SAID_SQL = """
SELECT person_id, bit_xor(said) AS said FROM (
    SELECT person_id, hash(made_of, 'record') AS said FROM records
    UNION ALL SELECT person_id, hash(hash(event_id, role, borough), 'event') FROM events
    UNION ALL SELECT person_id, hash(hash(confidence), 'confidence') FROM confidence
    UNION ALL SELECT person_id, hash(hash(count(*)), 'questions') FROM (SELECT unnest(person_ids) AS person_id FROM queue) GROUP BY 1)
GROUP BY person_id
"""
SAID = pa.schema([("person_id", pa.string()), ("said", pa.uint64())])


def persons_of_other_content(then: pa.Table, now: pa.Table) -> pa.Array:
    """Ids, of then or now, of persons who are not made of what they were. Input: as ``person_contents`` gives."""
    with duckdb.connect() as base:
        base.register("now_", now)
        base.register("then_", then)
        sql = "SELECT person_id FROM now_ n FULL JOIN then_ t USING (person_id) WHERE n.said IS DISTINCT FROM t.said"
        return base.sql(sql).to_arrow_table().column(0).combine_chunks().cast(pa.string())


def corrected(then: pa.Table, now: pa.Table, record_ids: pa.Array) -> dict[str, str]:
    """Of the given records, those whose content changed: by the source, or by another contract version that read it.

    Input: ``then`` and ``now`` as ``record_contents`` gives.
    """
    then, now = (table.filter(pc.is_in(table.column("record_id"), record_ids)) for table in (then, now))
    sql = """SELECT record_id, n.contract_version IS DISTINCT FROM t.contract_version AS is_read_anew
        FROM now_ n JOIN then_ t USING (record_id) WHERE n.content <> t.content"""
    with duckdb.connect() as base:
        base.register("now_", now)
        base.register("then_", then)
        return {record: CONTRACT if is_read_anew else CORRECTED for record, is_read_anew in base.execute(sql).fetchall()}  # fmt: skip


def corrected_since(published: Path, std_records: pa.Table, record_ids: pa.Array) -> dict[str, str]:
    """The same, from a folder of published records; what an older version did not publish is not compared."""
    if not len(record_ids):
        return {}
    records = ds.dataset(published, format="parquet")
    names = [name for name in CONTENT if name in records.schema.names]
    columns = ["record_id", "contract_version", *names]
    then = records.to_table(columns, filter=ds.field("record_id").isin(record_ids))
    now = std_records.filter(pc.is_in(std_records.column("record_id"), record_ids))
    return corrected(_hashed(then, {"content": names}), _hashed(now, {"content": names}), record_ids)


def _hashed(records: pa.Table, hashes: dict[str, Sequence[str]]) -> pa.Table:
    said = ", ".join(f"hash({', '.join(map(_said, names))}) AS {name}" for name, names in hashes.items())
    with duckdb.connect() as base:
        base.register("records", records)
        return base.sql(f"SELECT record_id, contract_version, {said} FROM records").to_arrow_table()  # noqa: S608  (names of our own columns)


def _said(name: str) -> str:
    """Each column is hashed by itself: lists that are hashed together may change places. Of an empty one the length is told."""
    return f'hash("{name}"), len("{name}")' if name in LISTS else f'hash("{name}")'
