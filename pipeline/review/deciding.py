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
from pipeline.review.form_problems import need_none
from pipeline.review.group import Pair, published_facts
from pipeline.review.undoing import undoing
from pipeline.review.words import FIELD_WORDS, REASONS, VERDICT_WORDS, plain_text, within
from pipeline.stewardship.decision import Decision, is_same_person, pair_state
from pipeline.stewardship.entry import facts_of
from pipeline.stewardship.evidence import moved_fields
from pipeline.stewardship.policy import second_because
from pipeline.stewardship.store import Refusal, Store
from schemas.decisions import NewDecision, StewardPolicy, Verdict

LONGEST_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class PairVerdict:
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
    words = plain_text(text, LONGEST_TEXT)
    if code not in REASONS:
        raise DeskRefusedError(422, "Choose a reason.")
    if code == "other" and not words:
        raise DeskRefusedError(422, "Tell the reason in the text.")
    return f"{REASONS[code]}: {words}" if words else REASONS[code]


def decide_pair(sitting: Sitting, form_verdict: PairVerdict, is_drawn: bool) -> Outcome:
    """Enter a verdict on one pair, or keep it as a second look where the question is asked of this steward again.

    Args:
        sitting: who decides on what.
        form_verdict: what the form says of the pair.
        is_drawn: the answer is one of the sample that another steward is asked again.

    Raises:
        DeskRefusedError: 409, if the evidence or the latest decision is not what the page showed.
        DecisionConflictError: If it contradicts decisions that stand.
    """
    store, facts = sitting.store, published_facts(sitting.shelf, sitting.group, [form_verdict.pair])[0]
    supersedes = None
    if store.find(form_verdict.decision_id) is None:  # else the same form was sent again, and counts once
        check_evidence(facts, form_verdict, store.policy)
        if sitting.question and (
            look_id := open_look(sitting.connection, sitting.question["review_id"], sitting.viewer)
        ):
            keep_second_look(sitting, look_id, form_verdict.verdict)
            return Outcome((), is_second_look=True)
        supersedes = _replaced(sitting, form_verdict)
    decision = NewDecision(
        decision_id=form_verdict.decision_id,
        verdict=form_verdict.verdict,
        decided_by=sitting.viewer.name,
        reason=form_verdict.reason,
        supersedes=supersedes,
        **facts,
    )
    recorded = store.enter_within(sitting.connection, [decision])
    keep_made(sitting, recorded)
    if recorded[0].is_new:
        keep_answer(sitting, form_verdict.verdict, recorded)
        if is_drawn:
            ask_again(sitting, form_verdict.verdict)
    return Outcome(tuple(recorded))


def check_evidence(facts: Mapping[str, Any], form_verdict: PairVerdict, policy: StewardPolicy) -> None:
    """Refuse a decision on evidence that is no more what the page showed.

    Raises:
        DeskRefusedError: 409, with the fields that moved.
    """
    if (facts.get("evidence_hash") or "") == form_verdict.evidence_hash:
        return
    moved = moved_fields(form_verdict.evidence, facts.get("evidence") or "", policy)
    moved_words = f" Moved: {', '.join(within(FIELD_WORDS.get(name, name)) for name in moved)}." if moved else ""
    raise DeskRefusedError(
        409,
        f"The evidence has changed since you opened the case.{moved_words}",
        "The new evidence is shown below: look again, then decide.",
    )


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
    waiting = waiting_together(store.about(list(sitting.group.records)), named)
    if not waiting:
        raise DeskRefusedError(
            409, "This decision does not wait for a second person any more.", "Look at what stands now."
        )
    return _confirmed(sitting, named, waiting, reason) if agrees else _sent_back(sitting, waiting, reason)


