"""Answers to questions: which decisions answered which question, and which are asked of another steward again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.review.admission.access import Viewer
from pipeline.review.questions.machine import keep_machine_pairs, made_by_machine
from pipeline.review.questions.queue import UNMERGE, looks_for
from pipeline.review.questions.standing_answers import Answer, answers_where, fallen, standing
from pipeline.review.records.group import Group, published_persons
from pipeline.review.records.shelf import Row, Shelf
from pipeline.stewardship.columns import DESK_ANSWERS as ANSWERS
from pipeline.stewardship.columns import DESK_CLAIMS as CLAIMS
from pipeline.stewardship.columns import DESK_SECOND_LOOKS as LOOKS
from pipeline.stewardship.entering import Recorded
from pipeline.stewardship.store import Store
from schemas.decisions import NewDecision

MOST_IDS = 50
"""Decisions whose ids an entry of the audit log names; of more it tells their numbers in the store"""


@dataclass(frozen=True, slots=True)
class Sitting:
    """Who decides on what, in which transaction of the store."""

    connection: Connection
    store: Store
    shelf: Shelf
    group: Group
    question: Row | None
    """The question, or ``about_person`` for what is decided from a person's page"""
    viewer: Viewer
    now: dt.datetime

    @property
    def n_records(self) -> int:
        """Records that the decision is about together."""
        return len(self.group.records)

    def enter(self, decisions: Sequence[NewDecision]) -> list[Recorded]:
        """Enter all of these decisions or none, held against the publication and the decisions that stand.

        Raises:
            DecisionConflictError: As ``Store.decide``.
            DecisionRefusedError: As ``Store.decide``.
        """
        return self.store.enter_within(self.connection, decisions, published_persons(self.shelf))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a decision."""

    recorded: tuple[Recorded, ...]
    is_second_look: bool = False
    has_waiting: bool = False
    """A decision that was entered before, on these records, waits"""
    n_brought_back: int = 0
    """Decisions that had been taken back and count again"""

    @property
    def waits(self) -> bool:
        """Counts only once a second steward has confirmed it."""
        return self.has_waiting or any(one.decision.needs_second for one in self.recorded)

    @property
    def on_record(self) -> dict[str, list[Any]]:
        """The decisions for the audit log: their numbers in the store, and their ids where they are not too many."""
        numbers = [one.decision.seq for one in self.recorded]
        ids = {"decision_ids": self.ids} if len(numbers) <= MOST_IDS else {}
        return {**ids, "decision_numbers": [min(numbers), max(numbers)]} if numbers else {}

    @property
    def ids(self) -> list[str]:
        """Decision ids."""
        return [one.decision.decision_id for one in self.recorded]


ABOUT_PERSON = "person:"
"""Before the person's id, in place of a question's"""


def about_person(person_id: str) -> Row:
    """What stands for the question where nobody asked one: a steward parts records of a person by themselves."""
    return {"review_id": f"{ABOUT_PERSON}{person_id}", "review_type": UNMERGE, "match_probability": None}


def keep_answer(sitting: Sitting, verdict: str, recorded: Iterable[Recorded]) -> None:
    """The question is answered by these decisions, and free of its claim; nothing where there is no question."""
    question, decisions = sitting.question, [one.decision for one in recorded]
    if question is None or not decisions:
        return
    row = {
        "answer_id": str(uuid4()),
        "review_id": question["review_id"],
        "review_type": question["review_type"],
        "verdict": verdict,
        "decided_by": sitting.viewer.name,
        "decided_at": sitting.now,
        "decision_ids": json.dumps([decision.decision_id for decision in decisions]),
        "last_seq": max(decision.seq for decision in decisions),
        "was_linked": len(sitting.group.persons) == 1,
        "match_probability": question.get("match_probability"),
        "is_undone": False,
    }
    sitting.connection.execute(sa.insert(ANSWERS), row)
    unclaim(sitting)


def keep_made(sitting: Sitting, recorded: Sequence[Recorded]) -> None:
    """Keep what the machine had made of the pairs that were decided on."""
    group = sitting.group
    pairs = {one.decision.pair for one in recorded if one.is_new}
    keep_machine_pairs(sitting.connection, recorded, made_by_machine(group.records, group.links.values(), pairs))


def unclaim(sitting: Sitting) -> None:
    """Nobody has the question any more."""
    if sitting.question:
        sitting.connection.execute(sa.delete(CLAIMS).where(CLAIMS.c.review_id == sitting.question["review_id"]))


def answers_to(connection: Connection, review_id: str) -> list[Answer]:
    """Answers to a question that were neither undone nor taken back elsewhere, the latest first."""
    return standing(
        connection, answers_where(connection, ANSWERS.c.review_id == review_id, sa.not_(ANSWERS.c.is_undone))
    )


def last_answer(connection: Connection, review_id: str) -> Row | None:
    """The latest of them."""
    return next(iter(answers_to(connection, review_id)), None)


def seconded_by(store: Store, answers: Sequence[Row]) -> Row | None:
    """The answer that the latest one only confirms; None where it says something of its own."""
    ids = answers[0]["decision_ids"] if answers else []
    decisions = store.named(ids[:1])
    named = decisions[ids[0]].confirms if ids and ids[0] in decisions else None
    return next((row for row in answers[1:] if named in row["decision_ids"]), None) if named else None


def take_back_answer(sitting: Sitting, answer_id: str) -> None:
    """An answer counts no more, nor is it asked again."""
    connection = sitting.connection
    row = connection.execute(sa.select(ANSWERS.c.review_id).where(ANSWERS.c.answer_id == answer_id)).one()
    connection.execute(sa.update(ANSWERS).where(ANSWERS.c.answer_id == answer_id).values(is_undone=True))
    connection.execute(sa.delete(LOOKS).where(LOOKS.c.review_id == row.review_id, LOOKS.c.second_by.is_(None)))


def forget_answers(sitting: Sitting, decision_ids: Collection[str]) -> None:
    """Answers that rest on decisions which were taken back, and on no other, open their question again."""
    connection = sitting.connection
    for decision_id in decision_ids:
        answers = answers_where(connection, sa.not_(ANSWERS.c.is_undone), ANSWERS.c.decision_ids.contains(decision_id))
        for answer_id in fallen(connection, answers).taken_back:
            take_back_answer(sitting, answer_id)


def answer_with(sitting: Sitting, decision_id: str) -> Row | None:
    """The answer to the question of which a decision is part."""
    answers = answers_to(sitting.connection, sitting.question["review_id"]) if sitting.question else ()
    return next((row for row in answers if decision_id in row["decision_ids"]), None)


def ask_again(sitting: Sitting, verdict: str) -> None:
    """Ask another steward the question again."""
    question = sitting.question
    if question is None:
        return
    row: dict[str, Any] = {
        "look_id": str(uuid4()),
        "review_id": question["review_id"],
        "review_type": question["review_type"],
        "first_by": sitting.viewer.name,
        "first_verdict": verdict,
        "first_at": sitting.now,
    }
    sitting.connection.execute(sa.insert(LOOKS), row)


def open_look(connection: Connection, review_id: str, viewer: Viewer) -> str | None:
    """The second look that is asked of this steward on a question."""
    sql = looks_for(viewer.name).with_only_columns(LOOKS.c.look_id).where(LOOKS.c.review_id == review_id).limit(1)
    return connection.execute(sql).scalar_one_or_none()


def keep_second_look(sitting: Sitting, look_id: str, verdict: str) -> None:
    """The second answer to a question, which decides nothing: it tells how far stewards agree."""
    values = {"second_by": sitting.viewer.name, "second_verdict": verdict, "second_at": sitting.now}
    sitting.connection.execute(sa.update(LOOKS).where(LOOKS.c.look_id == look_id).values(**values))
    unclaim(sitting)
