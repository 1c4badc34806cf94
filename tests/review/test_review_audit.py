from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from flows.commands.audit import app
from pipeline.core.errors import StateError
from pipeline.review.supervision.log_book import LogFilters, entries
from pipeline.review.supervision.log_words import action_words, subject_parts
from pipeline.stewardship.audit import GENESIS, Act, append, hash_of, verify
from pipeline.stewardship.columns import AUDIT_LOG
from pipeline.stewardship.database import reading, writing
from pipeline.stewardship.store import Store, open_store

NOW = dt.datetime(2026, 11, 26, 9, 0, tzinfo=dt.UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/state/decisions.sqlite3") as opened:
        yield opened


def write(store: Store, n: int) -> None:
    for at in range(n):
        with writing(store.engine) as connection:
            append(
                connection,
                Act("ann", "steward", "case.view", {"review_id": f"Q{at}", "records": ["b", "a"]}, "queue"),
                NOW,
            )


def test_an_empty_log_is_whole(store: Store) -> None:
    with reading(store.engine) as connection:
        proof = verify(connection)
    assert (proof.is_whole, proof.n_entries, proof.head) == (True, 0, GENESIS)


def test_each_entry_names_the_hash_before_it(store: Store) -> None:
    write(store, 3)
    with reading(store.engine) as connection:
        rows = connection.execute(sa.select(AUDIT_LOG).order_by(AUDIT_LOG.c.seq)).all()
        assert verify(connection).is_whole
    assert [row.prev_hash for row in rows] == [GENESIS, rows[0].hash, rows[1].hash]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(column=st.sampled_from(["at", "actor", "role", "action", "subject", "why"]), other=st.text(max_size=20))
def test_no_column_of_an_entry_can_change_without_its_hash_telling(column: str, other: str) -> None:
    row = {
        "seq": 1,
        "at": "2026",
        "actor": "ann",
        "role": "steward",
        "action": "view",
        "subject": "{}",
        "why": "",
        "prev_hash": GENESIS,
    }
    changed = {**row, column: other}
    assert (hash_of(changed) == hash_of(row)) == (changed == row)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM audit_log WHERE seq = 2",
        "UPDATE audit_log SET actor = 'eve' WHERE seq = 2",
        "UPDATE audit_log SET seq = 9 WHERE seq = 3",
    ],
)
def test_an_entry_that_is_gone_changed_or_moved_breaks_the_chain(store: Store, sql: str) -> None:
    write(store, 4)
    with store.engine.connect() as connection, connection.begin():
        for trigger in ("audit_log_delete", "audit_log_update"):
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        connection.exec_driver_sql(sql)
    with reading(store.engine) as connection:
        assert not verify(connection).is_whole


def test_an_entry_is_undone_with_the_transaction_it_tells_of(store: Store) -> None:
    def fail() -> None:
        with writing(store.engine) as connection:
            append(connection, Act("ann", "steward", "case.decide", {}), NOW)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        fail()
    with reading(store.engine) as connection:
        assert verify(connection).n_entries == 0


def test_the_command_proves_a_log_and_fails_where_it_is_broken(store: Store, tmp_path: Path) -> None:
    write(store, 2)
    with reading(store.engine) as connection:
        head = verify(connection).head
    runner = CliRunner()
    whole = runner.invoke(app, ["verify", "--home", str(tmp_path), "--head", f"2:{head}"])
    assert (whole.exit_code, "Whole: 2 entries" in whole.output) == (0, True)
    broken = runner.invoke(app, ["verify", "--home", str(tmp_path), "--head", f"3:{head}"])
    assert isinstance(broken.exception, StateError)


def test_the_log_is_shown_and_filtered_by_days_and_times_of_london(store: Store) -> None:
    half_past_midnight = dt.datetime(2026, 7, 1, 23, 30, tzinfo=dt.UTC)
    with writing(store.engine) as connection:
        append(connection, Act("ann", "steward", "case.view", {}, "queue"), half_past_midnight)
    with reading(store.engine) as connection:
        first, second = (
            entries(connection, LogFilters(day_from=day, day_to=day)) for day in ("2026-07-01", "2026-07-02")
        )
    assert first == []
    assert [f"{row['when']:%Y-%m-%d %H:%M %Z}" for row in second] == ["2026-07-02 00:30 BST"]


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "9999-12-31"])
def test_a_filter_by_a_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="day_to"):
        LogFilters(day_to=text)


def test_an_auditor_reads_why_something_was_refused_and_no_name_of_the_program() -> None:
    parts = subject_parts({"refused": "DecisionConflictError", "code": 409})
    assert [(part.label, part.values) for part in parts] == [
        ("because", ("it contradicts decisions that stand",)),
        ("status", ("409",)),
    ]


@pytest.mark.parametrize(("code", "because"), [(403, "the role does not allow it"), (404, "it is not there")])
def test_a_page_that_is_not_there_is_not_told_as_one_that_the_role_does_not_allow(code: int, because: str) -> None:
    assert action_words("page.refused") == "Page refused"
    told = {part.label: part.values[0] for part in subject_parts({"refused": "DeskRefusedError", "code": code})}
    assert told["because"].startswith(because)


def test_an_entry_tells_first_what_it_is_about_and_which_records_part_from_which() -> None:
    subject = {"decision_ids": ["D1"], "others": ["R2", "R3"], "records": ["R1"], "review_id": "Q1"}
    told = [(part.label, part.values) for part in subject_parts(subject)]
    assert told[:3] == [("case", ("Q1",)), ("records", ("R1",)), ("parted from", ("R2", "R3"))]
