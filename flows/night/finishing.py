"""What comes after the tables of a run have their name: readers and last good exports, for a night as for a release; its note, the measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from flows.night.openmetrics import renew_metrics
from pipeline.core.errors import StateError
from pipeline.core.known_fields import from_known
from pipeline.core.log import log
from pipeline.core.places import Home
from pipeline.core.run_note import note_published, read_note
from pipeline.publish.held_back import read_verdict
from pipeline.publish.publication import current_run_id, point_at
from pipeline.validate.hold import FeedNight, FeedState, promote
from pipeline.validate.last_good import ExportFacts


def switch_to(home: Home, run_id: str) -> None:
    """Point readers at a publication that lies whole under its name; its fresh exports become the last good ones.

    Raises:
        StateError: If what the gate noted of the run cannot be read.
    """
    if current_run_id(home) != run_id:
        point_at(home, run_id)
    verdict = read_verdict(home, run_id)
    fresh = [_state_of(home, feed) for feed in verdict.fresh_feeds if _is_there(home, feed)] if verdict else []
    promote(home, fresh, run_id)


def finish_publication(home: Home, run_id: str) -> None:
    """Do all that a run still has to do once its tables have their name, where it died or failed or was held back.

    Readers are switched to it, and its run's note says that it is published. Whatever of it was done before is done
    again, so that one that died or failed here is finished by calling this once more. Call it under the run lock.

    Raises:
        StateError: If what the gate noted of the run cannot be read.
    """
    switch_to(home, run_id)
    note_published(home.run(run_id).root)
    renew_metrics(home)


def is_finished(home: Home, run_id: str) -> bool:
    """Whether nothing is left to do for the publication that readers see; the note of its run is written last.

    Where that note is damaged nobody knows, and all is done again.

    Raises:
        StorageError: If the system does not let the note be read.
    """
    try:
        note = read_note(home.run(run_id).root)
    except StateError:
        return False
    return note is None or note.state == "published"


def fresh_feeds(home: Home, states: Sequence[FeedState]) -> tuple[Mapping[str, Any], ...]:
    """What finishing needs of the feeds that were fresh; paths are relative to the home."""
    return tuple(
        {
            "feed_id": state.night.feed_id,
            "source": state.night.source,
            "borough": state.night.borough,
            "facts": asdict(state.facts),
            "std_records": str(state.std_records.relative_to(home.root)),
            "events": str(state.events.relative_to(home.root)),
            "quarantine": [str(path.relative_to(home.root)) for path in state.quarantine],
        }
        for state in states
        if state.state == "fresh" and state.facts and state.std_records and state.events
    )


def _is_there(home: Home, feed: Mapping[str, Any]) -> bool:
    """Whether the export's tables still lie in the run's folder: where they were removed the feed keeps its older export."""
    paths = (feed["std_records"], feed["events"], *feed.get("quarantine", ()))
    is_there = all((home.root / path).is_file() for path in paths)
    if not is_there:
        log("fresh export gone", feed=feed["feed_id"])
    return is_there


def _state_of(home: Home, feed: Mapping[str, Any]) -> FeedState:
    facts = from_known(ExportFacts, feed["facts"])
    std_records, events = home.root / feed["std_records"], home.root / feed["events"]
    quarantine = tuple(home.root / path for path in feed.get("quarantine", ()))  # a run of an older version has none
    night = FeedNight(feed["feed_id"], feed["source"], feed["borough"], facts=facts)
    return FeedState(night, "fresh", std_records, events, facts, None, quarantine)