def _confirmed(sitting: Sitting, named: Decision, waiting: Sequence[Decision], reason: str) -> Outcome:
    signature: dict[str, Any] = {"decided_by": sitting.viewer.name, "reason": reason}
    new = [NewDecision(confirms=decision.decision_id, **signature) for decision in waiting]
    recorded = sitting.store.enter_within(sitting.connection, new)
    if named.verdict == "retract":
        forget_answers(sitting, {decision.retracts for decision in waiting if decision.retracts})
    else:
        keep_answer(sitting, "split" if len(new) > 1 else named.verdict, recorded)
    return Outcome(tuple(recorded))


def _sent_back(sitting: Sitting, waiting: Sequence[Decision], reason: str) -> Outcome:
    ids = [decision.decision_id for decision in waiting]
    answer = answer_with(sitting, ids[0])
    back = undoing(
        sitting.store, answer["decision_ids"] if answer else ids, sitting.viewer.name, reason, sitting.n_records
    )
    recorded = sitting.store.enter_within(sitting.connection, back.decisions)
    forget_answers(sitting, set(ids))
    return Outcome(tuple(recorded), n_brought_back=back.n_brought_back)


def waiting_together(decisions_by_pair: Mapping[Pair, Sequence[Decision]], decision: Decision) -> list[Decision]:
    """Decisions that were entered together with this one and wait as it does, in order of entry."""
    waiting = [other for on_pair in decisions_by_pair.values() for other in pair_state(on_pair).waiting]
    together = [other for other in waiting if entered_in(other) == entered_in(decision)]
    return sorted(together, key=lambda other: other.seq)


def entered_in(decision: Decision) -> tuple[object, ...]:
    """What decisions of one form have in common: the steward, the moment and the reason."""
    return decision.decided_by, decision.recorded_at, decision.reason


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
    decisions = store.about([pair[0]]).get(pair)
    return pair_state(decisions).head if decisions else None


def warnings_of(
    store: Store, facts: Mapping[str, Any], by: str, verdicts: Sequence[Verdict], replaced: str | None
) -> dict[str, Refusal]:
    """For each verdict that the store would refuse now, why.

    Args:
        store: of decisions.
        facts: of the pair.
        by: who would decide.
        verdicts: to ask about.
        replaced: id of another steward's decision on the pair, which the form has a box to replace.
    """
    refusals: dict[str, Refusal] = {}
    for verdict in verdicts:
        refusal = store.would_refuse(
            NewDecision(verdict=verdict, decided_by=by, reason="asked", supersedes=replaced, **facts)
        )
        if refusal:
            refusals[verdict] = refusal
    return refusals


def seconds_needed(store: Store, facts: Mapping[str, Any], by: str, verdicts: Sequence[Verdict]) -> dict[str, str]:
    """For each verdict that a second steward would have to confirm, the rules that ask for it, as the log keeps them."""
    rules = {
        verdict: second_because(
            store.policy, verdict, facts_of(NewDecision(verdict=verdict, decided_by=by, reason="asked", **facts))
        )
        for verdict in verdicts
    }
    return {verdict: ";".join(names) for verdict, names in rules.items() if names}


def _replaced(sitting: Sitting, form_verdict: PairVerdict) -> str | None:
    """The decision of another steward that the form replaces by its word."""
    head = head_of(sitting.store, form_verdict.pair)
    if (head.decision_id if head else "") != form_verdict.head:
        raise DeskRefusedError(
            409,
            "Another decision on these two records was entered meanwhile.",
            "It is shown below; yours was not entered.",
        )
    if not is_anothers(head, sitting.viewer.name) or head is None:
        return None
    if not form_verdict.replaces and head.verdict != "unsure":  # which decides nothing, so nothing is replaced
        words = f"{head.decided_by} has decided on these two records ({within(VERDICT_WORDS[head.verdict])})."
        need_none([(f"{words} Tick that this is replaced, or leave it.", "replaces")])
    return head.decision_id if form_verdict.replaces else None


def is_anothers(head: Decision | None, name: str) -> bool:
    """Whether the latest decision on a pair is another steward's."""
    return head is not None and not is_same_person(head.decided_by, name)
