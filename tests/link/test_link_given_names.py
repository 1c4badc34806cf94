"""Given names that tell people of one family apart."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_of_records import table_of

from pipeline.core.text_hash import UNIT_SEPARATOR
from pipeline.link.given_names import are_two_names, are_unlike, clash, middle_names_clash

NAME = st.sampled_from(["MOHAMMED", "MD", "HASSAN", "HASAN", "IMRAN", "H", "LINA", "LINDA", "LINDXA", "QWRTZ"])
RECORD = st.fixed_dictionaries(
    {"forename": st.lists(NAME, max_size=2), "middle_names": st.none() | st.lists(NAME, min_size=1).map(" ".join)}
)


@pytest.mark.parametrize(
    ("left", "right", "is_clash"),
    [
        ("LINA", "LINDA", True),
        ("LINDA", "LINDXA", False),  # no name: a slip
        ("AYSHA", "AISHA", False),  # a variant
        ("KATE", "KATHERINE", False),  # a nickname
        ("REBECCA", "REBECA", False),  # another spelling
        ("LINA", "", False),
        ("LINA AISHA", "LINDA", True),
        ("LINA LINDA", "LINDA", False),  # one of the alternatives is the name
    ],
)
def test_two_names_are_listed_and_neither_stands_for_the_other(left: str, right: str, is_clash: bool) -> None:
    assert are_two_names(left, right) is is_clash
    assert are_two_names(right, left) is is_clash


@pytest.mark.parametrize(
    ("left", "right", "is_clash"),
    [
        (("MOHAMMED", "HASSAN"), ("MOHAMMED", "IMRAN"), True),
        (("MOHAMMED", "HASSAN"), ("MOHAMMED", ""), False),
        (("MOHAMMED", "HASSAN"), ("MOHAMMED", "H"), False),
        (("MOHAMMED", "HASSAN"), ("MOHAMMED", "HASSSN"), False),
        (("MOHAMMED", "HASSAN"), ("MOHAMMED", "HASAN ALI"), False),
        (("GRACE", "OLUWASEUN"), ("OLUWASEUN", "GRACE"), False),
        (("JAMES", "ROBERT"), ("ROBERT", "ALAN"), False),
    ],
)
def test_middle_names_clash_where_none_fits_a_given_name_of_the_other(left, right, is_clash: bool) -> None:
    left, right = UNIT_SEPARATOR.join(left), UNIT_SEPARATOR.join(right)
    assert middle_names_clash(left, right) is is_clash
    assert middle_names_clash(right, left) is is_clash


@pytest.mark.parametrize(
    ("left", "right", "is_clash"),
    [
        (("MOHAMMED", "HASSAN"), ("HASSAN", ""), False),
        (("MOHAMMED", "HASAN"), ("HASSAN", ""), False),
        (("MOHAMMED", "HASSAN"), ("IMRAN", "HASSAN"), True),  # a father's name, perhaps
        (("MOHAMMED", ""), ("IMRAN", ""), True),
    ],
)
def test_forenames_are_unlike_where_neither_is_a_middle_name_of_the_other(left, right, is_clash: bool) -> None:
    left, right = UNIT_SEPARATOR.join(left), UNIT_SEPARATOR.join(right)
    assert are_unlike(left, right) is is_clash
    assert are_unlike(right, left) is is_clash


@given(st.lists(RECORD, min_size=1, max_size=6), st.data())
def test_pairs_clash_as_their_texts_do_whatever_else_is_asked(records, data) -> None:
    table = table_of(records)
    row = st.integers(0, len(records) - 1)
    pairs = data.draw(st.lists(st.tuples(row, row), max_size=8))
    left, right = (np.array([pair[side] for pair in pairs], np.int32) for side in (0, 1))
    forenames = [" ".join(record["forename"]) for record in records]
    whole = [
        f"{names}{UNIT_SEPARATOR}{record['middle_names'] or ''}"
        for names, record in zip(forenames, records, strict=True)
    ]
    assert clash("two_names", table, left, right).tolist() == [
        are_two_names(forenames[a], forenames[b]) for a, b in pairs
    ]
    assert clash("middle_names", table, left, right).tolist() == [
        middle_names_clash(whole[a], whole[b]) for a, b in pairs
    ]
    assert clash("unlike", table, left, right).tolist() == [are_unlike(whole[a], whole[b]) for a, b in pairs]
    assert not clash("middle_names", table, left, left).any()
    assert not clash("two_names", table, left, left).any()


def test_a_table_without_middle_names_has_no_clash_of_them() -> None:
    table = pa.table({"forename": pa.array([["MOHAMMED"], ["MOHAMMED"]])})
    assert not clash("middle_names", table, np.array([0]), np.array([1])).any()
    assert clash("unlike", table, np.array([0]), np.array([1])).all()
