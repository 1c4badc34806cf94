"""Accounts, for administrators: who may sign in, as what. No record is shown here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import Response

from pipeline.core.errors import DeskRefusedError
from pipeline.review.admission import accounts
from pipeline.review.admission.access import ROLE_WORDS
from pipeline.review.frame.pages import page
from pipeline.review.frame.visits import Visit, allowed
from schemas.boroughs import CODES

router = APIRouter()
Administering = Annotated[Visit, Depends(allowed("accounts"))]
AccountId = Annotated[str, Path(max_length=64)]
Word = Annotated[str, Form(max_length=80)]


@dataclass(frozen=True, slots=True)
class FormBack:
    """A form of a new account that comes back with what is wrong in it."""

    entered: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[dict[str, str], ...] = ()
    status: int = 200


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password for one sign-in, which is shown once."""

    name: str = ""
    password: str = ""


NO_FORM, NO_PASSWORD = FormBack(), NewPassword()


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
    except accounts.AccountRefusedError as error:
        entered = {"name": name, "role": role, "borough": borough}
        errors = ({"text": str(error), "href": f"#{error.field}"},)
        return _page(request, visit, FormBack(entered, errors, error.code))
    return _page(request, visit, new=NewPassword(name, password or ""))


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
    return _page(request, visit, new=NewPassword(account.name, password or ""))


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


def _page(
    request: Request, visit: Visit, back: FormBack = NO_FORM, new: NewPassword = NO_PASSWORD, notice: str = ""
) -> Response:
    """All accounts; with a form that comes back, or the password that is shown once."""
    return page(
        request,
        "accounts.html",
        back.status,
        accounts=visit.desk.read(accounts.all_accounts),
        new_name=new.name,
        password=new.password,
        roles=ROLE_WORDS.items(),
        borough_items=[(borough, borough) for borough in sorted(CODES)],
        now=visit.now,
        errors=back.errors,
        notice={"text": notice, "more": "", "is_good": True} if notice else None,
        entered=back.entered,
    )
