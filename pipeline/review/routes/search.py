"""Find a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from pydantic import Field

from pipeline.core.errors import DeskRefusedError
from pipeline.review.admission.access import Viewer
from pipeline.review.cases.compare import text_of
from pipeline.review.decisions.preview import FIELDS
from pipeline.review.frame.pages import page
from pipeline.review.frame.visits import Visit, allowed
from pipeline.review.frame.words import JUSTIFICATIONS
from pipeline.review.persons.person import golden_of, short_of
from pipeline.review.persons.search import Hit, SearchResult, search
from pipeline.review.persons.search_request import SearchRequest
from pipeline.review.questions import tasks
from pipeline.review.records.shelf import Row, Shelf

router = APIRouter()
Searching = Annotated[Visit, Depends(allowed("search"))]


class SearchForm(SearchRequest):
    """What is searched for, and why."""

    why: str = Field("", max_length=40)


@router.get("/search")
def ask(request: Request, visit: Searching) -> Response:
    """The form; what is searched for never stands in an address."""
    visit.done("search.view", {})
    return _page(request, visit, SearchForm())


@router.post("/search")
def find(request: Request, visit: Searching, form: Annotated[SearchForm, Form()]) -> Response:
    """Persons that fit. The log keeps which fields were asked and which persons were shown, not what was typed."""
    shelf, result = visit.desk.shelves.current(), None
    problems = {} if form.why in tasks.justifications(visit.viewer) else {"why": "Choose why you search."}
    if not problems:
        result = search(shelf, visit.viewer, form)
        problems = dict(result.unread)
    hits = result.hits if result else []
    why = JUSTIFICATIONS.get(form.why, "")
    if problems:
        visit.refused("search", {"fields": form.filled_in()}, DeskRefusedError(422, " ".join(problems.values())), why)
    else:
        visit.done("search", {"fields": form.filled_in(), "persons": [hit.person_id for hit in hits]}, why)
    rows = shelf.persons([hit.person_id for hit in hits])
    shown = [
        (hit, row := rows[hit.person_id], golden := _short(shelf, visit.viewer, row), _older(hit, golden))
        for hit in hits
    ]
    errors = [{"text": text, "href": f"#{name}"} for name, text in problems.items()]
    return _page(request, visit, form, errors, None if problems else shown, result)


def _page(
    request: Request,
    visit: Visit,
    form: SearchForm,
    errors: Sequence[Mapping[str, str]] = (),
    hits: Sequence[Any] | None = None,
    result: SearchResult | None = None,
) -> Response:
    status = 422 if errors else 200
    return page(
        request,
        "search.html",
        status,
        form=form,
        hits=hits,
        result=result,
        errors=errors,
        shelf=visit.desk.shelves.current(),
        justifications=tasks.justifications(visit.viewer).items(),
    )


def _older(hit: Hit, golden: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names and birthday of the record that fits, where the golden record has others: else the hit could not be understood."""
    return [(name, text) for name, text in hit.held.items() if text != golden.get(name)]


def _short(shelf: Shelf, viewer: Viewer, row: Row) -> dict[str, str]:
    """The golden record in a few words: as published, or of the values that the viewer may see."""
    if not viewer.sees_all:
        return short_of(golden_of(shelf, viewer, row["person_id"]))
    return {name: text_of(row, name) for name in FIELDS if row.get(name) is not None}
