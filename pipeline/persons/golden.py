"""Golden records: every value a person's records give, which one was chosen, and by which rule."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from pipeline.core.duckdb_files import sql_name
from pipeline.core.parquet import conform
from pipeline.persons.survivorship import ORDER, Criterion, Survivorship
from schemas.tables import PERSON_FIELDS, PERSONS

FIRST_OF_LIST = ("forename", "surname")
NEEDED = ("forename", "surname", "date_of_birth", "postcode")  # what else of a person is made from


def person_fields(records: pa.Table, survivorship: Survivorship) -> pa.Table:
    """One row a person, field, value and record; exactly one row is chosen for each person and field.

    Input: ``records`` (std_records with person_id).
    """
    with duckdb.connect() as base:
        base.register("records", records)
        trust = pa.table(
            {"source": list(survivorship.trust), "trust": pa.array(survivorship.trust.values(), pa.int16())}
        )
        base.register("source_trust", trust)
        grouped = {field for fields, _ in survivorship.groups.values() for field in fields}
        parts = [_field_sql(field, rules) for field, rules in survivorship.fields.items() if field not in grouped]
        parts += [_group_sql(fields, rules) for fields, rules in survivorship.groups.values()]
        ranked = base.sql(" UNION ALL ".join(parts)).to_arrow_table()
    return conform(ranked.sort_by([(name, "ascending") for name in PERSON_FIELDS.key]), PERSON_FIELDS)


def golden_values(fields: pa.Table) -> pa.Table:
    """Chosen values, one row a person, one text column a field; null where no record has the field."""
    with duckdb.connect() as base:
        base.register("fields", fields)
        present = base.sql("SELECT DISTINCT field FROM fields").to_arrow_table().column(0).to_pylist()
        names = sorted({*present, *NEEDED})
        columns = ", ".join(f"max(value) FILTER (field = '{name}') AS {sql_name(name)}" for name in names)
        sql = f"SELECT person_id, {columns} FROM fields WHERE is_chosen GROUP BY person_id"
        return base.sql(sql).to_arrow_table()


def _value_sql(field: str) -> str:
    return f"{sql_name(field)}[1]" if field in FIRST_OF_LIST else f"CAST({sql_name(field)} AS VARCHAR)"


def _field_sql(field: str, rules: Sequence[Criterion]) -> str:
    """Every value of one field, ranked within its person."""
    return f"""
    SELECT person_id, '{field}' AS field, value, record_id, source, borough, recorded_at, basis,
           row_number() OVER ranked = 1 AS is_chosen, '{" > ".join(rules)}' AS rule, n_agree
    FROM (SELECT r.*, t.trust, r.basis = 'fact' AS is_fact, {_value_sql(field)} AS value,
                 count(*) OVER (PARTITION BY person_id, {_value_sql(field)}) AS n_agree
          FROM records r LEFT JOIN source_trust t USING (source) WHERE {_value_sql(field)} IS NOT NULL)
    WINDOW ranked AS (PARTITION BY person_id ORDER BY {_ranking(rules)}, record_id)
    """


def _group_sql(fields: Sequence[str], rules: Sequence[Criterion]) -> str:
    """Values of fields that one record gives together; what it lacks comes from the next record that says the same of the first."""
    first = _value_sql(fields[0])
    together = " || ' ' || ".join(f"coalesce({_value_sql(field)}, '')" for field in fields)
    any_given = " OR ".join(f"{_value_sql(field)} IS NOT NULL" for field in fields)
    values = " UNION ALL ".join(
        f"SELECT person_id, '{field}' AS field, {_value_sql(field)} AS value, record_id, source, borough, "
        "recorded_at, basis,"
        " coalesce(place = min(place) FILTER (says_the_same) OVER (PARTITION BY person_id), false) AS is_chosen,"
        f" '{' > '.join(rules)}' AS rule,"
        f" count(*) OVER (PARTITION BY person_id, {_value_sql(field)}) AS n_agree"
        f" FROM ranked_records WHERE {_value_sql(field)} IS NOT NULL"
        for field in fields
    )
    return f"""
    SELECT * FROM (
    WITH candidates AS (
        SELECT r.*, t.trust, r.basis = 'fact' AS is_fact, {together} AS value,
               count(*) OVER (PARTITION BY person_id, {together}) AS n_agree
        FROM records r LEFT JOIN source_trust t USING (source) WHERE {any_given}),
    in_order AS (
        SELECT *, row_number() OVER (PARTITION BY person_id ORDER BY {_ranking(rules)}, record_id) AS place FROM candidates),
    ranked_records AS (
        SELECT *, {first} IS NOT DISTINCT FROM first_value({first}) OVER (PARTITION BY person_id ORDER BY place) AS says_the_same
        FROM in_order)
    {values})
    """


def _ranking(rules: Sequence[Criterion]) -> str:
    return ", ".join(ORDER[rule] for rule in rules)


def persons_table(
    records: pa.Table, events: pa.Table, fields: pa.Table, confidence: pa.Table, queue: pa.Table
) -> pa.Table:
    """The contract ``persons`` of these records. Input: person_id and ``confidence`` of each person; all open questions."""
    with duckdb.connect() as base:
        for name, table in (
            ("records", records),
            ("events", events),
            ("golden", golden_values(fields)),
            ("confidence", confidence),
            ("queue", queue),
        ):
            base.register(name, table)
        persons = base.sql(PERSONS_SQL).to_arrow_table()
    for column in PERSONS.columns:
        if column.name not in persons.column_names:
            persons = persons.append_column(column.name, pa.nulls(len(persons), column.type))
    return conform(persons.select(list(PERSONS.names)), PERSONS).sort_by("person_id")


PERSONS_SQL = """
WITH seen AS (
    SELECT person_id, count(*) AS n_records, min(recorded_at) AS first_seen_at, max(recorded_at) AS last_seen_at,
           list_sort(list_distinct(list(source))) AS sources
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
JOIN confidence c USING (person_id)
ORDER BY s.person_id
"""
