"""An order to erase reaches the desk's audit log: ids and typed words go, who did what and when stays, and the chain is whole."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from stewards_say import said

from pipeline.stewardship.audit import Act, append, verify
from pipeline.stewardship.columns import AUDIT_LOG, DESK_REASONS, ERASURES
from pipeline.stewardship.database import reading, writing
from pipeline.stewardship.erasure import erase
from pipeline.stewardship.log_erasure import records_in_log
from pipeline.stewardship.store import Store, open_store

NOW = dt.datetime(2026, 11, 26, 9, 0, tzinfo=dt.UTC)
TYPED = "Check of data quality: ZEBEDIAH's mother rang"
CHOSEN = "Check of data quality"
ACTS = (
    Act("ann", "steward", "case.why", {"review_id": "Q1"}, TYPED),
    Act("ann", "steward", "case.view", {"review_id": "Q1", "records": ["rec-gone", "rec-stays"]}, TYPED),
    Act("ben", "steward", "case.view.refused", {"review_id": "Q1", "l": "rec-gone", "r": "rec-stays"}),
    Act(
        "ben", "steward", "case.view", {"review_id": "Q2", "records": ["rec-stays"], "others": ["rec-gone-not"]}, TYPED
    ),
    Act("aud", "auditor", "audit.view", {"filters": {"subject": "rec-gone"}}),
)


def looked_at(store: Store) -> None:
    for act in ACTS:
        with writing(store.engine) as connection:
            append(connection, act, NOW)
    reasons = [{"account_id": "ann", "subject": case, "why": TYPED, "given_at": NOW} for case in ("Q1", "Q2")]
    with writing(store.engine) as connection:
        connection.execute(sa.insert(DESK_REASONS), reasons)


def log_of(store: Store) -> list[dict[str, Any]]:
    with reading(store.engine) as connection:
        rows = connection.execute(sa.select(AUDIT_LOG).order_by(AUDIT_LOG.c.seq))
        return [{**row._asdict(), "subject": json.loads(row.subject)} for row in rows]


def is_whole(store: Store, head: tuple[int, str] | None = None) -> bool:
    with reading(store.engine) as connection:
        return verify(connection, head).is_whole


def execute(store: Store, sql: str) -> None:
    with writing(store.engine) as connection:
        connection.exec_driver_sql(sql)


def test_ids_and_typed_words_go_and_the_rest_of_the_log_stays_and_is_proven(store: Store) -> None:
    looked_at(store)
    store.decide(said("rec-gone", "rec-stays"))
    before = log_of(store)
    assert erase(store, ["rec-gone"], "dpo", "order 12", "order-id") == 1
    *after, told = log_of(store)
    kept = ("seq", "at", "actor", "role", "action", "prev_hash", "hash")
    assert [[row[name] for name in kept] for row in after] == [[row[name] for name in kept] for row in before]
    assert [row["subject"] for row in after] == [
        {"review_id": "Q1"},
        {"review_id": "Q1", "records": ["erased", "rec-stays"]},
        {"review_id": "Q1", "l": "erased", "r": "rec-stays"},
        {"review_id": "Q2", "records": ["rec-stays"], "others": ["rec-gone-not"]},
        {"filters": {"subject": "erased"}},
    ]
    assert [row["why"] for row in after] == [CHOSEN, CHOSEN, "", TYPED, ""]
    assert [row["erasure_id"] for row in after] == ["order-id", "order-id", "order-id", None, "order-id"]
    assert (told["actor"], told["action"], told["subject"]["n_entries"]) == ("dpo", "erasure", 4)
    assert is_whole(store, (5, before[-1]["hash"])), "the head that was written down before is still in it"


def test_reasons_that_the_desk_keeps_beside_the_log_lose_what_was_typed_about_these_cases_only(store: Store) -> None:
    looked_at(store)
    erase(store, ["rec-gone"], "dpo", "order 12", "order-id")
    with reading(store.engine) as connection:
        reasons = connection.execute(sa.select(DESK_REASONS.c.subject, DESK_REASONS.c.why)).all()
        assert records_in_log(connection) == {"rec-stays", "rec-gone-not", "erased"}
    assert dict(map(tuple, reasons)) == {"Q1": CHOSEN, "Q2": TYPED}


def test_an_entry_may_be_reached_by_a_second_order_and_the_chain_is_whole(store: Store) -> None:
    looked_at(store)
    for number, record in enumerate(("rec-gone", "rec-stays")):
        erase(store, [record], "dpo", f"order {number}", f"order-{number}")
        assert is_whole(store)
    rows = log_of(store)
    assert rows[1]["subject"]["records"] == ["erased", "erased"]
    assert [row["action"] for row in rows[-2:]] == ["erasure", "erasure"]
    with reading(store.engine) as connection:
        assert connection.execute(sa.select(ERASURES.c.n_decisions)).scalars().all() == [0, 0]


def test_a_record_that_nobody_looked_at_leaves_no_entry_of_its_erasure(store: Store) -> None:
    looked_at(store)
    assert erase(store, ["rec-unknown"], "dpo", "order 1", "order-id") == 0
    assert [row["action"] for row in log_of(store)] == [act.action for act in ACTS]


@pytest.mark.parametrize(
    "change",
    [
        "subject = '{}', why = '', erasure_id = 'made up'",
        "erasure_id = 'order-id'",
        "actor = 'eve', erasure_id = 'order-0'",
        "why = 'Another reason', erasure_id = 'order-0'",
        "hash = prev_hash, erasure_id = 'order-0'",
    ],
)
def test_the_database_lets_no_change_through_but_an_erasure_under_another_receipt(store: Store, change: str) -> None:
    looked_at(store)
    erase(store, ["rec-gone-not"], "dpo", "order 0", "order-0")
    erase(store, ["rec-gone"], "dpo", "order 1", "order-id")
    with pytest.raises(DBAPIError):
        execute(store, f"UPDATE audit_log SET {change} WHERE seq = 2")
    assert is_whole(store)


def test_a_change_that_passes_for_an_erasure_is_told_by_the_proof(store: Store) -> None:
    """Whoever may write the tables can name a receipt that is there, but not the entry that would tell of it."""
    looked_at(store)
    erase(store, ["rec-gone"], "dpo", "order 1", "order-id")
    execute(store, "UPDATE audit_log SET subject = '{}', why = '', erasure_id = 'order-id' WHERE seq = 4")
    with reading(store.engine) as connection:
        proof = verify(connection)
    assert (proof.is_whole, proof.broken_at) == (False, 4)


def test_not_a_byte_of_it_stays_in_the_files_of_sqlite(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/decisions.sqlite3") as store:
        looked_at(store)
        erase(store, ["rec-gone", "rec-gone-not"], "dpo", "order 1", "order-id")
        content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"rec-gone" not in content
    assert b"ZEBEDIAH" not in content
