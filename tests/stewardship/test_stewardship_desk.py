"""What the review desk keeps in the store, on both databases."""

from __future__ import annotations

import datetime as dt

import pyotp
import pytest
import sqlalchemy as sa

from pipeline.core.errors import DeskRefusedError
from pipeline.review import accounts, sessions, tasks
from pipeline.review.access import Viewer
from pipeline.review.queue import Filters, work_of
from pipeline.stewardship.audit import Act, append, verify
from pipeline.stewardship.columns import DESK_ACCOUNTS
from pipeline.stewardship.database import reading, writing
from pipeline.stewardship.store import Store
from schemas.desk import DeskSettings

NOW = dt.datetime(2026, 11, 26, 9, 0, tzinfo=dt.UTC)
SETTINGS = DeskSettings()
ANN, BEN = Viewer("1", "Ann", "steward"), Viewer("2", "Ben", "steward")


def noted(store: Store, n: int) -> None:
    for at in range(n):
        with writing(store.engine) as connection:
            append(connection, Act("ann", "steward", "case.view", {"review_id": f"Q{at}", "name": "Zoë"}, "queue"), NOW)


def test_the_log_is_whole_and_takes_no_change(store: Store) -> None:
    noted(store, 3)
    with reading(store.engine) as connection:
        assert verify(connection).n_entries == 3
        assert verify(connection).is_whole
    for sql in ("UPDATE audit_log SET why = 'x'", "DELETE FROM audit_log", "INSERT INTO audit_log SELECT seq + 9, at, actor, role, action, subject, why, prev_hash, hash FROM audit_log WHERE seq = 1"):  # fmt: skip
        with pytest.raises(sa.exc.DBAPIError), store.engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(sql)


def test_an_account_is_locked_by_wrong_codes_and_its_codes_count_once(store: Store) -> None:
    secret = pyotp.random_base32()
    with writing(store.engine) as connection:
        password = accounts.add_account(connection, "Ann  Steward", "steward", None, NOW)
        connection.execute(sa.update(DESK_ACCOUNTS).values(totp_secret=secret))
        found = accounts.find_by_name(connection, "ann steward")
        assert found
        assert accounts.is_right_password(found, password)
        assert not accounts.is_right_password(found, f"{password}x")
        code = pyotp.TOTP(secret).at(NOW)
        assert accounts.accept_code(connection, found, code, NOW)
        again = accounts.find_account(connection, found.account_id)
        assert again
        assert not accounts.accept_code(connection, again, code, NOW)
        for at in range(SETTINGS.tries):
            own = accounts.find_account(connection, found.account_id)
            assert own
            assert accounts.count_failure(connection, own, SETTINGS, NOW) is (at == SETTINGS.tries - 1)
        locked = accounts.find_account(connection, found.account_id)
        assert locked
        assert accounts.is_locked(locked, NOW)
        assert not accounts.is_locked(locked, NOW + dt.timedelta(minutes=SETTINGS.lock_minutes))
        with pytest.raises(DeskRefusedError, match="already"):
            accounts.add_account(connection, "ANN STEWARD", "auditor", None, NOW)


def test_a_session_is_found_by_its_token_until_it_is_over(store: Store) -> None:
    with writing(store.engine) as connection:
        accounts.add_account(connection, "Ann", "steward", None, NOW)
        account = accounts.find_by_name(connection, "Ann")
        assert account
        token = sessions.begin(connection, account.account_id, True, NOW)
        assert sessions.find(connection, token, SETTINGS, NOW)
        assert sessions.find(connection, f"{token}x", SETTINGS, NOW) is None
        assert sessions.find(connection, token, SETTINGS, NOW + dt.timedelta(minutes=16)) is None
        newer = sessions.begin(connection, account.account_id, True, NOW, token)
        assert sessions.find(connection, token, SETTINGS, NOW) is None
        accounts.disable_account(connection, account.account_id)
        assert sessions.find(connection, newer, SETTINGS, NOW) is None


def test_a_claim_keeps_others_out_until_it_runs_out(store: Store) -> None:
    with writing(store.engine) as connection:
        tasks.claim(connection, "Q1", ANN, SETTINGS, NOW)
        tasks.claim(connection, "Q1", ANN, SETTINGS, NOW)
        with pytest.raises(DeskRefusedError, match="Another steward"):
            tasks.claim(connection, "Q1", BEN, SETTINGS, NOW)
        assert work_of(connection, BEN, 0, NOW).others(BEN) == ["Q1"]
        later = NOW + dt.timedelta(minutes=SETTINGS.claim_minutes + 1)
        assert work_of(connection, BEN, 0, later).others(BEN) == []
        tasks.claim(connection, "Q1", BEN, SETTINGS, later)
        tasks.release(connection, "Q1", ANN)
        assert tasks.claimed_by(connection, "Q1", later) == BEN.account_id


def test_views_and_reasons_are_kept_for_their_own_account(store: Store) -> None:
    with writing(store.engine) as connection:
        tasks.save_view(connection, ANN, "Twins", Filters(kind="twin_suspicion"))
        tasks.save_view(connection, ANN, " Twins ", Filters(kind="twin_suspicion", harm="4"))
        assert [view["filters"] for view in tasks.saved_views(connection, ANN)] == ["kind=twin_suspicion&harm=4"]
        assert tasks.saved_views(connection, BEN) == []
        why = tasks.justify(connection, ANN, "Q1", "enquiry", "  Ref 12/34 ", NOW)
        assert tasks.reason_given(connection, ANN, "Q1") == why == "A safeguarding enquiry names this person: Ref 12/34"
        assert tasks.reason_given(connection, BEN, "Q1") is None
        with pytest.raises(DeskRefusedError):
            tasks.justify(connection, ANN, "Q1", "curious", "", NOW)
