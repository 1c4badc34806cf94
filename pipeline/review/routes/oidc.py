"""Signing in with the force's account, where the run file names a provider."""

from __future__ import annotations

import os
import secrets
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from pipeline.core.errors import DeskRefusedError
from pipeline.review.admission import accounts, provider, sessions
from pipeline.review.frame.pages import page
from pipeline.review.frame.visits import desk_of, is_tls, token_of
from pipeline.review.routes.sign_in import with_cookie
from pipeline.stewardship.audit import Act, append
from schemas.desk import Oidc

router = APIRouter()
WAY_COOKIE, MINUTES = "desk-way", 10


@router.get("/oidc/start")
def go(request: Request) -> Response:
    """To the provider. What must come back waits in a cookie that only this way reads."""
    oidc, secret = _configured(request)
    url, pending = provider.begin(oidc, secret, _back(request))
    answer = RedirectResponse(url, 303)
    answer.set_cookie(
        WAY_COOKIE,
        pending.as_cookie(),
        max_age=MINUTES * 60,
        path="/oidc",
        secure=is_tls(request),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get("/oidc/back")
def come_back(
    request: Request,
    code: Annotated[str, Query(max_length=4_000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """From the provider.

    Raises:
        DeskRefusedError: 403, if it is not the answer to what this browser asked.
    """
    oidc, secret = _configured(request)
    pending = provider.PendingSignIn.of(request.cookies.get(WAY_COOKIE, ""))
    if pending is None or not code or not secrets.compare_digest(pending.state.encode(), state.encode()):
        raise DeskRefusedError(403, "This sign-in was not begun in this browser.", "Sign in again.")
    user = provider.finish(oidc, secret, _back(request), pending, code)
    desk = desk_of(request)

    def enter(connection: Connection) -> str:
        now = desk.clock()
        account = accounts.from_provider(connection, user.subject, user.name, user.role, user.borough, now)
        if not account.is_active:
            raise DeskRefusedError(403, "This account is disabled.", "Ask an administrator.")
        append(connection, Act(account.name, account.role, "sign_in.oidc", {}), now)
        return sessions.begin(connection, account.account_id, True, now, token_of(request))

    token = desk.write(enter)
    # a page, not a redirect: a strict cookie is not sent while a chain that began at the provider goes on
    answer = page(request, "came_back.html", name=user.name)
    answer.delete_cookie(WAY_COOKIE, path="/oidc")
    return with_cookie(request, answer, token)


def _configured(request: Request) -> tuple[Oidc, str]:
    oidc = desk_of(request).settings.oidc
    if oidc is None:
        raise DeskRefusedError(404, "The desk has local accounts only.")
    secret = os.environ.get(oidc.client_secret_env)
    if not secret:
        raise DeskRefusedError(
            503, "The desk does not know its secret of the provider.", f"Set {oidc.client_secret_env}."
        )
    return oidc, secret


def _back(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers['host']}/oidc/back"
