"""What may be entered: a decision is held against those that stand, and refused with what speaks against it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.core.errors import DecisionConflictError, DecisionRefusedError
from pipeline.stewardship.contradictions import against
from pipeline.stewardship.decision import Decision, Pair, PairState, is_same_person, pair_state
from pipeline.stewardship.policy import CaseFacts, second_because
from schemas.decisions import NewDecision, StewardPolicy, listed

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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a decision goes in the log: its number and the store's time."""

    seq: int
    recorded_at: dt.datetime
    entered_by: str | None = None


def facts_of(new: NewDecision) -> CaseFacts | None:
    """The facts that came with a decision; None where nothing is known of the records."""
    if new.n_records is None:
        return None
    roles_l, roles_r, rules = (
        frozenset((text or "").split(";")) - {""} for text in (new.roles_l, new.roles_r, new.rules)
    )
    return CaseFacts(roles_l, roles_r, rules, new.n_records)


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
    around: Mapping[Pair, Sequence[Decision]],
    policy: StewardPolicy,
    place: Place,
) -> Decision:
    """The row of the log that a new decision becomes.

    Args:
        new: what the steward says.
        named: the decision that it retracts or confirms.
        around: decisions of its pair, and of every pair of the records that links in force lead to from there.
        policy: when a second person is needed.
        place: its number and time.

    Raises:
        DecisionConflictError: If it contradicts decisions that stand.
        DecisionRefusedError: If what it names is not there to be named, or the second person is the first one.
    """
    if new.decided_at and new.decided_at > place.recorded_at + EARLIEST_FUTURE:
        raise DecisionRefusedError("decided_at lies in the future.", "Give the time at which it was decided.")
    decision = _row(new, named, policy, place)
    before = around.get(decision.pair, ())
    state = pair_state(before)
    if new.confirms and named:
        _check_confirmation(decision, named, state)
    elif new.retracts and named:
        if named.decision_id not in state.live:
            raise DecisionRefusedError(f"Decision {named.decision_id} is taken back already.")
    else:
        decision = _in_place_of(decision, state)
    _check_contradictions(decision, before, around)
    return decision


def _row(new: NewDecision, named: Decision | None, policy: StewardPolicy, place: Place) -> Decision:
    pair = named.pair if named else (new.record_id_l, new.record_id_r)
    if new.record_id_l is not None and pair != (new.record_id_l, new.record_id_r):
        raise DecisionRefusedError(f"Decision {new.retracts or new.confirms} is about two other records.")
    verdict = new.verdict or (named.verdict if named else None)
    if verdict is None:
        raise DecisionRefusedError("The verdict is missing.")
    because = () if new.confirms else second_because(policy, verdict, facts_of(new))
    return Decision(
        seq=place.seq,
        record_id_l=pair[0],
        record_id_r=pair[1],
        verdict=verdict,
        decided_at=new.decided_at or place.recorded_at,
        recorded_at=place.recorded_at,
        entered_by=place.entered_by,
        needs_second=bool(because) or (new.needs_second and not new.confirms),
        second_because=listed(because) or None,
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


def _check_contradictions(
    decision: Decision, before: Sequence[Decision], around: Mapping[Pair, Sequence[Decision]]
) -> None:
    """A decision that waits is checked as if it counted, so that nobody is asked to confirm what cannot be."""
    was, now = pair_state(before).in_force, pair_state([*before, replace(decision, needs_second=False)]).in_force
    if now is None or now is was:
        return
    states = {pair: pair_state(decisions) for pair, decisions in around.items() if pair != decision.pair}
    in_force = {pair: state.in_force for pair, state in states.items() if state.in_force}
    if chain := against(now, in_force):
        left, right = now.pair
        cannot = "be one person" if now.verdict == "link" else "be two persons"
        problem = f"{left} and {right} cannot {cannot}, by decisions that stand:"
        what_to_do = "Retract or supersede one of them first, or leave this one."
        raise DecisionConflictError(problem, tuple(link.decided_pair() for link in chain), what_to_do)
