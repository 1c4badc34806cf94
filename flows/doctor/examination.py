"""Is all well with a home? Each check looks and changes nothing; what is not well comes with what to do."""

from __future__ import annotations

from flows.doctor.finding import NOTHING_GIVEN, Finding, Given
from flows.doctor.machine import desk_key, disk, home_of, home_to_be, limits, not_to_be_read, prefect, versions
from flows.doctor.publication import (
    current_publication,
    drift,
    feeds,
    feeds_of_no_contract,
    journal_lines,
    kept_state,
    other_publications,
    publication_files,
)
from flows.doctor.run_file import named_in_settings
from flows.doctor.runs import clock, leftovers, runs
from flows.doctor.state import decisions, expunge_orders, last_good
from pipeline.core.errors import MOVE_AWAY
from pipeline.core.lock import lock_holder
from pipeline.core.places import Home, misplaced
from pipeline.publish.publication import Publication
from schemas.settings import RunSettings


def examine(settings: RunSettings, home: Home, *, is_deep: bool, given: Given = NOTHING_GIVEN) -> list[Finding]:
    """Every check of a home; ``is_deep`` reads every byte of the publication."""
    if unread := not_to_be_read(home):
        return [*versions(), *unread, *named_in_settings(settings, given, is_deep=is_deep)]
    if wrong := [Finding("home", "problem", f"{path} {problem}", MOVE_AWAY) for path, problem in misplaced(home)]:
        return [*versions(), *wrong]
    if not home.root.is_dir():
        return [
            *versions(),
            home_to_be(home),
            *named_in_settings(settings, given, is_deep=is_deep),
            decisions(settings, home, None),
        ]
    current = current_publication(home, given.run_command())
    published = current if isinstance(current, Publication) else None
    holder = lock_holder(home.lock)
    return [
        *versions(),
        *named_in_settings(settings, given, is_deep=is_deep),
        *home_of(home),
        *disk(home, published),
        Finding(
            "lock",
            "warning" if holder else "ok",
            f"held by {holder}." if holder else "free.",
            "Wait for that run, or stop it." if holder else "",
        ),
        *runs(home, given, is_busy=holder is not None),
        *leftovers(home, is_busy=holder is not None),
        *([publication_files(published, is_deep=is_deep)] if published else [current]),
        *other_publications(home),
        *journal_lines(home),
        decisions(settings, home, published),
        *desk_key(home),
        *last_good(home),
        *expunge_orders(home, is_busy=holder is not None),
        *([kept_state(settings, home, published)] if published else ()),
        *(feeds(published) if published else ()),
        *(feeds_of_no_contract(settings, published) if published else ()),
        *(drift(published) if published else ()),
        prefect(),
        limits(),
        clock(home),
    ]
