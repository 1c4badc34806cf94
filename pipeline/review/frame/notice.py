"""What a form has done is said once, on the page that it leads to.

It is not said again when that page is loaded anew, nor where somebody made the address up.
"""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from pipeline.review.frame.visits import is_tls

COOKIE = "said"
SECONDS = 60


def redirect_with_notice(request: Request, path: str, done: str, more: str = "") -> Response:
    """Lead to a page that says once what was done.

    Args:
        request: the form's.
        path: of the page.
        done: code of what was done.
        more: what else stands in the address.
    """
    answer = RedirectResponse(f"{path}?done={done}{more}", 303)
    answer.set_cookie(COOKIE, done, SECONDS, path=path, httponly=True, samesite="strict", secure=is_tls(request))
    return answer


def is_fresh_notice(request: Request, done: str) -> bool:
    """Whether the form that this page follows did what the address says."""
    return bool(done) and request.cookies.get(COOKIE) == done


def forget_notice(request: Request, answer: Response) -> Response:
    """Forget it, as the page says it now."""
    if COOKIE in request.cookies:
        answer.delete_cookie(COOKIE, path=request.url.path, httponly=True, samesite="strict", secure=is_tls(request))
    return answer
