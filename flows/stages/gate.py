"""The publish gate in a night, and an operator's release of what it held back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow.compute as pc

from flows.night.finishing import finish_publication, fresh_feeds, is_finished
from flows.night.plan import Night
from pipeline.core.errors import SettingsError
from pipeline.core.lock import run_lock
from pipeline.core.log import log
from pipeline.core.places import Home
from pipeline.publish import journal
from pipeline.publish.gate import Before, measure
from pipeline.publish.held_back import Verdict, publish_held, read_verdict, write_verdict
from pipeline.publish.orders import check_finished
from pipeline.publish.publication import Publication, read_current
from pipeline.publish.rows import Rows
from pipeline.validate.hold import FeedState

RELEASED_REPORT = "report_released.html"
"""The report of a night that the gate holds back, as it will be once the night is released"""


def ask_gate(night: Night, states: Sequence[FeedState], tables: Mapping[str, Rows]) -> Verdict:
    """Measure the night against the limits of its run file; the verdict is kept as gate.json in the run's folder."""
    current = read_current(night.home)
    before = None
    if current:
        large = _large_persons(night.home, current, night.settings.publish_limits.person_records)
        before = Before(current.run_id, current.n_rows("persons"), current.table("source_status"), large)
    measures = measure(tables, before, night.settings.publish_limits)
    verdict = Verdict(night.run_id, before.run_id if before else None, tuple(measures), fresh_feeds(night.home, states))
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
    """Publish what the gate held back, on the record: the journal first, then the switch, then what belongs to it.

    A release that failed after the switch is finished by releasing the run again.

    Raises:
        SettingsError: If the gate did not hold the run back, it is published already, or another publication has taken
            the place of the one it was measured against.
        StateError: If its tables are gone or damaged, or an expunge was cut short.
        RunLockedError: If a run is at work.
    """
    with run_lock(home.lock):
        check_finished(home)
        verdict = read_verdict(home, run_id)
        current = read_current(home)
        if current and current.run_id == run_id:
            if is_finished(home, run_id):
                raise SettingsError(run_id, "is published already.")
            _finish(home, run_id)
            log("release finished", run=run_id)
            return
        if verdict is None or not verdict.broken:
            raise SettingsError(run_id, "was not held back by the publish gate.", "See boroughlink runs list.")
        now = current.run_id if current else None
        if now != verdict.base:
            problem = f"was measured against {verdict.base or 'nothing'}, but {now} is current now."
            raise SettingsError(run_id, problem, "Run the night again: it then goes on from what is current.")
        journal.append(home, "release", run_id=run_id, came_from=now, by=by, reason=reason)
        publish_held(home, run_id, by, verdict.broken)
        _finish(home, run_id)
        log("released", run=run_id)


def _finish(home: Home, run_id: str) -> None:
    report = home.run(run_id).file(RELEASED_REPORT)
    if report.exists():  # a run of an older version has none
        report.replace(report.with_name("report.html"))
    finish_publication(home, run_id)
