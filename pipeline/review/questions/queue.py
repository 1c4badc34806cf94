"""The queue: open questions by rank, filtered; which of them are answered, claimed, or asked of this steward a second time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from pipeline.core.clock import london_day
from pipeline.review.admission.access import Viewer
from pipeline.review.questions.standing_answers import answers_where, has_retractions_after, standing
from pipeline.review.records.shelf import Row, Shelf
from pipeline.stewardship.columns import DESK_ANSWERS as ANSWERS
from pipeline.stewardship.columns import DESK_CLAIMS as CLAIMS
from pipeline.stewardship.columns import DESK_SECOND_LOOKS as LOOKS
from pipeline.stewardship.decision import is_same_person
from pipeline.stewardship.entering import decisions_named

PAGE = 25
MOST_PAGES = 10_000
UNMERGE = "unmerge"
"""Type of an answer that nobody asked for: a steward parted records on a person's page"""
FOUND = "found_by_steward"
"""The same: a steward compared two people by themselves"""
NOT_ASKED = (UNMERGE, FOUND)
"""Types that are no question of the queue"""
AGES: Mapping[str, tuple[int, int]] = {"new": (0, 1), "week": (2, 7), "month": (8, 31), "old": (32, 100_000)}
"""Days that a question has been open"""
AGE_WORDS = {"new": "Today or yesterday", "week": "2 to 7 days", "month": "8 to 31 days", "old": "Over a month"}


Word = Annotated[str, Field(max_length=60)]


class Filters(BaseModel):
    """What of the queue is shown; empty: everything. Comes as a query or a form; what is not known is left out."""

    model_config = ConfigDict(frozen=True)

    kind: Word = ""
    borough: Word = ""
    source: Word = ""
    age: Word = ""
    harm: Word = ""
    mine: Word = ""

    def as_query(self) -> str:
        """The same as a query string: codes and boroughs, nothing of a person."""
        return urlencode({name: value for name in FILTERS if (value := getattr(self, name))})

    def of_kind(self, kind: str) -> Filters:
        """The same filters, with another type; empty: of all types."""
        return self.model_copy(update={"kind": kind})


FILTERS = ("kind", "borough", "source", "age", "harm", "mine")


@dataclass(frozen=True, slots=True)
class Work:
    """What the store knows of open questions, for one viewer."""

    hidden: frozenset[str]
    """Answered, and not yet read by a night; those asked of this viewer a second time are not among them"""
    claims: Mapping[str, str]
    """Question to the account that has claimed it"""
    today: dt.date
    """From which the age of a question is counted"""

    def mine(self, viewer: Viewer) -> list[str]:
        """Questions that the viewer has claimed."""
        return sorted(review for review, account in self.claims.items() if account == viewer.account_id)

    def taken_by_others(self, viewer: Viewer) -> list[str]:
        """Questions that somebody else has claimed."""
        return sorted(review for review, account in self.claims.items() if account != viewer.account_id)


def work_of(connection: Connection, viewer: Viewer, decisions_read: int, now: dt.datetime) -> Work:
    """Answers since the night of the publication, claims that have not run out, second looks."""
    answered = answered_since(connection, decisions_read)
    claims = connection.execute(sa.select(CLAIMS).where(CLAIMS.c.until > now))
    again = {row.review_id for row in connection.execute(looks_for(viewer.name))}
    return Work(frozenset(answered - again), {row.review_id: row.account_id for row in claims}, london_day(now))


def answered_since(connection: Connection, decisions_read: int) -> set[str]:
    """Questions of the queue with an answer that stands and that no night has read yet."""
    answers = answers_where(
        connection,
        ANSWERS.c.last_seq > decisions_read,
        ANSWERS.c.review_type.not_in(NOT_ASKED),
        sa.not_(ANSWERS.c.is_undone),
    )
    if has_retractions_after(connection, decisions_read):
        answers = standing(connection, answers)
    return {answer["review_id"] for answer in answers}


def waits_for_others(connection: Connection, shelf: Shelf, viewer: Viewer) -> list[str]:
    """Questions in which the viewer's own decision waits for a second person, which the viewer cannot be."""
    questions = shelf.once(
        "waiting", lambda: shelf.rows("SELECT review_id, decision_ids FROM queue WHERE review_type = 'second_person'")
    )
    ids_by_question = {row["review_id"]: row["decision_ids"] or () for row in questions}
    decisions = decisions_named(connection, {decision_id for ids in ids_by_question.values() for decision_id in ids})
    waiting = []
    for review_id, ids in ids_by_question.items():
        deciders = [decisions[decision_id].decided_by for decision_id in ids if decision_id in decisions]
        if deciders and all(is_same_person(name, viewer.name) for name in deciders):
            waiting.append(review_id)
    return waiting


