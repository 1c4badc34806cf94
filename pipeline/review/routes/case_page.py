"""The case page itself, as it answers a look at the case or a form of it that comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import Connection

from pipeline.core.errors import DeskRefusedError
from pipeline.review.cases.case import Case, CaseView, case_of
from pipeline.review.cases.case_preview import preview_of_split, preview_of_verdict
from pipeline.review.decisions.preview import Preview
from pipeline.review.decisions.splitting import deal, steps_of
from pipeline.review.decisions.undoing import undoing
from pipeline.review.frame.form_problems import FormRefusedError
from pipeline.review.frame.notice import forget_notice, is_fresh_notice
from pipeline.review.frame.pages import page
from pipeline.review.frame.visits import Visit
from pipeline.review.frame.words import REASONS
from pipeline.review.questions import tasks
from pipeline.review.questions.answers import answers_to, open_look, seconded_by
from pipeline.review.questions.question import group_for, labels_of, question_of
from pipeline.review.questions.refusals import TellingPage, refused
from pipeline.review.records.said import records_of_answer
from pipeline.review.records.shelf import Row
from pipeline.review.routes.acts import PageVisit, notice_of, why_of
from pipeline.review.routes.forms import (
    NO_FORM,
    FormBack,
    RetractForm,
    SecondForm,
    Shown,
    SplitForm,
    VerdictForm,
    entered,
)
from pipeline.stewardship.decision import is_same_person
from pipeline.stewardship.store import REFUSALS


@dataclass(frozen=True, slots=True)
class CaseVisit(PageVisit):
    """A request about one case, of somebody who has said why they look at it."""

    is_open: bool

    @property
    def review_id(self) -> str:
        """Of the question."""
        return self.subject["review_id"]


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far the question is: who has it, how it was answered, and whether a second look is asked of this viewer."""

    answers: list[Row]
    """The latest first"""
    holder: str | None
    """Account that has taken the question"""
    is_look: bool

    @property
    def answer(self) -> Row | None:
        """The latest answer."""
        return self.answers[0] if self.answers else None


def case_visit(request: Request, visit: Visit, review_id: str) -> CaseVisit:
    """A visit to a case whose viewer has said why they look.

    Raises:
        DeskRefusedError: 404, if there is no such question; 403, if its viewer has not said why.
    """
    shelf = visit.desk.shelves.current()
    question, is_open = question_of(shelf, review_id)
    review_id = question["review_id"]
    why = why_of(visit, review_id)
    if why is None:
        raise DeskRefusedError(403, "Say first why you look at this case.", "Open the case and choose a reason.")
    group = group_for(shelf, question)
    return CaseVisit(request, visit, shelf, group, question, why, "case", {"review_id": review_id}, is_open)


def case_page(at: CaseVisit, shown: Shown, back: FormBack = NO_FORM) -> Response:
    """The page, with its entry in the audit log.

    Args:
        at: the visit.
        shown: what of the case is shown.
        back: a form of the page that comes back.
    """
    visit, shelf, store = at.visit, at.shelf, at.visit.desk.store
    progress = _progress(at)
    view = CaseView(shown.pair, shown.show == "events", progress.is_look)
    case = case_of(shelf, store, visit.viewer, at.question, at.is_open, view)
    preview = _preview(at, case, shown, back)
    subject = {
        "review_id": at.review_id,
        "records": sorted({*case.group.records, *_since(preview["preview"])}),
        "shown": shown.show or shown.preview or "case",
    }
    visit.done("case.view", subject, at.why)
    answer_page = page(
        at.request,
        "case.html",
        back.status,
        case=case,
        why=at.why,
        shown=shown,
        errors=back.errors,
        form=entered(back.form, VerdictForm),
        split_form=entered(back.form, SplitForm),
        second_form=entered(back.form, SecondForm),
        retract_form=entered(back.form, RetractForm),
        chosen=set(getattr(back.form, "records", ())),
        joined=set(getattr(back.form, "joined", ())),
        reasons=REASONS.items(),
        batch=str(uuid4()),
        titles=shelf.reference.titles,
        trust=shelf.reference.trust,
        notice=_notice(shown, progress.answer, case) if is_fresh_notice(at.request, shown.done) else None,
        **preview,
        **_answered(at, progress, case),
    )
    return forget_notice(at.request, answer_page)


