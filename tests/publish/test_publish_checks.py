"""Checks before publication: what each of them counts, by an account of its own in SQL, on tables in memory and in files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_person import tables
from wrong_tables import problems_of

from pipeline.core.parquet import conform, in_order, replace_parts
from pipeline.publish.each_once import EachOnce
from pipeline.publish.rows import Rows, of_file
from schemas.tables import EVENTS, IDENTITY_LEDGER, LINKS, PERSON_FIELDS, PERSONS, PUBLISHED, RECORDS

SQL = {
    "persons without a record": "SELECT count(*) FROM persons ANTI JOIN records USING (person_id)",
    "records without a person": "SELECT count(*) FROM records ANTI JOIN persons USING (person_id)",
    "events without a record": "SELECT count(*) FROM events ANTI JOIN records USING (record_id, person_id)",
    "values that no record of the person gives": "SELECT count(*) FROM person_fields ANTI JOIN records USING (record_id, person_id)",
    "fields without exactly one chosen record": """SELECT count(*) FROM (SELECT 1 FROM person_fields GROUP BY person_id, field HAVING count(*) FILTER (is_chosen) > 1
        OR (count(*) FILTER (is_chosen) = 0 AND field NOT IN ('address', 'postcode', 'uprn')))""",
    "links to records that are not there": """SELECT count(*) FROM links l
        WHERE NOT EXISTS (FROM records r WHERE r.record_id = l.record_id_l) OR NOT EXISTS (FROM records r WHERE r.record_id = l.record_id_r)""",
    "linked pairs in two persons": """SELECT count(*) FROM links l JOIN records a ON a.record_id = l.record_id_l
        JOIN records b ON b.record_id = l.record_id_r WHERE l.decision = 'link' AND a.person_id <> b.person_id""",
    "persons whose count of records is wrong": "SELECT count(*) FROM persons p JOIN (SELECT person_id, count(*) AS n FROM records GROUP BY 1) r USING (person_id) WHERE p.n_records <> r.n",
    "golden values that their chosen field does not have": """SELECT count(*) FROM persons p JOIN person_fields f
        ON f.person_id = p.person_id AND f.is_chosen AND f.field = 'surname' WHERE p.surname IS DISTINCT FROM f.value""",
    "living persons without an open span in the ledger": """SELECT count(*) FROM persons p WHERE NOT EXISTS
        (FROM identity_ledger i WHERE i.person_id = p.person_id AND i.valid_to IS NULL)""",
    "open spans of persons that are not there": "SELECT count(*) FROM identity_ledger i WHERE i.valid_to IS NULL AND NOT EXISTS (FROM persons p WHERE p.person_id = i.person_id)",
    "records whose person the ledger does not tell": """SELECT count(*) FROM records r FULL JOIN
        (SELECT unnest(record_ids) AS record_id, person_id FROM identity_ledger WHERE valid_to IS NULL) i USING (record_id)
        WHERE r.person_id IS DISTINCT FROM i.person_id""",
    "changes that the ledger does not tell": """SELECT count(*) FROM link_changes c WHERE c.person_id_after IS NOT NULL AND NOT EXISTS
        (FROM identity_ledger i WHERE i.person_id = c.person_id_after AND i.valid_from = c.run_id AND i.valid_to IS NULL)""",
    "questions about persons that are not there": "SELECT count(*) FROM (SELECT unnest(person_ids) AS person_id FROM review_queue) ANTI JOIN persons USING (person_id)",
}
PERSON_NOT_THERE = {"records without a person", "values that no record of the person gives"}
"""Where persons are not there at all, other counts say nothing"""
PERSON = st.sampled_from(["P1", "P2", "P3"])
RECORD = st.sampled_from(["r1", "r2", "r3", "r4"])
RUN = st.sampled_from(["2026-11-20-1", "2026-11-21-1"])
NAME = st.sampled_from(["ALI", "KHAN"])
FILLED = {
    "field": "surname",
    "value": "ALI",
    "source": "custody",
    "basis": "fact",
    "rule": "fact",
    "n_agree": 1,
    "decision": "link",
    "match_weight": 9.0,
}
QUESTION = {
    "review_type": "grey_pair",
    "reason": "so",
    "n_pairs": 1,
    "harm": 1,
    "priority": 1.0,
    "boroughs": [],
    "opened_in": "2026-11-20-1",
}
DRAWN = {
    "persons": {"person_id": PERSON, "surname": st.none() | NAME, "n_records": st.integers(1, 3)},
    "records": {"record_id": RECORD, "person_id": PERSON},
    "events": {"event_id": st.sampled_from(["e1", "e2", "e3"]), "record_id": RECORD, "person_id": PERSON},
    "person_fields": {
        "person_id": PERSON,
        "field": st.sampled_from(["surname", "address", "sex"]),
        "value": NAME,
        "record_id": RECORD,
        "is_chosen": st.booleans(),
    },
    "links": {"record_id_l": RECORD, "record_id_r": RECORD, "decision": st.sampled_from(["link", "review"])},
    "identity_ledger": {
        "person_id": PERSON,
        "valid_from": RUN,
        "valid_to": st.none() | RUN,
        "record_ids": st.lists(RECORD, max_size=2, unique=True),
    },
    "link_changes": {"run_id": RUN, "person_id_after": st.none() | PERSON, "record_id": RECORD},
    "review_queue": {
        "review_id": st.sampled_from(["q1", "q2"]),
        "person_ids": st.lists(PERSON, min_size=1, max_size=2),
    },
}


def filled(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of a table, all else in them as in the smallest publication; each key once, in order."""
    table = next(table for table in PUBLISHED if table.name == name)
    like = (tables()[name].to_pylist() or [{}])[0]
    rest = {
        column.name: {pa.string(): "x", pa.float64(): 1.0}.get(column.type)
        for column in table.columns
        if not column.nullable
    }
    whole = [{**rest, **(QUESTION if name == "review_queue" else FILLED), **like, **row} for row in rows]
    own = [{key: row.get(key) for key in table.names} for row in whole]
    once = {tuple(str(row[key]) for key in table.key): row for row in own}
    return in_order(conform(pa.Table.from_pylist(list(once.values()), table.arrow_schema()), table), table.key)


