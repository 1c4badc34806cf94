"""The queue page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import Field
from sqlalchemy import Connection

from pipeline.core.errors import DeskRefusedError
from pipeline.review.frame.pages import kind_words, page
from pipeline.review.frame.visits import Visit, allowed
from pipeline.review.questions import tasks
from pipeline.review.questions.decided import decided_elsewhere
from pipeline.review.questions.detached import detached_decisions
from pipeline.review.questions.queue import (
    AGE_WORDS,
    Filters,
    Listing,
    Word,
    Work,
    choices,
    listing,
    next_question,
    waits_for_others,
    work_of,
)
from pipeline.review.questions.waiting import Waiting, waiting_since
from pipeline.review.records.shelf import Shelf
from pipeline.stewardship.decision import Decision

router = APIRouter()
Queue = Annotated[Visit, Depends(allowed("queue"))]
Sent = Annotated[Filters, Form()]


class Page(Filters):
    """A page of the queue."""

    at: Annotated[int, Field(ge=1, le=10_000)] = 1
    said: Word = ""


@router.get("/queue")
def show(request: Request, visit: Queue, filters: Annotated[Page, Query()]) -> Response:
    """Open questions by rank."""
    return _page(request, visit, filters)


def _page(
    request: Request, visit: Visit, filters: Page, view_name: str = "", errors: Sequence[dict[str, str]] = ()
) -> Response:
    """The queue; with what is wrong, where a view could not be saved."""
    shelf = visit.desk.shelves.current()

    def read(
        connection: Connection,
    ) -> tuple[Work, list[dict[str, Any]], dict[str, int], list[Waiting], dict[str, Decision], int]:
        return (
            work_of(connection, visit.viewer, shelf.decisions_read, visit.now),
            tasks.saved_views(connection, visit.viewer),
            tasks.done_today(connection, visit.now),
            waiting_since(connection, shelf),
            decided_elsewhere(connection, shelf),
            len(detached_decisions(connection, shelf)),
        )

    work, views, today, waiting, decided, n_detached = visit.desk.read(read)
    page_of_queue = listing(shelf, filters, work, visit.viewer, filters.at)
    visit.done("queue.view", {"filters": filters.as_query(), "page": filters.at})
    notice = (
        {
            "text": "Nothing is left under these filters that nobody has taken or decided elsewhere.",
            "more": "",
            "is_good": False,
        }
        if filters.said == "none"
        else None
    )
    return page(
        request,
        "queue.html",
        422 if errors else 200,
        listing=page_of_queue,
        filters=filters,
        work=work,
        views=views,
        today=today,
        waiting=waiting,
        decided=decided,
        n_detached=n_detached,
        shelf=shelf,
        age_words=AGE_WORDS,
        **_choices(shelf, page_of_queue),
        notice=notice,
        titles=shelf.reference.titles,
        view_name=view_name,
        errors=errors,
    )


@router.post("/next")
def take_next(visit: Queue, filters: Sent) -> Response:
    """Claim the next question and go to it."""
    shelf = visit.desk.shelves.current()

    def take(connection: Connection) -> str | None:
        work = work_of(connection, visit.viewer, shelf.decisions_read, visit.now)
        left_out = [*waits_for_others(connection, shelf, visit.viewer), *decided_elsewhere(connection, shelf)]
        review_id = next_question(shelf, filters, work, visit.viewer, left_out)
        if review_id:
            tasks.claim(connection, review_id, visit.viewer, visit.desk.settings, visit.now)
        return review_id

    review_id = visit.done("queue.next", {"filters": filters.as_query()}, work=take)
    return RedirectResponse(f"/cases/{review_id}" if review_id else f"/queue?said=none&{filters.as_query()}", 303)


class View(Filters):
    """Filters and the name to keep them under."""

    name: Word = ""


@router.post("/queue/views")
def save(request: Request, visit: Queue, view: Annotated[View, Form()]) -> Response:
    """Keep the filters under a name."""
    try:
        visit.done(
            "queue.save_view",
            {"filters": view.as_query()},
            work=lambda c: tasks.save_view(c, visit.viewer, view.name, view),
        )
    except DeskRefusedError as error:
        filters = Page(**view.model_dump(exclude={"name"}))
        return _page(request, visit, filters, view.name, [{"text": str(error), "href": "#view-name"}])
    return RedirectResponse(f"/queue?{view.as_query()}", 303)


@router.post("/queue/views/{view_id}/remove")
def remove(visit: Queue, view_id: str) -> Response:
    """Remove a saved view."""
    visit.done("queue.remove_view", {"view_id": view_id[:64]}, work=lambda c: tasks.drop_view(c, visit.viewer, view_id))
    return RedirectResponse("/queue", 303)


def _choices(shelf: Shelf, page_of_queue: Listing) -> dict[str, Any]:
    """What may be chosen in each filter, with its words."""
    choices_by_name = choices(shelf)
    return {
        "kinds": [(name, kind_words(name)) for name in page_of_queue.counts],
        "boroughs": [(name, name) for name in choices_by_name["boroughs"]],
        "sources": [(name, shelf.reference.titles.get(name, name)) for name in choices_by_name["sources"]],
    }
