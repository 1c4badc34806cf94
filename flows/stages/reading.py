"""The stage that reads and standardises a feed: only rows that differ from those of the last night's export."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from flows.continuing.feed_notes import READ, STANDARDISE, keep_note, note_failure, note_of
from flows.continuing.last_export import WRITTEN, LastExport, last_export, rules_hash
from flows.night.plan import Night, passwords
from flows.stages.stage_frame import private
from flows.stewards.withholding import withheld
from pipeline.core.durable import hand_on
from pipeline.core.errors import SourceError
from pipeline.core.log import log
from pipeline.core.memory import peak_mb
from pipeline.core.metrics import Metric
from pipeline.core.parquet import read_table, write_table
from pipeline.read.feed import FeedRead, export_sha256, is_same_export, read_feed
from pipeline.read.fetch import missing_with_nearest
from pipeline.standardise.declared_order import check_date_order
from pipeline.standardise.feed import FeedStandardised, standardise_feed
from pipeline.standardise.reference import Reference
from schemas.tables import EVENTS_STAGED, QUARANTINE, RAW_RECORDS, RECORDS_AGAIN, STD_RECORDS

READING_PEAK = "reading_peak_memory"
"""Measure: MB that this process and those that read held at most, were all at their peak at once"""


@functools.cache
def reference() -> Reference:
    """Reference lists, loaded once a process."""
    return Reference.load()


@dataclass(frozen=True, slots=True)
class FeedTimes:
    """CPU seconds that a feed took."""

    reading: float = 0.0
    """From the export to raw records; of an export that is that of the last night, all it took"""
    standardising: float = 0.0
    """From raw records to tables on disk"""
    peak_mb: float = 0.0
    """Most memory that the process has held that read it"""


def read_and_standardise(night: Night, feed_id: str) -> FeedTimes:
    """Bring tonight's export of one feed into standard form; returns what it took.

    Raises:
        SourceError: If a later try may bring it; any other failure is noted, and the feed will be held.
    """
    with private(night, feed_id):
        reading, standardising = _read_or_take_over(night, feed_id)
    return FeedTimes(reading, standardising, peak_mb())


def _read_or_take_over(night: Night, feed_id: str) -> tuple[float, float]:
    """Read and standardise the export, or take over what the last night made of it; returns CPU seconds of both parts."""
    contract, feed = night.feeds[feed_id]
    began, cpu_began = time.perf_counter(), time.thread_time()
    last = last_export(night, feed_id, contract)
    root = night.settings.exports
    try:
        known = passwords(night.settings, os.environ, feed.password_env)
        if last and not last.note["hangs_on_day"] and is_same_export(feed, root, known, last.note["file_sha256"]):
            _take_over(night, last)
            return time.thread_time() - cpu_began, 0.0
        read = read_feed(contract, feed, root, known)
        as_written = contract.as_written_by(feed)
        notices = [*read.notices, *check_date_order(read.records, as_written, read.file)]
    except SourceError as error:
        if error.is_retryable:
            raise
        if error.code == "missing_file":
            expected = [other.location for other in contract.all_feeds()]
            error = missing_with_nearest(error, root, feed.location, expected)
        note_failure(night, feed_id, error)
        return time.thread_time() - cpu_began, 0.0
    reading, cpu_read = time.perf_counter() - began, time.thread_time()
    standard = standardise_feed(read.records, as_written, reference(), night.as_of, last.read() if last else None)
    notices += standard.notices
    n_records, n_rejected = _keep(night, feed_id, read, standard)
    facts = {
        "rows_read": read.rows_read,
        "file": read.file,
        "file_sha256": read.file_sha256,
        "rules": rules_hash(night, contract),
        "hangs_on_day": standard.depends_on_date,
        "rows_again": standard.n_reused,
        "rows_standardised": len(read.records) - standard.n_reused,
        "notices": notices,
        "sheets": read.sheets,
        "unread_sheets": read.unread_sheets,
        "has_line_end": read.has_line_end,
    }
    keep_note(night, feed_id, READ, facts)
    log(
        "feed read",
        feed=feed_id,
        rows=read.rows_read,
        records=n_records,
        rejected=n_rejected,
        again=standard.n_reused,
        notices=len(notices),
        unread_sheets=len(read.unread_sheets),
        reading_seconds=round(reading, 3),
    )
    return cpu_read - cpu_began, time.thread_time() - cpu_read


def _keep(night: Night, feed_id: str, read: FeedRead, standard: FeedStandardised) -> tuple[int, int]:
    """Write a feed's tables, without expunged records; returns how many records there are, and rejected rows."""
    quarantine = pa.concat_tables([read.quarantine, standard.quarantine])
    raw, std_records, events, quarantine = withheld(
        night.home, read.records, standard.std_records, standard.events, quarantine
    )
    reuse = standard.again
    if len(std_records) < len(reuse):
        reuse = reuse.filter(pc.is_in(reuse.column("record_id"), std_records.column("record_id").combine_chunks()))
    write_table(night.folder.table(READ, "raw_records", feed_id), raw, RAW_RECORDS)
    write_table(night.folder.table(STANDARDISE, "std_records", feed_id), std_records, STD_RECORDS)
    write_table(night.folder.table(STANDARDISE, "events", feed_id), events, EVENTS_STAGED)
    write_table(night.folder.table(STANDARDISE, "quarantine", feed_id), quarantine, QUARANTINE)
    write_table(night.folder.table(STANDARDISE, RECORDS_AGAIN.name, feed_id), reuse, RECORDS_AGAIN)
    return len(std_records), len(quarantine)


