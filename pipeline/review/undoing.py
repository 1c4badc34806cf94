"""Undoing what a form entered: what it said is taken back, and what it took back counts again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    own = {decision_id: one for decision_id, one in store.named(decision_ids).items() if not one.erasure_id}
    found = store.about(sorted({end for one in own.values() for end in one.pair}))
    states = {pair: pair_state(found[pair]) for pair in {one.pair for one in own.values()}}
    leaving = {waiting.retracts for state in states.values() for waiting in state.waiting}
    by_id = {one.decision_id: one for pair in states for one in found[pair]}
    new, n_brought_back = [], 0
    for decision_id in reversed(decision_ids):
        one = own.get(decision_id)
        if one is None or decision_id not in states[one.pair].live or decision_id in leaving:
            continue
        earlier = by_id.get(one.retracts or "") if not one.confirms else None
        why = (
            f"{reason}: decision {earlier.decision_id} ({earlier.verdict}, {earlier.decided_by}) counts again"
            if earlier
            else reason
        )
        n_brought_back += earlier is not None
        new.append(NewDecision(verdict="retract", retracts=decision_id, decided_by=by, reason=why, n_records=n_records))
    return Undoing(tuple(new), n_brought_back)
