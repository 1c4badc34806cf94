"""Deciding on pairs at the desk, seconding and undoing; each in the caller's one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.core.errors import DeskRefusedError
from pipeline.review.answers import (
    Outcome,
    Sitting,
    answer_with,
    ask_again,
    forget_answers,
    keep_answer,
    keep_made,
    keep_second_look,
    last_answer,
    open_look,
    take_back_answer,
)
from pipeline.review.seen import Pair, seen_of
from pipeline.review.undoing import undoing
from pipeline.review.words import FIELD_WORDS, REASONS, plain_text, within
from pipeline.stewardship.decision import Decision, is_same_person, pair_state
from pipeline.stewardship.evidence import moved_fields
from pipeline.stewardship.store import Refusal, Store
from schemas.decisions import NewDecision, StewardPolicy, Verdict

LONGEST_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Said:
    """What a form says of a pair."""

    verdict: Verdict
    pair: Pair
    reason: str
    decision_id: str
    evidence: str
    """Levels that the page showed"""
    evidence_hash: str
    """Tells whether levels and values are still what the page showed"""
    head: str
    """Id of the decision on the pair that the page showed as the latest; empty: none"""
    replaces: bool = False
    """The steward said that another one's decision is to be replaced"""


def reason_of(code: str, text: str) -> str:
    """A reason from the list and free text, as the store keeps it.

    Raises:
        DeskRefusedError: 422, if none was chosen, or "other" has no text.
    """
    own = plain_text(text, LONGEST_TEXT)
    if code not in REASONS:
        raise DeskRefusedError(422, "Choose a reason.")
    if code == "other" and not own:
        raise DeskRefusedError(422, "Tell the reason in the text.")
    return f"{REASONS[code]}: {own}" if own else REASONS[code]


def decide_pair(sitting: Sitting, said: Said, is_drawn: bool) -> Outcome:
    """Enter a verdict on one pair, or keep it as a second look where the question is asked of this steward again.

    Args:
        sitting: who decides on what.
        said: the verdict.
        is_drawn: the answer is one of the sample that another steward is asked again.

    Raises:
        DeskRefusedError: 409, if the evidence or the latest decision is not what the page showed.
        DecisionConflictError: If it contradicts decisions that stand.
    """
    store, facts = sitting.store, seen_of(sitting.shelf, sitting.group, [said.pair])[0]
    supersedes = None
    if store.find(said.decision_id) is None:  # else the same form was sent again, and counts once
        check_evidence(facts, said, store.policy)
        if sitting.question and (
            look_id := open_look(sitting.connection, sitting.question["review_id"], sitting.viewer)
        ):
            keep_second_look(sitting, look_id, said.verdict)
            return Outcome((), is_second_look=True)
        supersedes = _replaced(sitting, said)
    new = NewDecision(
        decision_id=said.decision_id,
        verdict=said.verdict,
        decided_by=sitting.viewer.name,
        reason=said.reason,
        supersedes=supersedes,
        **facts,
    )
    recorded = store.enter_within(sitting.connection, [new])
    keep_made(sitting, recorded)
    if recorded[0].is_new:
        keep_answer(sitting, said.verdict, recorded)
        if is_drawn:
            ask_again(sitting, said.verdict)
    return Outcome(tuple(recorded))


def check_evidence(facts: Mapping[str, Any], said: Said, policy: StewardPolicy) -> None:
    """Refuse a decision on evidence that is no more what the page showed.

    Raises:
        DeskRefusedError: 409, with the fields that moved.
    """
    if (facts.get("evidence_hash") or "") == said.evidence_hash:
        return
    moved = moved_fields(said.evidence, facts.get("evidence") or "", policy)
    what = f" Moved: {', '.join(within(FIELD_WORDS.get(name, name)) for name in moved)}." if moved else ""
    raise DeskRefusedError(
        409,
        f"The evidence has changed since you opened the case.{what}",
        "The new evidence is shown below: look again, then decide.",
    )


