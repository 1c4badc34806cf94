"""The person page: golden record, history, events, unmerge, export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from pipeline.core.errors import DecisionConflictError, DecisionRefusedError, DeskRefusedError, LinkageError
from pipeline.review import tasks
from pipeline.review.answers import Outcome, Sitting, about_person, last_answer
from pipeline.review.because import because
from pipeline.review.case import labels_of, told_decisions
from pipeline.review.deciding import reason_of, undo
from pipeline.review.form_problems import FormRefusedError, need_none, reason_problems, ticked_problems
from pipeline.review.pages import page
from pipeline.review.person import PersonPage, as_csv, group_for, history_of, not_found, person_page
from pipeline.review.preview import Preview, preview
from pipeline.review.refusals import refused
from pipeline.review.routes.case import Split, entered
from pipeline.review.said_once import is_to_be_said, said, then_say
from pipeline.review.seen import Group
from pipeline.review.splitting import Steps, deal, split, steps_of
from pipeline.review.visits import Visit, allowed
from pipeline.review.words import JUSTIFICATIONS, REASONS
from pipeline.stewardship.decision import is_same_person

router = APIRouter()
Looking = Annotated[Visit, Depends(allowed("person"))]
Deciding = Annotated[Visit, Depends(allowed("decide"))]
PersonId = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


@router.get("/persons/{person_id}")
def show(request: Request, visit: Looking, person_id: PersonId, done: str = "") -> Response:
    """The person, once their viewer has said why they look."""
    shelf = visit.desk.shelves.current()
    if shelf.person(person_id) is None:
        return _ended(request, visit, person_id)
    group_for(shelf, visit.viewer, person_id)
    why = _why(visit, person_id)
    if why is None:
        visit.done("person.ask_why", {"person_id": person_id})
        return _ask(request, person_id)
    return _page(request, visit, person_id, done=done)


@router.post("/persons/{person_id}/why")
def tell_why(
    request: Request,
    visit: Looking,
    person_id: PersonId,
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
        return _ask(request, person_id, text, str(error))
    return RedirectResponse(f"/persons/{person_id}", 303)


@router.post("/persons/{person_id}/unmerge")
def unmerge(request: Request, visit: Deciding, person_id: PersonId, form: Annotated[Split, Form()]) -> Response:
    """Part chosen records from the person."""
    if form.do == "preview":
        return _preview(request, visit, person_id, form)

    def work(sitting: Sitting) -> Outcome:
        ticked = ticked_problems(form.records, len(sitting.group.records))
        need_none([*ticked, *reason_problems(form.code, form.text)])
        return split(sitting, form.records, (), reason_of(form.code, form.text), form.batch or str(uuid4()))

    return _decided(request, visit, person_id, "unmerge", work, {"records": sorted(form.records)}, form)


@router.post("/persons/{person_id}/undo")
def take_back(request: Request, visit: Deciding, person_id: PersonId) -> Response:
    """Undo one's own latest unmerge of the person."""
    return _decided(request, visit, person_id, "undo", undo, {}, Split())


def _preview(request: Request, visit: Visit, person_id: str, form: Split) -> Response:
    """What parting the ticked records would do."""
    shelf, why = visit.desk.shelves.current(), _why(visit, person_id)
    group = group_for(shelf, visit.viewer, person_id)
    if why is None:
        raise _unsaid()
    try:
        need_none(ticked_problems(form.records, len(group.records)))
        dealt = deal(group, form.records)
    except DeskRefusedError as error:
        visit.refused("person.unmerge.preview", {"person_id": person_id, "records": sorted(form.records)}, error, why)
        return _page(request, visit, person_id, _errors(error, group), error.code, form=form)
    found = preview(
        group, dealt.parts(group), shelf.fields(person_id), shelf.n_events(person_id), shelf.reference.survivorship
    )
    steps = steps_of(shelf, visit.desk.store, visit.viewer, group, dealt)
    return _page(request, visit, person_id, form=form, looked=(found, steps))


def _decided(
    request: Request,
    visit: Visit,
    person_id: str,
    act: str,
    work: Callable[[Sitting], Outcome],
    subject: dict[str, Any],
    form: Split,
) -> Response:
    shelf, why = visit.desk.shelves.current(), _why(visit, person_id)
    group = group_for(shelf, visit.viewer, person_id)
    if why is None:
        raise _unsaid()

    def together(connection: Connection) -> Outcome:
        return work(
            Sitting(connection, visit.desk.store, shelf, group, about_person(person_id), visit.viewer, visit.now)
        )

    try:
        outcome = visit.done(
            f"person.{act}", {"person_id": person_id, **subject}, why, together, lambda made: made.on_record
        )
    except (DeskRefusedError, DecisionConflictError, DecisionRefusedError) as error:
        status = error.code if isinstance(error, DeskRefusedError) else 409
        return _page(request, visit, person_id, _errors(error, group), status, form=form)
    done = "waits" if outcome is not None and outcome.waits else {"unmerge": "split", "undo": "undone"}[act]
    return then_say(request, f"/persons/{person_id}", done)


