"""Ages as suites see them: whole on birthdays, by London's days."""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from least_rows import least

from pipeline.core.clock import LONDON
from pipeline.core.places import EXPECTATIONS
from pipeline.validate.suites import Suites
from pipeline.validate.views import AGE, event_view, record_view
from schemas.tables import EVENTS_STAGED, STD_RECORDS

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


@pytest.mark.parametrize(
    ("moment", "days"),
    [("2026-07-01T00:00", 0), ("2026-07-01T23:59", 0), ("2026-06-30T23:59", 1), ("2026-07-02T00:00", -1)],
)
def test_days_before_the_night_are_those_of_the_calendar_in_london(moment: str, days: int) -> None:
    at = dt.datetime.fromisoformat(moment).replace(tzinfo=LONDON)
    for table, view, name in (
        (STD_RECORDS, record_view, "recorded"),
        (EVENTS_STAGED, event_view, "started"),
    ):
        rows = pa.Table.from_pylist([{**least(table), f"{name}_at": at}, least(table)], table.arrow_schema())
        column = view(rows, dt.date(2026, 7, 1), lambda column, name=name: column == f"{name}_days_ago")
        assert column[f"{name}_days_ago"][0] == days
        assert math.isnan(column[f"{name}_days_ago"][1])


@pytest.mark.parametrize(("suite", "column"), [("std_records", "recorded_days_ago"), ("events", "started_days_ago")])
def test_what_is_dated_the_day_after_the_night_is_in_the_future(suite: str, column: str) -> None:
    outcomes = Suites(EXPECTATIONS)
    wanted = outcomes.columns(suite).index(column)
    (outcome,) = outcomes.run(suite, pd.DataFrame({column: [1.0, 0.0, -1.0, math.nan]}), {}, [wanted])
    assert outcome.failing.tolist() == [2]
