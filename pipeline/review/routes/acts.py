"""What a form of a page does: carried out in one transaction with its entry in the audit log, or told on the page as refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy import Connection

from pipeline.core.errors import DeskRefusedError
from pipeline.review.frame.notice import redirect_with_notice
from pipeline.review.frame.pages import page
from pipeline.review.frame.visits import Visit
from pipeline.review.questions import tasks
from pipeline.review.questions.answers import Outcome, Sitting
from pipeline.review.records.group import Group
from pipeline.review.records.shelf import Row, Shelf
from pipeline.stewardship import store

Refusal = DeskRefusedError | store.Refusal
REFUSALS = (DeskRefusedError, *store.REFUSALS)


@dataclass(frozen=True, slots=True)
class PageVisit:
    """A request about a case or a person, of somebody who has said why they look."""

    request: Request
    visit: Visit
    shelf: Shelf
    group: Group
    """The persons of the page"""
    question: Row
    """Or what stands for one"""
    why: str
    kind: str
    """``case`` or ``person``, as the audit log and addresses have it"""
    subject: Mapping[str, str]
    """The id of what the page is about, for the audit log"""

    @property
    def address(self) -> str:
        """Of the page."""
        return f"/{self.kind}s/{next(iter(self.subject.values()))}"


@dataclass(frozen=True, slots=True)
class Act:
    """What a form of a page does."""

    name: str
    """As the audit log has it, after the kind of page"""
    work: Callable[[Sitting], Outcome]
    form: BaseModel | None = None
    """Comes back to the page where it is refused"""
    subject: Mapping[str, Any] = field(default_factory=dict)
    """Ids of what it is done to, besides what the page is about"""
    done: str = ""
    """Code of the notice, where it is not the act's name"""
    done_if_waits: str = "waits"
    """Code of the notice where a second steward must confirm it"""


def why_of(visit: Visit, subject: str) -> str | None:
    """Why the viewer looks at a case or a person, if they have said so."""
    return visit.desk.read(lambda connection: tasks.reason_given(connection, visit.viewer, subject))


def ask_why(
    request: Request,
    visit: Visit,
    address: str,
    what: str,
    text: str = "",
    error: str = "",
    question: Row | None = None,
    chosen: str = "",
) -> Response:
    """Ask why the viewer looks at a case or a person; what was typed comes back with what is wrong."""
    reasons = tasks.justifications(visit.viewer)
    return page(
        request,
        "why.html",
        422 if error else 200,
        question=question,
        what=what,
        action=f"{address}/why",
        justifications=reasons.items(),
        chosen=chosen,
        text=text,
        errors=[{"text": error, "href": f"#why-{next(iter(reasons))}"}] if error else [],
    )


def allow(_: Connection) -> None:
    """What is asked before an act that may be done at any time."""


def carry_out(
    at: PageVisit,
    act: Act,
    show_refused: Callable[[Refusal], Response],
    check: Callable[[Connection], None] = allow,
) -> Response:
    """Carry it out, and go back to the page with a notice of what was done.

    Args:
        at: the visit.
        act: what its form does.
        show_refused: the page with what speaks against it.
        check: asked within the transaction first; raises what keeps the act from being done.
    """
    visit = at.visit

    def together(connection: Connection) -> Outcome:
        check(connection)
        return act.work(Sitting(connection, visit.desk.store, at.shelf, at.group, at.question, visit.viewer, visit.now))

    try:
        outcome = visit.done(
            f"{at.kind}.{act.name}", {**at.subject, **act.subject}, at.why, together, lambda result: result.on_record
        )
    except REFUSALS as error:
        return show_refused(error)
    if outcome is None:
        raise RuntimeError("the work gives an outcome")
    done = "look" if outcome.is_second_look else act.done_if_waits if outcome.waits else act.done or act.name
    more = f"&back={outcome.n_brought_back}" if outcome.n_brought_back else ""
    return redirect_with_notice(at.request, at.address, done, more)


def notice_of(text: str, more: str, n_brought_back: int) -> dict[str, Any]:
    """What the form that led to a page has done, and how many decisions count again by it."""
    if n_brought_back:
        again = "decision counts" if n_brought_back == 1 else "decisions count"
        more = f"{n_brought_back:,} earlier {again} again. {more}"
    return {"text": text, "more": more, "is_good": True}
