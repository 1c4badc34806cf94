"""Deciding on a pair at the desk, in the caller's one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.core.errors import DeskRefusedError
from pipeline.review.frame.form_problems import need_none
from pipeline.review.frame.words import FIELD_WORDS, REASONS, VERDICT_WORDS, plain_text, within
from pipeline.review.questions.answers import (
    Outcome,
    Sitting,
    ask_again,
    keep_answer,
    keep_made,
    keep_second_look,
    open_look,
)
from pipeline.review.records.group import Pair, published_facts
from pipeline.stewardship.decision import Decision, is_same_person, pair_state
from pipeline.stewardship.evidence import moved_fields
from pipeline.stewardship.store import Store
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
    recorded = sitting.enter([decision])
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


def head_of(store: Store, pair: Pair) -> Decision | None:
    """The latest verdict on a pair, whether it counts or waits."""
    decisions = store.about([pair[0]]).get(pair)
    return pair_state(decisions).head if decisions else None


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
