"""Whether a record at two times speaks of one person."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from pipeline.core.same_person import TOLD_BY, is_corrected, is_somebody_else

NOTHING = dict.fromkeys(TOLD_BY)
AMINA = {**NOTHING, "feed_id": "f", "forename": ["AMINA"], "surname": ["KHAN"], "date_of_birth": dt.date(2009, 3, 4)}
THOMAS = {
    **NOTHING,
    "feed_id": "f",
    "forename": ["THOMAS"],
    "surname": ["BROWN"],
    "date_of_birth": dt.date(2010, 5, 16),
}


@pytest.mark.parametrize(
    "now",
    [
        {},
        {"surname": ["HUSSAIN"]},
        {"forename": ["AMINAH"], "surname": ["KAHN"]},
        {"forename": ["KHAN"], "surname": ["AMINA"]},
        {"forename": ["ZARA"], "surname": ["BEGUM"], "alias": ["AMINA KHAN", "AMINA", "KHAN"]},
        {"forename": ["ZARA"], "surname": ["BEGUM"]},
        {"date_of_birth": dt.date(2001, 7, 21)},
        {"surname": ["HUSSAIN"], "date_of_birth": dt.date(2009, 4, 3)},
        {"surname": ["HUSSAIN"], "date_of_birth": dt.date(2008, 3, 4)},
        {"surname": ["HUSSAIN"], "date_of_birth": dt.date(2001, 7, 21), "date_of_birth_alt": dt.date(2009, 3, 4)},
        {"surname": ["HUSSAIN"], "date_of_birth": None},
        {"surname": None, "date_of_birth": dt.date(2001, 7, 21)},
        dict.fromkeys(TOLD_BY),
    ],
    ids=str,
)
def test_a_correction_makes_nobody_else_of_a_record(now: dict[str, Any]) -> None:
    assert not is_somebody_else(AMINA, {**AMINA, **now})
    assert not is_somebody_else({**AMINA, **now}, AMINA)


@pytest.mark.parametrize(
    "now",
    [
        THOMAS,
        {**THOMAS, "date_of_birth": None},
        {**THOMAS, "nhs_number": "9434765919"},
        {**AMINA, "forename": ["OMAR"], "date_of_birth": dt.date(2010, 5, 16)},
        {**AMINA, "surname": ["ALI"], "date_of_birth": dt.date(2010, 5, 16)},
    ],
    ids=str,
)
def test_another_birthday_and_another_name_are_somebody_else(now: dict[str, Any]) -> None:
    assert is_somebody_else({**AMINA, "nhs_number": "9434765870"}, now)


def test_whoever_has_the_same_official_number_is_the_same() -> None:
    assert not is_somebody_else({**AMINA, "upn": "A123"}, {**THOMAS, "upn": "A123"})


def test_a_twins_name_is_no_correction_and_not_enough_for_somebody_else() -> None:
    twin = {**AMINA, "forename": ["SORAYA"]}
    assert not is_corrected(AMINA, twin)
    assert not is_somebody_else(AMINA, twin)
    assert is_corrected(AMINA, {**AMINA, "forename": ["AMINAH"], "date_of_birth": None})
