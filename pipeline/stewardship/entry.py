"""What may be entered: a decision is held against those that stand, and refused with what speaks against it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from pipeline.core.errors import DecisionConflictError, DecisionRefusedError, OnePerson
from pipeline.stewardship.contradictions import against
from pipeline.stewardship.decision import Decision, Pair, PairState, is_same_person, pair_state
from pipeline.stewardship.second_person import asked_of_policy
from pipeline.stewardship.surroundings import Surroundings
from schemas.decisions import NewDecision, StewardPolicy

EARLIEST_FUTURE = dt.timedelta(minutes=5)
"""How far ahead of the store's clock another one may be that made a decision."""
COPIED = (
    "decision_id",
    "decided_by",
    "reason",
    "retracts",
    "confirms",
    "supersedes",
    "fingerprint_l",
    "fingerprint_r",
    "evidence_hash",
    "evidence",
    "run_id",
    "model",
    "roles_l",
    "roles_r",
    "rules",
    "n_records",
)
SENT = ("decided_by", "reason", "retracts", "confirms")
RETRACT_FIRST = "Retract or supersede one of them first, or leave this one."
PART_FIRST = "Part the records of that person first, retract or supersede one of these decisions, or leave this one."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a decision goes in the log: its number and the store's time."""

    seq: int
    recorded_at: dt.datetime
    entered_by: str | None = None


def is_sent_again(new: NewDecision, stored: Decision) -> bool:
    """Whether a decision whose id is in the store is the one stored, sent a second time.

    Raises:
        DecisionRefusedError: If the id was used for something else, or the decision was erased by order.
    """
    if stored.erasure_id:
        raise DecisionRefusedError(f"Decision {stored.decision_id} was erased by order.", "It is not taken again.")
    is_same = all(getattr(new, name) == getattr(stored, name) for name in SENT)
    is_same &= new.verdict in (stored.verdict, None)
    is_same &= new.record_id_l is None or (new.record_id_l, new.record_id_r) == stored.pair
    if not is_same:
        problem = f"Decision id {stored.decision_id} is in use for another decision."
        raise DecisionRefusedError(problem, "Give a new decision its own id.")
    return True


def admit(
    new: NewDecision,
    named: Decision | None,
    around: Surroundings,
    policy: StewardPolicy,
    place: Place,
) -> Decision:
    """The row of the log that a new decision becomes.

    Args:
        new: what the steward says.
        named: the decision that it retracts or confirms.
        around: decisions, and published persons, around its pair.
        policy: when a second person is needed.
        place: its number and time.

    Raises:
        DecisionConflictError: If it contradicts decisions that stand.
        DecisionRefusedError: If what it names is not there to be named, or the second person is the first one.
    """
    if new.decided_at and new.decided_at > place.recorded_at + EARLIEST_FUTURE:
        raise DecisionRefusedError("decided_at lies in the future.", "Give the time at which it was decided.")
    decision = _row(new, named, place)
    before = around.on(decision.pair)
    state = pair_state(before)
    if new.confirms and named:
        _check_confirmation(decision, named, state)
    elif new.retracts and named:
        if named.decision_id not in state.live:
            raise DecisionRefusedError(f"Decision {named.decision_id} is taken back already.")
    else:
        decision = _in_place_of(decision, state)
    # One that waits is checked as if it counted, so that nobody is asked to confirm what cannot be.
    state_after = pair_state([*before, replace(decision, needs_second=False)])
    _check_contradictions(decision.pair, state.in_force, state_after.in_force, around)
    return asked_of_policy(decision, named, (state, state_after), around, policy)


def _row(new: NewDecision, named: Decision | None, place: Place) -> Decision:
    pair = named.pair if named else (new.record_id_l, new.record_id_r)
    if new.record_id_l is not None and pair != (new.record_id_l, new.record_id_r):
        raise DecisionRefusedError(f"Decision {new.retracts or new.confirms} is about two other records.")
    verdict = new.verdict or (named.verdict if named else None)
    if verdict is None:
        raise DecisionRefusedError("The verdict is missing.")
    return Decision(
        seq=place.seq,
        record_id_l=pair[0],
        record_id_r=pair[1],
        verdict=verdict,
        decided_at=new.decided_at or place.recorded_at,
        recorded_at=place.recorded_at,
        entered_by=place.entered_by,
        needs_second=new.needs_second and not new.confirms,
        **{name: getattr(new, name) for name in COPIED},
    )


def _check_confirmation(decision: Decision, named: Decision, state: PairState) -> None:
    if decision.verdict != named.verdict:
        raise DecisionRefusedError(f"Decision {named.decision_id} says {named.verdict}, not {decision.verdict}.")
    if named.decision_id not in {waiting.decision_id for waiting in state.waiting}:
        raise DecisionRefusedError(f"Decision {named.decision_id} does not wait for a second person.")
    if is_same_person(decision.decided_by, named.decided_by):
        problem = f"Decision {named.decision_id} needs a second person, and {named.decided_by} made it."
        raise DecisionRefusedError(problem, "Another steward must confirm it.")


def _in_place_of(decision: Decision, state: PairState) -> Decision:
    """The decision, naming the one that it replaces; another steward's is replaced only where the new one asks for it."""
    head = state.head
    if decision.supersedes and (head is None or head.decision_id != decision.supersedes):
        now = (head.decided_pair(),) if head else ()
        problem = f"Decision {decision.supersedes} is not what stands on these two records now."
        raise DecisionConflictError(problem, now, "Look again at what stands, then decide.")
    if head is None or decision.supersedes:
        return decision
    is_own = is_same_person(head.decided_by, decision.decided_by)
    if not is_own and head.verdict != "unsure":  # unsure decides nothing, so nobody's decision is replaced
        waits = head.decision_id in {waiting.decision_id for waiting in state.waiting}
        what_to_do = "To decide otherwise, supersede that decision by its id (--supersede)."
        if waits and head.verdict == decision.verdict:
            what_to_do = "That one waits for a second person: confirm it instead (--confirm)."
        raise DecisionConflictError(
            "Another steward has decided on these two records.", (head.decided_pair(),), what_to_do
        )
    return replace(decision, supersedes=head.decision_id)


def _check_contradictions(pair: Pair, was: Decision | None, now: Decision | None, around: Surroundings) -> None:
    if now is was:
        return
    if chain := against(pair, was, now, around):
        left, right = pair
        cannot = "be two persons" if now and now.verdict == "unlink" else "be one person"
        problem = f"{left} and {right} cannot {cannot}, by decisions that stand:"
        is_published = any(isinstance(step, OnePerson) for step in chain)
        steps = tuple(step if isinstance(step, OnePerson) else step.decided_pair() for step in chain)
        raise DecisionConflictError(problem, steps, PART_FIRST if is_published else RETRACT_FIRST)
