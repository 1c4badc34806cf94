"""The auditor's page: the log, its proof, its file. Whoever reads it is in it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response
from pydantic import Field

from pipeline.review.frame.csv_file import csv_answer
from pipeline.review.frame.pages import page
from pipeline.review.frame.visits import Visit, allowed
from pipeline.review.supervision.log_book import LogFilters, as_csv, choices, entries
from pipeline.review.supervision.log_words import action_words
from pipeline.stewardship.audit import Proof, verify

router = APIRouter()
Auditing = Annotated[Visit, Depends(allowed("audit"))]


class LogPage(LogFilters):
    """A page of the log."""

    before: Annotated[int | None, Field(ge=1, le=10**15)] = None


@router.get("/audit")
def show(request: Request, visit: Auditing, filters: Annotated[LogPage, Query()]) -> Response:
    """Entries, newest first."""
    visit.done("audit.view", {"filters": filters.model_dump(exclude_defaults=True)})
    return _page(request, visit, filters, None)


@router.post("/audit/verify")
def prove(request: Request, visit: Auditing, filters: Annotated[LogFilters, Form()]) -> Response:
    """Walk the chain, all of it; the page keeps its filters."""
    proof = visit.desk.read(verify)
    visit.done("audit.verify", {"is_whole": proof.is_whole, "n_entries": proof.n_entries})
    return _page(request, visit, LogPage(**filters.model_dump()), proof)


@router.post("/audit/export")
def export(visit: Auditing, filters: Annotated[LogFilters, Form()]) -> Response:
    """The filtered log as CSV."""
    visit.done("audit.export", {"filters": filters.model_dump(exclude_defaults=True)})
    return csv_answer("audit-log", visit.desk.read(lambda connection: as_csv(connection, filters)))


def _page(request: Request, visit: Visit, filters: LogPage, proof: Proof | None) -> Response:
    log_entries = visit.desk.read(lambda connection: entries(connection, filters, filters.before))
    choices_by_name = visit.desk.read(choices)
    return page(
        request,
        "audit.html",
        filters=filters,
        entries=log_entries,
        actors=[(name, name) for name in choices_by_name["actor"]],
        actions=[(name, action_words(name)) for name in choices_by_name["action"]],
        action_words=action_words,
        proof=proof,
    )
