"""The date of a night is London's, as the hours of the schedule are."""

from __future__ import annotations

import datetime as dt

import pytest

from flows.night.plan import day_of


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
    assert day_of(dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)).isoformat() == day
