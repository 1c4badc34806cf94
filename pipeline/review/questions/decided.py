"""Open questions on whose two people somebody decided outside the queue since the night, as on the command line."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.review.questions.queue import answered_since
from pipeline.review.records.shelf import Shelf
from pipeline.stewardship.columns import DECISIONS
from pipeline.stewardship.decision import Decision
from pipeline.stewardship.entering import states_of

SETTLING = ("link", "unlink")
"""Verdicts with which a night closes the question whether two people are one"""


def decided_elsewhere(connection: Connection, shelf: Shelf) -> dict[str, Decision]:
    """Question to the latest decision in force between its two people that no night has read yet.

    Left out are questions that were answered in the queue: who is asked one of them a second time does not see that there was a first.
    """
    decisions = _in_force_since(connection, shelf.decisions_read)
    if not decisions:
        return {}
    owners = _owners(shelf, {end for decision in decisions for end in decision.pair})
    latest = {
        frozenset(owners.get(end, end) for end in decision.pair): decision
        for decision in sorted(decisions, key=lambda decision: decision.seq)
    }
    answered = answered_since(connection, shelf.decisions_read)
    return {
        review_id: latest[people]
        for review_id, people in _people_of_questions(shelf).items()
        if people in latest and review_id not in answered
    }


def _in_force_since(connection: Connection, seq: int) -> list[Decision]:
    """Verdicts entered after the decision with this number that settle something."""
    since = DECISIONS.c.seq > seq, DECISIONS.c.verdict.in_(SETTLING), DECISIONS.c.erasure_id.is_(None)
    rows = connection.execute(sa.select(DECISIONS.c.record_id_l, DECISIONS.c.record_id_r).where(*since).distinct())
    states = states_of(connection, {(row.record_id_l, row.record_id_r) for row in rows})
    in_force = (state.in_force for state in states.values())
    return [decision for decision in in_force if decision and decision.seq > seq and decision.verdict in SETTLING]


def _owners(shelf: Shelf, record_ids: set[str]) -> dict[str, str]:
    sql = "SELECT record_id, person_id FROM owners WHERE record_id IN (SELECT unnest(?::VARCHAR[]))"
    return {row["record_id"]: row["person_id"] for row in shelf.rows(sql, [sorted(record_ids)])}


def _people_of_questions(shelf: Shelf) -> dict[str, frozenset[str]]:
    """Question to the two people that it is about."""
    people: dict[str, frozenset[str]] = shelf.once(
        "people_of_questions",
        lambda: {
            row["review_id"]: frozenset(row["person_ids"])
            for row in shelf.rows("SELECT review_id, person_ids FROM queue WHERE len(person_ids) = 2")
        },
    )
    return people
