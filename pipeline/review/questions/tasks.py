"""A steward's work on the queue: claims, reasons for looking, saved views, and what was done today."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.core.clock import london_time
from pipeline.core.errors import DeskRefusedError
from pipeline.review.admission.access import Viewer
from pipeline.review.frame.words import JUSTIFICATIONS, plain_text
from pipeline.review.questions.queue import NOT_ASKED, Filters
from pipeline.review.questions.standing_answers import answers_where, confirmations, has_retractions_after, standing
from pipeline.stewardship.columns import DESK_ANSWERS as ANSWERS
from pipeline.stewardship.columns import DESK_CLAIMS as CLAIMS
from pipeline.stewardship.columns import DESK_REASONS as REASONS
from pipeline.stewardship.columns import DESK_VIEWS as VIEWS
from schemas.desk import DeskSettings

LONGEST_WHY = 500
MOST_VIEWS = 20
OF_THE_QUEUE = frozenset({"queue", "second"})
"""Reasons for looking that come with working on the queue"""


def claim(connection: Connection, review_id: str, viewer: Viewer, settings: DeskSettings, now: dt.datetime) -> None:
    """Take a question, so that nobody else works on it; one's own claim is made longer.

    Raises:
        DeskRefusedError: 409, if another steward has it.
    """
    row = connection.execute(sa.select(CLAIMS).where(CLAIMS.c.review_id == review_id)).one_or_none()
    if row and row.account_id != viewer.account_id and row.until > now:
        raise DeskRefusedError(409, "Another steward has taken this question.", "Take the next one.")
    connection.execute(sa.delete(CLAIMS).where(CLAIMS.c.review_id == review_id))
    until = now + dt.timedelta(minutes=settings.claim_minutes)
    connection.execute(sa.insert(CLAIMS), {"review_id": review_id, "account_id": viewer.account_id, "until": until})


def release(connection: Connection, review_id: str, viewer: Viewer) -> None:
    """Give a question back; somebody else's claim is left alone."""
    connection.execute(
        sa.delete(CLAIMS).where(CLAIMS.c.review_id == review_id, CLAIMS.c.account_id == viewer.account_id)
    )


def claimed_by(connection: Connection, review_id: str, now: dt.datetime) -> str | None:
    """The account that has a question."""
    sql = sa.select(CLAIMS.c.account_id).where(CLAIMS.c.review_id == review_id, CLAIMS.c.until > now)
    return connection.execute(sql).scalar_one_or_none()


def justifications(viewer: Viewer) -> dict[str, str]:
    """Reasons for which this viewer may look: only who has a queue looks because of it."""
    return {code: words for code, words in JUSTIFICATIONS.items() if viewer.may("queue") or code not in OF_THE_QUEUE}


def justify(connection: Connection, viewer: Viewer, subject: str, code: str, text: str, now: dt.datetime) -> str:
    """Keep why somebody looks at a case or a person; returns it as the audit log keeps it.

    Raises:
        DeskRefusedError: 422, if no reason was chosen.
    """
    if code not in justifications(viewer):
        raise DeskRefusedError(422, "Choose why you look at this.")
    more = plain_text(text, LONGEST_WHY)
    why = f"{JUSTIFICATIONS[code]}: {more}" if more else JUSTIFICATIONS[code]
    is_own = REASONS.c.account_id == viewer.account_id, REASONS.c.subject == subject
    connection.execute(sa.delete(REASONS).where(*is_own))
    connection.execute(
        sa.insert(REASONS), {"account_id": viewer.account_id, "subject": subject, "why": why, "given_at": now}
    )
    return why


def reason_given(connection: Connection, viewer: Viewer, subject: str) -> str | None:
    """Why this viewer looks at it, if they were asked before."""
    sql = sa.select(REASONS.c.why).where(REASONS.c.account_id == viewer.account_id, REASONS.c.subject == subject)
    return connection.execute(sql).scalar_one_or_none()


def save_view(connection: Connection, viewer: Viewer, name: str, filters: Filters) -> None:
    """Keep filters under a name; the same name again replaces them.

    Raises:
        DeskRefusedError: 422, if the name is empty or too long, or there are too many.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= 40 or not name.isprintable():
        raise DeskRefusedError(422, "A view's name has 1 to 40 characters.")
    connection.execute(sa.delete(VIEWS).where(VIEWS.c.account_id == viewer.account_id, VIEWS.c.name == name))
    if len(saved_views(connection, viewer)) >= MOST_VIEWS:
        raise DeskRefusedError(422, f"There are {MOST_VIEWS} saved views already.", "Remove one first.")
    row = {"view_id": str(uuid4()), "account_id": viewer.account_id, "name": name, "filters": filters.as_query()}
    connection.execute(sa.insert(VIEWS), row)


def drop_view(connection: Connection, viewer: Viewer, view_id: str) -> None:
    """Remove one of one's own views."""
    connection.execute(sa.delete(VIEWS).where(VIEWS.c.account_id == viewer.account_id, VIEWS.c.view_id == view_id))


def saved_views(connection: Connection, viewer: Viewer) -> list[dict[str, Any]]:
    """One's own views, by name."""
    sql = sa.select(VIEWS).where(VIEWS.c.account_id == viewer.account_id).order_by(VIEWS.c.name)
    return [dict(row._asdict()) for row in connection.execute(sql)]


def done_today(connection: Connection, now: dt.datetime) -> dict[str, int]:
    """Answers to questions of the queue since midnight in London that stand, by steward; to confirm another's is none of one's own."""
    midnight = london_time(now).replace(hour=0, minute=0, second=0, microsecond=0)
    today = ANSWERS.c.decided_at >= midnight, ANSWERS.c.review_type.not_in(NOT_ASKED), sa.not_(ANSWERS.c.is_undone)
    answers = answers_where(connection, *today)
    if answers and has_retractions_after(connection, min(answer["last_seq"] for answer in answers)):
        answers = standing(connection, answers)
    seconded = confirmations(connection, answers)
    return dict(Counter(answer["decided_by"] for answer in answers if answer["answer_id"] not in seconded))
