"""Erasure by order: what decisions and the desk's log say of a record goes from the store, and a receipt says that something went."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from pipeline.core.errors import DecisionRefusedError, StoreUnavailableError
from pipeline.core.log import log
from pipeline.stewardship.audit import ERASURE, Act, append
from pipeline.stewardship.columns import AUDIT_LOG, DECISIONS, ERASED, ERASURES
from pipeline.stewardship.database import name_of
from pipeline.stewardship.log_erasure import LogErasure, erase_in_log, log_erasure_of
from pipeline.stewardship.patience import with_patience
from pipeline.stewardship.store import Store

DEAD_ROWS = re.compile(r"\d+")
"""How what VACUUM says begins, in every language: with how many dead rows it had to keep"""
REWRITTEN = ("decisions", "audit_log", "desk_reasons")
"""Tables of which an erasure leaves old rows behind in PostgreSQL's files"""
MAY_ERASE = """
SELECT has_table_privilege('erasures', 'INSERT') AND has_table_privilege('audit_log', 'INSERT')
   AND bool_and(has_table_privilege(oid, 'UPDATE') AND (pg_has_role(relowner, 'USAGE')
        OR CASE WHEN current_setting('server_version_num')::int >= 170000 THEN has_table_privilege(oid, 'MAINTAIN')
           ELSE false END))
FROM pg_class WHERE oid IN ('decisions'::regclass, 'audit_log'::regclass, 'desk_reasons'::regclass)
"""
"""Whether PostgreSQL lets the role empty decisions and entries of the log, and rewrite their tables"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that an order was carried out; it names no record and no content."""

    erasure_id: str
    ordered_by: str
    order_ref: str
    """The order's own number or file mark: must not name the person."""
    erased_at: dt.datetime
    n_decisions: int


def check_may_erase(store: Store, record_ids: Collection[str] | None = None) -> None:
    """That ``erase`` could be carried out to its end; to be asked before anything else of an order is. None: on any record.

    Raises:
        StoreUnavailableError: If there are such decisions or entries of the desk's log and the role may not empty them or
            rewrite their tables, or the database does not answer.
    """
    if store.engine.dialect.name != "postgresql":
        return

    def may_erase(connection: Connection) -> bool:
        if record_ids is None:
            concerned = any(
                connection.scalar(sa.select(sa.exists().select_from(rows))) for rows in (DECISIONS, AUDIT_LOG)
            )
        else:
            concerned = bool(_count(connection, record_ids) or log_erasure_of(connection, record_ids).entries)
        return not concerned or bool(connection.exec_driver_sql(MAY_ERASE).scalar())

    if not store.read(may_erase):
        problem = "this role may not erase decisions for good: it must own their table, whose file is written anew."
        what_to_do = "Nothing was expunged. Give the order with the owner's role in BOROUGHLINK_DECISIONS_URL."
        raise StoreUnavailableError(name_of(store.engine), problem, what_to_do)


def erase(store: Store, record_ids: Collection[str], ordered_by: str, order_ref: str, erasure_id: str) -> int:
    """Empty every decision on these records, be it none, for good: ids, reason, fingerprints, evidence and facts.

    What stays of such a decision is its number, its id, its verdict, who made it and when. It binds nothing any more, so a pair
    that it joined or parted is the model's again. A decision that waits for the same id again, as from an old export, is not
    taken. The bytes go too: SQLite overwrites them and empties its write-ahead log, PostgreSQL rewrites the table; backups and
    archived logs are the operator's. Free text of other decisions may still name a person: only its writers know.

    Of the desk's audit log the records' ids and typed reasons go (``log_erasure``); an entry of it tells of every erasure.

    It may be done again until it has ended: what a try that died had emptied stands under its id, and its bytes go now.

    Returns: how many were emptied under this id, now and before.

    Raises:
        DecisionRefusedError: If the order is not told.
        StoreUnavailableError: If the database does not answer; it is safe to erase again.
    """
    if not (ordered_by.strip() and order_ref.strip()):
        raise DecisionRefusedError("An erasure needs who ordered it and the order's reference.")

    def carry_out(connection: Connection) -> tuple[int, bool]:
        before = _receipt(connection, erasure_id)
        count, in_log = _count(connection, record_ids), log_erasure_of(connection, record_ids)
        is_changed = bool(count or in_log.entries)
        if is_changed:  # after a try that died, such as have been entered since
            own_id = str(uuid4()) if before else erasure_id
            receipt = Receipt(own_id, ordered_by.strip(), order_ref.strip(), dt.datetime.now(dt.UTC), count)
            _erase(connection, record_ids, in_log, receipt)
        return count + (before.n_decisions if before else 0), is_changed or before is not None

    count, has_old_bytes = store.write(carry_out)
    if has_old_bytes:
        _overwrite(store)
        log("decisions erased by order", erasure=erasure_id, decisions=count)
    return count


