"""The two factors of a local account: argon2 passwords, codes by TOTP, and a lock after too many wrong tries."""

from __future__ import annotations

import datetime as dt
import secrets

import pyotp
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Connection

from pipeline.core.errors import DeskRefusedError
from pipeline.review.admission.accounts import HASHER, Account, change_account
from pipeline.review.admission.sealing import Seal
from pipeline.stewardship.decision import name_key
from schemas.desk import DeskSettings

NOBODY = HASHER.hash(secrets.token_urlsafe(16))
"""Verified where there is no account, so that a wrong name takes as long as a wrong password"""
SHORTEST, LONGEST = 12, 128
"""Characters of a password"""
STEP_SECONDS = 30


def is_right_password(account: Account | None, password: str) -> bool:
    """Whether the password is that of the account; takes as long where there is no account."""
    attempt = password[:LONGEST]
    try:
        HASHER.verify(account.password_hash if account and account.password_hash else NOBODY, attempt)
    except (Argon2Error, InvalidHashError):
        return False
    return account is not None


def is_locked(account: Account, now: dt.datetime) -> bool:
    """Whether too many wrong tries came before."""
    return account.locked_until is not None and now < account.locked_until


def count_failure(connection: Connection, account: Account, settings: DeskSettings, now: dt.datetime) -> bool:
    """Count a wrong try; whether the account is locked by it."""
    failures = account.failures + 1
    is_last = failures >= settings.tries
    until = now + dt.timedelta(minutes=settings.lock_minutes) if is_last else None
    change_account(connection, account.account_id, {"failures": 0 if is_last else failures, "locked_until": until})
    return is_last


def forgive(connection: Connection, account_id: str) -> None:
    """Forget wrong tries after a right one."""
    change_account(connection, account_id, {"failures": 0, "locked_until": None})


def accept_code(connection: Connection, account: Account, code: str, now: dt.datetime, seal: Seal) -> bool:
    """Whether a code of the second factor is right now, a step early or late; a code counts once.

    Raises:
        DeskRefusedError: 503, if the secret was sealed with a key that is gone.
    """
    secret = seal.open(account.totp_secret) if account.totp_secret else None
    digits = "".join(code.split())
    if not secret or not (digits.isascii() and digits.isdigit()):
        return False
    totp = pyotp.TOTP(secret)
    step = int(now.timestamp()) // STEP_SECONDS
    for candidate_step in (step, step - 1, step + 1):
        if secrets.compare_digest(totp.at(candidate_step * STEP_SECONDS), digits):
            if account.totp_step is not None and candidate_step <= account.totp_step:
                return False
            change_account(connection, account.account_id, {"totp_step": candidate_step})
            return True
    return False


def choose_password(connection: Connection, account: Account, password: str, again: str) -> None:
    """Keep the password that a new account chose.

    Raises:
        DeskRefusedError: If it is too short or long, holds the name, or was not repeated.
    """
    if password != again:
        raise DeskRefusedError(422, "The two passwords are not the same.")
    if not SHORTEST <= len(password) <= LONGEST:
        raise DeskRefusedError(422, f"A password has {SHORTEST} to {LONGEST} characters.")
    if name_key(account.name) in password.casefold() or len(set(password)) < 5:
        raise DeskRefusedError(422, "This password is too easy to guess.", "Take three or more unrelated words.")
    change_account(connection, account.account_id, {"password_hash": HASHER.hash(password)})


def begin_set_up(connection: Connection, account: Account, seal: Seal) -> str:
    """The secret of the second factor that a new account is to connect: the same one until it has."""
    try:
        if account.totp_secret:
            return seal.open(account.totp_secret)
    except DeskRefusedError:  # its key is gone, and nobody has connected it yet
        pass
    secret = pyotp.random_base32()
    change_account(connection, account.account_id, {"totp_secret": seal.seal(secret)})
    return secret


def finish_set_up(connection: Connection, account_id: str) -> None:
    """The second factor is connected; the account is new no more."""
    change_account(connection, account_id, {"is_new": False})
