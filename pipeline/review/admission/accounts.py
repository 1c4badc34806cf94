"""Accounts: who may sign in, as what; made here, or by the OpenID provider that vouches for somebody."""

from __future__ import annotations

import datetime as dt
import difflib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy import Connection

from pipeline.core.errors import DeskRefusedError
from pipeline.review.admission.access import Viewer
from pipeline.stewardship.columns import DESK_ACCOUNTS as ACCOUNTS
from pipeline.stewardship.columns import DESK_SESSIONS as SESSIONS
from pipeline.stewardship.decision import name_key
from schemas.boroughs import CODES
from schemas.desk import ROLES, Role

HASHER = PasswordHasher()
NAME_LONGEST = 80


class AccountRefusedError(DeskRefusedError):
    """An account that cannot be made; ``field``: of its form, which is wrong: name, role or borough."""

    def __init__(self, code: int, field: str, problem: str, what_to_do: str = "") -> None:
        super().__init__(code, problem, what_to_do)
        self.args = (code, field, problem, what_to_do)  # rebuild it in another process
        self.field = field


@dataclass(frozen=True, slots=True)
class Account:
    """One person who may sign in."""

    account_id: str
    name: str
    role: Role
    borough: str | None
    password_hash: str | None
    totp_secret: str | None
    """Sealed"""
    totp_step: int | None
    """Last time step of a code that was used: none counts twice"""
    is_active: bool
    is_new: bool
    """Must choose a password and set up the second factor first"""
    has_shortcuts: bool
    failures: int
    locked_until: dt.datetime | None

    def viewer(self) -> Viewer:
        """The account as whoever looks."""
        return Viewer(self.account_id, self.name, self.role, self.borough, self.has_shortcuts)


def add_account(connection: Connection, name: str, role: str, borough: str | None, now: dt.datetime) -> str:
    """Make an account with a password for the first sign-in only, which is returned and kept nowhere else.

    Raises:
        AccountRefusedError: If the name is taken or empty, the role unknown, or a borough missing, unknown or not wanted.
    """
    _check(name, role, borough)
    if find_by_name(connection, name):
        raise AccountRefusedError(
            409, "name", f"There is an account {name.strip()} already.", "Capitals and spaces do not make another name."
        )
    password = secrets.token_urlsafe(12)
    own = {"password_hash": HASHER.hash(password), "is_new": True}
    _insert(connection, name, role, borough, now, own)
    return password


def reset_account(connection: Connection, account_id: str) -> str:
    """A new password for one sign-in; the second factor is set up anew; every session ends."""
    password = secrets.token_urlsafe(12)
    values = {
        "password_hash": HASHER.hash(password),
        "is_new": True,
        "totp_secret": None,
        "totp_step": None,
        "failures": 0,
        "locked_until": None,
        "is_active": True,
    }
    change_account(connection, account_id, values)
    _end_sessions(connection, account_id)
    return password


def disable_account(connection: Connection, account_id: str) -> None:
    """Let an account in no more; every session of it ends. Its decisions and its entries in the audit log stay."""
    change_account(connection, account_id, {"is_active": False})
    _end_sessions(connection, account_id)


def all_accounts(connection: Connection) -> list[Account]:
    """Every account, by name."""
    return [_account(row) for row in connection.execute(sa.select(ACCOUNTS).order_by(ACCOUNTS.c.name_key))]


def find_account(connection: Connection, account_id: str) -> Account | None:
    """One account by its id."""
    return _find(connection, ACCOUNTS.c.account_id == account_id)


def find_by_name(connection: Connection, name: str) -> Account | None:
    """One account by its name, whatever its capitals and spaces."""
    return _find(connection, ACCOUNTS.c.name_key == name_key(name))


def set_shortcuts(connection: Connection, account_id: str, on: bool) -> None:
    """Turn single-key shortcuts on or off (WCAG 2.1.4)."""
    change_account(connection, account_id, {"has_shortcuts": on})


def from_provider(
    connection: Connection, subject: str, name: str, role: str, borough: str | None, now: dt.datetime
) -> Account:
    """The account of somebody whom the OpenID provider vouches for: made, or with the role and borough of today; it keeps its first name."""
    _check(name, role, borough)
    known = _find(connection, ACCOUNTS.c.subject == subject)
    if known:
        change_account(connection, known.account_id, {"role": role, "borough": borough})
    elif find_by_name(connection, name):
        raise DeskRefusedError(403, "Another account has this name.", "Ask an administrator.")
    else:
        _insert(connection, name, role, borough, now, {"subject": subject, "is_new": False})
    return _account(connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.subject == subject)).one())


def _check(name: str, role: str, borough: str | None) -> None:
    if not name_key(name) or len(name) > NAME_LONGEST or not name.isprintable():
        raise AccountRefusedError(422, "name", f"A name has 1 to {NAME_LONGEST} printable characters.")
    if role not in ROLES:
        raise AccountRefusedError(422, "role", f"There is no role {role[:40]}.", f"Roles are {', '.join(ROLES)}.")
    if role == "borough" and borough is None:
        raise AccountRefusedError(422, "borough", "A borough user needs a borough, such as Croydon.")
    if role != "borough" and borough is not None:
        raise AccountRefusedError(422, "borough", "Only a borough user has a borough; leave it out.")
    if borough is not None and borough not in CODES:
        nearest = difflib.get_close_matches(borough.casefold(), [name.casefold() for name in CODES], 1, 0.5)
        name = next((name for name in CODES if [name.casefold()] == nearest), "Croydon")
        raise AccountRefusedError(
            422,
            "borough",
            f"There is no borough {borough[:40]}.",
            f"Write it as {name}." if nearest else f"Boroughs are written as {name}.",
        )


def change_account(connection: Connection, account_id: str, values: dict[str, Any]) -> None:
    """Set some columns of an account."""
    connection.execute(sa.update(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id).values(**values))


def _insert(
    connection: Connection, name: str, role: str, borough: str | None, now: dt.datetime, own: Mapping[str, Any]
) -> None:
    """A new account; ``own``: the columns that tell how its owner signs in."""
    row = {
        "account_id": str(uuid4()),
        "name": " ".join(name.split()),
        "name_key": name_key(name),
        "role": role,
        "borough": borough,
        "is_active": True,
        "has_shortcuts": True,
        "failures": 0,
        "created_at": now,
    }
    connection.execute(sa.insert(ACCOUNTS), {**row, **own})


def _end_sessions(connection: Connection, account_id: str) -> None:
    connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.account_id == account_id))


def _find(connection: Connection, is_it: sa.ColumnElement[bool]) -> Account | None:
    row = connection.execute(sa.select(ACCOUNTS).where(is_it)).one_or_none()
    return _account(row) if row else None


def _account(row: sa.Row[Any]) -> Account:
    return Account(**{name: getattr(row, name) for name in Account.__dataclass_fields__})
