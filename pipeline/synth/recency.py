"""Every export ends in the last days before the night, as a living export does."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from pipeline.synth.lives import Event
from schemas.boroughs import BOROUGHS

BY_BOROUGH = ("cris", "la_children", "borough_cse")
FORCE_WIDE = ("crimint", "cad")  # the others have rows every day, and times that hang together
RECENT = 2  # rows of each feed that are moved to the last days


class Recency:
    """Moves the first events of each feed to the last days; fills, from the second half of London, feeds still empty."""

    def __init__(self, as_of: dt.date) -> None:
        self.as_of = as_of
        self.n_events: Counter[tuple[str, str]] = Counter()

    def settle(self, event: Event, *, is_late: bool) -> None:
        """Set the event's day, and rarely its borough, so that no feed is stale or empty."""
        if event.system not in BY_BOROUGH + FORCE_WIDE or "unnamed" in event.facts:
            return
        if is_late and event.system in BY_BOROUGH:
            event.borough = next(
                (borough for borough in BOROUGHS if not self.n_events[event.system, borough]), event.borough
            )
        feed = (event.system, event.borough if event.system in BY_BOROUGH else "")
        self.n_events[feed] += 1
        if self.n_events[feed] <= RECENT:
            day = self.as_of - dt.timedelta(days=self.n_events[feed])
            event.at = dt.datetime.combine(day, event.at.time())
