"""The database itself refuses to forget: tried with plain SQL, behind the store's back."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from stewards_say import confirmed, retracted, said

from pipeline.core.errors import DecisionRefusedError
from pipeline.stewardship.columns import ERASURES
from pipeline.stewardship.database import reading, writing
from pipeline.stewardship.erasure import erase
from pipeline.stewardship.policy import load_policy
from pipeline.stewardship.standing import decided_pairs, standing_decisions
from pipeline.stewardship.store import Store

TAMPERING = (
    "UPDATE decisions SET verdict = 'unlink' WHERE seq = 1",
    "UPDATE decisions SET decided_by = 'eve'",
    "UPDATE decisions SET reason = 'another reason' WHERE seq = 1",
    "UPDATE decisions SET seq = 7 WHERE seq = 1",
    "UPDATE decisions SET record_id_l = NULL, record_id_r = NULL, reason = NULL, erasure_id = 'made up' WHERE seq = 1",
    "DELETE FROM decisions",
    "DELETE FROM decisions WHERE seq = 2",
    "INSERT INTO decisions SELECT * FROM decisions WHERE seq = 1",
    "INSERT INTO decisions (seq, decision_id, record_id_l, record_id_r, verdict, decided_by, decided_at, recorded_at, reason, needs_second)"
    " SELECT 9, 'new', 'x', 'y', 'link', 'eve', decided_at, recorded_at, 'r', needs_second FROM decisions WHERE seq = 1",
    "INSERT INTO decisions (seq, decision_id, record_id_l, record_id_r, verdict, decided_by, decided_at, recorded_at, reason, needs_second)"
    " SELECT 4, 'new', 'y', 'x', 'link', 'eve', decided_at, recorded_at, 'r', needs_second FROM decisions WHERE seq = 1",
)
SQLITE_TAMPERING = (
    "INSERT OR REPLACE INTO decisions SELECT * FROM decisions WHERE seq = 1",
    "UPDATE OR REPLACE decisions SET seq = 2 WHERE seq = 1",
    "REPLACE INTO decisions (seq, decision_id, record_id_l, record_id_r, verdict, decided_by, decided_at, recorded_at, reason, needs_second)"
    " SELECT 4, decision_id, 'x', 'y', 'link', 'eve', decided_at, recorded_at, 'r', needs_second FROM decisions WHERE seq = 1",
)
POSTGRESQL_TAMPERING = ("TRUNCATE decisions", "TRUNCATE erasures CASCADE")
RECEIPT = (
    "INSERT INTO erasures (erasure_id, ordered_by, order_ref, erased_at, n_decisions)"
    " SELECT 'E1', 'judge', 'order 1', recorded_at, 1 FROM decisions WHERE seq = 1"
)
EMPTIED = (
    "record_id_l = NULL, record_id_r = NULL, reason = NULL, second_because = NULL, fingerprint_l = NULL, fingerprint_r = NULL,"
    " evidence_hash = NULL, evidence = NULL, roles_l = NULL, roles_r = NULL, rules = NULL, n_records = NULL, erasure_id = 'E1'"
)


def three_decisions(store: Store) -> None:
    first = store.decide(said("a", "b")).decision
    store.decide(
        said("b", "c", reason="ZEBEDIAH lives there", evidence="forename=exact", fingerprint_l="f", roles_l="victim")
    )
    store.decide(retracted(first.decision_id))


def execute(store: Store, *statements: str) -> None:
    with writing(store.engine) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_the_log_can_be_neither_changed_nor_deleted_nor_replaced(store: Store) -> None:
    three_decisions(store)
    before = store.log()
    own = SQLITE_TAMPERING if store.engine.dialect.name == "sqlite" else POSTGRESQL_TAMPERING
    for statement in (*TAMPERING, *own):
        with pytest.raises(DBAPIError):
            execute(store, statement)
    assert store.log().equals(before)


def test_a_plain_connection_without_the_stores_settings_cannot_change_it_either(tmp_path: Path) -> None:
    from pipeline.stewardship.store import open_store  # noqa: PLC0415

    path = tmp_path / "decisions.sqlite3"
    with open_store(f"sqlite:///{path}") as store:
        three_decisions(store)
        before = store.log()
        connection = sqlite3.connect(path, isolation_level=None)
        for statement in (*TAMPERING, *SQLITE_TAMPERING):
            with pytest.raises(sqlite3.Error):
                connection.execute(statement)
        connection.close()
        assert store.log().equals(before)


def test_an_update_may_only_empty_a_decision_and_only_with_a_receipt(store: Store) -> None:
    three_decisions(store)
    for more in ("verdict = 'unlink'", "decided_by = 'eve'"):
        with pytest.raises(DBAPIError):
            execute(store, RECEIPT, f"UPDATE decisions SET {EMPTIED}, {more} WHERE seq = 2")
    with pytest.raises(DBAPIError):
        execute(
            store, RECEIPT, f"UPDATE decisions SET {EMPTIED.replace('reason = NULL', 'reason = reason')} WHERE seq = 2"
        )
    execute(store, RECEIPT, f"UPDATE decisions SET {EMPTIED} WHERE seq = 2")
    with pytest.raises(DBAPIError):
        execute(
            store,
            "UPDATE decisions SET record_id_l = 'x', record_id_r = 'y', reason = 'r', erasure_id = NULL WHERE seq = 2",
        )
    for statement in ("DELETE FROM erasures", "UPDATE erasures SET order_ref = 'another'"):
        with pytest.raises(DBAPIError):
            execute(store, statement)


ERASURE = "6f1c0b1e-8a5d-4c11-9d0a-3f6f0f6f2016"


def test_an_erased_record_is_gone_and_its_receipt_names_nothing_of_it(store: Store) -> None:
    three_decisions(store)
    store.decide(said("x", "y"))
    assert erase(store, ["c"], "judge", "order 12/2026", ERASURE) == 1
    with reading(store.engine) as connection:
        receipt = connection.execute(sa.select(ERASURES)).one()
    assert (receipt.erasure_id, receipt.n_decisions) == (ERASURE, 1)
    row = store.log().to_pylist()[1]
    told = {name for name, value in row.items() if value is not None}
    assert told == {
        "seq",
        "decision_id",
        "verdict",
        "decided_by",
        "decided_at",
        "recorded_at",
        "needs_second",
        "erasure_id",
    }
    assert decided_pairs(standing_decisions(store.log(), load_policy())).column("record_id_l").to_pylist() == ["x"]
    everything = str(receipt) + str(store.log().to_pylist())
    assert "ZEBEDIAH" not in everything


def test_an_erased_decision_can_be_neither_sent_again_nor_confirmed_nor_retracted(store: Store) -> None:
    sent = said("a", "b", roles_l="victim", roles_r="offender")
    store.decide(sent)
    erase(store, ["a"], "judge", "order 1", ERASURE)
    with pytest.raises(DecisionRefusedError, match="erased by order"):
        store.decide(sent)
    for new in (confirmed(sent.decision_id), retracted(sent.decision_id)):
        with pytest.raises(DecisionRefusedError, match="no decision"):
            store.decide(new)
    store.decide(said("b", "c"))
    assert len(store.log()) == 2


def test_an_erasure_needs_an_order_and_leaves_no_receipt_of_nothing(store: Store) -> None:
    store.decide(said("a", "b"))
    with pytest.raises(DecisionRefusedError, match="who ordered"):
        erase(store, ["a"], "judge", " ", ERASURE)
    assert erase(store, ["z"], "judge", "order 1", ERASURE) == 0
    with reading(store.engine) as connection:
        assert connection.execute(sa.select(ERASURES)).all() == []


def test_not_a_byte_of_what_was_erased_stays_in_the_files_of_sqlite(tmp_path: Path) -> None:
    from pipeline.stewardship.store import open_store  # noqa: PLC0415

    path = tmp_path / "decisions.sqlite3"
    with open_store(f"sqlite:///{path}") as store:
        for number in range(50):
            store.decide(said(f"left{number}", f"right{number}", reason=f"ZEBEDIAH {number} " + "x" * 500))
        erase(store, [f"left{number}" for number in range(50)], "judge", "order 1", ERASURE)
        files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert "decisions.sqlite3-wal" in files
    for content in files.values():
        for secret in (b"ZEBEDIAH", b"left7", b"right7"):
            assert secret not in content


def test_the_tables_are_what_the_code_takes_them_for(store: Store) -> None:
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415

    from pipeline.stewardship.columns import METADATA  # noqa: PLC0415
    from schemas.tables import DECISIONS  # noqa: PLC0415

    with reading(store.engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        columns = sa.inspect(connection).get_columns("decisions")
    assert tuple(column["name"] for column in columns) == DECISIONS.names
