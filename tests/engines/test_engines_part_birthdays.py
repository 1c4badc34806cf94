"""Birthdays of which the year alone, or year and month, are known: what nobody knows is no agreement."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.local import levels as local
from pipeline.engines.plain import levels as plain
from pipeline.engines.tokens import tokens_of
from schemas.model import LEVELS

NUMBERS = st.integers(0, 12).map("{:02}".format)
BIRTHDAYS = st.tuples(st.integers(1899, 2012).map(str), NUMBERS, NUMBERS).map(
    lambda parts: "-".join(parts if parts[1] != "00" else (parts[0], "00", "00"))
)


def level_of(left: str, right: str) -> str:
    """The level that the kernels give."""
    packed = [np.uint32(int(text.replace("-", ""), 16)) for text in (left, right)]
    return LEVELS["date"][local.date_level(*packed) - 1]


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("1862-00-00", "1879-00-00", "far"),
        ("1862-00-00", "1870-00-00", "else"),
        ("1862-00-00", "1863-00-00", "close"),
        ("1869-00-00", "1870-00-00", "close"),
        ("1862-00-00", "1826-00-00", "close"),
        ("1862-00-00", "1864-00-00", "part"),
        ("1862-00-00", "1872-00-00", "part"),
        ("1862-00-00", "1862-05-17", "first_of_january"),
        ("1862-00-00", "1862-11-12", "first_of_january"),
        ("1862-00-00", "1871-05-17", "else"),
        ("1862-05-00", "1862-05-17", "part"),
        ("1862-05-00", "1862-05-07", "part"),
        ("1862-05-00", "1862-05-10", "part"),
        ("1862-05-00", "1862-06-00", "same_year"),
        ("1862-05-00", "1862-06-07", "same_year"),
        ("1862-05-00", "1862-01-01", "first_of_january"),
        ("1862-05-00", "1863-05-00", "else"),
        ("1862-05-00", "1870-05-00", "else"),
        ("1862-05-00", "1874-05-00", "else"),
    ],
)
def test_a_month_or_day_that_nobody_knows_is_no_agreement(left: str, right: str, level: str) -> None:
    assert level_of(left, right) == level
    assert plain.date_level(left, right) == level


@given(left=BIRTHDAYS, right=BIRTHDAYS)
def test_engines_agree_on_birthdays_known_in_part(left: str, right: str) -> None:
    if left != right:
        assert level_of(left, right) == plain.date_level(left, right)


def test_a_month_or_day_that_nobody_knows_brings_nobody_together() -> None:
    tokens = {of.word: list(of.text) for of in tokens_of("date", ["1862-00-00", "1862-05-00", "1862-05-17"], {})}
    assert tokens["month_day"] == ["05-17"]
    assert tokens["year_day"] == ["1862-17"]
    assert tokens["day"] == ["1862-00-00", "1862-05-00", "1862-05-17"]
