"""The supervisor's page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from pipeline.review.frame.pages import page
from pipeline.review.frame.visits import Visit, allowed
from pipeline.review.supervision.overview import VERDICTS, overview
from pipeline.review.supervision.plots import bands_plot, days_plot, open_plot

router = APIRouter()


@router.get("/supervisor")
def show(request: Request, visit: Annotated[Visit, Depends(allowed("supervise"))]) -> Response:
    """Numbers and plots."""
    shelf = visit.desk.shelves.current()
    numbers = visit.desk.read(lambda connection: overview(shelf, connection, visit.now))
    visit.done("supervisor.view", {})
    return page(
        request,
        "supervisor.html",
        overview=numbers,
        verdicts=VERDICTS,
        days=days_plot(numbers),
        opened=open_plot(numbers),
        bands=bands_plot(numbers),
    )
