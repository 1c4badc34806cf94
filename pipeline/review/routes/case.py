"""What is done on the case page: look, claim, decide, split, second, undo."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from pipeline.core.errors import DeskRefusedError
from pipeline.review.decisions.deciding import PairVerdict, decide_pair, reason_of
from pipeline.review.decisions.splitting import deal, split
from pipeline.review.decisions.taking_back import undo
from pipeline.review.frame.form_problems import need_none, reason_problems, ticked_problems
from pipeline.review.frame.visits import Visit, allowed, code_of
from pipeline.review.questions import tasks
from pipeline.review.questions.answers import Outcome, Sitting
from pipeline.review.questions.question import is_asked, pair_of, question_of
from pipeline.review.records.shelf import Row
from pipeline.review.routes.acts import Act, Refusal, ask_why, carry_out, why_of
from pipeline.review.routes.case_page import CaseVisit, case_page, case_visit, errors_of
from pipeline.review.routes.forms import (
    FormBack,
    IdInPath,
    RetractForm,
    SecondForm,
    Shown,
    SplitForm,
    VerdictForm,
    retract_act,
    second_act,
)
from schemas.question_words import TYPE_WORDS

router = APIRouter()
Looking = Annotated[Visit, Depends(allowed("case"))]
Deciding = Annotated[Visit, Depends(allowed("decide"))]
ONLY_WHEN_OPEN = ("split",)
NOTHING_CHOSEN = Shown()


@router.get("/cases/{review_id}")
def show(request: Request, visit: Looking, review_id: IdInPath, shown: Annotated[Shown, Query()]) -> Response:
    """The case, once its viewer has said why they look."""
    question, _ = question_of(visit.desk.shelves.current(), review_id)
    if question["review_id"] != review_id:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/cases/{question['review_id']}{query}", 303)
    if why_of(visit, review_id) is None:
        visit.done("case.ask_why", {"review_id": review_id})
        return _ask_why(request, visit, question)
    return case_page(case_visit(request, visit, review_id), shown)


@router.post("/cases/{review_id}/why")
def tell_why(
    request: Request,
    visit: Looking,
    review_id: IdInPath,
    why: Annotated[str, Form(max_length=40)] = "",
    text: Annotated[str, Form(max_length=4_000)] = "",
) -> Response:
    """Say why, once."""
    question, _ = question_of(visit.desk.shelves.current(), review_id)
    review_id = question["review_id"]
    try:
        visit.done(
            "case.why",
            {"review_id": review_id},
            work=lambda c: tasks.justify(c, visit.viewer, review_id, why, text, visit.now),
        )
    except DeskRefusedError as error:
        return _ask_why(request, visit, question, text, str(error))
    return RedirectResponse(f"/cases/{review_id}", 303)


def _ask_why(request: Request, visit: Visit, question: Row, text: str = "", error: str = "") -> Response:
    """Ask why the case is looked at; who took it from the queue has that chosen already, and goes on by one key."""
    review_id = question["review_id"]
    holder = visit.desk.read(lambda connection: tasks.claimed_by(connection, review_id, visit.now))
    chosen = "queue" if holder == visit.viewer.account_id and not error else ""
    what = TYPE_WORDS.get(question["review_type"], "Question")
    return ask_why(request, visit, f"/cases/{review_id}", what, text, error, question, chosen)


@router.post("/cases/{review_id}/claim")
def claim(visit: Deciding, review_id: IdInPath) -> Response:
    """Take the question."""
    question, _ = question_of(visit.desk.shelves.current(), review_id)
    if not is_asked(question):
        raise DeskRefusedError(409, "Only a question of the queue is taken.", "Open the case and decide.")
    visit.done(
        "case.claim",
        {"review_id": review_id},
        work=lambda c: tasks.claim(c, review_id, visit.viewer, visit.desk.settings, visit.now),
    )
    return RedirectResponse(f"/cases/{review_id}", 303)


@router.post("/cases/{review_id}/release")
def release(visit: Deciding, review_id: IdInPath) -> Response:
    """Give the question back."""
    visit.done("case.release", {"review_id": review_id}, work=lambda c: tasks.release(c, review_id, visit.viewer))
    return RedirectResponse("/queue", 303)


@router.post("/cases/{review_id}/decide")
def decide(request: Request, visit: Deciding, review_id: IdInPath, form: Annotated[VerdictForm, Form()]) -> Response:
    """A verdict on a pair."""
    ends, at = (form.l, form.r), case_visit(request, visit, review_id)

    def work(sitting: Sitting) -> Outcome:
        if not at.is_open and (form.verdict != "link" or len(sitting.group.persons) < 2):
            raise DeskRefusedError(
                409, "This question is closed.", "It can only be said that two are one person after all."
            )
        is_chosen = form.verdict in ("link", "unlink", "unsure")
        verdict = [] if is_chosen else [("Choose: same person, different people, or cannot tell.", "verdict-link")]
        need_none([*verdict, *reason_problems(form.code, form.text)])
        pair = pair_of(sitting.question or {}, sitting.group, ends)
        pair_verdict = PairVerdict(
            form.verdict,  # type: ignore[arg-type]  # one of the three, see above
            pair,
            reason_of(form.code, form.text),
            form.decision_id or str(uuid4()),
            form.evidence,
            form.evidence_hash,
            form.head,
            bool(form.replaces),
        )
        is_drawn = at.is_open and is_asked(at.question) and visit.desk.draws(review_id, visit.viewer.account_id)
        return decide_pair(sitting, pair_verdict, is_drawn)

    subject = {"verdict": form.verdict, "records": sorted(ends)}
    return _carry_out(at, Act("decide", work, form, subject, done="saved"), Shown(l=form.l, r=form.r))


@router.post("/cases/{review_id}/split")
def part(request: Request, visit: Deciding, review_id: IdInPath, form: Annotated[SplitForm, Form()]) -> Response:
    """Part chosen records from the others, or look what it would do."""
    at = case_visit(request, visit, review_id)
    if form.do == "preview":
        return _preview_split(at, form)

    def work(sitting: Sitting) -> Outcome:
        ticked = ticked_problems(form.records, len(sitting.group.records))
        need_none([*ticked, *reason_problems(form.code, form.text, "split-")])
        return split(sitting, form.records, form.joined, reason_of(form.code, form.text), form.batch or str(uuid4()))

    others = sorted(at.group.records.keys() - {*form.records})
    subject = {"records": sorted(form.records), "others": others, "joined": sorted(form.joined)}
    return _carry_out(at, Act("split", work, form, subject))


@router.post("/cases/{review_id}/second")
def approve(request: Request, visit: Deciding, review_id: IdInPath, form: Annotated[SecondForm, Form()]) -> Response:
    """Confirm another steward's decision, or take back one that waits; also where the question is closed."""
    return _carry_out(case_visit(request, visit, review_id), second_act(form))


