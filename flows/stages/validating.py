"""The stage that validates each source's exports, and then decides which export stands for each feed tonight."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import fields
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.continuing.checkpoints import as_marked
from flows.continuing.feed_notes import READ, STANDARDISE, keep_note, note_of
from flows.continuing.last_export import last_noted
from flows.night.plan import Night
from pipeline.core.durable import hand_on, write_synced
from pipeline.core.log import log
from pipeline.core.parquet import count_rows, read_table, write_table
from pipeline.validate.exports import EarlierOutcomes, Export
from pipeline.validate.form import form_breaches, form_notices, unread_sheets
from pipeline.validate.hold import (
    FeedNight,
    FeedState,
    needed_good,
    rejected_rows,
    settle,
    status_table,
    without_copies,
)
from pipeline.validate.last_good import ExportFacts, good_facts
from pipeline.validate.page import render_validation_page
from pipeline.validate.source import FeedValidated, Finding, validate_source
from pipeline.validate.suites import Suites
from schemas.contract import Contract
from schemas.tables import EVENTS_STAGED, FAILED_ROWS, QUARANTINE, RECORDS_AGAIN, SOURCE_STATUS, STD_RECORDS

VALIDATE = "validate"
FINDING = tuple(field.name for field in fields(Finding))


def validate(night: Night, contract: Contract) -> list[str]:
    """Validate a source's exports; returns the ids of its feeds."""
    stamp = _suites_stamp(night)
    suites = _suites(night.settings.expectations, stamp)
    notes = {feed.feed_id: note_of(night.folder, feed.feed_id) for feed in night.feeds_of(contract)}
    exports = [_export(night, feed_id, note, stamp) for feed_id, note in notes.items() if "reason_code" not in note]
    for result in validate_source(contract, exports, suites, night.as_of):
        _keep_validated(night, result, stamp, _unread(night, result.feed_id, notes[result.feed_id]))
        log("feed validated", feed=result.feed_id, records=result.n_records, breaches=len(result.breaches))
    return list(notes)


def check_suites(night: Night) -> None:
    """Load all suites once for all sources; what is wrong with one is told before anything is read.

    Raises:
        SettingsError: If a suite names an expectation that does not exist, or does not fit.
    """
    _suites(night.settings.expectations, _suites_stamp(night))


def settle_feeds(night: Night) -> list[FeedState]:
    """Decide whether tonight's export of each feed counts or its last good one; write source_status and quarantine."""
    good = {feed_id: facts for feed_id in night.feeds if (facts := good_facts(night.home, feed_id))}
    nights = without_copies([_feed_night(night, feed_id) for feed_id in night.feeds], good)
    states = [settle(feed, needed_good(night.home, feed)) for feed in nights]
    used, newest = [], []
    for state in states:
        recorded = (
            read_table(state.std_records, ["recorded_at"]).column(0)
            if state.std_records
            else pa.chunked_array([], pa.int64())
        )
        used.append(len(recorded))
        newest.append(pc.max(recorded).as_py() if len(recorded) else None)
        if state.state != "fresh":
            log("feed not fresh", feed=state.night.feed_id, state=state.state, code=state.night.reason_code)
    write_table(night.folder.table(VALIDATE, "source_status"), status_table(states, used, newest), SOURCE_STATUS)
    write_table(night.folder.table(VALIDATE, "quarantine"), rejected_rows(states), QUARANTINE)
    findings = [
        finding for feed_id in night.feeds for finding in note_of(night.folder, feed_id, VALIDATE).get("findings", [])
    ]
    page = render_validation_page(night.run_id, states, findings)
    write_synced(night.folder.file("validation.html"), page)
    return states


def _export(night: Night, feed_id: str, note: Mapping[str, Any], stamp: str) -> Export:
    read, standardise = (partial(night.folder.table, stage, feed_id=feed_id) for stage in (READ, STANDARDISE))
    good, tonight = good_facts(night.home, feed_id), _facts(night, note, 0)
    sheets = night.feeds[feed_id][1].sheets
    return Export(
        feed_id,
        partial(read_table, standardise("std_records")),
        partial(read_table, standardise("events")),
        partial(read_table, read("raw_records")),
        int(str(note["rows_read"])),
        count_rows(standardise("quarantine")),
        good.rows if good else None,
        _earlier_outcomes(night, feed_id, note, stamp),
        [
            *((notice, n_rows) for notice, n_rows in note.get("notices", ())),
            *(form_notices(tonight, good, sheets) if good else ()),
        ],
        form_breaches(tonight, good, sheets) if good else (),
    )


