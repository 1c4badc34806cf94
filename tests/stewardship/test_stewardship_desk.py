"""What the review desk keeps in the store, on both databases."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from pipeline.core.errors import DeskRefusedError, SettingsError
from pipeline.review.admission import accounts, factors, sessions
from pipeline.review.admission.access import Viewer
from pipeline.review.admission.sealing import KEY_ENV, SEALED, Seal, n_sealed, open_seal, reseal
from pipeline.review.questions import tasks
from pipeline.review.questions.queue import Filters, work_of
from pipeline.stewardship.audit import Act, append, verify
from pipeline.stewardship.columns import DESK_ACCOUNTS
from pipeline.stewardship.database import reading, writing
from pipeline.stewardship.store import Store
from schemas.desk import DeskSettings

NOW = dt.datetime(2026, 11, 26, 9, 0, tzinfo=dt.UTC)
SETTINGS = DeskSettings()
SEAL = Seal([Fernet.generate_key().decode()])
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
    for sql in (
        "UPDATE audit_log SET why = 'x'",
        "DELETE FROM audit_log",
        "INSERT INTO audit_log SELECT seq + 9, at, actor, role, action, subject, why, prev_hash, hash FROM audit_log WHERE seq = 1",
    ):
        with pytest.raises(sa.exc.DBAPIError), store.engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(sql)


def test_an_account_is_locked_by_wrong_codes_and_its_codes_count_once(store: Store) -> None:
    secret = pyotp.random_base32()
    with writing(store.engine) as connection:
        password = accounts.add_account(connection, "Ann  Steward", "steward", None, NOW)
        connection.execute(sa.update(DESK_ACCOUNTS).values(totp_secret=SEAL.seal(secret)))
        found = accounts.find_by_name(connection, "ann steward")
        assert found
        assert factors.is_right_password(found, password)
        assert not factors.is_right_password(found, f"{password}x")
        code = pyotp.TOTP(secret).at(NOW)
        assert factors.accept_code(connection, found, code, NOW, SEAL)
        again = accounts.find_account(connection, found.account_id)
        assert again
        assert not factors.accept_code(connection, again, code, NOW, SEAL)
        for at in range(SETTINGS.tries):
            own = accounts.find_account(connection, found.account_id)
            assert own
            assert factors.count_failure(connection, own, SETTINGS, NOW) is (at == SETTINGS.tries - 1)
        locked = accounts.find_account(connection, found.account_id)
        assert locked
        assert factors.is_locked(locked, NOW)
        assert not factors.is_locked(locked, NOW + dt.timedelta(minutes=SETTINGS.lock_minutes))
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
        assert work_of(connection, BEN, 0, NOW).taken_by_others(BEN) == ["Q1"]
        later = NOW + dt.timedelta(minutes=SETTINGS.claim_minutes + 1)
        assert work_of(connection, BEN, 0, later).taken_by_others(BEN) == []
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


def kept_secret(store: Store) -> str:
    with reading(store.engine) as connection:
        return str(connection.execute(sa.select(DESK_ACCOUNTS.c.totp_secret)).scalar_one())


def test_a_secret_that_lies_open_is_sealed_and_sealed_anew_by_a_newer_key(store: Store, tmp_path: Path) -> None:
    key_file, secret = tmp_path / "state" / "desk.key", pyotp.random_base32()
    with writing(store.engine) as connection:
        accounts.add_account(connection, "Ann", "steward", None, NOW)
        connection.execute(sa.update(DESK_ACCOUNTS).values(totp_secret=secret))
        seal = open_seal(connection, key_file, {})
        assert reseal(connection, seal) == 0
        assert n_sealed(connection) == 1
    assert key_file.stat().st_mode & 0o777 == 0o600
    kept = kept_secret(store)
    assert kept.startswith(SEALED)
    assert secret not in kept
    assert seal.open(kept) == secret
    newer = Fernet.generate_key().decode()
    key_file.write_text(f"{newer}\n{key_file.read_text()}")
    with writing(store.engine) as connection:
        assert reseal(connection, open_seal(connection, key_file, {})) == 0
        assert reseal(connection, open_seal(connection, tmp_path / "none", {KEY_ENV: newer})) == 0
    assert kept_secret(store) != kept
    assert Seal([newer]).open(kept_secret(store)) == secret


def test_without_the_key_of_what_is_sealed_nothing_is_made_in_its_place(store: Store, tmp_path: Path) -> None:
    with writing(store.engine) as connection:
        accounts.add_account(connection, "Ann", "steward", None, NOW)
        connection.execute(sa.update(DESK_ACCOUNTS).values(totp_secret=SEAL.seal("S")))
        with pytest.raises(SettingsError, match="1 second factors are sealed with its key") as told:
            open_seal(connection, tmp_path / "desk.key", {})
        assert "users reset NAME" in str(told.value)
        assert not (tmp_path / "desk.key").exists()
        account = accounts.find_by_name(connection, "Ann")
        assert account
        assert (
            reseal(connection, open_seal(connection, tmp_path / "none", {KEY_ENV: Fernet.generate_key().decode()})) == 1
        )
        accounts.reset_account(connection, account.account_id)
        open_seal(connection, tmp_path / "desk.key", {})
        assert (tmp_path / "desk.key").is_file()


@pytest.mark.parametrize("said", ["", "not a key", "A" * 44, "Zm9v"])
def test_a_key_that_is_none_is_refused_without_being_told(store: Store, tmp_path: Path, said: str) -> None:
    key_file = tmp_path / "desk.key"
    key_file.write_text(said)
    key_file.chmod(0o600)
    with writing(store.engine) as connection, pytest.raises(SettingsError, match="holds no key") as told:
        open_seal(connection, key_file, {})
    assert not said or said not in str(told.value)
    key_file.chmod(0o640)
    with writing(store.engine) as connection, pytest.raises(SettingsError, match="can be read by others"):
        open_seal(connection, key_file, {})
