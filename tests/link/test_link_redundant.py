"""Columns that say what another field says are left out; whatever has something of its own to say stays."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from pipeline.core.places import REFERENCE
from pipeline.core.reference import name_groups
from pipeline.engines.local.engine import LocalEngine
from pipeline.link.stage import link_records
from pipeline.link.training_stage import of_own_witnesses
from schemas.model import Blocking, Comparison, Kind, Model

ENGINE = LocalEngine(name_groups(REFERENCE))
FIELDS: dict[str, Kind] = {
    "forename": "forename",
    "surname": "surname",
    "date_of_birth": "date",
    "postcode": "postcode",
    "sex": "category",
    "town": "category",
    "trade": "category",
}
TOLD = {
    "title": "sex",
    "initials": "forename and surname",
    "year": "date_of_birth",
    "month": "date_of_birth",
    "district": "postcode",
    "coloured": "town",
}


def people(persons: int, records: int) -> list[dict[str, str | None]]:
    """So many records of each person, one field in twelve of each empty."""
    chance = random.Random(persons)
    syllables = ["BA", "DO", "KEL", "MI", "NOR", "RA", "SU", "TAN", "VI", "WEN", "ZO", "LI"]
    rows: list[dict[str, str | None]] = []
    for _ in range(persons):
        sex = chance.choice(["F", "M"])
        one = {
            "forename": "".join(chance.choices(syllables, k=2)) + ("A" if sex == "F" else "O"),
            "surname": "".join(chance.choices(syllables, k=3)),
            "date_of_birth": f"{chance.randint(1950, 2012)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            "postcode": f"{chance.choice(['E', 'N', 'SE'])}{chance.randint(1, 18)} {chance.randint(1, 9)}{chance.choice('ABDE')}{chance.choice('ABDE')}",
            "sex": sex,
            "town": chance.choice(["ASHFORD", "BRAY", "CORBY", "DOVER", "EPSOM", "FLEET"]),
            "trade": chance.choice(["BAKER", "CLERK", "COOK", "NURSE", "SMITH", "TEACHER", "WEAVER"]),
        }
        rows += (
            {key: value if chance.random() > 1 / 12 else None for key, value in one.items()} for _ in range(records)
        )
    return rows


def with_redundant(row: dict[str, str | None]) -> dict[str, str | None]:
    forename, surname, born, postcode = (row[field] for field in ("forename", "surname", "date_of_birth", "postcode"))
    return row | {
        "title": row["sex"] and {"F": "MS", "M": "MR"}[row["sex"]],
        "initials": forename and surname and forename[0] + surname[0],
        "year": born and born[:4],
        "month": born and born[5:7],
        "district": postcode and postcode.split()[0],
        "coloured": row["town"] and f"{row['town'][0]} BOROUGH",
    }


def table_and_model(rows: list[dict[str, str | None]]) -> tuple[pa.Table, Model]:
    ids = [f"r{number:05}" for number in range(len(rows))]
    table = pa.Table.from_pylist(rows).add_column(0, "record_id", pa.array(ids))
    comparisons = tuple(
        Comparison(field=field, kind=FIELDS.get(field, "category"), is_shared=field in ("surname", "postcode", "town"))
        for field in rows[0]
    )
    return table, Model(name="table", blocking=Blocking(fields=tuple(rows[0])), comparison=comparisons)


def told(rows: list[dict[str, str | None]]) -> dict[str, str]:
    table, model = table_and_model(rows)
    loaded = of_own_witnesses(table, model, ENGINE)
    left, redundant = loaded.model, dict(loaded.redundant)
    assert [c.field for c in left.comparison] == [c.field for c in model.comparison if c.field not in redundant]
    assert left.blocking.fields == tuple(field for field in model.blocking.fields if field not in redundant)
    return redundant


def test_columns_that_another_field_tells_are_named_with_it() -> None:
    assert told([with_redundant(row) for row in people(4_000, 1)]) == TOLD


@pytest.mark.parametrize(("persons", "records"), [(3_000, 1), (300, 8), (60, 40)])
def test_a_field_that_says_something_of_its_own_stays_however_many_records_a_person_has(
    persons: int, records: int
) -> None:
    assert told(people(persons, records)) == {}


@pytest.mark.parametrize("persons", [0, 1, 3])
def test_of_a_handful_of_records_nothing_is_said_to_be_redundant(persons: int) -> None:
    rows = [with_redundant(row) for row in people(max(persons, 1), 1)][:persons]
    table, model = table_and_model([with_redundant(people(1, 1)[0])])
    assert of_own_witnesses(table.slice(0, len(rows)), model, ENGINE).redundant == {}


def test_redundant_columns_change_no_cluster() -> None:
    rows = people(1_500, 2)
    plain, beside = (
        link_records(*table_and_model(each), "balanced", ENGINE)
        for each in (rows, [with_redundant(row) for row in rows])
    )
    assert beside.redundant == TOLD
    assert plain.redundant == {}
    assert beside.cluster_members.equals(plain.cluster_members)
