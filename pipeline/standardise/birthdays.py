"""Birthdays and ages: one cell may hold either, or both."""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from pipeline.standardise.days import MONTHS, Day, NotADayError, read_day
from pipeline.standardise.distinct import Note
from pipeline.standardise.reference import Reference
from pipeline.standardise.text import latin, repair, without_float_tail
from schemas.contract import Dates

OLDEST_YEARS = 110
CLOCK = re.compile(r"[T ]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$")
LABEL = re.compile(r"^(D\.?O\.?B\.?|DATE OF BIRTH|BORN( ON)?|B\.|BN)[: ]*")
CENTURY = r"(?:1[5-9]|20)"
YEAR_ONLY = re.compile(rf"^(?:YEAR )?({CENTURY}\d{{2}})(?: ?\(?YEAR ONLY\)?)?$")
ABOUT = r"(?:(?:AGED?|APPROX(?:IMATELY)?|ABOUT|CIRCA|CA?|EST(?:IMATED)?|LOOKS|BETWEEN)[.: ]*|~ ?)*"
UNIT = r"(?: ?-?(?:YEARS?|YRS?|Y/?O|Y)\.?(?:[ -]?OLD)?)?"
AGE = re.compile(rf"^{ABOUT}(\d{{1,3}})(?: ?(?:-|/|TO|AND|OR) ?(\d{{1,3}}))?{UNIT}(?: APPROX)?$")
YOUNGER = re.compile(rf"^{ABOUT}(?:UNDER|<|BELOW) ?(\d{{1,3}}){UNIT}$")
OLDER = re.compile(rf"^{ABOUT}(?:(?:OVER|>) ?(\d{{1,3}})|(\d{{1,3}}) ?\+){UNIT}$")
MONTHS_BEYOND = re.compile(r"(?<=[A-Z])[, ]+(?:AND )?\d{1,2} ?(?:MONTHS?|MTHS?|MO)$")
FRACTIONS = str.maketrans("", "", "\u00bc\u00bd\u00be")
BABY = re.compile(rf"^{ABOUT}\d{{1,2}} ?(?:MONTHS?|MTHS?|MO|WEEKS?|WKS?|DAYS?)(?:[ -]?OLD)?$")
UNKNOWN = r"(?:00?|X{1,2}|\?{1,2})"
MONTH_AND_YEAR = re.compile(rf"^(?:{UNKNOWN}[-/. ])?([A-Z]{{3,9}}|\d{{1,2}}|{UNKNOWN})[-/. ]+({CENTURY}\d{{2}})$")
YEAR_AND_MONTH = re.compile(rf"^({CENTURY}\d{{2}})[-/. ](\d{{1,2}}|{UNKNOWN})(?:[-/. ]{UNKNOWN})?$")
DOUBT = re.compile(
    r"^(?:APPROX(?:IMATELY)?|ABOUT|CIRCA|CA?|EST(?:IMATED)?|POSS(?:IBLY)?|PROB(?:ABLY)?|MAYBE)\b[.: ]*|^~ ?"
    r"|[ (]*(?:\?+|\b(?:APPROX(?:IMATE(?:LY)?)?|EST(?:IMATED?)?)\.?)\)?$"
)
"""What says of a date before or behind it that it may be another"""
THEN_AGE = re.compile(
    r"^(?P<date>.*?\d)\s*"
    r"(?:\((?P<inside>[^()]*)\)|[/,;-]?\s*(?P<after>AGED?\b.*|\d{1,3} ?Y.*)|\s[/-]\s(?P<bare>\d{1,3}))$"
)


class Ages(NamedTuple):
    """An age as stated, in years; one bound may be open."""

    low: int | None = None
    high: int | None = None


class Birthday(NamedTuple):
    """What a cell says of someone's birth."""

    date_of_birth: dt.date | None = None
    swapped: dt.date | None = None
    ages: Ages = Ages()
    year: int | None = None
    """Year of birth where the cell has nothing finer; an age follows from it and the day of the record."""
    notes: tuple[Note, ...] = ()


class YearAndMonth(NamedTuple):
    """What is known of a birthday without a day."""

    year: int
    month: int
    """0 where it is not known"""


def read_birthday(text: str, dates: Dates, reference: Reference, as_of: dt.date) -> Birthday:
    """The birthday, age or year of birth of a cell; a date nobody alive can have is null with a reason."""
    plain = plain_birthday(text)
    if reference.stands_for_nothing("date_of_birth", plain):
        return _nothing("placeholder")
    sure = without_doubt(plain)
    birthday = _read_plain(sure, dates, reference, as_of)
    if sure != plain and (birthday.date_of_birth or birthday.year):
        return birthday._replace(notes=_nothing("doubtful_date").notes)
    return birthday


