"""Feeds that break their contract are held at their last good export, so that their people neither vanish nor split."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from pipeline.core.errors import StateError
from pipeline.core.parquet import concat, conform
from pipeline.core.places import Home
from pipeline.validate.last_good import ExportFacts, LastGood, add_checksums, damage_of, keep_export, last_good
from schemas.tables import QUARANTINE, SOURCE_STATUS

State = Literal["fresh", "held", "missing"]
PROMOTED_AT_ONCE = 8  # exports: each mostly waits for the disk, which syncs several as fast as one


@dataclass(frozen=True, slots=True)
class FeedNight:
    """What a feed brought tonight, or why it brought nothing."""

    feed_id: str
    source: str
    borough: str | None
    rows_read: int = 0
    rows_quarantined: int = 0
    facts: ExportFacts | None = None
    reason_code: str | None = None
    """Set where tonight's export cannot be used"""
    reason: str | None = None
    std_records: Path | None = None
    events: Path | None = None
    quarantine: tuple[Path, ...] = ()
    """Rows of tonight's export that were rejected"""
    place: str | None = None
    """Where its export is looked for; feeds that name the same place share it"""
    unread: str | None = None
    """What to tell of sheets of which its contract knows nothing; where it is held for what it broke, in the reason too"""


@dataclass(frozen=True, slots=True)
class FeedState:
    """Which tables stand for the feed tonight."""

    night: FeedNight
    state: State
    std_records: Path | None
    events: Path | None
    facts: ExportFacts | None
    last_good_rows: int | None
    """Where it is held"""
    quarantine: tuple[Path, ...] = ()
    """Rejected rows of the export that stands for it, and of tonight's"""

    @property
    def unread(self) -> str | None:
        """What to tell of an export that stands for tonight though some sheets of it were not read."""
        return self.night.unread if self.state == "fresh" else None


def needed_good(home: Home, night: FeedNight) -> LastGood | None:
    """The feed's last good export where tonight's cannot be used.

    Raises:
        StateError: If it is damaged: without it the feed's people would vanish.
    """
    if night.reason_code is None:
        return None
    if damage := damage_of(home, night.feed_id):
        problem = (
            f"is damaged ({damage}), and tonight's export of the feed cannot be used either ({night.reason_code})."
        )
        remedy = (
            f"Bring a good export of {night.feed_id}, or restore the folder from a backup; "
            "if neither can be had, delete it: the feed's people then leave the publication."
        )
        raise StateError(str(home.last_good / night.feed_id), problem, remedy)
    return last_good(home, night.feed_id)


def without_copies(nights: Sequence[FeedNight], good: Mapping[str, ExportFacts]) -> list[FeedNight]:
    """The feeds, without an export whose bytes are another feed's of the source: one was delivered under a wrong name.

    They are another's where it delivers the same tonight, or where they are its last good export. Whose own last good export
    it is keeps it; where that does not tell, nobody does. An export without rows is nobody's.

    Args:
        nights: of all feeds.
        good: where the last good export of each feed came from.
    """
    with_bytes: dict[tuple[str, str], list[FeedNight]] = {}
    for night in nights:
        if night.facts and night.rows_read:
            with_bytes.setdefault((night.source, night.facts.file_sha256), []).append(night)
    with_good: dict[tuple[str, str], list[FeedNight]] = {}
    for night in nights:
        if night.feed_id in good:
            with_good.setdefault((night.source, good[night.feed_id].file_sha256), []).append(night)
    return [_refused_if_copy(night, with_bytes, with_good) for night in nights]


def _refused_if_copy(
    night: FeedNight,
    with_bytes: Mapping[tuple[str, str], Sequence[FeedNight]],
    with_good: Mapping[tuple[str, str], Sequence[FeedNight]],
) -> FeedNight:
    """The feed; refused where its export is a copy.

    Args:
        night: of the feed.
        with_bytes: source and hash to the feeds that deliver these bytes tonight.
        with_good: source and hash to the feeds whose last good export they are.
    """
    if night.reason_code or not night.facts or not night.rows_read:
        return night
    bytes_of_source = (night.source, night.facts.file_sha256)
    tonight, before = with_bytes[bytes_of_source], with_good.get(bytes_of_source, ())
    others = [other for other in tonight if not _is_shared(night, other)]
    if others and [other for other in tonight if other in before] != [night]:
        return _refused_as_copy(night, others[0], "the export")
    others = [other for other in before if not _is_shared(night, other)]
    if others and night not in before:
        return _refused_as_copy(night, others[0], "the last good export")
    return night


