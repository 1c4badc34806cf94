"""What the current publication's run made of a feed, where tonight may go on from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Any

from flows.continuing.checkpoints import as_marked
from flows.continuing.feed_notes import READ, STANDARDISE, note_of, note_path
from flows.continuing.resume import code_stamp
from flows.night.plan import Night
from pipeline.core.parquet import read_table
from pipeline.core.places import RunFolder
from pipeline.publish.publication import read_current
from pipeline.standardise.reuse import EarlierExport, needed_columns
from schemas.contract import Contract
from schemas.tables import EVENTS_STAGED, QUARANTINE, RAW_RECORDS, RECORDS_AGAIN, STD_RECORDS

WRITTEN = (
    (READ, RAW_RECORDS.name),
    (STANDARDISE, STD_RECORDS.name),
    (STANDARDISE, EVENTS_STAGED.name),
    (STANDARDISE, QUARANTINE.name),
    (STANDARDISE, RECORDS_AGAIN.name),
)


@dataclass(frozen=True, slots=True)
class LastExport:
    """What the current publication's run made of a feed, by the rules of tonight."""

    folder: RunFolder
    feed_id: str
    note: dict[str, Any]

    def read(self) -> EarlierExport:
        """The earlier records, which rows of tonight's export may repeat."""
        read, standardise = (partial(self.folder.table, stage, feed_id=self.feed_id) for stage in (READ, STANDARDISE))
        return EarlierExport(
            read_table(read(RAW_RECORDS.name), needed_columns(RAW_RECORDS)),
            read_table(standardise(STD_RECORDS.name), needed_columns(STD_RECORDS)),
            read_table(standardise(EVENTS_STAGED.name)),
            read_table(standardise(RECORDS_AGAIN.name), ["is_lasting"]),
        )


def last_export(night: Night, feed_id: str, contract: Contract) -> LastExport | None:
    """What the current publication's run read; None if its rules differ, a byte changed, or all is to be rebuilt."""
    last = last_noted(night, feed_id, contract)
    if last is None:
        return None
    folder = last.folder
    paths = [folder.table(stage, name, feed_id) for stage, name in WRITTEN]
    is_whole = as_marked(night.home, folder.root / READ / feed_id, [*paths, note_path(folder, feed_id)])
    return last if is_whole else None


def last_noted(night: Night, feed_id: str, contract: Contract) -> LastExport | None:
    """As ``last_export``, without checking its tables."""
    base = None if night.is_full else read_current(night.home)
    if base is None or base.run_id == night.run_id:
        return None
    folder = night.home.run(base.run_id)
    try:
        note = note_of(folder, feed_id)
    except (OSError, ValueError):
        return None
    return LastExport(folder, feed_id, note) if note.get("rules") == rules_hash(night, contract) else None


def rules_hash(night: Night, contract: Contract) -> str:
    """Hash of all that a row's standard form depends on besides the row and the day."""
    return hashlib.sha256(f"{contract.stamp} {code_stamp()} {night.as_of.year}".encode()).hexdigest()
