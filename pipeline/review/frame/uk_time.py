"""Time as people in London have it: the store and the tables keep UTC."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def uk_time(moment: dt.datetime) -> dt.datetime:
    """The same moment by a clock in London."""
    return moment.astimezone(LONDON)


def uk_day(moment: dt.datetime) -> dt.date:
    """The day that it is in London."""
    return uk_time(moment).date()
