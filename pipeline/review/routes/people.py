"""Accounts, for administrators: who may sign in, as what. No record is shown here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import Response

from pipeline.core.errors import DeskRefusedError
from pipeline.review import accounts
from pipeline.review.access import ROLE_WORDS
from pipeline.review.pages import page
from pipeline.review.visits import Visit, allowed
from schemas.boroughs import CODES

router = APIRouter()
Administering = Annotated[Visit, Depends(allowed("accounts"))]
AccountId = Annotated[str, Path(max_length=64)]
Word = Annotated[str, Form(max_length=80)]


@router.get("/accounts")
def show(request: Request, visit: Administering) -> Response:
    """All accounts."""
    visit.done("accounts.view", {})
    return _page(request, visit)


@router.post("/accounts")
def add(request: Request, visit: Administering, name: Word = "", role: Word = "", borough: Word = "") -> Response:
    """A new account; its first password is shown once."""
    try:
        password = visit.done(
            "account.add",
            {"name": name, "role": role},
            work=lambda c: accounts.add_account(c, name, role, borough or None, visit.now),
        )
    except DeskRefusedError as error:
        return _page(
            request,
            visit,
            error=str(error),
            status=error.code,
            entered={"name": name, "role": role, "borough": borough},
        )
    return _page(request, visit, name, password or "")


@router.get("/accounts/{account_id}/reset")
def ask_reset(request: Request, visit: Administering, account_id: AccountId) -> Response:
    """What a reset does, before it is done."""
    return page(request, "account_sure.html", account=_other_account(visit, account_id), act="reset")


@router.get("/accounts/{account_id}/disable")
def ask_disable(request: Request, visit: Administering, account_id: AccountId) -> Response:
    """What disabling does, before it is done."""
    return page(request, "account_sure.html", account=_other_account(visit, account_id), act="disable")


@router.post("/accounts/{account_id}/reset")
def reset(request: Request, visit: Administering, account_id: AccountId) -> Response:
    """A new first password."""
    account = _other_account(visit, account_id)
    password = visit.done("account.reset", {"name": account.name}, work=lambda c: accounts.reset_account(c, account_id))
    return _page(request, visit, account.name, password or "")


@router.post("/accounts/{account_id}/disable")
def disable(request: Request, visit: Administering, account_id: AccountId) -> Response:
    """Let an account in no more."""
    account = _other_account(visit, account_id)
    visit.done("account.disable", {"name": account.name}, work=lambda c: accounts.disable_account(c, account_id))
    return _page(request, visit, notice=f"{account.name} is let in no more, and is signed out everywhere.")


def _other_account(visit: Visit, account_id: str) -> accounts.Account:
    """An account that is not the viewer's own: by a slip nobody locks themselves out."""
    account = visit.desk.read(lambda connection: accounts.find_account(connection, account_id))
    if account is None:
        raise DeskRefusedError(404, "There is no such account.")
    if account_id == visit.viewer.account_id:
        raise DeskRefusedError(
            409,
            "You cannot reset or disable your own account.",
            "Another administrator can, or `boroughlink review users reset`.",
        )
    return account


def _field_of(error: str) -> str:
    return "role" if " role " in error else "borough" if "borough" in error else "name"


def _page(
    request: Request,
    visit: Visit,
    name: str = "",
    password: str = "",
    error: str = "",
    status: int = 200,
    notice: str = "",
    entered: Mapping[str, str] | None = None,
) -> Response:
    all_accounts = visit.desk.read(accounts.all_accounts)
    return page(
        request,
        "accounts.html",
        status,
        accounts=all_accounts,
        new_name=name,
        password=password,
        roles=ROLE_WORDS.items(),
        borough_items=[(borough, borough) for borough in sorted(CODES)],
        now=visit.now,
        errors=[{"text": error, "href": f"#{_field_of(error)}"}] if error else (),
        notice={"text": notice, "more": "", "is_good": True} if notice else None,
        entered=entered or {},
    )
