"""Persons of many records: found, though no block that holds them all is small enough."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_of_records import table_of

from pipeline.core.numbers import mixed
from pipeline.core.places import MODELS, REFERENCE
from pipeline.core.reference import name_groups
from pipeline.engines.local.engine import LocalEngine
from pipeline.engines.port import Engine
from pipeline.engines.recordlinkage_engine import RecordlinkageEngine
from pipeline.link import prolific
from pipeline.link.stage import link_records
from schemas.model import load_model

MODEL = load_model(MODELS / "person.toml")
GROUPS = name_groups(REFERENCE)
CHILD = {"forename": ["TARA"], "surname": ["WINTERS"], "date_of_birth": dt.date(2011, 3, 14), "sex": "F"}
REPORTS = 120


def strangers(n: int) -> list[dict[str, object]]:
    chance = random.Random(3)
    names = ["".join(chance.choices("ABDEGIKLMNORSTV", k=6)) for _ in range(300)]
    return [
        {
            "forename": [chance.choice(names)],
            "surname": [chance.choice(names)],
            "date_of_birth": dt.date(2005, 1, 1) + dt.timedelta(days=chance.randrange(4000)),
            "sex": chance.choice("MF"),
        }
        for _ in range(n)
    ]


def persons_of(rows: list[dict[str, object]], engine: Engine) -> list[str]:
    """Cluster of each row."""
    table = table_of([{**row, "record_id": f"{number:06d}"} for number, row in enumerate(rows)])
    members = link_records(table, MODEL, "balanced", engine).cluster_members
    clusters: list[str] = members.sort_by("record_id").column("cluster_id").to_pylist()
    return clusters


@pytest.mark.parametrize("engine", [LocalEngine(GROUPS, 2), RecordlinkageEngine(GROUPS)], ids=["local", "plain"])
def test_a_child_reported_missing_a_hundred_times_is_one_person(engine: Engine) -> None:
    reports = [CHILD | {"forename": ["TARRA"]} if number % 10 == 0 else CHILD for number in range(REPORTS)]
    clusters = persons_of(strangers(400) + reports, engine)
    assert len(set(clusters[400:])) == 1
    assert Counter(clusters)[clusters[400]] == REPORTS


def test_twins_reported_missing_a_hundred_times_stay_two_persons() -> None:
    twin = CHILD | {"forename": ["JOSHUA"], "sex": "M"}
    clusters = persons_of(strangers(400) + [CHILD] * 60 + [twin] * 60, LocalEngine(GROUPS, 2))
    assert set(clusters[400:460]).isdisjoint(clusters[460:])
    assert len(set(clusters[400:])) == 2


def occurrences(keys: list[int]) -> prolific.Occurrences:
    return prolific.Occurrences(np.arange(len(keys)), mixed(np.array(keys, np.uint64)))


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 5), st.integers(5, 12))
def test_records_of_one_combination_are_paired_where_they_are_many_but_not_too_many(
    keys: list[int], fewest: int, most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prolific, "FEWEST", fewest)
        patch.setattr(prolific, "MOST", most)
        pairs = prolific._pairs_sharing(occurrences(keys))
    rows_of = {key: [row for row, other in enumerate(keys) if other == key] for key in keys}
    wanted = {pair for rows in rows_of.values() if fewest < len(rows) <= most for pair in combinations(rows, 2)}
    assert sorted(map(tuple, pairs.tolist())) == sorted(wanted)


def test_of_too_many_pairs_each_record_is_paired_with_the_next_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prolific, "WINDOWS", (500, 3))
    monkeypatch.setattr(prolific, "MOST_PAIRS", 100)
    pairs = prolific._pairs_sharing(occurrences([7] * 30))
    assert {right - left for left, right in pairs.tolist()} == {1, 2, 3}


def test_each_name_goes_with_each_birthday_of_its_record_and_a_year_alone_with_none() -> None:
    names = prolific._occurrences(pa.array([["A", "B"], ["A"], [], ["B"]]))
    days = prolific._whole_birthdays(pa.array(["2011-03-14", "2011-03-14", "2011-03-14", "2011-00-00"]))
    together = prolific._together(names, days)
    assert together.row.tolist() == [0, 0, 1]
    assert together.key[0] == together.key[2] != together.key[1]
