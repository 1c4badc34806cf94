"""Signing in: name and password, then the second factor; the first time also a password of one's own."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Annotated

import pyotp
import segno
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection

from pipeline.core.errors import DeskRefusedError
from pipeline.review.admission import accounts, factors, sessions
from pipeline.review.frame.desk import Desk
from pipeline.review.frame.form_problems import FormRefusedError
from pipeline.review.frame.kept_form import LONGEST, KeptForm, kept_form_in
from pipeline.review.frame.pages import page
from pipeline.review.frame.visits import cookie_name, desk_of, is_tls, session_of, token_of, visit_of
from pipeline.stewardship.audit import Act, append

router = APIRouter()
WRONG = "Name or password is wrong, or the account is locked. After several wrong tries it is locked for a while."
WRONG_CODE = "The code is wrong, was used already, or the account is locked. Wait for the next code."
Text = Annotated[str, Form(max_length=200)]
KeptText = Annotated[str, Form(max_length=LONGEST)]


@router.get("/sign-in")
def ask(request: Request) -> Response:
    """The form; a browser without a token gets one, which its form must repeat."""
    return sign_in_page(request)


@router.post("/sign-in")
def first_factor(request: Request, name: Text = "", password: Text = "", kept: KeptText = "") -> Response:
    """Name and password."""
    desk, form = desk_of(request), kept_form_in(kept)
    account_named = desk.read(lambda connection: accounts.find_by_name(connection, name))
    is_right = factors.is_right_password(account_named, password)

    def enter(connection: Connection) -> str | None:
        now = desk.clock()
        account = accounts.find_account(connection, account_named.account_id) if account_named else None
        if account is None or not account.is_active or factors.is_locked(account, now):
            _note(connection, desk, "sign_in.refused", account)
            return None
        if not is_right:
            is_locked = factors.count_failure(connection, account, desk.settings, now)
            _note(connection, desk, "sign_in.locked" if is_locked else "sign_in.wrong_password", account)
            return None
        sessions.sweep(connection, desk.settings, now)
        _note(connection, desk, "sign_in.password", account)
        return sessions.begin(connection, account.account_id, False, now, token_of(request))

    token = desk.write(enter)
    if token is None or account_named is None:
        return sign_in_page(request, 401, name, form, [{"text": WRONG, "href": "#name"}])
    if form and not account_named.is_new:
        request.cookies[cookie_name(request)] = token
        return with_cookie(request, page(request, "code.html", kept=form), token)
    return with_cookie(request, RedirectResponse("/set-up" if account_named.is_new else "/sign-in/code", 303), token)


@router.get("/sign-in/code")
def ask_code(request: Request) -> Response:
    """The form of the second factor."""
    session = session_of(request)
    if session is None or session.account.is_new:
        return RedirectResponse("/sign-in", 303)
    return page(request, "code.html", kept=None)


@router.post("/sign-in/code")
def second_factor(request: Request, code: Text = "", kept: KeptText = "") -> Response:
    """The code of the second factor; then what was kept is offered again, or the desk is entered."""
    desk, session, form = desk_of(request), session_of(request), kept_form_in(kept)
    if session is None or session.account.is_new:
        return RedirectResponse("/sign-in", 303)

    def enter(connection: Connection) -> str | DeskRefusedError | None:
        now = desk.clock()
        account = accounts.find_account(connection, session.account.account_id)
        if account is None or factors.is_locked(account, now):
            _note(connection, desk, "sign_in.refused", account)
            return None
        try:
            is_right = factors.accept_code(connection, account, code, now, desk.seal)
        except DeskRefusedError as error:
            _note(connection, desk, "sign_in.unreadable_factor", account)
            return error
        if not is_right:
            is_locked = factors.count_failure(connection, account, desk.settings, now)
            _note(connection, desk, "sign_in.locked" if is_locked else "sign_in.wrong_code", account)
            return None
        factors.forgive(connection, account.account_id)
        _note(connection, desk, "sign_in", account)
        return sessions.begin(connection, account.account_id, True, now, token_of(request))

    token = desk.write(enter)
    if isinstance(token, DeskRefusedError):
        return page(request, "code.html", token.code, kept=form, errors=[{"text": str(token), "href": "#code"}])
    if token is None:
        return page(request, "code.html", 401, kept=form, errors=[{"text": WRONG_CODE, "href": "#code"}])
    if form:
        request.cookies[cookie_name(request)] = token
        visit_of(request)
        return with_cookie(
            request,
            page(
                request,
                "again.html",
                kept=form,
                because="Your session was over when you sent this. Nothing was saved yet.",
            ),
            token,
        )
    return with_cookie(request, RedirectResponse("/", 303), token)


@router.get("/set-up")
def ask_set_up(request: Request) -> Response:
    """The form of a new account."""
    session, desk = session_of(request), desk_of(request)
    if session is None or not session.account.is_new:
        return RedirectResponse("/sign-in", 303)
    secret = desk.write(lambda connection: factors.begin_set_up(connection, session.account, desk.seal))
    return _set_up_page(request, session.account.name, secret)


@router.post("/set-up")
def set_up(request: Request, password: Text = "", again: Text = "", code: Text = "") -> Response:
    """A new account's own password and second factor."""
    session, desk = session_of(request), desk_of(request)
    if session is None or not session.account.is_new or session.account.totp_secret is None:
        return RedirectResponse("/sign-in", 303)
    account, secret = (
        session.account,
        desk.write(lambda connection: factors.begin_set_up(connection, session.account, desk.seal)),
    )

    def finish(connection: Connection) -> str:
        now = desk.clock()
        factors.choose_password(connection, account, password, again)
        if not factors.accept_code(connection, account, code, now, desk.seal):
            raise FormRefusedError((("The code is not the one that the app shows now.", "code"),))
        factors.finish_set_up(connection, account.account_id)
        _note(connection, desk, "sign_in.set_up", account)
        return sessions.begin(connection, account.account_id, True, now, token_of(request))

    try:
        token = desk.write(finish)
    except DeskRefusedError as error:
        desk.write(lambda connection: _note(connection, desk, "sign_in.set_up_refused", account))
        of_password = [{"text": str(error), "href": "#password"}]
        errors = error.errors if isinstance(error, FormRefusedError) else of_password
        return _set_up_page(request, account.name, secret, 422, errors)
    return with_cookie(request, RedirectResponse("/", 303), token)


