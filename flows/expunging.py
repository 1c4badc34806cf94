"""Expunging records by order: out of every table of a home, out of the store of decisions, and kept out from then on."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc

from flows.decided import has_decisions, open_decisions
from flows.kept import forget_others
from pipeline.core.errors import DecisionRefusedError, SettingsError
from pipeline.core.log import log
from pipeline.core.parquet import conform
from pipeline.core.places import Home
from pipeline.persons.survivorship import load_survivorship
from pipeline.persons.without import without_records
from pipeline.publish.expunge import (
    LINEAGE,
    digest,
    expunge_publications,
    expunge_runs,
    expunged,
    is_expunged,
    keep_out,
    known_records,
)
from pipeline.stewardship.erasure import erase
from schemas.contract import load_contracts
from schemas.settings import RunSettings
from schemas.tables import QUARANTINE

REASON_CODE, REASON = "expunged", "The record was expunged by order; its content is not kept."


@dataclass(frozen=True, slots=True)
class ExpungeReceipt:
    """Proof that an order was carried out; it names no record and no content."""

    receipt_id: str
    ordered_by: str
    order_ref: str
    """The order's own number or file mark: must not name the person."""
    expunged_at: str
    n_records: int
    n_publications: int
    n_files: int
    """Tables of kept runs and last good exports that were written anew"""
    n_decisions: int


def expunge(settings: RunSettings, home: Home, record_ids: Sequence[str], ordered_by: str, order_ref: str) -> ExpungeReceipt:  # fmt: skip
    """Take records out of everything; to be called under the run lock. Given again, it finishes what was begun.

    Raises:
        SettingsError: If the order is not told, or nothing of a record is here.
        StoreUnavailableError: If the store of decisions does not answer.
        PublishRefusedError: If a publication without the records would contradict itself; the old one is untouched.
    """
    ids = frozenset(record_ids)
    if not (ordered_by.strip() and order_ref.strip()):
        raise SettingsError("expunge", "--by or --order is empty.", "An expunge needs who ordered it and the order's reference.")  # fmt: skip
    before = expunged(home)
    unknown = sorted(record for record in ids - known_records(home, ids) if digest(record) not in before)
    if unknown:
        raise SettingsError(unknown[0], "is no record of this home.", "Is it written right? Nothing was expunged.")
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    receipt = str(uuid4())
    digests = sorted(map(digest, ids))
    keep_out(home, {"receipt_id": receipt, "ordered_by": ordered_by, "order_ref": order_ref, "begun_at": at, "digests": digests})  # fmt: skip
    decisions = _erase(settings, home, ids, ordered_by, order_ref)
    trust = {contract.source: contract.trust for contract in load_contracts(settings.contracts)}
    survivorship = load_survivorship(settings.survivorship, trust)

    def rebuild(tables: dict[str, pa.Table], gone: Collection[str], run_id: str) -> dict[str, pa.Table]:
        return without_records(tables, gone, survivorship, run_id)

    forget_others(home)  # it holds what records say, and frequencies that they had a part in
    publications = expunge_publications(home, ids, rebuild)
    files = expunge_runs(home, ids)
    log("records expunged", receipt=receipt, records=len(ids), publications=publications, files=files)
    shutil.rmtree(home.desk, ignore_errors=True)  # the review desk makes its index anew
    return ExpungeReceipt(receipt, ordered_by, order_ref, at, len(ids), publications, files, decisions)


def withheld(
    home: Home, raw: pa.Table, std_records: pa.Table, events: pa.Table, quarantine: pa.Table
) -> tuple[pa.Table, pa.Table, pa.Table, pa.Table]:
    """One feed's tables without expunged records; each has a row in quarantine that tells its place and nothing else."""
    digests = expunged(home)
    if not digests or not pc.any(hit := is_expunged(std_records.column("record_id"), digests)).as_py():
        return raw, std_records, events, quarantine
    gone = std_records.filter(hit)
    keys = set(zip(*(gone.column(name).to_pylist() for name in LINEAGE), strict=True))
    raw_keys = zip(*(raw.column(name).to_pylist() for name in LINEAGE), strict=True)
    raw = raw.filter(pa.array([key not in keys for key in raw_keys], pa.bool_()))
    events = events.filter(pc.invert(pc.is_in(events.column("record_id"), gone.column("record_id").combine_chunks())))
    lineage = [name for name in QUARANTINE.names if name in gone.column_names and name != "record_id"]
    said = {"stage": "standardise", "reason_code": REASON_CODE, "reason": REASON}
    rows = [{**row, **said} for row in gone.select(lineage).to_pylist()]
    more = conform(pa.Table.from_pylist(rows, QUARANTINE.arrow_schema()), QUARANTINE)
    return raw, std_records.filter(pc.invert(hit)), events, pa.concat_tables([conform(quarantine, QUARANTINE), more])


def _erase(settings: RunSettings, home: Home, ids: Collection[str], ordered_by: str, order_ref: str) -> int:
    if not has_decisions(settings, home, os.environ):
        return 0
    with open_decisions(settings, home, os.environ) as store:
        try:
            return erase(store, ids, ordered_by, order_ref).n_decisions
        except DecisionRefusedError:  # no decision is on these records
            return 0
