"""Persons of whom nothing changed are those of the last publication; the others are made anew.

A person is made of its records, their events, the confidence of its cluster and its open questions. Where all of these are as
they were, and the rules are, so is the person: taking it over gives what making it anew would give.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.tables import PERSON_COLUMNS

OF_A_RECORD = ("person_id", "source", "borough", "basis", "recorded_at", *(column.name for column in PERSON_COLUMNS))
OF_AN_EVENT = ("person_id", "role", "borough")


@dataclass(frozen=True, slots=True)
class PersonsBefore:
    """Tables of the publication that tonight goes on from; made by the rules of tonight."""

    records: pa.Table
    events: pa.Table
    persons: pa.Table
    person_fields: pa.Table


def touched_persons(
    before: PersonsBefore, records: pa.Table, events: pa.Table, clusters: pa.Table, members: pa.Table, queue: pa.Table
) -> pa.Array:
    """Ids, of then or now, of persons of whom something is not as it was. Input: as for ``persons_table``."""
    with duckdb.connect() as base:
        for name, table in (
            ("records", records), ("events", events), ("clusters", clusters), ("members", members), ("queue", queue),
            ("records_then", before.records), ("events_then", before.events), ("persons_then", before.persons),
        ):  # fmt: skip
            base.register(name, table)
        sql = " UNION ".join([
            _differing("records", "record_id", OF_A_RECORD), _differing("events", "event_id", OF_AN_EVENT), STANDING_SQL,
        ])  # fmt: skip
        found = base.sql(f"SELECT DISTINCT person_id FROM ({sql}) WHERE person_id IS NOT NULL").to_arrow_table()  # noqa: S608
    return found.column(0).combine_chunks().cast(pa.string())


def _differing(name: str, key: str, columns: tuple[str, ...]) -> str:
    """Persons then and now of rows that are not as they were."""
    differs = " OR ".join(f'n."{column}" IS DISTINCT FROM t."{column}"' for column in columns)
    rows = f"SELECT n.person_id AS now_, t.person_id AS then_ FROM {name} n FULL JOIN {name}_then t USING ({key}) WHERE {differs}"  # noqa: S608  (names of our own columns)
    return f"SELECT unnest([now_, then_]) AS person_id FROM ({rows})"  # noqa: S608


STANDING_SQL = """
SELECT coalesce(n.person_id, p.person_id) AS person_id
FROM (SELECT r.person_id, any_value(c.confidence) AS confidence, any_value(coalesce(q.n, 0)) AS n
      FROM records r JOIN members m USING (record_id) JOIN clusters c USING (cluster_id)
      LEFT JOIN (SELECT unnest(person_ids) AS person_id, count(*) AS n FROM queue GROUP BY 1) q ON q.person_id = r.person_id
      GROUP BY r.person_id) n
FULL JOIN persons_then p ON p.person_id = n.person_id
WHERE n.confidence IS DISTINCT FROM p.cluster_confidence OR n.n IS DISTINCT FROM p.n_open_questions
"""


def of_persons(table: pa.Table, persons: pa.Array) -> pa.Table:
    """Rows of these persons."""
    return table.filter(pc.is_in(table.column("person_id"), persons))


def taken_over(then: pa.Table, touched: pa.Array, made: pa.Table) -> pa.Table:
    """A table whose key begins with the person: rows of touched persons made anew, all others as they were.

    Cost: a step for each person; rows that stay together are not copied.
    """
    tables = then.cast(made.schema), made
    gone = set(touched.to_pylist())
    runs = [(name, 0, first, last) for name, first, last in _runs(then) if name not in gone]
    runs += [(name, 1, first, last) for name, first, last in _runs(made)]
    pieces: list[list[int]] = []
    for _, which, first, last in sorted(runs):
        if pieces and pieces[-1][0] == which and pieces[-1][2] == first:
            pieces[-1][2] = last
        else:
            pieces.append([which, first, last])
    parts = [tables[which].slice(first, last - first) for which, first, last in pieces]
    return pa.concat_tables([made.slice(0, 0), *parts])


def _runs(table: pa.Table) -> Iterator[tuple[str, int, int]]:
    """Each person, and where its rows begin and end; they stand together."""
    ids = table.column("person_id").combine_chunks()
    if not len(ids):
        return iter(())
    begins = np.flatnonzero(pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1)).to_numpy(zero_copy_only=False)) + 1
    starts = np.concatenate([[0], begins, [len(ids)]])
    return zip(ids.take(pa.array(starts[:-1])).to_pylist(), starts[:-1].tolist(), starts[1:].tolist(), strict=True)
