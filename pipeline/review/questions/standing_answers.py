"""Which answers to questions still stand, as the log of decisions has it: whoever took one back, and wherever."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.stewardship.columns import DECISIONS
from pipeline.stewardship.columns import DESK_ANSWERS as ANSWERS
from pipeline.stewardship.decision import Decision, PairState
from pipeline.stewardship.entering import decisions_named, states_of

Answer = dict[str, Any]
"""A row of ``desk_answers``, its decision ids as a list"""


@dataclass(frozen=True, slots=True)
class Fallen:
    """Answers that stand no more, by their ids."""

    taken_back: frozenset[str]
    """Every decision of the answer was taken back"""
    replaced: frozenset[str]
    """Others: a later verdict stands on every pair of the answer"""


def answers_where(connection: Connection, *conditions: sa.ColumnElement[bool]) -> list[Answer]:
    """Answers that meet the conditions, the latest first; those undone at the desk too."""
    rows = connection.execute(sa.select(ANSWERS).where(*conditions).order_by(ANSWERS.c.decided_at.desc()))
    return [{**row._asdict(), "decision_ids": json.loads(row.decision_ids)} for row in rows]


def standing(connection: Connection, answers: Sequence[Answer]) -> list[Answer]:
    """Those of the answers that were not taken back."""
    taken_back = fallen(connection, answers).taken_back
    return [answer for answer in answers if answer["answer_id"] not in taken_back]


def has_retractions_after(connection: Connection, seq: int) -> bool:
    """Whether anything was taken back after the decision with this number."""
    retraction = sa.select(DECISIONS.c.seq).where(DECISIONS.c.seq > seq, DECISIONS.c.verdict == "retract").limit(1)
    return connection.execute(retraction).first() is not None


def fallen(connection: Connection, answers: Iterable[Answer]) -> Fallen:
    """Which of the answers stand no more.

    A confirmation stands as long as what it confirms. What a split took back beside its own verdicts says nothing of it. An
    answer whose decisions were erased by order stands: nothing is left that could tell otherwise.
    """
    verdicts_of = _verdicts_of_answers(connection, answers)
    states = states_of(connection, {decision.pair for verdicts in verdicts_of.values() for decision in verdicts})
    taken_back = {
        answer_id
        for answer_id, verdicts in verdicts_of.items()
        if verdicts and not any(_is_live(decision, states[decision.pair]) for decision in verdicts)
    }
    replaced = {
        answer_id
        for answer_id, verdicts in verdicts_of.items()
        if verdicts and not any(_is_latest(decision, states[decision.pair]) for decision in verdicts)
    }
    return Fallen(frozenset(taken_back), frozenset(replaced - taken_back))


def confirmations(connection: Connection, answers: Iterable[Answer]) -> set[str]:
    """Answers that only confirm another steward's: they tell nothing of the question beyond it."""
    ids_by_answer = {row["answer_id"]: row["decision_ids"] for row in answers}
    decisions = decisions_named(
        connection, {decision_ids[0] for decision_ids in ids_by_answer.values() if decision_ids}
    )
    confirming = {decision_id for decision_id, decision in decisions.items() if decision.confirms}
    return {answer_id for answer_id, decision_ids in ids_by_answer.items() if confirming.intersection(decision_ids[:1])}


def _verdicts_of_answers(connection: Connection, answers: Iterable[Answer]) -> dict[str, list[Decision]]:
    ids_by_answer = {answer["answer_id"]: answer["decision_ids"] for answer in answers}
    decisions = decisions_named(connection, {decision_id for ids in ids_by_answer.values() for decision_id in ids})
    verdicts = {
        decision_id: decision
        for decision_id, decision in decisions.items()
        if decision.verdict != "retract" and not decision.erasure_id
    }
    return {
        answer_id: [verdicts[decision_id] for decision_id in ids if decision_id in verdicts]
        for answer_id, ids in ids_by_answer.items()
    }


def _is_live(decision: Decision, state: PairState) -> bool:
    return decision.decision_id in state.live and (decision.confirms or decision.decision_id) in state.live


def _is_latest(decision: Decision, state: PairState) -> bool:
    return state.head is not None and (decision.confirms or decision.decision_id) == state.head.decision_id