def _read_plain(plain: str, dates: Dates, reference: Reference, as_of: dt.date) -> Birthday:
    known = year_and_month(plain)
    try:
        if day := read_day(plain, dates, as_of):
            return _plausible(day, reference, as_of)
    except NotADayError:
        if not known:
            return _nothing("impossible_date")
    if known:
        is_possible = as_of.year - OLDEST_YEARS <= known.year <= as_of.year
        return Birthday(year=known.year) if is_possible else _nothing("impossible_age")
    if ages := _ages(plain):
        return Birthday(ages=ages) if _is_human(ages) else _nothing("impossible_age")
    return _date_then_age(plain, dates, reference, as_of) or _nothing("unreadable_date")


def read_age(text: str) -> Birthday:
    """The age or age range of a cell."""
    ages = _ages(plain_birthday(text))
    if ages and _is_human(ages):
        return Birthday(ages=ages)
    return Birthday(notes=(Note("age", "age", "impossible_age" if ages else "unreadable_age"),))


def plain_birthday(text: str) -> str:
    """A cell without the clock and the label of a birthday, in upper-case ASCII."""
    plain = without_float_tail(CLOCK.sub("", latin(repair(text).translate(FRACTIONS)).replace(" - ", "-")))
    return LABEL.sub("", plain).strip(" .,;:'")


def without_doubt(plain: str) -> str:
    """A plain text without what doubts it: c. 2010, 24/7/2010?, 2010 (approx)."""
    if year_and_month(plain) or not any(sign.isdigit() for sign in plain):
        return plain  # signs for a day that nobody knows are no doubt: 2010-07-??
    return DOUBT.sub("", plain).strip(" .,;:'")


def year_and_month(plain: str) -> YearAndMonth | None:
    """The year of a plain text that has no day, and its month where it has one: 2009, March 2009, 03/2009, 2009-03-00."""
    if alone := YEAR_ONLY.match(plain):
        return YearAndMonth(int(alone[1]), 0)
    if parts := MONTH_AND_YEAR.match(plain):
        month, year = parts.groups()
    elif parts := YEAR_AND_MONTH.match(plain):
        year, month = parts.groups()
    else:
        return None
    if month.isalpha() and month.strip("X") and month not in MONTHS:
        return None
    number = MONTHS.get(month) or (int(month) if month.isdigit() else 0)
    return YearAndMonth(int(year), number if number <= 12 else 0)


def _nothing(reason: str) -> Birthday:
    return Birthday(notes=(Note("date_of_birth", "date_of_birth", reason),))


def _date_then_age(plain: str, dates: Dates, reference: Reference, as_of: dt.date) -> Birthday | None:
    parts = THEN_AGE.match(plain)
    if not parts:
        return None
    try:
        day = read_day(parts["date"].strip(), dates, as_of)
    except NotADayError:
        return _nothing("impossible_date")
    if not day:
        return None
    ages = _ages((parts["inside"] or parts["after"] or parts["bare"] or "").strip())
    return _plausible(day, reference, as_of)._replace(ages=ages if ages and _is_human(ages) else Ages())


def _plausible(day: Day, reference: Reference, as_of: dt.date) -> Birthday:
    first, second = (_why_not(reading, reference, as_of) if reading else "none" for reading in day)
    if first and not second and day.swapped:
        return Birthday(day.swapped)
    if first:
        return _nothing(first)
    return Birthday(day.day, None if second else day.swapped)


def _why_not(day: dt.date, reference: Reference, as_of: dt.date) -> str | None:
    if day in reference.default_birthdays:
        return "default_birthday"
    if day > as_of:
        return "in_the_future"
    return "impossible_age" if day.year < as_of.year - OLDEST_YEARS else None


def _ages(plain: str) -> Ages | None:
    plain = MONTHS_BEYOND.sub("", plain.replace("+/-", "").replace("YEARS OF AGE", "YEARS"))
    if BABY.match(plain):
        return Ages(0, 2)
    if parts := YOUNGER.match(plain):
        return Ages(None, max(int(parts[1]) - 1, 0))
    if parts := OLDER.match(plain):
        return Ages(int(parts[1] or parts[2]), None)
    if parts := AGE.match(plain):
        low, high = int(parts[1]), int(parts[2] or parts[1])
        return Ages(min(low, high), max(low, high))
    return None


def _is_human(ages: Ages) -> bool:
    return all(years is None or years <= OLDEST_YEARS for years in ages)
