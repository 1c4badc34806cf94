"""Expunging records by order: from every table of a home and the store of decisions, and from every later night."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from flows.night.decisions import has_decisions, open_decisions
from flows.night.openmetrics import renew_metrics
from pipeline.core.clock import utc_now
from pipeline.core.errors import SettingsError
from pipeline.core.log import log
from pipeline.core.places import Home
from pipeline.persons.survivorship import load_survivorship
from pipeline.persons.without import without_records
from pipeline.publish.expunge import Rebuild, expunge_folder, expunge_publications, remove_leftovers
from pipeline.publish.holding import known_records, records_of, sources_of
from pipeline.publish.orders import Order, digest, expunged, note_order, orders, reopened, unfinished
from pipeline.review.records.index import forget_indexes
from pipeline.stewardship.erasure import check_may_erase, erase
from pipeline.stewardship.log_erasure import records_in_log
from pipeline.validate.last_good import rewritten
from schemas.contract import load_contracts
from schemas.settings import RunSettings
from schemas.tables import ENDS


@dataclass(frozen=True, slots=True)
class ExpungeReceipt:
    """Proof that an order was carried out; it names no record and no content."""

    receipt_id: str
    ordered_by: str
    order_ref: str
    """The order's own number or file mark: must not name the person."""
    begun_at: str
    """When the order was given first"""
    expunged_at: str | None
    """When it was carried out last; None for an order that was cut short"""
    n_records: int
    n_publications: int
    n_files: int
    """Tables of kept runs and last good exports that were written anew"""
    n_decisions: int
    n_may_return: int
    """Records whose id hangs on what their row says: when the source changes it, the row comes in as a new record"""


def expunge(
    settings: RunSettings, home: Home, record_ids: Sequence[str], ordered_by: str, order_ref: str
) -> ExpungeReceipt:
    """Take records out of everything; the same order given again finishes it, under its receipt. Call it under the run lock.

    Raises:
        SettingsError: If the order is not told, or nothing of a record is here.
        StoreUnavailableError: If the store of decisions does not answer, or its role may not erase: nothing was done
            then.
        StateError: If a table cannot be read, so that nothing can be taken out of it.
        PublishRefusedError: If a publication without the records would contradict itself; the old one is untouched.
    """
    ids = frozenset(record_ids)
    by, ref = ordered_by.strip(), order_ref.strip()
    if not (by and ref):
        raise SettingsError(
            "expunge", "--by or --order is empty.", "An expunge needs who ordered it and the order's reference."
        )
    before = expunged(home)
    remove_leftovers(home)
    missing = {record for record in ids - known_records(home, ids) if digest(record) not in before}
    unknown = sorted(missing - _decided(settings, home)) if missing else []
    if unknown:
        raise SettingsError(unknown[0], "is no record of this home.", "Is it written right? Nothing was expunged.")
    order = reopened(home, by, ref, ids) or Order(
        str(uuid4()), by, ref, utc_now(), tuple(sorted(map(digest, ids))), n_may_return=_may_return(settings, home, ids)
    )
    _check_may_erase(settings, home, ids)
    return _carry_out(settings, home, note_order(home, order), ids)


def expunge_again(settings: RunSettings, home: Home) -> list[ExpungeReceipt]:
    """Carry out every order of the home once more, as after a backup was restored; to be called under the run lock.

    Raises:
        StoreUnavailableError: If the store of decisions does not answer.
        StateError: If a table cannot be read, so that nothing can be taken out of it.
        PublishRefusedError: If a publication without the records would contradict itself.
    """
    _check_may_erase(settings, home, None)
    for order in orders(home):
        note_order(home, replace(order, expunged_at=None))
    return finish_orders(settings, home)


def finish_orders(settings: RunSettings, home: Home) -> list[ExpungeReceipt]:
    """Carry out what is left of orders that were cut short; to be called under the run lock.

    Raises:
        StoreUnavailableError: If the store of decisions does not answer.
        StateError: If a table cannot be read, so that nothing can be taken out of it.
        PublishRefusedError: If a publication without the records would contradict itself.
    """
    receipts = []
    for order in unfinished(home):
        remove_leftovers(home)
        receipts.append(_carry_out(settings, home, order, _left_of(settings, home, order)))
    return receipts


def receipts_of(home: Home) -> list[ExpungeReceipt]:
    """The receipts of all orders, oldest first.

    Raises:
        StateError: If the list of orders cannot be read.
    """
    return [receipt_of(order) for order in orders(home)]


