"""Ages as suites see them: whole on birthdays, by London's days."""

from __future__ import annotations

import datetime as dt
import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from least_rows import least

from pipeline.standardise.times import LONDON
from pipeline.validate.views import AGE, record_view
from schemas.tables import STD_RECORDS

NIGHT = dt.date(2026, 11, 20)
days = st.dates(dt.date(1920, 1, 1), dt.date(2026, 11, 20))


def age(born: dt.date | None, recorded_at: dt.datetime | None) -> float:
    row = {**least(STD_RECORDS), "date_of_birth": born, "recorded_at": recorded_at}
    rows = pa.Table.from_pylist([row], STD_RECORDS.arrow_schema())
    return float(record_view(rows, NIGHT, lambda name: name == AGE)[AGE][0])


@given(days, days, st.times())
def test_an_age_is_that_in_completed_years_by_the_day_in_london(born: dt.date, day: dt.date, clock: dt.time) -> None:
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    assert math.floor(age(born, dt.datetime.combine(day, clock, LONDON))) == years


@pytest.mark.parametrize(
    ("day", "clock", "years"), [("2026-06-30", 23, 9), ("2026-07-01", 0, 10), ("2026-07-01", 23, 10)]
)
def test_a_child_arrested_on_the_tenth_birthday_is_ten_all_day_also_in_summer(day: str, clock: int, years: int) -> None:
    arrested = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(clock), LONDON)
    assert math.floor(age(dt.date(2016, 7, 1), arrested)) == years


def test_who_is_not_yet_born_has_an_age_below_zero_and_a_record_without_a_day_is_as_old_as_the_night() -> None:
    assert age(dt.date(2026, 8, 20), dt.datetime(2025, 11, 20, tzinfo=LONDON)) == -0.75
    assert age(dt.date(2026, 11, 20), dt.datetime(2026, 11, 20, 3, tzinfo=LONDON)) == 0
    assert age(dt.date(2016, 11, 20), None) == 10
    assert math.isnan(age(None, None))
