"""The audit log as its page shows it: filtered, newest first; and as a file."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from pipeline.core.clock import LONDON, london_time
from pipeline.review.frame.csv_file import marked_csv
from pipeline.review.supervision.log_words import subject_parts
from pipeline.stewardship.columns import AUDIT_LOG as LOG

PAGE, MOST_EXPORTED = 50, 50_000
COLUMNS = ("seq", "at", "actor", "role", "action", "subject", "why", "prev_hash", "hash", "erasure_id")
Word = Annotated[str, Field(max_length=80)]


def _day_text(text: str) -> str:
    """A day as a date field sends it, or nothing."""
    if text and not 1900 <= dt.date.fromisoformat(text).year <= 2200:
        raise ValueError("not a day of this time")
    return text


class LogFilters(BaseModel):
    """What of the log is shown; empty: everything."""

    model_config = ConfigDict(frozen=True)

    actor: Word = ""
    action: Word = ""
    subject: Word = ""
    """An id of a case, person, record or decision"""
    day_from: Annotated[str, AfterValidator(_day_text)] = ""
    """First day, as London has it"""
    day_to: Annotated[str, AfterValidator(_day_text)] = ""


def entries(
    connection: Connection, filters: LogFilters, before: int | None = None, most: int = PAGE
) -> list[dict[str, Any]]:
    """Entries newest first; ``before``: those with a smaller number only."""
    sql = sa.select(LOG).where(*_where(filters)).order_by(LOG.c.seq.desc()).limit(most)
    if before is not None:
        sql = sql.where(LOG.c.seq < before)
    return [
        {
            **row._asdict(),
            "when": london_time(dt.datetime.fromisoformat(row.at)),
            "parts": subject_parts(json.loads(row.subject)),
        }
        for row in connection.execute(sql)
    ]


def choices(connection: Connection) -> dict[str, list[str]]:
    """Actors and actions that the log has."""
    return {
        name: list(connection.execute(sa.select(LOG.c[name]).distinct().order_by(LOG.c[name])).scalars())
        for name in ("actor", "action")
    }


def as_csv(connection: Connection, filters: LogFilters) -> str:
    """The filtered log, oldest first, hashes included; at most ``MOST_EXPORTED`` entries."""
    return marked_csv(COLUMNS, reversed(entries(connection, filters, most=MOST_EXPORTED)))


def _where(filters: LogFilters) -> list[sa.ColumnElement[bool]]:
    parts: list[sa.ColumnElement[bool]] = []
    if filters.actor:
        parts.append(LOG.c.actor == filters.actor)
    if filters.action:
        parts.append(LOG.c.action == filters.action)
    if filters.subject:
        parts.append(LOG.c.subject.contains(filters.subject, autoescape=True))
    if filters.day_from:
        parts.append(LOG.c.at >= _midnight(filters.day_from))
    if filters.day_to:
        parts.append(LOG.c.at < _midnight(filters.day_to, 1))
    return parts


def _midnight(day: str, days_later: int = 0) -> str:
    """When a day begins in London, in UTC, as the beginning of the log's own times."""
    local = dt.datetime.combine(dt.date.fromisoformat(day) + dt.timedelta(days_later), dt.time(), LONDON)
    return f"{local.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}"
