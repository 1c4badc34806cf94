"""What stands around every page: whose session it is, that a form is the desk's own, and the entry in the audit log."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from pipeline.core.errors import DeskRefusedError, LinkageError, StoreUnavailableError
from pipeline.review.admission import sessions
from pipeline.review.admission.access import May, Viewer, need
from pipeline.review.frame.desk import Desk
from pipeline.stewardship.audit import Act, append

T = TypeVar("T")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
ID = re.compile(r"[A-Za-z0-9_:.-]{1,128}")
COOKIE, TLS_COOKIE = "desk", "__Host-desk"


class NotSignedInError(Exception):
    """Nobody is signed in, or the session is over."""


class StaleFormError(Exception):
    """A form of this desk, from a page of an earlier session."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is signed in."""

    desk: Desk
    viewer: Viewer
    session: sessions.Session
    on_record: list[Exception] = field(default_factory=list)
    """Refusals that are in the audit log already"""

    @property
    def now(self) -> dt.datetime:
        """The time."""
        return self.desk.clock()

    def done(
        self,
        action: str,
        subject: Mapping[str, Any],
        why: str = "",
        work: Callable[[Connection], T] | None = None,
        result_subject: Callable[[T], Mapping[str, Any]] | None = None,
    ) -> T | None:
        """Do something and write it to the audit log, both or neither; what is refused is written as refused.

        Args:
            action: what is done, such as ``case.view``.
            subject: ids of what it is done to.
            why: the justification, where one was given.
            work: what is written besides.
            result_subject: ids of what the work made, for the entry.
        """

        def together(connection: Connection) -> T | None:
            sessions.touch(connection, self.session, self.now)
            result = work(connection) if work else None
            full_subject = {**subject, **result_subject(result)} if result_subject and result is not None else subject
            append(connection, self._act(action, full_subject, why), self.now)
            return result

        try:
            return self.desk.write(together)
        except StoreUnavailableError:
            raise  # there is nothing to write to
        except LinkageError as error:
            self.refused(action, subject, error, why)
            raise

    def refused(self, action: str, subject: Mapping[str, Any], error: Exception, why: str = "") -> None:
        """Write that something was refused; a refusal that is on the record is not written again."""
        if error not in self.on_record:
            self.on_record.append(error)
            full_subject = {**subject, "refused": type(error).__name__, "code": code_of(error)}
            self.desk.write(
                lambda connection: append(connection, self._act(f"{action}.refused", full_subject, why), self.now)
            )

    def _act(self, action: str, subject: Mapping[str, Any], why: str) -> Act:
        return Act(self.viewer.name, self.viewer.role, action, subject, why)


def code_of(error: Exception) -> int:
    """The HTTP status of a refusal."""
    if isinstance(error, DeskRefusedError):
        return error.code
    if isinstance(error, HTTPException):
        return error.status_code
    if isinstance(error, StaleFormError):
        return 403
    return 422 if isinstance(error, RequestValidationError) else 409


def desk_of(request: Request) -> Desk:
    """The desk behind the application."""
    desk: Desk = request.app.state.desk
    return desk


def is_tls(request: Request) -> bool:
    """Whether the desk speaks TLS."""
    return bool(request.app.state.is_tls)


def cookie_name(request: Request) -> str:
    """The session's cookie; with TLS one that no other host can set."""
    return TLS_COOKIE if is_tls(request) else COOKIE


def token_of(request: Request) -> str | None:
    """The session's token, as the browser sent it."""
    return request.cookies.get(cookie_name(request))


def session_of(request: Request) -> sessions.Session | None:
    """The session, full or between its two factors."""
    token, desk = token_of(request), desk_of(request)
    if not token:
        return None
    return desk.read(lambda connection: sessions.find(connection, token, desk.settings, desk.clock()))


def visit_of(request: Request) -> Visit:
    """Who is signed in.

    Raises:
        NotSignedInError: If nobody is.
    """
    session = session_of(request)
    if session is None or not session.is_full or session.account.is_new:
        raise NotSignedInError
    visit = Visit(desk_of(request), session.account.viewer(), session)
    request.state.visit = visit
    return visit


def note_refusal(request: Request, error: Exception) -> None:
    """Write a refusal that no page has written: who, which page, which ids. What is typed into a form is not.

    Of those who are not signed in only tries to sign in are written: else anybody on the network could make the log grow.
    """
    session = session_of(request)
    visit: Visit | None = getattr(request.state, "visit", None)
    desk, path = desk_of(request), request.url.path
    if visit is None and session is not None:
        visit = Visit(desk, session.account.viewer(), session)
    if visit is not None:
        visit.refused("page", _request_subject(request), error)
    elif path.startswith("/sign-in") or path == "/oidc/back":
        act = Act("nobody", "none", "sign_in.refused", {**_request_subject(request), "code": code_of(error)})
        desk.write(lambda connection: append(connection, act, desk.clock()))


def _request_subject(request: Request) -> dict[str, Any]:
    """The page as the desk knows it, and the ids in its address; nothing that is no id."""
    route = request.scope.get("route")
    ids = {name: value for name, value in request.path_params.items() if name.endswith("_id") and ID.fullmatch(value)}
    records = {name: value for name in ("l", "r") if ID.fullmatch(value := request.query_params.get(name, ""))}
    return {"page": getattr(route, "path", ""), "method": request.method, **ids, **records}


def allowed(act: May) -> Callable[[Request], Visit]:
    """A dependency: who is signed in, if the role allows the act."""

    def visit_if_allowed(request: Request) -> Visit:
        visit = visit_of(request)
        need(visit.viewer, act)
        return visit

    return visit_if_allowed


async def own_form(request: Request) -> None:
    """Refuse a form that is not this desk's own and this session's own.

    Raises:
        DeskRefusedError: 403.
        StaleFormError: If the browser says that a page of this desk sent it, and only the token is not the session's.
    """
    if request.method in SAFE:
        return
    origin = request.headers.get("origin")
    if origin is not None and origin != f"{request.url.scheme}://{request.headers.get('host', '')}":
        raise DeskRefusedError(
            403, "This form was sent from another site.", "Open the page again and send the form from there."
        )
    form = await request.form()
    form_token = request.headers.get("x-csrf-token") or form.get("csrf")
    token = token_of(request)
    if (
        not token
        or not isinstance(form_token, str)
        or not secrets.compare_digest(form_token.encode(), sessions.csrf_of(token).encode())
    ):
        if origin is not None:
            raise StaleFormError
        raise DeskRefusedError(
            403, "This form does not belong to your session.", "Open the page again and send the form from there."
        )


SignedIn = Annotated[Visit, Depends(visit_of)]
