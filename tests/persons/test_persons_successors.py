"""Keys that sources give anew: whose record is whose, from one night to the next."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nights_of_clusters import records_telling

from pipeline.persons.ledger import empty_ledger
from pipeline.persons.successors import NOTHING_NEW, Successors, successors

PEOPLE = {
    "Amina": ("AMINA", "KHAN", dt.date(2009, 3, 4)),
    "Aminah": ("AMINAH", "KHAN", dt.date(2009, 3, 4)),
    "Soraya, her twin": ("SORAYA", "KHAN", dt.date(2009, 3, 4)),
    "Thomas": ("THOMAS", "BROWN", dt.date(2010, 5, 16)),
    "Lena": ("LENA", "FOX", dt.date(2011, 8, 23)),
    "nobody known": (None, None, None),
}
Night = dict[str, str]
"""Record to whom it speaks of"""


def records(night: Night, feed: str = "f") -> pa.Table:
    return records_telling({record: PEOPLE[person] for record, person in night.items()}, feed)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({"1": "Amina", "2": "Lena"}, {"1": "Amina", "2": "Lena"}, NOTHING_NEW),
        ({"1": "Amina"}, {"1": "Aminah"}, NOTHING_NEW),
        ({"1": "Amina"}, {"1": "nobody known"}, NOTHING_NEW),
        ({"1": "nobody known"}, {"1": "Amina"}, NOTHING_NEW),
        ({"1": "Amina"}, {"1": "Thomas"}, Successors(frozenset("1"))),
        ({"1": "Amina"}, {"2": "Amina"}, Successors(frozenset(), {"2": "1"})),
        (
            {"1": "Amina", "2": "Thomas"},
            {"1": "Thomas", "2": "Amina"},
            Successors(frozenset("12"), {"1": "2", "2": "1"}),
        ),
        ({"1": "Amina", "2": "Thomas"}, {"1": "Lena", "2": "Amina"}, Successors(frozenset("12"), {"2": "1"})),
        (
            {"1": "Amina", "2": "Soraya, her twin"},
            {"1": "Soraya, her twin", "2": "Amina"},
            Successors(frozenset("12"), {"1": "2", "2": "1"}),
        ),
        ({"1": "Amina"}, {"1": "Soraya, her twin"}, NOTHING_NEW),
        ({"1": "Amina", "2": "Aminah"}, {"1": "Aminah"}, NOTHING_NEW),
        ({"1": "Amina"}, {"2": "Amina", "3": "Amina"}, NOTHING_NEW),
        ({"1": "nobody known"}, {"2": "nobody known"}, NOTHING_NEW),
        ({}, {"1": "Amina"}, NOTHING_NEW),
        ({"1": "Amina"}, {}, NOTHING_NEW),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_person_is_known_again_under_another_key_and_a_key_that_is_anothers_is_seen(
    before: Night, now: Night, expected: Successors, tmp_path: Path
) -> None:
    pq.write_table(records(before), tmp_path / "part-0.parquet")
    found = successors(empty_ledger(), tmp_path, records(now))
    assert replace(found, left={}) == expected
    assert found.left.keys() == before.keys() - now.keys()
    is_renewed = np.array([before.get(record) != now[record] for record in records(now).column(0).to_pylist()], bool)
    assert successors(empty_ledger(), tmp_path, records(now), is_renewed) == found


def test_a_record_that_says_what_it_said_is_not_compared(tmp_path: Path) -> None:
    pq.write_table(records({"1": "Amina", "2": "Lena"}), tmp_path / "part-0.parquet")
    is_renewed = np.array([False, True])
    found = successors(empty_ledger(), tmp_path, records({"1": "Thomas", "2": "Thomas"}), is_renewed)
    assert found.replaced == {"2"}


def test_another_feed_is_another_source_of_keys(tmp_path: Path) -> None:
    pq.write_table(records({"1": "Amina"}), tmp_path / "part-0.parquet")
    found = successors(empty_ledger(), tmp_path, records({"2": "Amina"}, feed="g"))
    assert replace(found, left={}) == NOTHING_NEW