def errors_of(error: Exception, at: CaseVisit) -> tuple[dict[str, str], ...]:
    """A refusal for the summary at the top of the page."""
    if isinstance(error, REFUSALS):
        return tuple(refused(error, _telling(at)).errors)
    return tuple(error.errors) if isinstance(error, FormRefusedError) else ({"text": str(error), "href": "#decide"},)


def _since(preview: Preview | None) -> list[str]:
    """Records of other people that a preview shows with the case's."""
    return [record for records in preview.since.values() for record in records] if preview else []


def _progress(at: CaseVisit) -> _Progress:
    def read(connection: Connection) -> _Progress:
        return _Progress(
            answers_to(connection, at.review_id),
            tasks.claimed_by(connection, at.review_id, at.visit.now),
            open_look(connection, at.review_id, at.visit.viewer) is not None,
        )

    return at.visit.desk.read(read)


def _preview(at: CaseVisit, case: Case, shown: Shown, back: FormBack) -> dict[str, Any]:
    """What a split that was sent for preview would do, or the verdict that the address names."""
    form = back.form if isinstance(back.form, SplitForm) and not back.errors else None
    dealt = deal(case.group, form.records, form.joined) if form else None
    store, viewer = at.visit.desk.store, at.visit.viewer
    if dealt is None:
        preview = preview_of_verdict(at.shelf, store, viewer, case, shown.preview) if shown.preview else None
        return {"dealt": None, "preview": preview, "steps": None, "steps_refused": None}
    steps = steps_of(at.shelf, store, viewer, case.group, dealt)
    return {
        "dealt": dealt,
        "preview": preview_of_split(at.shelf, case.group, dealt, steps),
        "steps": steps,
        "steps_refused": refused(steps.refusal, _telling(at)) if steps.refusal else None,
    }


def _telling(at: CaseVisit) -> TellingPage:
    return TellingPage(at.shelf, at.visit.viewer, labels_of(at.group), at.address)


def _answered(at: CaseVisit, progress: _Progress, case: Case) -> dict[str, Any]:
    """What the page tells of the question's answer, and whether its viewer may undo it."""
    store, viewer, answer = at.visit.desk.store, at.visit.viewer, progress.answer
    is_own = answer is not None and is_same_person(answer["decided_by"], viewer.name)
    is_counted = answer is not None and answer["last_seq"] > at.shelf.decisions_read and not progress.is_look
    brought_back = (
        undoing(store, answer["decision_ids"], viewer.name, "asked", 0).n_brought_back if answer and is_own else 0
    )
    return {
        "answer": answer if is_counted else None,
        "answer_records": records_of_answer(answer, case.decisions) if answer and is_counted else "",
        "holder": progress.holder,
        "is_look": progress.is_look,
        "brings_back": brought_back,
        "can_undo": is_own,
        "seconded": seconded_by(store, progress.answers),
    }


def _notice(shown: Shown, answer: Row | None, case: Case) -> dict[str, Any] | None:
    """What the form that led here has done."""
    asked_again = " The question is open again." if case.is_open and case.is_asked and answer is None else ""
    night = "It counts from the next night on."
    if answer and answer["verdict"] == "unsure":
        night = f"Nothing is joined or parted{', and the question is asked again later' if case.is_asked else ''}."
    texts = {
        "saved": ("Saved.", night),
        "waits": ("Saved. It waits for a second steward.", "Until then it binds nothing."),
        "split": ("The records part.", night),
        "second": ("Confirmed.", night),
        "sent_back": (f"Taken back.{asked_again}", ""),
        "look": (
            "Thank you. This was a second look: another steward had answered before.",
            "Your answer is compared with theirs; it decides nothing.",
        ),
        "taken_back": (f"The decision is taken back.{asked_again and ' The question is open.'}", night),
        "retraction_waits": ("Saved. It waits for a second steward.", "Until then the decision stands."),
        "undone": (f"Undone.{asked_again}", "Everything stands as it stood before."),
    }
    return notice_of(*texts[shown.done], shown.back) if shown.done in texts else None
