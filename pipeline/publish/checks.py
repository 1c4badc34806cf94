"""Checks of a finished set of tables, before readers see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pyarrow as pa

from pipeline.core.parquet import AT_ONCE
from schemas.tables import PUBLISHED, Table

# What must hold between the tables: a sentence, and SQL that counts the rows that break it.
BETWEEN = {
    "persons without a record": "SELECT count(*) FROM persons ANTI JOIN records USING (person_id)",
    "records without a person": "SELECT count(*) FROM records ANTI JOIN persons USING (person_id)",
    "events without a record": "SELECT count(*) FROM events ANTI JOIN records USING (record_id, person_id)",
    "values that no record of the person gives": "SELECT count(*) FROM person_fields ANTI JOIN records USING (record_id, person_id)",
    "fields without exactly one chosen record":
        """SELECT count(*) FROM (SELECT 1 FROM person_fields GROUP BY person_id, field HAVING count(*) FILTER (is_chosen) > 1
        OR (count(*) FILTER (is_chosen) = 0 AND field NOT IN ('address', 'postcode', 'uprn')))""",
    "links to records that are not there": """SELECT count(*) FROM links l
        WHERE NOT EXISTS (FROM records r WHERE r.record_id = l.record_id_l) OR NOT EXISTS (FROM records r WHERE r.record_id = l.record_id_r)""",
    "linked pairs in two persons": """SELECT count(*) FROM links l JOIN records a ON a.record_id = l.record_id_l
        JOIN records b ON b.record_id = l.record_id_r WHERE l.decision = 'link' AND a.person_id <> b.person_id""",
    "persons whose count of records is wrong":
        "SELECT count(*) FROM persons p JOIN (SELECT person_id, count(*) AS n FROM records GROUP BY 1) r USING (person_id) WHERE p.n_records <> r.n",
    "golden values that their chosen field does not have": """SELECT count(*) FROM persons p JOIN person_fields f
        ON f.person_id = p.person_id AND f.is_chosen AND f.field = 'surname' WHERE p.surname IS DISTINCT FROM f.value""",
    "living persons without an open span in the ledger": """SELECT count(*) FROM persons p WHERE NOT EXISTS
        (FROM identity_ledger i WHERE i.person_id = p.person_id AND i.valid_to IS NULL)""",
    "open spans of persons that are not there":
        "SELECT count(*) FROM identity_ledger i WHERE i.valid_to IS NULL AND NOT EXISTS (FROM persons p WHERE p.person_id = i.person_id)",
    "records whose person the ledger does not tell": """SELECT count(*) FROM records r FULL JOIN
        (SELECT unnest(record_ids) AS record_id, person_id FROM identity_ledger WHERE valid_to IS NULL) i USING (record_id)
        WHERE r.person_id IS DISTINCT FROM i.person_id""",
    "changes that the ledger does not tell": """SELECT count(*) FROM link_changes c WHERE c.person_id_after IS NOT NULL AND NOT EXISTS
        (FROM identity_ledger i WHERE i.person_id = c.person_id_after AND i.valid_from = c.run_id AND i.valid_to IS NULL)""",
    "questions about persons that are not there":
        "SELECT count(*) FROM (SELECT unnest(person_ids) AS person_id FROM review_queue) ANTI JOIN persons USING (person_id)",
}  # fmt: skip


def problems_of(tables: Mapping[str, pa.Table], unsure: Iterable[Table] = PUBLISHED) -> list[str]:
    """What is wrong, in words and counts; nothing where all is well. ``unsure``: tables in which a key may come twice."""
    found = []
    with duckdb.connect() as base, ThreadPoolExecutor(AT_ONCE) as pool:
        for table, twice in ((table, _twice(base, tables, table)) for table in unsure):
            if twice:
                found.append(f"{table.name} has {twice:,} keys ({_columns(table)}) twice")
        counts = pool.map(lambda sql: _count(base, tables, sql), BETWEEN.values())
        found += [f"{broken:,} {sentence}" for sentence, broken in zip(BETWEEN, counts, strict=True) if broken]
    if not len(tables["records"]):
        found.append("there is not one record")
    return found


def _twice(base: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table], table: Table) -> int:
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {table.name} GROUP BY {_columns(table)} HAVING count(*) > 1)"  # noqa: S608
    return _count(base, tables, sql)


def _columns(table: Table) -> str:
    return ", ".join(f'"{name}"' for name in table.key)


def _count(base: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table], sql: str) -> int:
    with base.cursor() as own:
        for name, table in tables.items():
            own.register(name, table)
        row = own.execute(sql).fetchone()
    return int(row[0]) if row else 0
