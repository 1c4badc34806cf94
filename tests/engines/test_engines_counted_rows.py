"""How common a value is among people: very many records of one person do not make their values common."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_of_records import table_of

from pipeline.core.places import MODELS, REFERENCE
from pipeline.core.reference import name_groups
from pipeline.engines.counted_rows import MOST_REPEATS, counted_rows
from pipeline.engines.local.encode import _values_of
from pipeline.engines.local.engine import LocalEngine
from pipeline.engines.port import Engine
from pipeline.engines.recordlinkage_engine import RecordlinkageEngine
from schemas.model import load_model

MODEL = load_model(MODELS / "person.toml")
GROUPS = name_groups(REFERENCE)
CELLS = st.fixed_dictionaries(
    {
        "forename": st.sampled_from([[], ["ANNA"], ["ANNA", "MAY"], ["JOHN"]]),
        "surname": st.sampled_from([None, ["LI"], ["KHAN"]]),
        "date_of_birth": st.sampled_from([None, dt.date(2008, 1, 2), dt.date(2009, 3, 4)]),
    }
)


def table(rows: list[dict[str, object]]) -> pa.Table:
    return table_of([{**row, "record_id": f"{number:06d}"} for number, row in enumerate(rows)])


@given(st.lists(CELLS, max_size=120))
def test_of_records_with_equal_names_and_birthday_only_the_first_few_count_or_as_many_as_chance_brings(
    rows: list[dict[str, object]],
) -> None:
    seen: dict[tuple[str, ...], int] = defaultdict(int)
    wanted = []
    for number, row in enumerate(rows):
        key = tuple(map(str, row.values()))
        seen[key] += 1
        is_telling = sum(bool(value) for value in row.values()) >= 2
        by_chance = len(rows) * math.prod(
            sum(other[field] == value for other in rows) / len(rows) for field, value in row.items()
        )
        if not is_telling or seen[key] - 1 < max(MOST_REPEATS, by_chance - 1e-9):
            wanted.append(number)
    assert counted_rows(table(rows), MODEL).tolist() == wanted


@pytest.mark.parametrize("engine", [LocalEngine(GROUPS, 2), RecordlinkageEngine(GROUPS)], ids=["local", "plain"])
def test_a_hundred_reports_of_one_child_leave_her_name_a_rare_one(engine: Engine) -> None:
    child = {"forename": ["TARA"], "surname": ["WINTERS"], "date_of_birth": dt.date(2011, 3, 14)}
    others = [
        {
            "forename": [f"NAME{number % 60}"],
            "surname": [f"FAMILY{number % 90}"],
            "date_of_birth": dt.date(2005, 1, 1) + dt.timedelta(days=number),
        }
        for number in range(400)
    ]
    few, many = (engine.load(table(others + [child] * n), MODEL) for n in (MOST_REPEATS, 100))
    for of_few, of_many in zip(few.frequencies, many.frequencies, strict=True):
        np.testing.assert_array_equal(of_few.agreeing, of_many.agreeing)
    np.testing.assert_array_equal(few.name_pairs.agreeing, many.name_pairs.agreeing)
    patterns_of_few, patterns_of_many = few.random_patterns(2_000, 7), many.random_patterns(2_000, 7)
    np.testing.assert_array_equal(patterns_of_few.count, patterns_of_many.count)


def test_namesakes_without_a_birthday_are_not_taken_for_one_persons_reports() -> None:
    people = [
        {"forename": [f"NAME{number % 5}"], "surname": ["KHAN" if number % 2 else f"FAMILY{number}"]}
        for number in range(1_000)
    ]
    assert len(counted_rows(table(people), MODEL)) == 1_000
    reports = [{"forename": ["TARA"], "surname": ["WINTERS"]}] * 40
    assert (counted_rows(table(people + reports), MODEL) >= 1_000).sum() == MOST_REPEATS


def test_where_names_stand_among_aliases_alone_every_record_counts() -> None:
    lone = pa.table({"record_id": [f"{number:03}" for number in range(20)], "alias": [["TINY TOM"]] * 20})
    assert counted_rows(lone, MODEL).tolist() == list(range(20))


def test_values_of_some_records_are_those_between_their_starts() -> None:
    start, code = np.array([0, 2, 2, 5, 6, 8]), np.arange(10, 18)
    assert _values_of(np.array([0, 2, 4]), start, code).tolist() == [10, 11, 12, 13, 14, 16, 17]
    assert _values_of(np.array([0, 1, 2]), start, code).tolist() == [10, 11, 12, 13, 14]
    assert _values_of(np.array([1]), start, code).tolist() == []
