"""What a night came to, for the operator."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from flows.night.counted import counted
from flows.night.feeds_alike import feeds_alike, named_together


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts, paths, and the feeds that were not fresh."""

    run_id: str
    published: Path
    report: Path
    validation: Path
    records: int
    persons: int
    links: int
    questions: int
    quarantined: int
    fresh: int
    not_fresh: tuple[tuple[str, str, str], ...]
    """feed, state, reason"""
    seconds: float
    peak_mb: float
    detached: int = 0
    """Decisions that bind nothing, as a record of theirs is gone or speaks of somebody else"""
    why_full: str | None = None
    """Why everything was rebuilt; None where only what is new or changed was"""
    built: dict[str, int] = field(default_factory=dict)
    """Records new, changed, withdrawn and unchanged, pairs compared tonight and pairs that were known"""
    unread: tuple[tuple[str, str], ...] = ()
    """feed, what to tell of the sheets of its export that were not read, where it is fresh nevertheless"""

    @property
    def exit_code(self) -> int:
        """0: all fresh; 3: published, but a feed was held or missing."""
        return 3 if self.not_fresh else 0

    def as_json(self) -> dict[str, object]:
        """The outcome as JSON-ready values."""
        return asdict(self) | {
            "published": str(self.published),
            "report": str(self.report),
            "validation": str(self.validation),
        }


def worked_on(why_full: str | None, built: Mapping[str, int]) -> str:
    """What the night worked on, in words."""
    built_or_zero = defaultdict(int, built)
    if why_full:
        return f"everything, because {why_full}"
    records = counted(built_or_zero["new"], "record")
    others = "{changed:,} changed, {withdrawn:,} withdrawn, {unchanged:,} as they were".format_map(built_or_zero)
    pairs, persons = (
        counted(built_or_zero["pairs_compared"], "pair"),
        counted(built_or_zero["persons_rebuilt"], "person"),
    )
    return f"{records} new, {others}; {pairs} compared, {persons} made anew"


def not_fresh_told(not_fresh: Sequence[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    """Who is not fresh, and what to tell of it; feeds of one source with the same trouble, each in its own file, together."""
    reasons = {feed_id: reason for feed_id, _, reason in not_fresh}
    trouble = {feed_id: (state, reason.partition(": ")[2]) for feed_id, state, reason in not_fresh}
    for feed_ids in feeds_alike(trouble):
        (state, _), reason = trouble[feed_ids[0]], reasons[feed_ids[0]]
        if len(feed_ids) == 1:
            yield feed_ids[0], f"is {state}: {reason}"
        else:
            yield named_together(feed_ids), f"are {state}, the first for: {reason}"
