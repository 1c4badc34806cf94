"""The start, help, files of the desk's own, and a sign of life."""

from __future__ import annotations

import mimetypes
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from pipeline.core.errors import DeskRefusedError
from pipeline.review.admission import accounts, sessions
from pipeline.review.admission.sessions import csrf_of
from pipeline.review.frame.pages import STATIC, page
from pipeline.review.frame.visits import SignedIn, token_of, visit_of

router = APIRouter()
START = {
    "steward": "/queue",
    "supervisor": "/queue",
    "borough": "/search",
    "auditor": "/audit",
    "administrator": "/accounts",
}
FILES = {path.name: path for path in STATIC.iterdir() if path.is_file()}


@router.get("/")
def start(visit: SignedIn) -> Response:
    """To the page that the role works on."""
    return RedirectResponse(START[visit.viewer.role], 303)


@router.get("/help")
def help_sheet(request: Request, visit: SignedIn) -> Response:
    """The keyboard, and how to weigh evidence."""
    del visit
    return page(request, "help.html")


@router.post("/help/shortcuts")
def shortcuts(visit: SignedIn, on: Annotated[str, Form(max_length=10)] = "") -> Response:
    """Single-key shortcuts on or off."""
    visit.desk.write(lambda connection: accounts.set_shortcuts(connection, visit.viewer.account_id, bool(on)))
    return RedirectResponse("/help", 303)


@router.get("/session")
def session_left(request: Request, visit: SignedIn) -> dict[str, str | int]:
    """How long the session lasts, whose it is, and the token of its forms: for pages that were opened before."""
    left = visit.session.seconds_left(visit.desk.settings, visit.now)
    return {"left": left, "account": visit.viewer.account_id, "csrf": csrf_of(token_of(request) or "")}


@router.post("/session")
def stay(request: Request, visit: SignedIn) -> dict[str, str | int]:
    """Whoever is signed in is still there."""
    visit.desk.write(lambda connection: sessions.touch(connection, visit.session, visit.now))
    return session_left(request, visit_of(request))


@router.get("/static/{name}")
def static(name: str) -> Response:
    """A file of the desk's own; only names that are there, so a path leads nowhere else.

    Raises:
        DeskRefusedError: 404.
    """
    path = FILES.get(name)
    if path is None:
        raise DeskRefusedError(404, "There is no such file.")
    kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
    return FileResponse(path, media_type=kind)


@router.get("/health")
def health() -> Response:
    """That the desk answers; it says nothing else."""
    return Response("ok", media_type="text/plain")
