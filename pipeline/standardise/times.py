"""Moments of events: London's clock in, UTC out."""

from __future__ import annotations

import datetime as dt
import re

from pipeline.core.clock import LONDON
from pipeline.standardise.days import EXCEL_EPOCH, NotADayError, full_year, read_day
from pipeline.standardise.distinct import Reading, no_value
from pipeline.standardise.reference import Reference
from pipeline.standardise.text import latin, repair
from schemas.contract import Dates

PLANNED_YEARS = 5  # two-digit years of events may lie so far ahead: visits and reviews are planned
CLOCK = re.compile(
    r"^(?P<day>.+?)(?:[T ]+(?:AT )?|(?<=\d),? )(?P<hour>\d{1,2})[:.](?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r" ?(?P<half>[AP]\.?M\.?)?(?:HRS|H)? ?(?P<zone>Z|UTC|GMT|BST|[+-]\d{2}:?\d{2})?$"
)
MILITARY = re.compile(r"^(?P<day>.+\d{4})[ T]+(?P<hour>\d{2})(?P<minute>\d{2})(?: ?H(?:OU)?RS)?$")
SERIAL = re.compile(r"^(\d{5})(\.\d+)?$")


def read_time(field: str, text: str, dates: Dates, reference: Reference, as_of: dt.date) -> Reading[dt.datetime]:
    """The moment in UTC. A day without an hour is its midnight in London.

    The hour that comes twice in October is the first of both; the one that March leaves out counts from winter time.
    """
    plain = latin(repair(text))
    if reference.stands_for_nothing("time", plain):
        return no_value(field, "placeholder")
    latest = _years_later(as_of)
    try:
        moment = _by_format(text, dates, latest) or _serial(plain, dates) or _written(plain, dates, latest)
        if moment:
            return Reading(moment.astimezone(dt.UTC))
    except (NotADayError, ValueError, OverflowError):
        return no_value(field, "impossible_date")
    return no_value(field, "unreadable_date")


def _years_later(day: dt.date) -> dt.date:
    return dt.date(day.year + PLANNED_YEARS, 12, 31)


def _by_format(text: str, dates: Dates, latest: dt.date) -> dt.datetime | None:
    for form in dates.formats:
        if not any(sign in form for sign in ("%H", "%I")):
            continue
        try:
            moment = dt.datetime.strptime(text.strip(), form)  # noqa: DTZ007 the zone follows
        except ValueError:
            continue
        if "%y" in form:
            moment = moment.replace(year=full_year(f"{moment.year % 100:02}", moment.month, moment.day, latest))
        return moment if moment.tzinfo else moment.replace(tzinfo=LONDON)
    return None


def _serial(plain: str, dates: Dates) -> dt.datetime | None:
    if not dates.excel_serial or not SERIAL.match(plain):
        return None
    days, _, part = plain.partition(".")
    minutes = round(float(f"0.{part or 0}") * 24 * 60)
    midnight = dt.datetime.combine(EXCEL_EPOCH + dt.timedelta(days=int(days)), dt.time())
    return (midnight + dt.timedelta(minutes=minutes)).replace(tzinfo=LONDON)


def _written(plain: str, dates: Dates, latest: dt.date) -> dt.datetime | None:
    parts = CLOCK.match(plain) or MILITARY.match(plain)
    clock_parts: dict[str, str | None] = parts.groupdict() if parts else {}
    day = read_day((clock_parts.get("day") or plain).strip(" ,"), dates, latest)
    if not day:
        return None
    clock = dt.time(_hour(clock_parts), int(clock_parts.get("minute") or 0), int(clock_parts.get("second") or 0))
    return dt.datetime.combine(day.day, clock, tzinfo=_zone(clock_parts.get("zone")))


def _hour(clock_parts: dict[str, str | None]) -> int:
    hour, half = int(clock_parts.get("hour") or 0), clock_parts.get("half") or ""
    if half and hour <= 12:
        return hour % 12 + (12 if half.startswith("P") else 0)
    return hour


def _zone(zone: str | None) -> dt.tzinfo:
    if not zone:
        return LONDON
    if zone in ("Z", "UTC", "GMT"):
        return dt.UTC
    if zone == "BST":
        return dt.timezone(dt.timedelta(hours=1))
    sign, digits = -1 if zone[0] == "-" else 1, zone[1:].replace(":", "")
    return dt.timezone(sign * dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
