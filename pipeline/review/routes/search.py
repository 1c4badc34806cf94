"""Find a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
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
from pipeline.review.questions.found import case_on
from pipeline.review.records.shelf import Row, Shelf

router = APIRouter()
Searching = Annotated[Visit, Depends(allowed("search"))]
Comparing = Annotated[Visit, Depends(allowed("decide"))]


class SearchForm(SearchRequest):
    """What is searched for, and why."""

    why: str = Field("", max_length=40)


class FoundForm(SearchForm):
    """The people found: those who are ticked, and what was searched for."""

    persons: list[Annotated[str, Field(max_length=80)]] = Field([], max_length=100)


@router.get("/search")
def ask(request: Request, visit: Searching) -> Response:
    """The form; what is searched for never stands in an address."""
    visit.done("search.view", {})
    return _page(request, visit, SearchForm())


@router.post("/search")
def find(request: Request, visit: Searching, form: Annotated[SearchForm, Form()]) -> Response:
    """Persons that fit. The log keeps which fields were asked and which persons were shown, not what was typed."""
    return _found(request, visit, form)


@router.post("/search/compare")
def compare(request: Request, visit: Comparing, form: Annotated[FoundForm, Form()]) -> Response:
    """Go to the case on the two who are ticked; else what was found is shown again with what is wrong."""
    ticked, why = sorted({*form.persons}), JUSTIFICATIONS.get(form.why, "")
    try:
        if len(ticked) != 2:
            told = "one" if len(ticked) == 1 else f"{len(ticked)}" if ticked else "none"
            raise DeskRefusedError(
                422, f"Tick two people to compare; {told} {'is' if len(ticked) < 2 else 'are'} ticked."
            )
        case = case_on(visit.desk.shelves.current(), *ticked)
    except DeskRefusedError as error:
        visit.refused("search.compare", {}, error, why)
        return _found(request, visit, form, str(error))
    visit.done("search.compare", {"persons": ticked}, why)
    return RedirectResponse(f"/cases/{case}", 303)


def _found(request: Request, visit: Visit, form: SearchForm, problem: str = "") -> Response:
    """What a search finds; with what is wrong with the choice of two, where there is something."""
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
    if problem:
        errors.append({"text": problem, "href": "#pick-1" if len(shown) > 1 else ""})
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
        ticked=set(getattr(form, "persons", ())),
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