def _is_shared(night: FeedNight, other: FeedNight) -> bool:
    """Whether two feeds are one, or read the same workbook, as where it has a sheet a borough."""
    return night.feed_id == other.feed_id or (night.place is not None and night.place == other.place)


def _refused_as_copy(night: FeedNight, other: FeedNight, what: str) -> FeedNight:
    own_file = night.facts.file if night.facts else night.feed_id
    other_file = f"{other.facts.file}, " if other.facts and what == "the export" else ""
    reason = (
        f"{own_file} is byte by byte {other_file}{what} of {other.feed_id}: one of them has a wrong name. "
        "Ask both for their own export."
    )
    return replace(night, reason_code="copy_of_another", reason=reason)


def settle(night: FeedNight, good: LastGood | None) -> FeedState:
    """Tonight's export where it kept its contract, else the last good one, else nothing."""
    if night.reason_code is None:
        return FeedState(night, "fresh", night.std_records, night.events, night.facts, None, night.quarantine)
    if good is None:
        return FeedState(night, "missing", None, None, None, None, night.quarantine)
    rejected = (*night.quarantine, *((good.quarantine,) if good.quarantine else ()))
    return FeedState(night, "held", good.std_records, good.events, good.facts, good.facts.rows, rejected)


def rejected_rows(states: Sequence[FeedState]) -> pa.Table:
    """Rejected rows of all feeds, quarantine; what two exports of the same bytes both tell comes once."""
    rows = concat([path for state in states for path in state.quarantine], QUARANTINE)
    numbered = rows.append_column("row", pa.array(np.arange(len(rows))))
    first = numbered.group_by(list(QUARANTINE.key)).aggregate([("row", "min")]).column("row_min")
    return rows.take(np.sort(first.to_numpy()))


def status_table(states: Sequence[FeedState], used: Sequence[int], newest: Sequence[dt.datetime | None]) -> pa.Table:
    """One row a feed: its state and why, the export that is used, and rows read, used and quarantined."""
    rows = [
        {
            "feed_id": state.night.feed_id,
            "source": state.night.source,
            "borough": state.night.borough,
            "state": state.state,
            "reason_code": state.night.reason_code,
            "reason": state.night.reason,
            "file": state.facts.file if state.facts else None,
            "file_sha256": state.facts.file_sha256 if state.facts else None,
            "export_date": dt.date.fromisoformat(state.facts.export_date) if state.facts else None,
            "newest_record_at": latest,
            "rows_read": state.night.rows_read,
            "rows_used": rows_used,
            "rows_quarantined": state.night.rows_quarantined,
            "rows_last_good": state.last_good_rows,
        }
        for state, rows_used, latest in zip(states, used, newest, strict=True)
    ]
    return conform(pa.Table.from_pylist(rows, SOURCE_STATUS.arrow_schema()), SOURCE_STATUS)


def promote(home: Home, states: Sequence[FeedState], run_id: str) -> None:
    """Keep tonight's fresh exports as the last good ones. Only after publication.

    Each goes into a folder of its own first; then one rename of the pointer makes it the last good one. A crash leaves
    the old one or the new one, and leftovers that the next run removes.
    """
    with ThreadPoolExecutor(PROMOTED_AT_ONCE) as pool:
        waiting = [
            pool.submit(
                keep_export,
                home.last_good / state.night.feed_id,
                run_id,
                state.facts,
                state.std_records,
                state.events,
                state.quarantine,
            )
            for state in states
            if state.state == "fresh" and state.facts and state.std_records and state.events
        ]
        for keeping in waiting:
            keeping.result()


def add_missing_checksums(states: Sequence[FeedState]) -> None:
    """Give checksums to the last good exports of held feeds that an older version kept without them."""
    for state in states:
        if state.state == "held" and state.std_records:
            add_checksums(state.std_records.parent)