@router.post("/sign-out")
def leave(request: Request) -> Response:
    """End the session."""
    desk, session, token = desk_of(request), session_of(request), token_of(request)
    if session and token:

        def end(connection: Connection) -> None:
            sessions.end(connection, token)
            _note(connection, desk, "sign_out", session.account)

        desk.write(end)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(cookie_name(request), path="/", secure=is_tls(request), httponly=True, samesite="strict")
    return answer


def sign_in_page(
    request: Request,
    status: int = 200,
    name: str = "",
    kept: KeptForm | None = None,
    errors: Sequence[dict[str, str]] = (),
) -> Response:
    """The first page of signing in; a browser without a token gets one, which its form must repeat."""
    sent_token = token_of(request)
    token = sent_token or sessions.new_token()
    request.cookies[cookie_name(request)] = token
    answer = page(
        request,
        "sign_in.html",
        status,
        name=name,
        has_oidc=desk_of(request).settings.oidc is not None,
        kept=kept,
        errors=errors,
    )
    return answer if sent_token else with_cookie(request, answer, token)


def with_cookie(request: Request, answer: Response, token: str) -> Response:
    """The answer with the session's cookie."""
    answer.set_cookie(cookie_name(request), token, path="/", secure=is_tls(request), httponly=True, samesite="strict")
    return answer


def _set_up_page(
    request: Request, name: str, secret: str, status: int = 200, errors: list[dict[str, str]] | None = None
) -> HTMLResponse:
    picture = io.BytesIO()
    address = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="boroughlink review desk")
    segno.make(address, micro=False).save(
        picture, kind="svg", xmldecl=False, svgns=True, scale=4, border=2, omitsize=False
    )
    return page(
        request, "set_up.html", status, name=name, secret=secret, qr=picture.getvalue().decode(), errors=errors or ()
    )


def _note(connection: Connection, desk: Desk, action: str, account: accounts.Account | None) -> None:
    """One entry of the audit log; a name that nobody has is not written: it may be a mistyped password."""
    actor, role = (account.name, account.role) if account else ("nobody", "none")
    append(connection, Act(actor, role, action, {}), desk.clock())
