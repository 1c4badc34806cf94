"""The door: limits of size and rate before anything is read, and the headers that every answer carries."""

from __future__ import annotations

import html
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.core.log import log
from pipeline.review.admission.sessions import hash_of
from schemas.desk import DeskSettings
from schemas.tables import MARKING

WAIT_SECONDS = 10
LARGE, OFTEN, HOST = (
    "The request is larger than the desk takes.",
    (
        f"Too many requests came from here. Wait {WAIT_SECONDS} seconds, then load the page again;"
        " nothing of this one was carried out."
    ),
    "The desk does not answer under this host name.",
)
FAILED = "Something went wrong at the desk. It was noted without any personal data. Nothing was saved."
MOST_CALLERS = 10_000
SESSIONS_AN_ADDRESS = 30
"""Sessions that one address may keep busy: a cookie made up for each request gains nothing"""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Buckets:
    """A token bucket a caller: so many requests a minute, in bursts of as many."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._room, self._clock = a_minute / 60, float(a_minute), clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def takes(self, caller: str) -> bool:
        """Whether one more request of the caller is within the limit."""
        now = self._clock()
        left, at = self._left.pop(caller, (self._room, now))
        left = min(self._room, left + (now - at) * self._rate)
        is_within = left >= 1
        self._left[caller] = (left - 1 if is_within else left, now)
        if len(self._left) > MOST_CALLERS:
            self._left.popitem(last=False)
        return is_within


class Door:
    """ASGI middleware around the desk."""

    def __init__(self, app: ASGIApp, settings: DeskSettings, is_tls: bool, hosts: frozenset[str]) -> None:
        self._app, self._settings, self._is_tls, self._hosts = app, settings, is_tls, hosts | LOOPBACK
        self._sessions, self._sign_ins = Buckets(settings.requests_a_minute), Buckets(settings.sign_ins_a_minute)
        self._addresses = Buckets(settings.requests_a_minute * SESSIONS_AN_ADDRESS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(18)
        scope.setdefault("state", {})["nonce"] = nonce
        sender = self._with_headers(scope, send, nonce)
        refused = self._refused(scope)
        if refused:
            await _bare_page(*refused)(scope, receive, sender)
            return
        try:
            await self._app(scope, _limited(receive, self._settings.largest_body), sender)
        except _TooLargeError:
            await _bare_page(413, LARGE)(scope, receive, sender)
        except Exception as error:  # its text and trace may hold values of records: only its kind leaves here
            log("desk_failed", kind=type(error).__name__, page=getattr(scope.get("route"), "path", ""))
            if os.environ.get("BOROUGHLINK_DEBUG"):
                raise
            await _bare_page(500, FAILED)(scope, receive, sender)

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = host if host.endswith("]") else host.rsplit(":", 1)[0]
        if name.lower() not in self._hosts:
            return 421, HOST
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._settings.largest_body:
            return 413, LARGE
        return None if self._is_within(scope) else (429, OFTEN)

    def _is_within(self, scope: Scope) -> bool:
        """Whether the request is within the limits of its address and its session; files of a page do not count for that."""
        address = scope["client"][0] if scope.get("client") else ""
        if not self._addresses.takes(address):
            return False
        if scope["path"].startswith("/static/"):
            return True
        cookie = next((value for name, value in Request(scope).cookies.items() if name.endswith("desk")), None)
        if not self._sessions.takes(hash_of(cookie) if cookie else address):
            return False
        is_try = scope["path"] == "/oidc/back" or (scope["method"] == "POST" and scope["path"].startswith("/sign-in"))
        return not is_try or self._sign_ins.takes(address)

    def _with_headers(self, scope: Scope, send: Send, nonce: str) -> Send:
        is_static = scope["path"].startswith("/static/")

        async def sender(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers["content-security-policy"] = _policy(nonce)
                headers["cache-control"] = "public, max-age=86400" if is_static else "no-store"
                if self._is_tls:
                    headers["strict-transport-security"] = "max-age=31536000"
            await send(message)

        return sender


def _bare_page(status: int, text: str) -> Response:
    """A page made without the application: of nobody's, in the desk's own style."""
    headers = {"retry-after": str(WAIT_SECONDS)} if status == 429 else None
    return HTMLResponse(_BARE.format(marking=MARKING, text=html.escape(text)), status, headers)


_BARE = (
    '<!DOCTYPE html>\n<html lang="en-GB" class="govuk-template"><head><meta charset="utf-8">'
    "<title>Not now &ndash; boroughlink review desk</title>\n"
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<link rel="stylesheet" href="/static/govuk-frontend-6.3.0.min.css"><link rel="stylesheet" href="/static/desk.css"></head>\n'
    '<body class="govuk-template__body"><header class="desk-header"><p class="marking">{marking}</p>'
    '<div class="govuk-width-container"><a class="desk-header__name" href="/">boroughlink <span>review desk</span></a></div>'
    "</header>\n"
    '<div class="govuk-width-container"><main class="govuk-main-wrapper"><h1 class="govuk-heading-l">Not now</h1>'
    '<p class="govuk-body">{text}</p><p class="govuk-body"><a class="govuk-link" href="/">Back to the start</a></p>'
    "</main></div></body></html>\n"
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with no-referrer a browser sends a form's Origin as null
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def _policy(nonce: str) -> str:
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}';"
        " img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


class _TooLargeError(HTTPException):
    """As an HTTP error, which FastAPI lets through where it would call any other one a malformed body."""

    def __init__(self) -> None:
        super().__init__(413)


def _limited(receive: Receive, largest: int) -> Receive:
    """The body, as long as it is not longer than it may be, whatever its length was said to be."""
    n_bytes = 0

    async def receiver() -> Message:
        nonlocal n_bytes
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > largest:
            raise _TooLargeError
        return message

    return receiver