@router.post("/cases/{review_id}/undo")
def take_back(request: Request, visit: Deciding, review_id: IdInPath) -> Response:
    """Take back one's own latest answer."""
    at = case_visit(request, visit, review_id)

    def work(sitting: Sitting) -> Outcome:
        outcome = undo(sitting)
        if at.is_open and is_asked(at.question):  # to answer it anew
            tasks.claim(sitting.connection, review_id, visit.viewer, visit.desk.settings, visit.now)
        return outcome

    return _carry_out(at, Act("undone", work))


@router.post("/cases/{review_id}/retract")
def retract(request: Request, visit: Deciding, review_id: IdInPath, form: Annotated[RetractForm, Form()]) -> Response:
    """Take back a decision that is in force on the case's records, also where the question is closed."""
    return _carry_out(case_visit(request, visit, review_id), retract_act(form))


def _carry_out(at: CaseVisit, act: Act, shown: Shown = NOTHING_CHOSEN) -> Response:
    """Carry it out; what is refused is explained on the case page, which shows then what it showed before."""
    visit = at.visit

    def check(connection: Connection) -> None:
        if not at.is_open and act.name in ONLY_WHEN_OPEN:
            raise DeskRefusedError(409, "This question is closed.", "Part the records on the person's page.")
        if tasks.claimed_by(connection, at.review_id, visit.now) not in (None, visit.viewer.account_id):
            raise DeskRefusedError(409, "Another steward has taken this question.", "Take the next one.")

    def show_refused(error: Refusal) -> Response:
        is_here = {*shown.pair} <= at.group.records.keys()
        back = FormBack(act.form, errors_of(error, at), code_of(error))
        return case_page(at, shown if is_here else NOTHING_CHOSEN, back)

    return carry_out(at, act, show_refused, check)


def _preview_split(at: CaseVisit, form: SplitForm) -> Response:
    """What parting the ticked records would do."""
    group = at.group
    try:
        need_none(ticked_problems(form.records, len(group.records)))
        deal(group, form.records, form.joined)
    except DeskRefusedError as error:
        subject = {"review_id": at.review_id, "records": sorted(form.records)}
        at.visit.refused("case.split.preview", subject, error, at.why)
        return case_page(at, NOTHING_CHOSEN, FormBack(form, errors_of(error, at), error.code))
    return case_page(at, NOTHING_CHOSEN, FormBack(form))
