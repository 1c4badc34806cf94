"""The forms of the case and person pages, and how one comes back to its page with what is wrong in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import Path
from pydantic import BaseModel, Field

from pipeline.review.decisions.deciding import LONGEST_TEXT
from pipeline.review.decisions.seconding import second
from pipeline.review.decisions.splitting import SideName
from pipeline.review.decisions.taking_back import take_back_decision, take_back_together
from pipeline.review.frame.form_problems import need_none
from pipeline.review.frame.words import plain_text
from pipeline.review.questions.answers import Outcome, Sitting
from pipeline.review.routes.acts import Act

IdInPath = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
"""Of a question or a person"""
RecordId = Annotated[str, Field(max_length=128)]
Text = Annotated[str, Field(max_length=4_000)]
NBroughtBack = Annotated[int, Field(ge=0, le=100_000)]
"""Decisions that count again by what was done"""
Done = Literal["", "saved", "waits", "split", "second", "look", "undone", "sent_back", "taken_back", "retraction_waits"]


class Shown(BaseModel):
    """What of a case is shown."""

    l: RecordId = ""  # noqa: E741  (the left record, as the address has it)
    r: RecordId = ""
    show: Literal["", "events"] = ""
    preview: Literal["", "link", "unlink"] = ""
    done: Done = ""
    back: NBroughtBack = 0

    @property
    def pair(self) -> tuple[str, ...]:
        """The two records that the address names; none where it does not name both."""
        return (self.l, self.r) if self.l and self.r else ()


class VerdictForm(BaseModel):
    """The form of a decision on a pair."""

    verdict: Annotated[str, Field(max_length=20)] = ""
    l: RecordId = ""  # noqa: E741
    r: RecordId = ""
    code: Annotated[str, Field(max_length=40)] = ""
    text: Text = ""
    decision_id: Annotated[str, Field(max_length=64)] = ""
    evidence: Annotated[str, Field(max_length=1_000)] = ""
    evidence_hash: Annotated[str, Field(max_length=128)] = ""
    head: Annotated[str, Field(max_length=64)] = ""
    replaces: Annotated[str, Field(max_length=5)] = ""


class SplitForm(BaseModel):
    """The form of a split."""

    records: Annotated[list[RecordId], Field(max_length=1_000)] = []
    code: Annotated[str, Field(max_length=40)] = ""
    text: Text = ""
    batch: Annotated[str, Field(max_length=64)] = ""
    joined: Annotated[list[SideName], Field(max_length=2)] = []
    """Sides that are said to be one person"""
    do: Literal["preview", "split"] = "preview"


class SecondForm(BaseModel):
    """The form of a second steward's word on a decision that waits."""

    decision_id: Annotated[str, Field(max_length=64)] = ""
    agrees: Annotated[str, Field(max_length=5)] = ""
    text: Text = ""


class RetractForm(BaseModel):
    """The form that takes back a decision in force."""

    decision_id: Annotated[str, Field(max_length=64)] = ""
    together: Annotated[str, Field(max_length=5)] = ""
    """Given: with all that was entered in its form"""
    text: Text = ""
    batch: Annotated[str, Field(max_length=64)] = ""


class CompareForm(BaseModel):
    """The form that names another person to compare with the one whose page it is on."""

    other: Annotated[str, Field(max_length=80)] = ""


@dataclass(frozen=True, slots=True)
class FormBack:
    """A form that comes back to its page: with what is wrong, or with what it would do."""

    form: BaseModel | None = None
    errors: tuple[dict[str, str], ...] = ()
    status: int = 200


NO_FORM = FormBack()


def entered(form: BaseModel | None, kind: type[BaseModel]) -> dict[str, str]:
    """What was entered in a form that comes back; empty for the page's other forms."""
    names = ("verdict", "code", "text", "decision_id", "replaces", "together", "other")
    return {name: getattr(form, name, "") if isinstance(form, kind) else "" for name in names}


def second_act(form: SecondForm) -> Act:
    """What the form of a second steward does."""

    def work(sitting: Sitting) -> Outcome:
        reason = plain_text(form.text, LONGEST_TEXT)
        need_none([] if reason else [("Say why you confirm it or take it back.", f"second-{form.decision_id}")])
        return second(sitting, form.decision_id, form.agrees == "yes", reason)

    return Act("second" if form.agrees == "yes" else "sent_back", work, form, {"decision_id": form.decision_id})


def retract_act(form: RetractForm) -> Act:
    """What the form that takes back a decision does."""

    def work(sitting: Sitting) -> Outcome:
        reason = plain_text(form.text, LONGEST_TEXT)
        chosen = [] if form.decision_id else [("Choose the decision.", "retract-id")]
        need_none([*chosen, *([] if reason else [("Say why you take it back.", "retract-text")])])
        if form.together:
            return take_back_together(sitting, form.decision_id, reason)
        return take_back_decision(sitting, form.decision_id, reason, form.batch or str(uuid4()))

    subject = {"decision_id": form.decision_id}
    return Act("retract", work, form, subject, done="taken_back", done_if_waits="retraction_waits")
