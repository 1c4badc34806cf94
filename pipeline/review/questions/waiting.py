"""What was decided since the night and waits for a second person, each with the page on which it is confirmed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.review.questions.answers import ABOUT_PERSON
from pipeline.review.questions.found import case_on
from pipeline.review.questions.standing_answers import answers_where
from pipeline.review.records.shelf import Shelf
from pipeline.stewardship.columns import DECISIONS
from pipeline.stewardship.columns import DESK_ANSWERS as ANSWERS
from pipeline.stewardship.decision import Decision
from pipeline.stewardship.entering import states_of


@dataclass(frozen=True, slots=True)
class Waiting:
    """Decisions that were entered at once and wait."""

    decision: Decision
    """The first of them"""
    n_decisions: int
    address: str
    """Of the page on which they are confirmed; empty where only the next night asks"""


def waiting_since(connection: Connection, shelf: Shelf) -> list[Waiting]:
    """What waits and no night has read yet, the earliest first; what a night has read is a question of the queue."""
    n_by_first = _entered_since(connection, shelf.decisions_read)
    if not n_by_first:
        return []
    decisions = [Decision(*row) for row in connection.execute(sa.select(DECISIONS).where(_is_one_of(n_by_first)))]
    states = states_of(connection, {decision.pair for decision in decisions})
    waiting = [decision for decision in decisions if decision in states[decision.pair].waiting]
    asked_by = _question_of_each(connection, shelf.decisions_read) if waiting else {}
    return [
        Waiting(decision, n_by_first[decision.seq], _address(shelf, asked_by.get(decision.decision_id), decision))
        for decision in sorted(waiting, key=lambda decision: decision.seq)
    ]


def _entered_since(connection: Connection, seq: int) -> dict[int, int]:
    """Number of the first of the decisions of each form that need a second person, and how many there are."""
    form = (DECISIONS.c.decided_by, DECISIONS.c.recorded_at, DECISIONS.c.reason)
    since = DECISIONS.c.seq > seq, DECISIONS.c.needs_second, DECISIONS.c.erasure_id.is_(None)
    sql = sa.select(sa.func.min(DECISIONS.c.seq), sa.func.count()).where(*since).group_by(*form)
    return {row[0]: row[1] for row in connection.execute(sql)}


def _is_one_of(seqs: Collection[int]) -> sa.ColumnElement[bool]:
    return DECISIONS.c.seq.in_(sorted(seqs))


def _question_of_each(connection: Connection, seq: int) -> dict[str, str]:
    """Decision to the question, or the person, on whose page it was entered."""
    answers = answers_where(connection, ANSWERS.c.last_seq > seq, sa.not_(ANSWERS.c.is_undone))
    return {decision_id: answer["review_id"] for answer in answers for decision_id in answer["decision_ids"]}


def _address(shelf: Shelf, asked_by: str | None, decision: Decision) -> str:
    if asked_by:
        person = asked_by.removeprefix(ABOUT_PERSON)
        return f"/persons/{person}" if person != asked_by else f"/cases/{asked_by}"
    owners = sorted({owner for end in decision.pair if (owner := shelf.owner(end))})
    if len(owners) == 1:
        return f"/persons/{owners[0]}"
    return f"/cases/{case_on(shelf, *owners)}" if owners else ""