def looks_for(name: str) -> sa.Select[Any]:
    """Second looks that this steward may give: not on one's own answer."""
    return sa.select(LOOKS.c.review_id).where(LOOKS.c.second_by.is_(None), LOOKS.c.first_by != name)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the queue."""

    rows: list[Row]
    total: int
    page: int
    counts: dict[str, int]
    """Open questions by type, under the other filters"""

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // PAGE))


def listing(shelf: Shelf, filters: Filters, work: Work, viewer: Viewer, page: int = 1) -> Listing:
    """A page of open questions, gravest and most uncertain first."""
    page = min(max(page, 1), MOST_PAGES)
    where, values = _where(filters, work, viewer)
    of_all_kinds, values_of_all = _where(filters.of_kind(""), work, viewer)
    rows_of_page = f"""
        SELECT * FROM queue WHERE {where}
        ORDER BY priority DESC, review_id LIMIT {PAGE} OFFSET {(page - 1) * PAGE}
    """  # noqa: S608  (conditions of our own, values bound)
    by_type = f"""
        SELECT review_type, count(*) AS n FROM queue WHERE {of_all_kinds} GROUP BY ALL ORDER BY n DESC, review_type
    """  # noqa: S608  (as above)
    n_by_type = {row["review_type"]: row["n"] for row in shelf.rows(by_type, values_of_all)}
    total = n_by_type.get(filters.kind, 0) if filters.kind else sum(n_by_type.values())
    return Listing(shelf.rows(rows_of_page, values), total, page, n_by_type)


def next_question(
    shelf: Shelf, filters: Filters, work: Work, viewer: Viewer, left_out: Sequence[str] = ()
) -> str | None:
    """The first question that nobody else has claimed, and that is not left out; those that one has taken first."""
    where, values = _where(filters, work, viewer)
    sql = f"""
        SELECT review_id FROM queue WHERE {where} AND review_id NOT IN (SELECT unnest(?::VARCHAR[]))
        ORDER BY list_contains(?::VARCHAR[], review_id) DESC, priority DESC, review_id LIMIT 1
    """  # noqa: S608  (conditions of our own, values bound)
    rows = shelf.rows(sql, [*values, [*work.taken_by_others(viewer), *left_out], work.mine(viewer)])
    return str(rows[0]["review_id"]) if rows else None


def choices(shelf: Shelf) -> dict[str, list[str]]:
    """Boroughs and sources that open questions have: the same as long as the publication is."""
    choices_by_name: dict[str, list[str]] = shelf.once("choices", lambda: _choices(shelf))
    return choices_by_name


def _choices(shelf: Shelf) -> dict[str, list[str]]:
    boroughs = shelf.rows("SELECT DISTINCT unnest(boroughs) AS name FROM queue ORDER BY name")
    sources = shelf.rows("SELECT DISTINCT unnest(sources) AS name FROM queue ORDER BY name")
    return {"boroughs": [row["name"] for row in boroughs], "sources": [row["name"] for row in sources if row["name"]]}


def _where(filters: Filters, work: Work, viewer: Viewer) -> tuple[str, list[Any]]:
    """Conditions and the values bound in them."""
    parts = ["review_id NOT IN (SELECT unnest(?::VARCHAR[]))"]
    values: list[Any] = [sorted(work.hidden)]
    if filters.kind:
        parts.append("review_type = ?")
        values.append(filters.kind)
    if filters.borough:
        parts.append("list_contains(boroughs, ?)")
        values.append(filters.borough)
    if filters.source:
        parts.append("list_contains(sources, ?)")
        values.append(filters.source)
    if filters.harm.isdecimal():
        parts.append("harm >= ?")
        values.append(int(filters.harm[:2]))
    if filters.age in AGES:
        youngest, oldest = AGES[filters.age]
        parts.append("greatest(CAST(? AS DATE) - opened_on, 0) BETWEEN ? AND ?")
        values += [work.today, youngest, oldest]
    if filters.mine:
        parts.append("review_id IN (SELECT unnest(?::VARCHAR[]))")
        values.append(work.mine(viewer))
    return " AND ".join(parts), values
