"""The page of decisions that bind nothing, as a record of theirs is gone or speaks of somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from pipeline.review.decisions.deciding import LONGEST_TEXT
from pipeline.review.decisions.taking_back import take_back_detached
from pipeline.review.frame.form_problems import FormRefusedError, need_none
from pipeline.review.frame.notice import forget_notice, is_fresh_notice, redirect_with_notice
from pipeline.review.frame.pages import page
from pipeline.review.frame.visits import Visit, allowed, code_of
from pipeline.review.frame.words import plain_text
from pipeline.review.questions.answers import Outcome, Sitting
from pipeline.review.questions.detached import detached_decisions
from pipeline.review.records.group import Group
from pipeline.review.routes.acts import REFUSALS
from pipeline.review.routes.forms import RetractForm

router = APIRouter()
ADDRESS = "/queue/detached"
NOTICES = {
    "taken_back": "The decision is taken back.",
    "retraction_waits": "Taking it back waits for a second steward; the queue leads there.",
}
NO_FORM = RetractForm()


@router.get(ADDRESS)
def show(request: Request, visit: Annotated[Visit, Depends(allowed("queue"))], done: str = "") -> Response:
    """The decisions, why each is detached, and what is there of its records."""
    return forget_notice(request, _page(request, visit, done=done if is_fresh_notice(request, done) else ""))


@router.post(f"{ADDRESS}/retract")
def retract(
    request: Request, visit: Annotated[Visit, Depends(allowed("decide"))], form: Annotated[RetractForm, Form()]
) -> Response:
    """Take one of them back."""
    shelf = visit.desk.shelves.current()

    def work(connection: Connection) -> Outcome:
        reason = plain_text(form.text, LONGEST_TEXT)
        need_none([] if reason else [("Say why you take it back.", f"why-{form.decision_id}")])
        sitting = Sitting(connection, visit.desk.store, shelf, Group({}, {}, {}), None, visit.viewer, visit.now)
        return take_back_detached(sitting, form.decision_id, reason, form.batch or str(uuid4()))

    try:
        outcome = visit.done(
            "detached.retract", {"decision_id": form.decision_id}, work=work, result_subject=lambda own: own.on_record
        )
    except REFUSALS as error:
        errors = error.errors if isinstance(error, FormRefusedError) else [{"text": str(error), "href": ""}]
        return _page(request, visit, form, errors, code_of(error))
    return redirect_with_notice(request, ADDRESS, "retraction_waits" if outcome and outcome.waits else "taken_back")


def _page(
    request: Request,
    visit: Visit,
    form: RetractForm = NO_FORM,
    errors: Sequence[dict[str, str]] = (),
    status: int = 200,
    done: str = "",
) -> Response:
    shelf = visit.desk.shelves.current()
    detached = visit.desk.read(lambda connection: detached_decisions(connection, shelf))
    visit.done("detached.view", {"n_decisions": len(detached)})
    notice = {"text": NOTICES[done], "more": "", "is_good": True} if done in NOTICES else None
    return page(
        request,
        "detached.html",
        status,
        detached=detached,
        shelf=shelf,
        form=form,
        batch=str(uuid4()),
        errors=errors,
        notice=notice,
    )
