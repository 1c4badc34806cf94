"""Undoing what a form entered: what it said is taken back, and what it took back counts again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.review.questions.answers import Outcome, Sitting
from pipeline.stewardship.decision import pair_state
from pipeline.stewardship.store import Store
from schemas.decisions import NewDecision


@dataclass(frozen=True, slots=True)
class Undoing:
    """The decisions that undo those of a form, in order of entry."""

    decisions: tuple[NewDecision, ...]
    n_brought_back: int
    """Of them, those by which a decision that the form took back counts again"""


def undoing(store: Store, decision_ids: Sequence[str], by: str, reason: str, n_records: int) -> Undoing:
    """What undoes the decisions of a form: the last one first, so that no step contradicts another.

    The log only grows, so each is a retraction. The retraction of a retraction brings a decision back as it stood, with whoever
    had confirmed it, and its reason says which. What was taken back already, or erased, or waits to be, is left out.

    Args:
        store: of decisions.
        decision_ids: of the form, in order of entry.
        by: who undoes it.
        reason: why.
        n_records: records that it is about together.
    """
    named = {
        decision_id: decision for decision_id, decision in store.named(decision_ids).items() if not decision.erasure_id
    }
    on_pairs = store.about(sorted({end for decision in named.values() for end in decision.pair}))
    states = {pair: pair_state(on_pairs[pair]) for pair in {decision.pair for decision in named.values()}}
    leaving = {waiting.retracts for state in states.values() for waiting in state.waiting}
    by_id = {decision.decision_id: decision for pair in states for decision in on_pairs[pair]}
    new, n_brought_back = [], 0
    for decision_id in reversed(decision_ids):
        decision = named.get(decision_id)
        if decision is None or decision_id not in states[decision.pair].live or decision_id in leaving:
            continue
        has_taken_back = not decision.confirms and decision not in states[decision.pair].waiting
        brought_back = by_id.get(decision.retracts or "") if has_taken_back else None
        why = (
            f"{reason}: decision {brought_back.decision_id} ({brought_back.verdict}, {brought_back.decided_by}) counts again"
            if brought_back
            else reason
        )
        n_brought_back += brought_back is not None
        new.append(NewDecision(verdict="retract", retracts=decision_id, decided_by=by, reason=why, n_records=n_records))
    return Undoing(tuple(new), n_brought_back)


def undone(sitting: Sitting, decision_ids: Sequence[str], reason: str) -> Outcome:
    """Undo the decisions of a form, given in order of entry; nothing is recorded where nothing of them is left to undo.

    Raises:
        DecisionConflictError: If what comes back contradicts what was decided since.
    """
    back = undoing(sitting.store, decision_ids, sitting.viewer.name, reason, sitting.n_records)
    return Outcome(tuple(sitting.enter(back.decisions)), n_brought_back=back.n_brought_back)
