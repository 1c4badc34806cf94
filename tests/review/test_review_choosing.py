from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest

from pipeline.persons.golden import person_fields
from pipeline.review.decisions.choosing import golden_of
from schemas.tables import RECORDS


def by_night(rows: list[dict[str, Any]], owner: dict[str, str], desk: Any) -> dict[str, dict[str, str]]:
    """The golden records as the stage of the night chooses them."""
    records = [{name: row[name] for name in RECORDS.names} | {"person_id": owner[row["record_id"]]} for row in rows]
    found: dict[str, dict[str, str]] = {person: {} for person in owner.values()}
    table = person_fields(pa.Table.from_pylist(records, RECORDS.arrow_schema()), desk.reference.survivorship)
    for row in table.to_pylist():
        if row["is_chosen"]:
            found[row["person_id"]][row["field"]] = row["value"]
    return found


@pytest.mark.flow
@pytest.mark.parametrize("seed", range(3))
def test_the_desk_chooses_golden_records_as_the_night_does(desk: Any, seed: int) -> None:
    shelf, chance = desk.desk.shelves.current(), random.Random(seed)
    people = [
        row["person_id"]
        for row in shelf.rows("SELECT person_id FROM persons WHERE n_records > 1 ORDER BY hash(person_id) LIMIT 200")
    ]
    rows, fields, owner = [], [], {}
    for at, pair in enumerate(zip(people[::2], people[1::2], strict=False)):
        own = [record for person in pair for record in shelf.records(person)]
        rows += own
        fields += [row for person in pair for row in shelf.fields(person)]
        owner |= {record["record_id"]: f"{at}-{chance.randrange(2)}" for record in own}
    assert len(rows) > 300
    assert golden_of(fields, owner, shelf.reference.survivorship) == by_night(rows, owner, shelf)


@pytest.mark.flow
def test_without_a_new_dealing_the_desk_chooses_what_is_published(desk: Any) -> None:
    shelf = desk.desk.shelves.current()
    every = shelf.rows("SELECT * FROM person_fields")
    owner = {row["record_id"]: row["person_id"] for row in every}
    published: dict[str, dict[str, str]] = {}
    for row in every:
        if row["is_chosen"]:
            published.setdefault(row["person_id"], {})[row["field"]] = row["value"]
    assert golden_of(every, owner, shelf.reference.survivorship) == published
