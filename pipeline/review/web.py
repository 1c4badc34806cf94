"""The desk as a web application."""

from __future__ import annotations

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from pipeline.core.errors import LinkageError, StoreUnavailableError
from pipeline.core.log import log
from pipeline.review.admission.door import Door
from pipeline.review.frame.desk import Desk
from pipeline.review.frame.kept_form import kept_form_of
from pipeline.review.frame.pages import page
from pipeline.review.frame.visits import (
    SAFE,
    NotSignedInError,
    StaleFormError,
    code_of,
    note_refusal,
    own_form,
    visit_of,
)
from pipeline.review.routes import (
    audit,
    case,
    detached,
    front,
    oidc,
    people,
    person,
    queue,
    search,
    sign_in,
    supervisor,
)
from pipeline.review.routes.acts import REFUSALS

ROUTERS = (
    front.router,
    sign_in.router,
    queue.router,
    detached.router,
    case.router,
    search.router,
    person.router,
    audit.router,
    supervisor.router,
    people.router,
    oidc.router,
)
HEADINGS = {
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible",
    409: "It has changed meanwhile",
    413: "Too large",
    422: "Something in the form is wrong",
    429: "Too many requests",
    503: "Not available now",
}

AWAY = "The store of decisions did not answer."


def create_app(desk: Desk, is_tls: bool = False, hosts: frozenset[str] = frozenset()) -> FastAPI:
    """The application: every page behind the door, every form checked to be its own.

    Args:
        desk: what the pages work on.
        is_tls: the desk speaks TLS, so its cookies are for TLS only.
        hosts: host names it answers under, besides loopback.
    """
    app = FastAPI(
        title="boroughlink review desk",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(own_form)],
    )
    app.state.desk, app.state.is_tls = desk, is_tls
    app.add_middleware(Door, settings=desk.settings, is_tls=is_tls, hosts=hosts)
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(NotSignedInError, _to_sign_in)
    app.add_exception_handler(StaleFormError, _stale)
    app.add_exception_handler(LinkageError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(ValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    return app


async def _to_sign_in(request: Request, error: Exception) -> Response:
    """To the sign-in page; a form that was sent is kept. A page's script gets the bare status: it tells its reader."""
    del error
    if request.headers.get("hx-request"):
        return Response(status_code=401)
    if request.method in SAFE:
        return RedirectResponse("/sign-in", 303)
    if request.url.path.startswith("/sign-in"):
        return sign_in.sign_in_page(
            request, 401, errors=[{"text": "This page had grown old. Sign in now.", "href": "#name"}]
        )
    form = await kept_form_of(request)
    if form is None:
        return _message(request, 401, "Your session is over.", "Sign in, then do it again.")
    return sign_in.sign_in_page(request, 401, kept=form)


async def _stale(request: Request, error: Exception) -> Response:
    """A form from before: offered to be sent again, where somebody is signed in; else kept until they are."""
    await run_in_threadpool(_noted, request, error)
    try:
        await run_in_threadpool(visit_of, request)
    except NotSignedInError:
        return await _to_sign_in(request, error)
    except StoreUnavailableError as unavailable:
        return await _refused(request, unavailable)
    form = await kept_form_of(request)
    if form is None:
        return _message(
            request,
            403,
            "This form does not belong to your session.",
            "Open the page again and send the form from there.",
        )
    because = "You opened that page before you signed in again. Nothing was saved yet."
    return page(request, "again.html", 403, kept=form, because=because)


def _noted(request: Request, error: Exception) -> None:
    """On the record; where the store does not answer, the answer is given all the same."""
    try:
        note_refusal(request, error)
    except StoreUnavailableError:
        log("desk_refusal_not_noted", kind=type(error).__name__)


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, REFUSALS):
        await run_in_threadpool(_noted, request, error)
        return _message(request, code_of(error), error.problem, error.what_to_do)
    log("desk_failed", kind=type(error).__name__)
    if isinstance(error, StoreUnavailableError) and request.method not in SAFE:
        return await _not_stored(request)
    return _message(request, 503, "The desk cannot do this now.", "Try again in a minute; nothing was saved.")


async def _not_stored(request: Request) -> Response:
    """A form that the store did not answer to: offered to be sent again, where that cannot do more than sending it once."""
    form = await kept_form_of(request)
    if form is None or not form.counts_once:
        return _message(request, 503, AWAY, "Wait a minute, open the page again and look whether it was done.")
    because = f"{AWAY} Wait a minute, then send the same once more. If it was saved after all, it counts once."
    return page(request, "again.html", 503, kept=form, because=because)


def _malformed(request: Request, error: Exception) -> Response:
    _noted(request, error)  # its text quotes what was sent, and is told nowhere
    return _message(request, 422, "The request is not one that this page sends.")


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if (
        status == 405 and request.method == "GET"
    ):  # the address of a form that came back with what is wrong, loaded anew
        return RedirectResponse(page_of(request.url.path), 303)
    if status == 413:
        _noted(request, error)
    messages = {404: "There is no such page.", 413: "The request is larger than the desk takes."}
    return _message(request, status, messages.get(status, "This cannot be done here."))


def page_of(path: str) -> str:
    """The page on which the form of an address stands."""
    parts = path.split("/")
    return (
        "/".join(parts[:3])
        if parts[1] in ("cases", "persons")
        else f"/{parts[1]}"
        if parts[1] in ("queue", "accounts", "audit")
        else "/"
    )


def _message(request: Request, status: int, problem: str, what_to_do: str = "") -> Response:
    heading = HEADINGS.get(status, "Something went wrong")
    return page(request, "message.html", status, heading=heading, problem=problem, what_to_do=what_to_do)
