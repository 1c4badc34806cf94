"""The second steward's word on what waits for it: confirmed, or taken back with all that was entered at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.core.errors import DeskRefusedError
from pipeline.review.decisions.undoing import undone
from pipeline.review.questions.answers import Outcome, Sitting, answer_with, forget_answers, keep_answer
from pipeline.review.records.earlier_decisions import entered_with
from pipeline.stewardship.decision import Decision, is_same_person, pair_state
from schemas.decisions import NewDecision


def second(sitting: Sitting, decision_id: str, agrees: bool, reason: str) -> Outcome:
    """Confirm what another steward entered at once, as its second person, or take back what waits, also one's own.

    Taking it back undoes the whole answer that rests on it, so that links which a split took back count again.

    Raises:
        DeskRefusedError: 403, if one's own is confirmed; 404, if it is not about these records; 409, if it does not wait.
    """
    store = sitting.store
    named = store.find(decision_id)
    if named is None or named.erasure_id or not set(named.pair) <= set(sitting.group.records):
        raise DeskRefusedError(404, "There is no such decision on this case.")
    if agrees and is_same_person(named.decided_by, sitting.viewer.name):
        raise DeskRefusedError(
            403, "Nobody confirms their own decision.", "Another steward must look at it. You can take it back."
        )
    states = map(pair_state, store.about(list(sitting.group.records)).values())
    waiting = entered_with(named, (other for state in states for other in state.waiting))
    if not waiting:
        raise DeskRefusedError(
            409, "This decision does not wait for a second person any more.", "Look at what stands now."
        )
    return _confirmed(sitting, named, waiting, reason) if agrees else _sent_back(sitting, waiting, reason)


def _confirmed(sitting: Sitting, named: Decision, waiting: Sequence[Decision], reason: str) -> Outcome:
    signature: dict[str, Any] = {"decided_by": sitting.viewer.name, "reason": reason}
    new = [NewDecision(confirms=decision.decision_id, **signature) for decision in waiting]
    recorded = sitting.enter(new)
    if named.verdict == "retract":
        forget_answers(sitting, {decision.retracts for decision in waiting if decision.retracts})
    else:
        keep_answer(sitting, "split" if len(new) > 1 else named.verdict, recorded)
    return Outcome(tuple(recorded))


def _sent_back(sitting: Sitting, waiting: Sequence[Decision], reason: str) -> Outcome:
    ids = [decision.decision_id for decision in waiting]
    answer = answer_with(sitting, ids[0])
    outcome = undone(sitting, answer["decision_ids"] if answer else ids, reason)
    forget_answers(sitting, ids)
    return outcome