def _unread(night: Night, feed_id: str, note: Mapping[str, Any]) -> str | None:
    """What to tell of sheets that were not read."""
    pattern = night.feeds[feed_id][1].sheets
    return unread_sheets(
        _facts(night, note, 0), note.get("unread_sheets", ()), good_facts(night.home, feed_id), pattern
    )


def _facts(night: Night, note: Mapping[str, Any], rows: int) -> ExportFacts:
    """Where tonight's export came from, by what reading noted; ``rows`` that are left of it."""
    return ExportFacts(
        str(note["file"]),
        str(note["file_sha256"]),
        night.as_of.isoformat(),
        rows,
        note.get("sheets", ()),
        note.get("has_line_end"),
    )


def _earlier_outcomes(night: Night, feed_id: str, note: Mapping[str, Any], stamp: str) -> EarlierOutcomes | None:
    """What the current publication's run found of the feed's rows, if it did so by the rules of tonight."""
    contract, _ = night.feeds[feed_id]
    last = last_noted(night, feed_id, contract)
    if last is None:
        return None
    path = last.folder.table(VALIDATE, FAILED_ROWS.name, feed_id)
    is_whole = as_marked(night.home, last.folder.root / VALIDATE / contract.source, [path])
    if not is_whole or note_of(last.folder, feed_id, VALIDATE).get("suites") != stamp:
        return None
    records_again = night.folder.table(STANDARDISE, RECORDS_AGAIN.name, feed_id)
    if note.get("is_unchanged"):
        is_unchanged = np.ones(count_rows(records_again), bool)
    else:
        is_unchanged = read_table(records_again, ["is_again"]).column("is_again").to_numpy()
    return EarlierOutcomes(is_unchanged, read_table(path))


@functools.lru_cache(maxsize=1)
def _suites(folder: Path, _stamp: str) -> Suites:
    """All suites, read once for all sources of a night."""
    return Suites(folder)


def _suites_stamp(night: Night) -> str:
    """Hash of all suites, their names among it: a name says of which source a suite is."""
    digest = hashlib.sha256()
    for path in sorted(night.settings.expectations.glob("*.json")):
        digest.update(hashlib.sha256(path.name.encode() + path.read_bytes()).digest())
    return digest.hexdigest()


def _keep_validated(night: Night, result: FeedValidated, stamp: str, unread: str | None) -> None:
    for name in (STD_RECORDS.name, EVENTS_STAGED.name) if not len(result.quarantine) else ():
        path = night.folder.table(VALIDATE, name, result.feed_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        hand_on(night.folder.table(STANDARDISE, name, result.feed_id), path)
    if len(result.quarantine):
        for rows, table in zip(result.left(), (STD_RECORDS, EVENTS_STAGED), strict=True):
            write_table(night.folder.table(VALIDATE, table.name, result.feed_id), rows, table)
    write_table(night.folder.table(VALIDATE, "quarantine", result.feed_id), result.quarantine, QUARANTINE)
    write_table(night.folder.table(VALIDATE, FAILED_ROWS.name, result.feed_id), result.failed, FAILED_ROWS)
    breach = result.breaches[0] if result.breaches else None
    note = {
        "rows": result.n_records,
        "reason_code": breach.code if breach else None,
        "reason": " ".join(each.reason for each in result.breaches) or None,
        "findings": [dict(zip(FINDING, attrgetter(*FINDING)(finding), strict=True)) for finding in result.findings],
        "suites": stamp,
        "unread": unread,
    }
    keep_note(night, result.feed_id, VALIDATE, note)


def _feed_night(night: Night, feed_id: str) -> FeedNight:
    _, feed = night.feeds[feed_id]
    note, validated = note_of(night.folder, feed_id), note_of(night.folder, feed_id, VALIDATE)
    place = None if feed.format == "sql" else feed.location  # the hash of a query's rows is of this feed alone
    if "reason_code" in note:
        code, reason = str(note["reason_code"]), str(note["reason"])
        return FeedNight(feed_id, feed.source, feed.borough, reason_code=code, reason=reason, place=place)
    quarantine = tuple(night.folder.table(stage, "quarantine", feed_id) for stage in (STANDARDISE, VALIDATE))
    facts = _facts(night, note, int(str(validated["rows"])))
    reason, unread = validated["reason"], validated["unread"]
    return FeedNight(
        feed_id,
        feed.source,
        feed.borough,
        int(str(note["rows_read"])),
        sum(map(count_rows, quarantine)),
        facts,
        validated["reason_code"],
        f"{reason} {unread}" if reason and unread else reason,
        night.folder.table(VALIDATE, "std_records", feed_id),
        night.folder.table(VALIDATE, "events", feed_id),
        quarantine,
        place,
        unread,
    )
