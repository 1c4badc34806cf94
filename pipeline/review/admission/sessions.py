"""Sessions: an unguessable token in a cookie, of which the store keeps a hash only; limits of idle and of whole time."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.review.admission.accounts import Account, find_account
from pipeline.stewardship.columns import DESK_SESSIONS as SESSIONS
from schemas.desk import DeskSettings

TOUCH_SECONDS = 30
"""A session is written as seen at most so often."""


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in."""

    token_hash: str
    account: Account
    is_full: bool
    """False between the password and the second factor"""
    began_at: dt.datetime
    seen_at: dt.datetime

    def seconds_left(self, settings: DeskSettings, now: dt.datetime) -> int:
        """Until it ends, if nothing is done meanwhile."""
        idle = self.seen_at + dt.timedelta(minutes=settings.idle_minutes)
        over = self.began_at + dt.timedelta(hours=settings.absolute_hours)
        return max(0, int((min(idle, over) - now).total_seconds()))


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """What the store keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_of(token: str) -> str:
    """The token that forms of a session carry; it cannot be known without the session's own, which no page shows."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def begin(
    connection: Connection, account_id: str, is_full: bool, now: dt.datetime, old_token: str | None = None
) -> str:
    """A new session with a new token; the old one, if any, ends: a token known before signing in is worth nothing after."""
    if old_token:
        end(connection, old_token)
    token = new_token()
    row = {"token_hash": hash_of(token), "account_id": account_id, "is_full": is_full, "began_at": now, "seen_at": now}
    connection.execute(sa.insert(SESSIONS), row)
    return token


def find(connection: Connection, token: str, settings: DeskSettings, now: dt.datetime) -> Session | None:
    """The session of a token, unless it was idle or lasted too long, or its account was disabled."""
    row = connection.execute(sa.select(SESSIONS).where(SESSIONS.c.token_hash == hash_of(token))).one_or_none()
    if row is None:
        return None
    is_idle = now - row.seen_at > dt.timedelta(minutes=settings.idle_minutes)
    is_over = now - row.began_at > dt.timedelta(hours=settings.absolute_hours)
    account = find_account(connection, row.account_id)
    if is_idle or is_over or account is None or not account.is_active:
        return None
    return Session(row.token_hash, account, row.is_full, row.began_at, row.seen_at)


def touch(connection: Connection, session: Session, now: dt.datetime) -> None:
    """Note that the session is in use."""
    if (now - session.seen_at).total_seconds() > TOUCH_SECONDS:
        is_session = SESSIONS.c.token_hash == session.token_hash
        connection.execute(sa.update(SESSIONS).where(is_session).values(seen_at=now))


def end(connection: Connection, token: str) -> None:
    """End a session."""
    connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.token_hash == hash_of(token)))


def sweep(connection: Connection, settings: DeskSettings, now: dt.datetime) -> None:
    """Forget sessions that are over."""
    idle = now - dt.timedelta(minutes=settings.idle_minutes)
    over = now - dt.timedelta(hours=settings.absolute_hours)
    connection.execute(sa.delete(SESSIONS).where(sa.or_(SESSIONS.c.seen_at < idle, SESSIONS.c.began_at < over)))
