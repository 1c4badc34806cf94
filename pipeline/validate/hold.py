"""Feeds that break their contract are held at their last good export, so that their people neither vanish nor split."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from pipeline.core.durable import checksum_of, hand_on, make_folder, sync_folder, write_synced
from pipeline.core.errors import StateError
from pipeline.core.parquet import ARROW, AT_ONCE, conform, count_rows
from pipeline.core.places import Home
from schemas.tables import SOURCE_STATUS

POINTER = "good"
FACTS = "export.json"
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
        return self._file("std_records")

    @property
    def events(self) -> Path:
        """Its events."""
        return self._file("events")

    def _file(self, name: str) -> Path:
        """Arrow; Parquet in a folder of an older version."""
        old = self.folder / f"{name}.parquet"
        return old if old.exists() else self.folder / f"{name}{ARROW}"


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
    has_one = (folder / POINTER).exists() and not damage_of(home, feed_id)
    return _last_good(folder) if has_one else None


def good_rows(home: Home, feed_id: str) -> int | None:
    """Records of the feed's last good export, by what is written beside it; None where nothing is."""
    try:
        return _last_good(home.last_good / feed_id).facts.rows
    except (OSError, ValueError, TypeError, KeyError):
        return None


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
        remedy = f"Bring a good export of {night.feed_id}, or restore the folder from a backup; if neither can be had, delete it: the feed's people then leave the publication."
        raise StateError(str(home.last_good / night.feed_id), problem, remedy)
    return last_good(home, night.feed_id)


def damage_of(home: Home, feed_id: str) -> str | None:
    """What is wrong with the feed's last good export; None where all is well, or where it never had one."""
    folder = home.last_good / feed_id
    if not (folder / POINTER).exists():
        return None
    try:
        found = _last_good(folder)
        told = json.loads((found.folder / FACTS).read_text("utf-8")).get("checksums", {})
        wrong = [name for name, checksum in told.items() if checksum_of(found.folder / name) != checksum]
        if wrong:
            return f"{wrong[0]} has changed"
        for path in (found.std_records, found.events):
            count_rows(path)
    except (OSError, ValueError, TypeError, AttributeError, pa.ArrowException) as error:
        return f"it cannot be read ({type(error).__name__})"
    return None


@contextmanager
def rewritten(folder: Path) -> Iterator[Callable[[Path], None]]:
    """Files of a kept export are about to be written anew; each is to be named first, to the function that is given.

    What lies beside them then tells the new ones. Killed in between, it tells nothing of a named file, until this is done again.
    """
    facts = folder / FACTS
    said = _said_of(facts)

    def rewriting(path: Path) -> None:
        if said is not None and said.get("checksums", {}).pop(path.name, None):
            write_synced(facts, json.dumps(said, indent=1))

    yield rewriting
    _tell(folder)


def _tell(folder: Path) -> None:
    """Checksums of a kept export's tables of which nothing is told yet; what is told stays."""
    facts = folder / FACTS
    said = _said_of(facts)
    if said is None:  # it is damaged or half made, and a good export of its feed takes its place
        return
    told = said.get("checksums", {})
    untold = [path for path in sorted(folder.iterdir()) if path.suffix in (ARROW, ".parquet") and path.name not in told]
    if untold:
        said["checksums"] = {**told, **{path.name: checksum_of(path) for path in untold}}
        write_synced(facts, json.dumps(said, indent=1))


def _said_of(facts: Path) -> dict[str, Any] | None:
    try:
        said = json.loads(facts.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None


def _last_good(folder: Path) -> LastGood:
    version = (folder / POINTER).read_text("utf-8").strip()
    if Path(version).name != version:
        raise ValueError("the pointer names no folder beside it")
    said = json.loads((folder / version / FACTS).read_text("utf-8"))
    return LastGood(folder / version, ExportFacts(**{field.name: said[field.name] for field in fields(ExportFacts)}))


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
    Of the feeds that are held, an export that an older version kept gets what tells whether it changes.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:  # each waits for the disk some times
        waiting = [
            pool.submit(
                _keep, home.last_good / state.night.feed_id, run_id, state.facts, state.std_records, state.events
            )
            for state in states
            if state.state == "fresh" and state.facts and state.std_records and state.events
        ]
        for kept in waiting:
            kept.result()
    for state in states:
        if state.state == "held" and state.std_records:
            _tell(state.std_records.parent)


def _keep(folder: Path, version: str, facts: ExportFacts, std_records: Path, events: Path) -> None:
    new = folder / version
    shutil.rmtree(new, ignore_errors=True)
    make_folder(new)
    for path, name in ((std_records, "std_records"), (events, "events")):
        hand_on(path, new / f"{name}{path.suffix}")
    kept = {path.name: checksum_of(path) for path in sorted(new.iterdir())}
    write_synced(new / FACTS, json.dumps({**asdict(facts), "checksums": kept}, indent=1))
    sync_folder(folder)
    write_synced(folder / POINTER, version)
    for other in folder.iterdir():
        if other.is_dir() and other.name != version:
            shutil.rmtree(other, ignore_errors=True)