def records_anew(night: Night, feed_id: str) -> pa.Array:
    """Records of tonight's export that were standardised anew, not taken over from the current publication's run."""
    if note_of(night.folder, feed_id).get("is_unchanged"):
        return pa.array([], pa.string())
    ids, is_again = read_table(
        night.folder.table(STANDARDISE, RECORDS_AGAIN.name, feed_id), ["record_id", "is_again"]
    ).columns
    return ids.filter(pc.invert(is_again)).combine_chunks()


def is_still_read(night: Night, feed_id: str) -> bool:
    """Whether the export that was read is still the feed's; one that is gone by now was read in time.

    A feed that failed is not: its export may have come since. Once the run is published, nothing is read again.
    """
    note = note_of(night.folder, feed_id)
    if "reason_code" in note:
        return False
    if night.home.is_published(night.run_id):
        return True
    try:
        return export_sha256(night.feeds[feed_id][1], night.settings.exports) == note["file_sha256"]
    except SourceError:
        return True


def read_metrics(night: Night, times: Iterable[FeedTimes], processes: int) -> list[Metric]:
    """Rows standardised and rows reused, feeds whose export was the same and not read, CPU seconds, and memory."""
    notes = [note_of(night.folder, feed_id) for feed_id in night.feeds]
    counts = {name: sum(note.get(name, 0) for note in notes) for name in ("rows_standardised", "rows_again")}
    counts["feeds_unchanged"] = sum(note.get("is_unchanged", False) for note in notes)
    feed_times = list(times)
    workers_mb = processes * max((feed.peak_mb for feed in feed_times), default=0.0) if processes > 1 else 0.0
    return [
        *(Metric("night", name, count, "count") for name, count in counts.items()),
        Metric("read", "reading_cpu_seconds", sum(feed.reading for feed in feed_times), "s"),
        Metric("read", "standardise_cpu_seconds", sum(feed.standardising for feed in feed_times), "s"),
        Metric("read", READING_PEAK, peak_mb() + workers_mb, "MB"),
    ]


def _take_over(night: Night, last: LastExport) -> None:
    """Take over the tables of an export that is byte by byte last night's, where nothing in it depends on the day."""
    for stage, name in WRITTEN:
        path = night.folder.table(stage, name, last.feed_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        hand_on(last.folder.table(stage, name, last.feed_id), path)
    again = last.note["rows_again"] + last.note["rows_standardised"]
    facts = {**last.note, "rows_again": again, "rows_standardised": 0, "is_unchanged": True}
    keep_note(night, last.feed_id, READ, facts)
    log("feed unchanged", feed=last.feed_id, rows=last.note["rows_read"])
