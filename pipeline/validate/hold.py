"""Feeds that break their contract are held at their last good export, so that their people neither vanish nor split."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa

from pipeline.core.durable import sync_folder, write_synced
from pipeline.core.parquet import conform, read_table, write_table
from pipeline.core.places import Home
from schemas.tables import EVENTS_STAGED, SOURCE_STATUS, STD_RECORDS

POINTER = "good"
State = Literal["fresh", "held", "missing"]


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """Where an export came from."""

    file: str
    file_sha256: str
    export_date: str
    rows: int


@dataclass(frozen=True, slots=True)
class LastGood:
    """The last export of a feed that kept its contract."""

    folder: Path
    facts: ExportFacts

    @property
    def std_records(self) -> Path:
        """Its standard records."""
        return self.folder / "std_records.parquet"

    @property
    def events(self) -> Path:
        """Its events."""
        return self.folder / "events.parquet"


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


def last_good(home: Home, feed_id: str) -> LastGood | None:
    """The feed's last good export; None where there is none, or where it can no longer be read."""
    folder = home.last_good / feed_id
    try:
        version = (folder / POINTER).read_text("utf-8").strip()
        facts = ExportFacts(**json.loads((folder / version / "export.json").read_text("utf-8")))
        found = LastGood(folder / version, facts)
        readable = all(path.stat().st_size for path in (found.std_records, found.events))
        read_table(found.std_records, ["record_id"])
    except (OSError, ValueError, TypeError, pa.ArrowException):
        return None
    return found if readable else None


def settle(night: FeedNight, good: LastGood | None) -> FeedState:
    """Tonight's export where it kept its contract, else the last good one, else nothing."""
    if night.reason_code is None:
        return FeedState(night, "fresh", night.std_records, night.events, night.facts, None)
    if good is None:
        return FeedState(night, "missing", None, None, None, None)
    return FeedState(night, "held", good.std_records, good.events, good.facts, good.facts.rows)


def status_table(states: Sequence[FeedState], used: Sequence[int], newest: Sequence[dt.datetime | None]) -> pa.Table:
    """One row a feed: its state and why, the export that is used, and rows read, used and quarantined."""
    rows = [
        {
            "feed_id": state.night.feed_id, "source": state.night.source, "borough": state.night.borough, "state": state.state,
            "reason_code": state.night.reason_code, "reason": state.night.reason,
            "file": state.facts.file if state.facts else None, "file_sha256": state.facts.file_sha256 if state.facts else None,
            "export_date": dt.date.fromisoformat(state.facts.export_date) if state.facts else None,
            "newest_record_at": latest, "rows_read": state.night.rows_read, "rows_used": rows_used,
            "rows_quarantined": state.night.rows_quarantined, "rows_last_good": state.last_good_rows,
        }
        for state, rows_used, latest in zip(states, used, newest, strict=True)
    ]  # fmt: skip
    return conform(pa.Table.from_pylist(rows, SOURCE_STATUS.arrow_schema()), SOURCE_STATUS)


def promote(home: Home, states: Sequence[FeedState], run_id: str) -> None:
    """Keep tonight's fresh exports as the last good ones. Only after publication.

    Each goes into a folder of its own first; then one rename of the pointer makes it the last good one. A crash leaves
    the old one or the new one, and leftovers that the next run removes.
    """
    for state in states:
        if state.state == "fresh" and state.facts and state.std_records and state.events:
            _keep(home.last_good / state.night.feed_id, run_id, state.facts, state.std_records, state.events)


def _keep(folder: Path, version: str, facts: ExportFacts, std_records: Path, events: Path) -> None:
    new = folder / version
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    write_table(new / "std_records.parquet", read_table(std_records), STD_RECORDS)
    write_table(new / "events.parquet", read_table(events), EVENTS_STAGED)
    write_synced(new / "export.json", json.dumps(asdict(facts), indent=1))
    sync_folder(new)
    write_synced(folder / f".{POINTER}", version)
    (folder / f".{POINTER}").replace(folder / POINTER)
    sync_folder(folder)
    for other in folder.iterdir():
        if other.is_dir() and other.name != version:
            shutil.rmtree(other, ignore_errors=True)