def second(sitting: Sitting, decision_id: str, agrees: bool, reason: str) -> Outcome:
    """Confirm what another steward entered at once, or take it back, as its second person.

    Taking it back undoes the whole answer that rests on it, so that links which a split took back count again.

    Raises:
        DeskRefusedError: 403, if it is one's own; 404, if it is not about these records; 409, if it does not wait.
    """
    store = sitting.store
    named = store.find(decision_id)
    if named is None or named.erasure_id or not set(named.pair) <= set(sitting.group.records):
        raise DeskRefusedError(404, "There is no such decision on this case.")
    if is_same_person(named.decided_by, sitting.viewer.name):
        raise DeskRefusedError(
            403, "Nobody confirms their own decision.", "Another steward must look at it. You can undo it."
        )
    waiting = waiting_together(store.about(list(sitting.group.records)), named)
    if not waiting:
        raise DeskRefusedError(
            409, "This decision does not wait for a second person any more.", "Look at what stands now."
        )
    return _confirmed(sitting, named, waiting, reason) if agrees else _sent_back(sitting, waiting, reason)


def _confirmed(sitting: Sitting, named: Decision, waiting: Sequence[Decision], reason: str) -> Outcome:
    said: dict[str, Any] = {"decided_by": sitting.viewer.name, "reason": reason}
    new = [NewDecision(confirms=own.decision_id, **said) for own in waiting]
    recorded = sitting.store.enter_within(sitting.connection, new)
    if named.verdict == "retract":
        forget_answers(sitting, {own.retracts for own in waiting if own.retracts})
    else:
        keep_answer(sitting, "split" if len(new) > 1 else named.verdict, recorded)
    return Outcome(tuple(recorded))


def _sent_back(sitting: Sitting, waiting: Sequence[Decision], reason: str) -> Outcome:
    ids = [own.decision_id for own in waiting]
    answer = answer_with(sitting, ids[0])
    back = undoing(
        sitting.store, answer["decision_ids"] if answer else ids, sitting.viewer.name, reason, sitting.n_records
    )
    recorded = sitting.store.enter_within(sitting.connection, back.decisions)
    forget_answers(sitting, set(ids))
    return Outcome(tuple(recorded), n_brought_back=back.n_brought_back)


def waiting_together(found: Mapping[Pair, Sequence[Decision]], named: Decision) -> list[Decision]:
    """Decisions that were entered at once with one, by the same steward for the same reason, and wait as it does."""
    return sorted(
        (
            own
            for decisions in found.values()
            for own in pair_state(decisions).waiting
            if (own.decided_by, own.recorded_at, own.reason) == (named.decided_by, named.recorded_at, named.reason)
        ),
        key=lambda own: own.seq,
    )


def undo(sitting: Sitting) -> Outcome:
    """Take back one's own latest answer to the question: everything stands as it stood before it.

    Where the policy asks for a second person, it waits for them, and so long the answer stands.

    Raises:
        DeskRefusedError: 409, if there is none.
        DecisionConflictError: If what comes back contradicts what was decided since.
    """
    row = last_answer(sitting.connection, sitting.question["review_id"]) if sitting.question else None
    if row is None or not is_same_person(row["decided_by"], sitting.viewer.name):
        raise DeskRefusedError(409, "There is no answer of yours to undo.")
    back = undoing(sitting.store, row["decision_ids"], sitting.viewer.name, "Undone at the desk", sitting.n_records)
    if not back.decisions:
        raise DeskRefusedError(409, "There is nothing left to undo, or it waits for a second steward.")
    recorded = sitting.store.enter_within(sitting.connection, back.decisions)
    outcome = Outcome(tuple(recorded), n_brought_back=back.n_brought_back)
    if not outcome.waits:
        take_back_answer(sitting, row["answer_id"])
    return outcome


def head_of(store: Store, pair: Pair) -> Decision | None:
    """The latest verdict on a pair, whether it counts or waits."""
    found = store.about([pair[0]]).get(pair)
    return pair_state(found).head if found else None


def warnings_of(store: Store, facts: Mapping[str, Any], by: str, verdicts: Sequence[Verdict]) -> dict[str, Refusal]:
    """For each verdict that the store would refuse now, why."""
    found: dict[str, Refusal] = {}
    for verdict in verdicts:
        refusal = store.would_refuse(NewDecision(verdict=verdict, decided_by=by, reason="asked", **facts))
        if refusal:
            found[verdict] = refusal
    return found


def _replaced(sitting: Sitting, said: Said) -> str | None:
    """The decision of another steward that the form replaces by its word."""
    head = head_of(sitting.store, said.pair)
    if (head.decision_id if head else "") != said.head:
        raise DeskRefusedError(
            409,
            "Another decision on these two records was entered meanwhile.",
            "It is shown below; yours was not entered.",
        )
    if head and said.replaces and not is_same_person(head.decided_by, sitting.viewer.name):
        return head.decision_id
    return None
