"""The audit log in words: what was done, and to what. The file of the log keeps its codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from pipeline.review.frame.words import FIELD_WORDS, VERDICT_WORDS
from pipeline.review.questions.queue import AGE_WORDS
from schemas.question_words import TYPE_WORDS

ACTIONS: Mapping[str, str] = {
    "sign_in": "Signed in",
    "sign_in.password": "Password was right",
    "sign_in.wrong_password": "Wrong password",
    "sign_in.wrong_code": "Wrong code",
    "sign_in.locked": "Account locked after wrong tries",
    "sign_in.refused": "Sign-in refused",
    "sign_in.set_up": "Account set up",
    "sign_in.set_up_refused": "Setting up refused",
    "sign_in.unreadable_factor": "Second factor cannot be read",
    "sign_in.oidc": "Signed in with the force's account",
    "sign_out": "Signed out",
    "queue.view": "Queue looked at",
    "queue.next": "Next question taken",
    "queue.save_view": "View of the queue saved",
    "queue.remove_view": "View of the queue removed",
    "detached.view": "Detached decisions looked at",
    "detached.retract": "Detached decision taken back",
    "case.ask_why": "Asked why, before a case",
    "case.why": "Said why, before a case",
    "case.view": "Case looked at",
    "case.claim": "Case taken",
    "case.release": "Case given back",
    "case.decide": "Decided a pair",
    "case.split": "Records parted",
    "case.split.preview": "Parting previewed",
    "case.second": "Confirmed as second steward",
    "case.sent_back": "Taken back as second steward",
    "case.undone": "Answer undone",
    "case.retract": "Decision taken back",
    "search": "Searched",
    "search.view": "Search page opened",
    "search.compare": "Two people found compared",
    "person.ask_why": "Asked why, before a person",
    "person.why": "Said why, before a person",
    "person.view": "Person looked at",
    "person.view_ended": "Ended id looked up",
    "person.unmerge": "Person unmerged",
    "person.unmerge.preview": "Unmerge previewed",
    "person.second": "Confirmed as second steward",
    "person.sent_back": "Taken back as second steward",
    "person.undo": "Unmerge undone",
    "person.retract": "Decision taken back",
    "person.compare": "Compared with another person",
    "person.export": "Person exported",
    "supervisor.view": "Supervisor's page looked at",
    "audit.view": "Audit log looked at",
    "audit.verify": "Audit log proved",
    "audit.export": "Audit log exported",
    "accounts.view": "Accounts looked at",
    "account.add": "Account made",
    "account.reset": "Account reset",
    "account.disable": "Account disabled",
    "page.refused": "Page refused",
    "erasure": "Records erased by order",
}
SUBJECTS: Mapping[str, str] = {
    "review_id": "case",
    "person_id": "person",
    "other_id": "with",
    "decision_id": "decision",
    "decision_ids": "decisions",
    "decision_numbers": "decisions numbered",
    "is_whole": "chain whole",
    "n_entries": "entries",
    "n_decisions": "decisions",
    "erasure_id": "receipt",
    "order_ref": "order",
    "view_id": "view",
    "shown": "shown",
    "code": "status",
    "refused": "because",
    "others": "parted from",
    "joined": "joined as well",
}
FIRST = ("review_id", "person_id", "verdict", "records", "others", "joined")
"""Told before the rest, in this order: what it is about, then which records went where"""
SHOWN: Mapping[str, str] = {
    "case": "the case",
    "events": "with events",
    "link": "preview as one person",
    "unlink": "preview as different people",
}
REFUSED: Mapping[str, str] = {
    "DecisionConflictError": "it contradicts decisions that stand",
    "DecisionRefusedError": "the rules of decisions do not allow it",
    "DeskRefusedError": "the desk does not take it",
    "FormRefusedError": "something in the form was missing or wrong",
    "RequestValidationError": "the page sends no such request",
    "ValidationError": "the page sends no such request",
    "StaleFormError": "the form was from elsewhere or another session",
    "HTTPException": "there is no such page",
}
DESK_REFUSED: Mapping[int, str] = {
    403: "the role does not allow it, or why was not said first",
    404: "it is not there, or not for the role",
    409: "something else stands meanwhile",
    410: "it is not there any more",
    422: "something was missing or wrong",
    503: "the desk could not do it then",
}
"""Why the desk itself did not do something, by the status that it answered with"""
FILTERS: Mapping[str, str] = {
    "kind": "type",
    "harm": "harm at least",
    "age": "open for",
    "mine": "taken by me",
    "day_from": "from",
    "day_to": "to",
    "actor": "who",
    "action": "what",
    "subject": "id",
}
MOST = 2
LISTS = frozenset({"decision_numbers", "fields"})
"""Lists that are not ids"""
HASHES = "hashes"
"""Of what an erasure left of entries: for the proof of the chain"""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that an entry is about."""

    label: str
    values: tuple[str, ...]
    n_more: int = 0
    are_ids: bool = False


def action_words(action: str) -> str:
    """What was done; a code that has no words is told as it is."""
    if action in ACTIONS:
        return ACTIONS[action]
    done = action.removesuffix(".refused")
    return f"{ACTIONS.get(done, done)}: refused" if done != action else action


def subject_parts(subject: Mapping[str, Any]) -> list[Part]:
    """To what it was done, in words; what says nothing is left out."""
    told = sorted(subject.items(), key=lambda entry: FIRST.index(entry[0]) if entry[0] in FIRST else len(FIRST))
    if subject.get("refused") == "DeskRefusedError":
        because = DESK_REFUSED.get(subject.get("code", 0), REFUSED["DeskRefusedError"])
        told = [(name, because if name == "refused" else value) for name, value in told]
    return [part for name, value in told if value not in (None, "", [], {}) and (part := _part(name, value))]


def _part(name: str, value: Any) -> Part | None:  # noqa: ANN401
    label = SUBJECTS.get(name, name.replace("_", " "))
    if (name == "page" and value == 1) or name == HASHES:
        return None
    if isinstance(value, list) and name not in LISTS:
        return Part(label, tuple(map(str, value[:MOST])), max(0, len(value) - MOST), True)
    return Part(label, (_value_words(name, value),), are_ids=name.endswith("_id"))


def _value_words(name: str, value: Any) -> str:  # noqa: ANN401
    if name == "filters":
        chosen = value if isinstance(value, Mapping) else dict(parse_qsl(str(value)))
        return ", ".join(f"{FILTERS.get(key, key)} {_filter_words(key, str(entry))}" for key, entry in chosen.items())
    if name == "decision_numbers":
        return " to ".join(f"{number:,}" for number in sorted({*value}))
    if name == "fields":
        return ", ".join(FIELD_WORDS.get(entry, entry) for entry in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    words: Mapping[str, str] = {"verdict": VERDICT_WORDS, "shown": SHOWN, "refused": REFUSED}.get(name, {})
    return words.get(str(value), str(value))


def _filter_words(name: str, value: str) -> str:
    words: Mapping[str, str] = {"kind": TYPE_WORDS, "age": AGE_WORDS, "action": ACTIONS}.get(name, {})
    return words.get(value, value)
