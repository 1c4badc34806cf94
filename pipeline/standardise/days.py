"""Calendar days out of text: every reading that the text allows, the likeliest first."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import NamedTuple

from schemas.contract import Dates

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "JAN JANUARY",
            "FEB FEBRUARY",
            "MAR MARCH",
            "APR APRIL",
            "MAY",
            "JUN JUNE",
            "JUL JULY",
            "AUG AUGUST",
            "SEP SEPT SEPTEMBER",
            "OCT OCTOBER",
            "NOV NOVEMBER",
            "DEC DECEMBER",
        ),
        start=1,
    )
    for name in names.split()
}
YEAR_FIRST = re.compile(r"^(\d{4})([-/. ])(\d{1,2})\2(\d{1,2})$")
NUMBERS = re.compile(r"^(\d{1,2})\s?[-/. ]\s?(\d{1,2})\s?[-/. ]\s?(\d{4}|\d{2})$")
DAY_MONTH_NAME = re.compile(r"^(\d{1,2})(?:ST|ND|RD|TH)?[-/. ]*(?:OF )?([A-Z]{3,9})[-/., ]*(\d{4}|\d{2})$")
MONTH_NAME_DAY = re.compile(r"^([A-Z]{3,9})[-/. ]*(\d{1,2})(?:ST|ND|RD|TH)?[-/., ]+(\d{4}|\d{2})$")
EIGHT_DIGITS = re.compile(r"^\d{8}$")
SERIAL = re.compile(r"^(\d{5})(?:\.\d+)?$")
WEEKDAY = re.compile(r"^(MON|TUE|TUES|WED|THU|THUR|THURS|FRI|SAT|SUN)(DAY|NESDAY|SDAY|URDAY)?[, ]+")
EXCEL_EPOCH = dt.date(1899, 12, 30)


class Day(NamedTuple):
    """One text read as a day, and the reading with day and month exchanged where the text leaves both open."""

    day: dt.date
    swapped: dt.date | None = None


class NotADayError(Exception):
    """The text has the form of a date, but the calendar has no such day."""


def read_day(text: str, dates: Dates, latest: dt.date) -> Day | None:
    """The day of a text; None if it has no form of a date.

    The contract's formats come first, then what people write. A two-digit year is the last one up to ``latest``.

    Raises:
        NotADayError: If it looks like a date that does not exist, such as 31/02/2009.
    """
    text = WEEKDAY.sub("", text)
    for form in dates.formats:
        if written := _by_format(text, form, latest):
            is_open = not dates.is_order_certain and "%m" in form and not YEAR_FIRST.match(text)
            return Day(written, _swap(written) if is_open else None)
    if serial := SERIAL.match(text):
        return Day(EXCEL_EPOCH + dt.timedelta(days=int(serial[1]))) if dates.excel_serial else None
    readings = list(_readings(text, dates, latest))
    if not readings:
        return None
    for year, month, day in readings:
        if real := _real(year, month, day):
            return Day(real, _swap(real) if NUMBERS.match(text) and not dates.is_order_certain else None)
    raise NotADayError


def _readings(text: str, dates: Dates, latest: dt.date) -> Iterator[tuple[int, int, int]]:
    if parts := YEAR_FIRST.match(text):
        yield int(parts[1]), int(parts[3]), int(parts[4])
    elif parts := NUMBERS.match(text):
        for day, month in _days_and_months(int(parts[1]), int(parts[2]), dates):
            yield full_year(parts[3], month, day, latest), month, day
    elif parts := DAY_MONTH_NAME.match(text):
        if month := MONTHS.get(parts[2], 0):
            yield full_year(parts[3], month, int(parts[1]), latest), month, int(parts[1])
    elif parts := MONTH_NAME_DAY.match(text):
        if month := MONTHS.get(parts[1], 0):
            yield full_year(parts[3], month, int(parts[2]), latest), month, int(parts[2])
    elif EIGHT_DIGITS.match(text):
        yield from _digits_readings(text, dates)


def _digits_readings(text: str, dates: Dates) -> Iterator[tuple[int, int, int]]:
    if text[:2] in ("19", "20"):
        yield int(text[:4]), int(text[4:6]), int(text[6:])
    for day, month in _days_and_months(int(text[:2]), int(text[2:4]), dates):
        yield int(text[4:]), month, day


def _days_and_months(first: int, second: int, dates: Dates) -> list[tuple[int, int]]:
    """Which number is the day and which the month: as the contract says, and then the other way round."""
    orders = [(first, second), (second, first)]
    return orders if dates.day_first else orders[::-1]


def full_year(year: str, month: int, day: int, latest: dt.date) -> int:
    """The year with its century: of two digits, the last such year in which the day is not after ``latest``."""
    if len(year) == 4:
        return int(year)
    full = latest.year // 100 * 100 + int(year)
    return full - 100 if (full, month, day) > (latest.year, latest.month, latest.day) else full


def _by_format(text: str, form: str, latest: dt.date) -> dt.date | None:
    try:
        day = dt.datetime.strptime(text, form).date()  # noqa: DTZ007 a day has no time zone
    except ValueError:
        return None
    if "%y" not in form:
        return day
    return _real(full_year(f"{day.year % 100:02}", day.month, day.day, latest), day.month, day.day)


def _swap(day: dt.date) -> dt.date | None:
    return _real(day.year, day.day, day.month) if day.day != day.month else None


def _real(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None
