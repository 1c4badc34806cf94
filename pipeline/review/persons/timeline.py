"""Events of a person in time, as the picture of their page draws them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.review.frame.pages import day

TIME_WIDTH, TIME_LEFT, TIME_ROW = 1_000, 210, 34


@dataclass(frozen=True, slots=True)
class Dot:
    """One event on the timeline."""

    x: int
    y: int
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Events in time, one row a borough."""

    boroughs: tuple[tuple[str, int], ...]
    dots: tuple[Dot, ...]
    years: tuple[tuple[str, int], ...]
    """Turns of the year; where there is none, the first and the last month"""
    hidden: int
    height: int
    width: int = TIME_WIDTH


def timeline_of(events: Sequence[Mapping[str, Any]]) -> Timeline | None:
    """One row a borough, with a dot for each event that has a date and that its viewer may see; None where there is none."""
    dated = [event for event in events if not event["is_masked"] and event["started_at"]]
    if not dated:
        return None
    first, last = (when(event["started_at"] for event in dated) for when in (min, max))
    span = max((last - first).total_seconds(), 86_400.0)

    def place(moment: dt.datetime) -> int:
        return round(TIME_LEFT + 15 + (moment - first).total_seconds() / span * (TIME_WIDTH - TIME_LEFT - 40))

    names = sorted({event["borough"] or "Force-wide" for event in dated})
    rows = {name: 22 + number * TIME_ROW for number, name in enumerate(names)}
    dots = tuple(
        Dot(
            place(event["started_at"]),
            rows[event["borough"] or "Force-wide"],
            f"{day(event['started_at'])}: {event['event_type'].replace('_', ' ')}, {event['role'].replace('_', ' ')}",
        )
        for event in dated
    )
    starts = [dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in range(first.year, last.year + 2)]
    years = tuple((str(start.year), place(start)) for start in starts if first <= start <= last)
    if not years:
        years = tuple((f"{moment:%B %Y}", place(moment)) for moment in dict.fromkeys((first, last)))
        years = years[:1] if years[0][0] == years[-1][0] else years
    return Timeline(tuple(rows.items()), dots, years, len(events) - len(dated), 22 + len(names) * TIME_ROW + 20)