def receipt_of(order: Order) -> ExpungeReceipt:
    """The receipt of an order."""
    return ExpungeReceipt(
        order.receipt_id,
        order.ordered_by,
        order.order_ref,
        order.begun_at,
        order.expunged_at,
        len(order.digests),
        len(order.publications),
        len(order.files),
        order.n_decisions,
        order.n_may_return,
    )


def _carry_out(settings: RunSettings, home: Home, order: Order, ids: Collection[str]) -> ExpungeReceipt:
    """Carry out an order; every step may be done twice, and the order counts as done when all steps are."""
    order = note_order(home, replace(order, n_decisions=_erase(settings, home, order, ids)))

    def note_change(kind: str, name: str) -> None:
        nonlocal order
        names: tuple[str, ...] = getattr(order, kind)
        if name not in names:
            order = note_order(home, replace(order, **{kind: (*names, name)}))  # type: ignore[arg-type]  # both are names

    def file_changes(path: Path) -> None:
        note_change("files", str(path.relative_to(home.root)))

    if home.kept.is_dir():
        shutil.rmtree(home.kept)  # it holds what records say, and frequencies that they had a part in
    expunge_publications(home, ids, _rebuild(settings), lambda run_id: note_change("publications", run_id))
    for folder in (path for path in home.runs.glob("*") if path.is_dir()):
        expunge_folder(folder, ids, file_changes)
    for folder in (path for path in home.last_good.glob("*/*") if path.is_dir()):
        _expunge_export(folder, ids, file_changes)
    if home.old_ids.is_dir():
        expunge_folder(home.old_ids, ids, file_changes)
    forget_indexes(home)
    renew_metrics(home)
    receipt = receipt_of(note_order(home, replace(order, expunged_at=utc_now())))
    log(
        "records expunged",
        receipt=receipt.receipt_id,
        records=receipt.n_records,
        publications=receipt.n_publications,
        files=receipt.n_files,
    )
    return receipt


def _expunge_export(folder: Path, ids: Collection[str], file_changes: Callable[[Path], None]) -> None:
    with rewritten(folder) as rewriting:

        def note(path: Path) -> None:
            file_changes(path)
            rewriting(path)

        expunge_folder(folder, ids, note)


def _rebuild(settings: RunSettings) -> Rebuild:
    trust = {contract.source: contract.trust for contract in load_contracts(settings.contracts)}
    survivorship = load_survivorship(settings.survivorship, trust)

    def rebuild(tables: dict[str, pa.Table], record_ids: Collection[str], run_id: str) -> dict[str, pa.Table]:
        return without_records(tables, record_ids, survivorship, run_id)

    return rebuild


def _check_may_erase(settings: RunSettings, home: Home, ids: Collection[str] | None) -> None:
    """Check that the store allows decisions on the records to be erased, before anything is noted or removed."""
    if has_decisions(settings, home, os.environ):
        with open_decisions(settings, home, os.environ) as store:
            check_may_erase(store, ids)


def _erase(settings: RunSettings, home: Home, order: Order, ids: Collection[str]) -> int:
    """Empty the decisions on the records; returns how many, with those of an earlier try that was cut short."""
    if not has_decisions(settings, home, os.environ):
        return 0
    with open_decisions(settings, home, os.environ) as store:
        return erase(store, ids, order.ordered_by, order.order_ref, order.receipt_id)


def _left_of(settings: RunSettings, home: Home, order: Order) -> set[str]:
    """Records of an order that a table, a decision or the desk's audit log still names."""
    digests = frozenset(order.digests)
    return records_of(home, digests) | {record for record in _decided(settings, home) if digest(record) in digests}


def _decided(settings: RunSettings, home: Home) -> set[str]:
    """Records that a decision is on, or that the desk's audit log names."""
    if not has_decisions(settings, home, os.environ):
        return set()
    with open_decisions(settings, home, os.environ) as store:
        decided, logged = store.log(), store.read(records_in_log)
    return logged | {record for end in ENDS for record in decided.column(end).drop_null().to_pylist()}


def _may_return(settings: RunSettings, home: Home, ids: Collection[str]) -> int:
    lasting = {contract.source for contract in load_contracts(settings.contracts) if contract.has_lasting_key}
    return sum(source not in lasting for source in sources_of(home, ids).values())
