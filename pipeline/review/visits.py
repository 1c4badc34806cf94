"""What stands around every page: whose session it is, that a form is the desk's own, and the entry in the audit log."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from sqlalchemy import Connection

from pipeline.core.errors import DeskRefusedError, LinkageError
from pipeline.review import sessions
from pipeline.review.access import May, Viewer, need
from pipeline.review.desk import Desk
from pipeline.stewardship.audit import Act, append

T = TypeVar("T")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
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

    @property
    def now(self) -> dt.datetime:
        """The time."""
        return self.desk.clock()

    def done(
        self, action: str, subject: Mapping[str, Any], why: str = "", work: Callable[[Connection], T] | None = None
    ) -> T | None:
        """Do something and write it to the audit log, both or neither; what is refused is written as refused.

        Args:
            action: what is done, such as ``case.view``.
            subject: ids of what it is done to.
            why: the justification, where one was given.
            work: what is written besides.
        """

        def together(connection: Connection) -> T | None:
            sessions.touch(connection, self.session, self.now)
            result = work(connection) if work else None
            append(connection, self._act(action, subject, why), self.now)
            return result

        try:
            return self.desk.write(together)
        except LinkageError as error:
            refused = {**subject, "refused": type(error).__name__}
            self.desk.write(lambda connection: append(connection, self._act(f"{action}.refused", refused, why), self.now))  # fmt: skip
            raise

    def _act(self, action: str, subject: Mapping[str, Any], why: str) -> Act:
        return Act(self.viewer.name, self.viewer.role, action, subject, why)


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


def allowed(act: May) -> Callable[[Request], Visit]:
    """A dependency: who is signed in, if the role allows the act."""

    def visit_if_allowed(request: Request) -> Visit:
        visit = visit_of(request)
        try:
            need(visit.viewer, act)
        except DeskRefusedError:
            visit.done("page.refused", {"page": request.scope["route"].path})
            raise
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
        raise DeskRefusedError(403, "This form was sent from another site.", "Open the page again and send the form from there.")  # fmt: skip
    form = await request.form()
    given = request.headers.get("x-csrf-token") or form.get("csrf")
    token = token_of(request)
    if not token or not isinstance(given, str) or not secrets.compare_digest(given.encode(), sessions.csrf_of(token).encode()):  # fmt: skip
        if origin is not None:
            raise StaleFormError
        raise DeskRefusedError(403, "This form does not belong to your session.", "Open the page again and send the form from there.")  # fmt: skip


SignedIn = Annotated[Visit, Depends(visit_of)]
