"""What is done on the person page: look, unmerge, second, undo, export."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from pipeline.core.errors import DeskRefusedError
from pipeline.review.cases.case_preview import preview_of_split
from pipeline.review.decisions.deciding import reason_of
from pipeline.review.decisions.splitting import deal, split, steps_of
from pipeline.review.decisions.taking_back import undo
from pipeline.review.frame.csv_file import csv_answer
from pipeline.review.frame.form_problems import FormRefusedError, need_none, reason_problems, ticked_problems
from pipeline.review.frame.pages import page
from pipeline.review.frame.visits import Visit, allowed, code_of
from pipeline.review.persons.person import group_for, history_of, not_found
from pipeline.review.persons.person_csv import as_csv
from pipeline.review.questions import tasks
from pipeline.review.questions.answers import Outcome, Sitting
from pipeline.review.questions.found import case_on
from pipeline.review.routes.acts import Act, Refusal, ask_why, carry_out, why_of
from pipeline.review.routes.forms import (
    CompareForm,
    FormBack,
    IdInPath,
    NBroughtBack,
    RetractForm,
    SecondForm,
    SplitForm,
    retract_act,
    second_act,
)
from pipeline.review.routes.person_page import (
    PersonVisit,
    UnmergePreview,
    errors_of,
    person_visit,
    show_person,
)

router = APIRouter()
Looking = Annotated[Visit, Depends(allowed("person"))]
Deciding = Annotated[Visit, Depends(allowed("decide"))]


@router.get("/persons/{person_id}")
def show(
    request: Request,
    visit: Looking,
    person_id: IdInPath,
    done: str = "",
    n_brought_back: Annotated[NBroughtBack, Query(alias="back")] = 0,
) -> Response:
    """The person, once their viewer has said why they look."""
    shelf = visit.desk.shelves.current()
    if shelf.person(person_id) is None:
        return _ended(request, visit, person_id)
    group_for(shelf, visit.viewer, person_id)
    if why_of(visit, person_id) is None:
        visit.done("person.ask_why", {"person_id": person_id})
        return ask_why(request, visit, f"/persons/{person_id}", f"Person {person_id}")
    return show_person(person_visit(request, visit, person_id), done, n_brought_back)


@router.post("/persons/{person_id}/why")
def tell_why(
    request: Request,
    visit: Looking,
    person_id: IdInPath,
    why: Annotated[str, Form(max_length=40)] = "",
    text: Annotated[str, Form(max_length=4_000)] = "",
) -> Response:
    """Say why, once."""
    group_for(visit.desk.shelves.current(), visit.viewer, person_id)
    try:
        visit.done(
            "person.why",
            {"person_id": person_id},
            work=lambda c: tasks.justify(c, visit.viewer, person_id, why, text, visit.now),
        )
    except DeskRefusedError as error:
        return ask_why(request, visit, f"/persons/{person_id}", f"Person {person_id}", text, str(error))
    return RedirectResponse(f"/persons/{person_id}", 303)


@router.post("/persons/{person_id}/unmerge")
def unmerge(request: Request, visit: Deciding, person_id: IdInPath, form: Annotated[SplitForm, Form()]) -> Response:
    """Part chosen records from the person, or look what it would do."""
    at = person_visit(request, visit, person_id)
    if form.do == "preview":
        return _preview_unmerge(at, form)

    def work(sitting: Sitting) -> Outcome:
        ticked = ticked_problems(form.records, len(sitting.group.records))
        need_none([*ticked, *reason_problems(form.code, form.text)])
        return split(sitting, form.records, (), reason_of(form.code, form.text), form.batch or str(uuid4()))

    others = sorted(at.group.records.keys() - {*form.records})
    subject = {"records": sorted(form.records), "others": others}
    return _carry_out(at, Act("unmerge", work, form, subject, "split"))


@router.post("/persons/{person_id}/second")
def approve(request: Request, visit: Deciding, person_id: IdInPath, form: Annotated[SecondForm, Form()]) -> Response:
    """Confirm what another steward decided on the person's records, or take back what waits."""
    return _carry_out(person_visit(request, visit, person_id), second_act(form))


@router.post("/persons/{person_id}/undo")
def take_back(request: Request, visit: Deciding, person_id: IdInPath) -> Response:
    """Undo one's own latest unmerge of the person."""
    return _carry_out(person_visit(request, visit, person_id), Act("undo", undo, done="undone"))


@router.post("/persons/{person_id}/retract")
def retract(request: Request, visit: Deciding, person_id: IdInPath, form: Annotated[RetractForm, Form()]) -> Response:
    """Take back a decision that is in force on the person's records."""
    return _carry_out(person_visit(request, visit, person_id), retract_act(form))


@router.post("/persons/{person_id}/compare")
def compare(request: Request, visit: Deciding, person_id: IdInPath, form: Annotated[CompareForm, Form()]) -> Response:
    """Go to the case on the person and another one; the log keeps the other's id only where there is such a person."""
    at = person_visit(request, visit, person_id)
    subject = {"person_id": person_id}
    try:
        case = case_on(at.shelf, person_id, form.other)
    except DeskRefusedError as error:
        told = FormRefusedError(((str(error), "other"),))
        visit.refused("person.compare", subject, told, at.why)
        return show_person(at, back=FormBack(form, tuple(told.errors), told.code))
    visit.done("person.compare", {**subject, "other_id": at.shelf.standing(form.other.strip().upper())}, at.why)
    return RedirectResponse(f"/cases/{case}", 303)


@router.post("/persons/{person_id}/export")
def export(request: Request, visit: Annotated[Visit, Depends(allowed("export"))], person_id: IdInPath) -> Response:
    """Every value as CSV, masked as on the page."""
    at = person_visit(request, visit, person_id)
    visit.done("person.export", {"person_id": person_id}, at.why)
    return csv_answer(person_id, as_csv(at.shelf, visit.viewer, person_id))


def _preview_unmerge(at: PersonVisit, form: SplitForm) -> Response:
    """What parting the ticked records would do."""
    shelf, group = at.shelf, at.group
    try:
        need_none(ticked_problems(form.records, len(group.records)))
        dealt = deal(group, form.records)
    except DeskRefusedError as error:
        subject = {"person_id": at.person_id, "records": sorted(form.records)}
        at.visit.refused("person.unmerge.preview", subject, error, at.why)
        return show_person(at, back=FormBack(form, errors_of(error, at), error.code))
    steps = steps_of(shelf, at.visit.desk.store, at.visit.viewer, group, dealt)
    outcome = preview_of_split(shelf, group, dealt, steps)
    return show_person(at, back=FormBack(form), preview=UnmergePreview(outcome, steps))


def _carry_out(at: PersonVisit, act: Act) -> Response:
    """Carry it out; what is refused is explained on the person page."""

    def show_refused(error: Refusal) -> Response:
        return show_person(at, back=FormBack(act.form, errors_of(error, at), code_of(error)))

    return carry_out(at, act, show_refused)


def _ended(request: Request, visit: Visit, person_id: str) -> Response:
    """An id that nobody has any more: what became of it. Only stewards are told."""
    if not visit.viewer.sees_all:
        raise not_found()
    spans = history_of(visit.desk.shelves.current(), person_id)
    visit.done("person.view_ended", {"person_id": person_id})
    return page(request, "ended.html", person_id=person_id, spans=spans)
