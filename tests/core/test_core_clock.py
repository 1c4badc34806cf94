"""London's day of a moment, and moments in UTC as files keep them."""

from __future__ import annotations

import datetime as dt

import pytest

from pipeline.core.clock import london_day, moment_of, utc_text


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-07-26T23:30:00", "2026-07-27"),  # half past midnight in summer
        ("2026-12-31T23:59:59", "2026-12-31"),
        ("2027-01-01T00:00:00", "2027-01-01"),
        ("2026-03-29T00:30:00", "2026-03-29"),  # the hour before the clocks go forward
        ("2026-10-24T23:30:00", "2026-10-25"),
        ("2026-10-25T01:30:00", "2026-10-25"),  # the hour after they go back
        ("2026-10-25T23:30:00", "2026-10-25"),
    ],
)
def test_a_night_is_of_the_day_that_it_is_in_london(moment: str, day: str) -> None:
    assert london_day(dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)).isoformat() == day


def test_a_moment_that_a_file_keeps_is_read_as_the_same_second_in_utc() -> None:
    assert utc_text(0.9) == "1970-01-01T00:00:00Z"
    assert moment_of("2026-07-26T23:30:00Z") == dt.datetime(2026, 7, 26, 23, 30, tzinfo=dt.UTC)