def broken_in_sql(given_tables: dict[str, pa.Table]) -> dict[str, int]:
    with duckdb.connect() as base:
        for name, table in given_tables.items():
            base.register(name, table)
        counts = {problem: base.execute(sql).fetchone()[0] for problem, sql in SQL.items()}
    return {problem: count for problem, count in counts.items() if count}


def broken(counts: list[str]) -> dict[str, int]:
    parts = (sentence.split(" ", 1) for sentence in counts)
    return {problem: int(count) for count, problem in parts if count.isdigit()}


def in_files(folder: Path, given_tables: dict[str, pa.Table]) -> dict[str, Rows]:
    """The tables as stages hand them on: the large ones in files."""
    files: dict[str, Rows] = {}
    for table in (PERSONS, PERSON_FIELDS, RECORDS, EVENTS, LINKS, IDENTITY_LEDGER):
        path = folder / f"{table.name}.arrow"
        replace_parts(path, [given_tables[table.name]], table.arrow_schema())
        files[table.name] = of_file(path, table)
    return given_tables | files


@settings(max_examples=60)
@given(
    st.fixed_dictionaries(
        {
            name: st.lists(st.fixed_dictionaries(columns), min_size=5 * (name == "persons"), max_size=5)
            for name, columns in DRAWN.items()
        }
    )
)
def test_what_is_counted_is_what_sql_counts(rows: dict[str, list[dict[str, Any]]]) -> None:
    drawn = tables() | {name: filled(name, own) for name, own in rows.items()}
    told, counted = broken(problems_of(drawn)), broken_in_sql(drawn)
    if counted.keys() & PERSON_NOT_THERE:
        assert told.keys() & PERSON_NOT_THERE
    else:
        assert told == counted


def test_a_sound_publication_has_no_problems_in_memory_or_in_files(tmp_path: Path) -> None:
    assert problems_of(tables()) == []
    assert problems_of(in_files(tmp_path, tables())) == []


@pytest.mark.parametrize(
    ("name", "column", "value", "told"),
    [
        ("records", "person_id", "P2", "records without a person"),
        ("events", "person_id", "P2", "events without a record"),
        ("person_fields", "person_id", "P0", "values that no record of the person gives"),
        ("persons", "surname", None, "golden values that their chosen field does not have"),
        ("identity_ledger", "person_id", "P2", "open spans of persons that are not there"),
        ("identity_ledger", "record_ids", [], "records whose person the ledger does not tell"),
    ],
)
def test_what_is_wrong_in_a_file_is_told(tmp_path: Path, name: str, column: str, value: object, told: str) -> None:
    wrong = tables()
    wrong[name] = pa.Table.from_pylist([{**wrong[name].to_pylist()[0], column: value}], wrong[name].schema)
    assert told in " ".join(problems_of(in_files(tmp_path, wrong)))


def test_a_file_out_of_order_or_with_a_key_twice_is_told(tmp_path: Path) -> None:
    rows = tables()["events"]
    for ids in (["e2", "e1"], ["e1", "e1"]):
        two = pa.concat_tables([rows, rows]).set_column(0, rows.schema.field(0), pa.array(ids))
        found = problems_of(in_files(tmp_path, tables() | {"events": two}))
        assert found == ['events is not in the order of its key ("event_id"), or has a key twice']


@given(st.lists(st.tuples(st.sampled_from("AB"), st.none() | st.integers(0, 4)), max_size=6), st.integers(0, 6))
def test_a_key_that_comes_twice_is_seen_across_parts_too(rows: list[tuple[str, int | None]], at: int) -> None:
    table = pa.table(
        {"a": pa.array([a for a, _ in rows], pa.string()), "b": pa.array([b for _, b in rows], pa.int64())}
    )
    is_sound = all(b is not None for _, b in rows) and all(one < other for one, other in pairwise(rows))  # type: ignore[operator]
    if len(rows) > 1 or is_sound:
        key = EachOnce(("a", "b"))
        list(key.watch([table.slice(0, at), table.slice(at)]))
        assert key.holds == is_sound
