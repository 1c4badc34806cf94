"""Find a person."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from pydantic import Field

from pipeline.core.errors import DeskRefusedError
from pipeline.review.access import Viewer
from pipeline.review.pages import page
from pipeline.review.person import golden_of, short_of
from pipeline.review.preview import FIELDS
from pipeline.review.search import Asked, search
from pipeline.review.shelf import Shelf
from pipeline.review.visits import Visit, allowed
from pipeline.review.words import JUSTIFICATIONS

router = APIRouter()
Searching = Annotated[Visit, Depends(allowed("search"))]


class SearchForm(Asked):
    """What is searched for, and why."""

    why: str = Field("", max_length=40)


@router.get("/search")
def ask(request: Request, visit: Searching) -> Response:
    """The form; what is searched for never stands in an address."""
    visit.done("search.view", {})
    return page(request, "search.html", asked=SearchForm(), hits=None, shelf=visit.desk.shelves.current(), justifications=JUSTIFICATIONS.items())  # fmt: skip


@router.post("/search")
def find(request: Request, visit: Searching, asked: Annotated[SearchForm, Form()]) -> Response:
    """Persons that fit. The log keeps which fields were asked and which persons were shown, not what was typed."""
    shelf, errors, hits, status = visit.desk.shelves.current(), [], [], 200
    try:
        if asked.why not in JUSTIFICATIONS:
            raise DeskRefusedError(422, "Choose why you search.")
        hits = search(shelf, visit.viewer, asked)
    except DeskRefusedError as error:
        errors, status = [{"text": str(error), "href": "#why" if "why" in error.problem else "#surname"}], error.code
    visit.done("search", {"fields": asked.named(), "persons": [hit.person_id for hit in hits]}, JUSTIFICATIONS.get(asked.why, ""))  # fmt: skip
    told = [(hit, shelf.person(hit.person_id), _short(shelf, visit.viewer, hit.person_id)) for hit in hits]
    return page(request, "search.html", status, asked=asked, hits=None if errors else told, errors=errors, shelf=shelf, justifications=JUSTIFICATIONS.items())  # fmt: skip


def _short(shelf: Shelf, viewer: Viewer, person_id: str) -> dict[str, str]:
    """The golden record in a few words: as published, or of the values that the viewer may see."""
    if not viewer.sees_all:
        return short_of(golden_of(shelf, viewer, person_id))
    row = shelf.person(person_id) or {}
    return {name: str(row[name]) for name in FIELDS if row.get(name) is not None}