def _erase(connection: Connection, record_ids: Collection[str], in_log: LogErasure, receipt: Receipt) -> None:
    connection.execute(sa.insert(ERASURES), asdict(receipt))
    emptied = dict.fromkeys(ERASED)
    connection.execute(
        sa.update(DECISIONS).where(_touches(record_ids)).values(**emptied, erasure_id=receipt.erasure_id)
    )
    erase_in_log(connection, in_log, receipt.erasure_id)
    subject = {
        "erasure_id": receipt.erasure_id,
        "order_ref": receipt.order_ref,
        "n_decisions": receipt.n_decisions,
        "n_entries": len(in_log.entries),
        "hashes": in_log.hashes,
    }
    append(connection, Act(receipt.ordered_by, "order", ERASURE, subject), receipt.erased_at)


def _touches(record_ids: Collection[str]) -> sa.ColumnElement[bool]:
    ids = list(record_ids)
    return sa.or_(DECISIONS.c.record_id_l.in_(ids), DECISIONS.c.record_id_r.in_(ids))


def _count(connection: Connection, record_ids: Collection[str]) -> int:
    return int(
        connection.execute(sa.select(sa.func.count()).select_from(DECISIONS).where(_touches(record_ids))).scalar_one()
    )


def _receipt(connection: Connection, erasure_id: str) -> Receipt | None:
    row = connection.execute(sa.select(ERASURES).where(ERASURES.c.erasure_id == erasure_id)).one_or_none()
    return Receipt(**row._asdict()) if row else None


def _overwrite(store: Store) -> None:
    """Leave no old bytes in the database's own files.

    Raises:
        StoreUnavailableError: If readers who began before still need them, or PostgreSQL's table is another role's.
    """
    is_sqlite = store.engine.dialect.name == "sqlite"
    look, place = (_is_log_in_use, "its write-ahead log") if is_sqlite else (_is_history_in_use, "its file")
    tries = Retrying(stop=stop_after_delay(store.patience_s), wait=wait_fixed(0.2), retry=retry_if_result(bool))
    try:
        tries(lambda: with_patience(store.engine, store.patience_s, lambda: look(store.engine)))
    except RetryError:
        problem = f"what was erased is in {place} until the readers that hold it open are gone; then give the same order again."
        raise StoreUnavailableError(name_of(store.engine), problem) from None


def _is_log_in_use(engine: Engine) -> bool:
    """Empty SQLite's write-ahead log, outside any transaction; whether a reader kept it from being emptied."""
    connection = engine.raw_connection()
    try:
        return bool(connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
    finally:
        connection.close()


def _is_history_in_use(engine: Engine) -> bool:
    """Write PostgreSQL's tables anew; whether rows as they were had to stay, for a transaction that began before."""
    return any(_is_table_in_use(engine, table) for table in REWRITTEN)


def _is_table_in_use(engine: Engine, table: str) -> bool:
    """Write one table anew; whether rows as they were had to stay.

    Raises:
        StoreUnavailableError: If the role may not: PostgreSQL itself only warns.
    """
    file_of = f"SELECT pg_relation_filenode('{table}')"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        before, notices = connection.exec_driver_sql(file_of).scalar(), list[str]()
        driver: Any = connection.connection.driver_connection
        driver.add_notice_handler(lambda notice: notices.append(notice.message_detail or ""))
        connection.exec_driver_sql(f"VACUUM (FULL, VERBOSE) {table}")
        if connection.exec_driver_sql(file_of).scalar() == before:
            problem = (
                "what was erased is in its file until VACUUM FULL rewrites the table, which only the table's owner may."
            )
            raise StoreUnavailableError(name_of(engine), f"{problem} Give the same order again as the owner.")
        connection.invalidate()  # the handler goes with it
    return any(int(match.group()) for detail in notices if (match := DEAD_ROWS.match(detail)))
