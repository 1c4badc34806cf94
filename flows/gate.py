"""The publish gate in a night, and an operator's release of what it held back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow.compute as pc

from flows.night import Night
from flows.openmetrics import renew_metrics
from pipeline.core.errors import SettingsError
from pipeline.core.lock import run_lock
from pipeline.core.log import log
from pipeline.core.places import Home
from pipeline.core.run_note import change_note, utc_now
from pipeline.publish import journal
from pipeline.publish.gate import Before, measure
from pipeline.publish.held_back import Verdict, publish_held, read_verdict, write_verdict
from pipeline.publish.orders import check_finished
from pipeline.publish.publication import Publication, read_current
from pipeline.publish.rows import Rows
from pipeline.validate.hold import FeedNight, FeedState, promote
from pipeline.validate.last_good import ExportFacts


def ask_gate(night: Night, states: Sequence[FeedState], tables: Mapping[str, Rows]) -> Verdict:
    """Measure the night against the limits of its run file; the verdict is kept as gate.json in the run's folder."""
    current = read_current(night.home)
    before = None
    if current:
        large = _large_persons(night.home, current, night.settings.publish_limits.person_records)
        before = Before(current.run_id, current.n_rows("persons"), current.table("source_status"), large)
    measures = measure(tables, before, night.settings.publish_limits)
    verdict = Verdict(night.run_id, before.run_id if before else None, tuple(measures), _fresh(night.home, states))
    write_verdict(night.home, verdict)
    for breach in verdict.broken:
        log("limit passed", limit=breach.limit, allowed=breach.allowed, found=breach.found, what=breach.sentence)
    return verdict


def _large_persons(home: Home, current: Publication, allowed: int | None) -> Mapping[str, int]:
    """Persons of more records than are allowed, which readers see because an operator let them through at the same limit."""
    verdict = read_verdict(home, current.run_id)
    limits_asked = [(asked.limit, asked.allowed) for asked in verdict.measures] if verdict else []
    if allowed is None or ("person_records", allowed) not in limits_asked:
        return {}
    large = current.table("persons", ["person_id", "n_records"], pc.field("n_records") > allowed)
    return dict(zip(large.column("person_id").to_pylist(), large.column("n_records").to_pylist(), strict=True))


def release(home: Home, run_id: str, by: str, reason: str) -> None:
    """Publish what the gate held back, on the record: the journal first, then the switch.

    Raises:
        SettingsError: If the gate did not hold the run back, or another publication has taken the place of the one it
            was measured against.
        StateError: If its tables are gone or damaged, or an expunge was cut short.
        RunLockedError: If a run is at work.
    """
    with run_lock(home.lock):
        check_finished(home)
        verdict = read_verdict(home, run_id)
        current = read_current(home)
        if current and current.run_id == run_id:
            raise SettingsError(run_id, "is published already.")
        if verdict is None or not verdict.broken:
            raise SettingsError(run_id, "was not held back by the publish gate.", "See boroughlink runs list.")
        now = current.run_id if current else None
        if now != verdict.base:
            problem = f"was measured against {verdict.base or 'nothing'}, but {now} is current now."
            raise SettingsError(run_id, problem, "Run the night again: it then goes on from what is current.")
        journal.append(home, "release", run_id=run_id, came_from=now, by=by, reason=reason)
        publish_held(home, run_id, by, verdict.broken)
        promote(home, [_state_of(home, feed) for feed in verdict.fresh_feeds], run_id)
        change_note(home.run(run_id).root, state="published", ended_at=utc_now())
        log("released", run=run_id)
        renew_metrics(home)


def _fresh(home: Home, states: Sequence[FeedState]) -> tuple[Mapping[str, Any], ...]:
    """What a release needs of the feeds that were fresh; paths are relative to the home."""
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


def _state_of(home: Home, feed: Mapping[str, Any]) -> FeedState:
    facts = ExportFacts(**feed["facts"])
    std_records, events = home.root / feed["std_records"], home.root / feed["events"]
    quarantine = tuple(home.root / path for path in feed.get("quarantine", ()))  # a run of an older version has none
    night = FeedNight(feed["feed_id"], feed["source"], feed["borough"], facts=facts)
    return FeedState(night, "fresh", std_records, events, facts, None, quarantine)
