"""Taking back: a decision that is in force, alone or with all that came in its form, whoever made it; or one's own latest answer."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

from pipeline.core.errors import DeskRefusedError
from pipeline.review.decisions.signature import Signature
from pipeline.review.decisions.undoing import undone
from pipeline.review.questions.answers import (
    Outcome,
    Sitting,
    answer_with,
    forget_answers,
    last_answer,
    take_back_answer,
)
from pipeline.review.questions.detached import detached_decisions
from pipeline.review.records.earlier_decisions import entered_with
from pipeline.review.records.group import Pair, group_of, published_facts
from pipeline.review.records.shelf import Shelf
from pipeline.stewardship.decision import Decision, is_same_person, pair_state
from pipeline.stewardship.entering import Recorded


def take_back_decision(sitting: Sitting, decision_id: str, reason: str, batch: str) -> Outcome:
    """Retract a decision on a record of the page, so that what stood before it on its pair stands again.

    Where the policy asks for a second person the retraction waits for them, and so long the decision stands. Answers of which
    no other decision is left open their question again.

    Args:
        sitting: who takes it back.
        decision_id: of the decision.
        reason: why, in the steward's words.
        batch: id of the form; sent twice, it counts once.

    Raises:
        DeskRefusedError: 409, if it is not in force on these records.
        DecisionConflictError: If what would stand again contradicts decisions that stand.
    """
    return _retracted(sitting, decision_id, Signature(sitting.viewer.name, reason, batch), _in_force)


def take_back_detached(sitting: Sitting, decision_id: str, reason: str, batch: str) -> Outcome:
    """As ``take_back_decision``, for one that the last night left detached: its records may be of no page.

    Raises:
        DeskRefusedError: 409, if it is not detached, or was taken back or replaced since.
    """
    return _retracted(sitting, decision_id, Signature(sitting.viewer.name, reason, batch), _detached)


def _retracted(
    sitting: Sitting, decision_id: str, signature: Signature, find: Callable[[Sitting, str], Decision]
) -> Outcome:
    if earlier := sitting.store.find(signature.retraction_id(decision_id)):
        return Outcome((Recorded(earlier, is_new=False),))
    retraction = signature.retract(decision_id, _facts(sitting.shelf, find(sitting, decision_id).pair))
    outcome = Outcome(tuple(sitting.enter([retraction])))
    if not outcome.waits:
        forget_answers(sitting, {decision_id})
    return outcome


def take_back_together(sitting: Sitting, decision_id: str, reason: str) -> Outcome:
    """Undo all that was entered in the form of a decision in force, such as a split: what it took back counts again.

    Raises:
        DeskRefusedError: 409, if it is not in force on these records.
        DecisionConflictError: If what would stand again contradicts decisions that stand.
    """
    decision = _in_force(sitting, decision_id)
    if answer := answer_with(sitting, decision_id):
        ids = answer["decision_ids"]
    else:
        on_pairs = sitting.store.about(list(sitting.group.records)).values()
        ids = [other.decision_id for other in entered_with(decision, chain.from_iterable(on_pairs))]
    outcome = undone(sitting, ids, reason)
    if not outcome.waits:
        forget_answers(sitting, {decision_id})
    return outcome


def undo(sitting: Sitting) -> Outcome:
    """Take back one's own latest answer to the question: everything stands as it stood before it.

    Where the policy asks for a second person, it waits for them, and so long the answer stands.

    Raises:
        DeskRefusedError: 409, if there is none.
        DecisionConflictError: If what comes back contradicts what was decided since.
    """
    row = last_answer(sitting.connection, sitting.question["review_id"]) if sitting.question else None
    if row is None or not is_same_person(row["decided_by"], sitting.viewer.name):
        if row is None:
            raise DeskRefusedError(409, "There is no answer of yours to undo.")
        raise DeskRefusedError(
            409,
            f"{row['decided_by']} answered or confirmed here after you, so yours is not undone any more.",
            "Take the decision back instead, with a reason: under the earlier decisions.",
        )
    outcome = undone(sitting, row["decision_ids"], "Undone at the desk")
    if not outcome.recorded:
        raise DeskRefusedError(409, "There is nothing left to undo, or it waits for a second steward.")
    if not outcome.waits:
        take_back_answer(sitting, row["answer_id"])
    return outcome


def _in_force(sitting: Sitting, decision_id: str) -> Decision:
    """The decision, which must be the one that counts on its pair, of which a record is on the page."""
    states = map(pair_state, sitting.store.about(list(sitting.group.records)).values())
    for state in states:
        if state.in_force and state.in_force.decision_id == decision_id:
            return state.in_force
    raise DeskRefusedError(409, "This decision is not in force on these records.", "Look at what stands now.")


def _detached(sitting: Sitting, decision_id: str) -> Decision:
    """The decision, which must be one that the last night left detached."""
    detached = (entry.decision for entry in detached_decisions(sitting.connection, sitting.shelf))
    decision = next((own for own in detached if own.decision_id == decision_id), None)
    if decision is None:
        raise DeskRefusedError(409, "This decision is not detached, or not any more.", "Look at what stands now.")
    return decision


def _facts(shelf: Shelf, pair: Pair) -> dict[str, Any]:
    """What the policy and the log need to know of the two records; nothing where one is published no more."""
    owners = [shelf.owner(record) for record in pair]
    group = group_of(shelf, [owner for owner in owners if owner])
    return published_facts(shelf, group, [pair])[0] if group.records.keys() >= {*pair} else {}
