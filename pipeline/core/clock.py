"""London's clock, by which the force lives, and UTC, in which moments are kept."""

from __future__ import annotations

import datetime as dt
import time
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def london_time(moment: dt.datetime) -> dt.datetime:
    """The same moment by a clock in London."""
    return moment.astimezone(LONDON)


def london_day(moment: dt.datetime) -> dt.date:
    """The day that it is in London: half past midnight of a summer night is of that day, though not in UTC."""
    return london_time(moment).date()


def utc_text(seconds: float) -> str:
    """A moment, in seconds since 1970, as the files of a home keep it: UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def utc_now() -> str:
    """This moment by the system's clock, as ``utc_text`` writes it."""
    return utc_text(time.time())


def moment_of(text: str) -> dt.datetime:
    """The moment that ``utc_text`` wrote."""
    return dt.datetime.fromisoformat(text)