@router.post("/persons/{person_id}/export")
def export(visit: Annotated[Visit, Depends(allowed("export"))], person_id: PersonId) -> Response:
    """Every value as CSV, masked as on the page."""
    shelf, why = visit.desk.shelves.current(), _why(visit, person_id)
    group_for(shelf, visit.viewer, person_id)
    if why is None:
        raise _unsaid()
    visit.done("person.export", {"person_id": person_id}, why)
    headers = {"content-disposition": f'attachment; filename="{person_id}-official-sensitive.csv"'}
    return Response(as_csv(shelf, visit.viewer, person_id), media_type="text/csv; charset=utf-8", headers=headers)


def _unsaid() -> DeskRefusedError:
    return DeskRefusedError(403, "Say first why you look at this person.", "Open the page and choose a reason.")


def _why(visit: Visit, person_id: str) -> str | None:
    return visit.desk.read(lambda connection: tasks.reason_given(connection, visit.viewer, person_id))


def _ask(request: Request, person_id: str, text: str = "", error: str = "") -> Response:
    errors = [{"text": error, "href": "#why-queue"}] if error else []
    return page(
        request,
        "why.html",
        422 if error else 200,
        question=None,
        what=f"Person {person_id}",
        action=f"/persons/{person_id}/why",
        justifications=JUSTIFICATIONS.items(),
        chosen="",
        text=text,
        errors=errors,
    )


def _errors(error: LinkageError, group: Group) -> list[dict[str, str]]:
    if isinstance(error, FormRefusedError):
        return error.errors
    told = (
        refused(error, labels_of(group), "").text
        if isinstance(error, (DecisionConflictError, DecisionRefusedError))
        else str(error)
    )
    return [{"text": told, "href": "#h-unmerge"}]


def _page(
    request: Request,
    visit: Visit,
    person_id: str,
    errors: Sequence[dict[str, str]] = (),
    status: int = 200,
    done: str = "",
    form: Split | None = None,
    looked: tuple[Preview | None, Steps | None] = (None, None),
) -> Response:
    """The person, and where a form comes back what was entered; ``looked``: what it would do."""
    why = _why(visit, person_id) or ""
    shelf = visit.desk.shelves.current()
    person: PersonPage = person_page(shelf, visit.viewer, person_id)
    visit.done("person.view", {"person_id": person_id, "records": sorted(person.group.records)}, why)
    decisions = (
        told_decisions(visit.desk.store.about(list(person.group.records)), person.labels)
        if visit.viewer.may("decide")
        else ()
    )
    notices = {
        "split": {"text": "The records part.", "more": "It counts from the next night on.", "is_good": True},
        "undone": {"text": "Undone.", "more": "Everything stands as it stood before.", "is_good": True},
        "waits": {
            "text": "Saved. It waits for a second steward.",
            "more": "Another steward must part the same records here.",
            "is_good": True,
        },
    }
    own = visit.desk.read(lambda connection: last_answer(connection, about_person(person_id)["review_id"]))
    can_undo = (
        own is not None
        and is_same_person(own["decided_by"], visit.viewer.name)
        and own["last_seq"] > shelf.decisions_read
    )
    told = page(
        request,
        "person.html",
        status,
        person=person,
        why=why,
        decisions=decisions,
        shelf=shelf,
        titles=shelf.reference.titles,
        trust=shelf.reference.trust,
        reasons=REASONS.items(),
        batch=str(uuid4()),
        errors=errors,
        notice=notices.get(done) if is_to_be_said(request, done) else None,
        can_undo=can_undo,
        chosen=set(form.records if form else ()),
        form=entered(form, Split),
        preview=looked[0],
        steps=looked[1],
        because=because,
    )
    return said(request, told)


def _ended(request: Request, visit: Visit, person_id: str) -> Response:
    """An id that nobody has any more: what became of it. Only stewards are told."""
    if not visit.viewer.sees_all:
        raise not_found()
    spans = history_of(visit.desk.shelves.current(), person_id)
    visit.done("person.view_ended", {"person_id": person_id})
    return page(request, "ended.html", person_id=person_id, spans=spans)
