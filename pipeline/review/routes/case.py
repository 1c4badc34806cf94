"""The case page: look, claim, decide, split, second, undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from pipeline.core.errors import DecisionConflictError, DecisionRefusedError, DeskRefusedError
from pipeline.review import tasks
from pipeline.review.answers import Outcome, Sitting, answers_to, open_look, seconded_by
from pipeline.review.case import case_of, group_for, labels_of, pair_of, preview_of, question_of
from pipeline.review.deciding import LONGEST_TEXT, Said, decide_pair, reason_of, second, undo
from pipeline.review.form_problems import FormRefusedError, need_none, reason_problems, ticked_problems
from pipeline.review.pages import page
from pipeline.review.refusals import refused
from pipeline.review.said_once import is_to_be_said, said, then_say
from pipeline.review.seen import Group
from pipeline.review.shelf import Row
from pipeline.review.splitting import SideName, deal, split, steps_of
from pipeline.review.undoing import undoing
from pipeline.review.visits import Visit, allowed
from pipeline.review.words import JUSTIFICATIONS, REASONS, plain_text
from pipeline.stewardship.decision import is_same_person
from schemas.question_words import TYPE_WORDS

router = APIRouter()
Looking = Annotated[Visit, Depends(allowed("case"))]
Deciding = Annotated[Visit, Depends(allowed("decide"))]
ReviewId = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
RecordId = Annotated[str, Field(max_length=128)]
Text = Annotated[str, Field(max_length=4_000)]
REFUSALS = (DeskRefusedError, DecisionConflictError, DecisionRefusedError)


class Shown(BaseModel):
    """What of a case is shown."""

    l: RecordId = ""  # noqa: E741  (the left record, as the address has it)
    r: RecordId = ""
    show: Literal["", "events"] = ""
    preview: Literal["", "link", "unlink"] = ""
    done: Literal["", "saved", "waits", "split", "second", "look", "undone", "sent_back"] = ""
    back: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Decisions that count again by what was done"""

    @property
    def given(self) -> tuple[str, ...]:
        """The two records asked for."""
        return (self.l, self.r) if self.l and self.r else ()


class Verdict(BaseModel):
    """The form of a decision on a pair."""

    verdict: Annotated[str, Field(max_length=20)] = ""
    l: RecordId = ""  # noqa: E741
    r: RecordId = ""
    code: Annotated[str, Field(max_length=40)] = ""
    text: Text = ""
    decision_id: Annotated[str, Field(max_length=64)] = ""
    evidence: Annotated[str, Field(max_length=1_000)] = ""
    evidence_hash: Annotated[str, Field(max_length=128)] = ""
    head: Annotated[str, Field(max_length=64)] = ""
    replaces: Annotated[str, Field(max_length=5)] = ""


class Split(BaseModel):
    """The form of a split."""

    records: Annotated[list[RecordId], Field(max_length=1_000)] = []
    code: Annotated[str, Field(max_length=40)] = ""
    text: Text = ""
    batch: Annotated[str, Field(max_length=64)] = ""
    joined: Annotated[list[SideName], Field(max_length=2)] = []
    """Sides that are said to be one person"""
    do: Literal["preview", "split"] = "preview"


class Second(BaseModel):
    """The form of a second steward's word on a decision that waits."""

    decision_id: Annotated[str, Field(max_length=64)] = ""
    agrees: Annotated[str, Field(max_length=5)] = ""
    text: Text = ""


@router.get("/cases/{review_id}")
def show(request: Request, visit: Looking, review_id: ReviewId, shown: Annotated[Shown, Query()]) -> Response:
    """The case, once its viewer has said why they look."""
    shelf = visit.desk.shelves.current()
    question, _ = question_of(shelf, review_id)
    why = visit.desk.read(lambda connection: tasks.reason_given(connection, visit.viewer, review_id))
    if why is None:
        visit.done("case.ask_why", {"review_id": review_id})
        return _ask_why(request, visit, question)
    return _page(request, visit, review_id, shown, why)


@router.post("/cases/{review_id}/why")
def tell_why(
    request: Request,
    visit: Looking,
    review_id: ReviewId,
    why: Annotated[str, Form(max_length=40)] = "",
    text: Annotated[str, Form(max_length=4_000)] = "",
) -> Response:
    """Say why, once."""
    question, _ = question_of(visit.desk.shelves.current(), review_id)
    try:
        visit.done(
            "case.why",
            {"review_id": review_id},
            work=lambda c: tasks.justify(c, visit.viewer, review_id, why, text, visit.now),
        )
    except DeskRefusedError as error:
        return _ask_why(request, visit, question, text, str(error))
    return RedirectResponse(f"/cases/{review_id}", 303)


def _ask_why(request: Request, visit: Visit, question: Row, text: str = "", error: str = "") -> Response:
    """Ask why the case is looked at; who took it from the queue has that chosen already, and goes on by one key."""
    review_id = question["review_id"]
    holder = visit.desk.read(lambda connection: tasks.claimed_by(connection, review_id, visit.now))
    return page(
        request,
        "why.html",
        422 if error else 200,
        question=question,
        what=TYPE_WORDS.get(question["review_type"], "Question"),
        action=f"/cases/{review_id}/why",
        justifications=JUSTIFICATIONS.items(),
        text=text,
        chosen="queue" if holder == visit.viewer.account_id and not error else "",
        errors=[{"text": error, "href": "#why-queue"}] if error else (),
    )


@router.post("/cases/{review_id}/claim")
def claim(visit: Deciding, review_id: ReviewId) -> Response:
    """Take the question."""
    question_of(visit.desk.shelves.current(), review_id)
    visit.done(
        "case.claim",
        {"review_id": review_id},
        work=lambda c: tasks.claim(c, review_id, visit.viewer, visit.desk.settings, visit.now),
    )
    return RedirectResponse(f"/cases/{review_id}", 303)


@router.post("/cases/{review_id}/release")
def release(visit: Deciding, review_id: ReviewId) -> Response:
    """Give the question back."""
    visit.done("case.release", {"review_id": review_id}, work=lambda c: tasks.release(c, review_id, visit.viewer))
    return RedirectResponse("/queue", 303)


@router.post("/cases/{review_id}/decide")
def decide(request: Request, visit: Deciding, review_id: ReviewId, form: Annotated[Verdict, Form()]) -> Response:
    """A verdict on a pair."""
    given = (form.l, form.r)

    def work(sitting: Sitting) -> Outcome:
        is_chosen = form.verdict in ("link", "unlink", "unsure")
        verdict = [] if is_chosen else [("Choose: same person, different people, or cannot tell.", "verdict-link")]
        need_none([*verdict, *reason_problems(form.code, form.text)])
        pair = pair_of(sitting.question or {}, sitting.group, given)
        said = Said(
            form.verdict,  # type: ignore[arg-type]  # one of the three, see above
            pair,
            reason_of(form.code, form.text),
            form.decision_id or str(uuid4()),
            form.evidence,
            form.evidence_hash,
            form.head,
            bool(form.replaces),
        )
        return decide_pair(sitting, said, visit.desk.draws(review_id, visit.viewer.account_id))

    shown = Shown(l=form.l, r=form.r)
    return _decided(
        request, visit, review_id, "decide", work, {"verdict": form.verdict, "records": sorted(given)}, shown, form
    )


@router.post("/cases/{review_id}/split")
def part(request: Request, visit: Deciding, review_id: ReviewId, form: Annotated[Split, Form()]) -> Response:
    """Part chosen records from the others, or look what it would do."""
    if form.do == "preview":
        return _preview_split(request, visit, review_id, form)

    def work(sitting: Sitting) -> Outcome:
        ticked = ticked_problems(form.records, len(sitting.group.records))
        need_none([*ticked, *reason_problems(form.code, form.text, "split-")])
        return split(sitting, form.records, form.joined, reason_of(form.code, form.text), form.batch or str(uuid4()))

    subject = {"records": sorted(form.records), "joined": sorted(form.joined)}
    return _decided(request, visit, review_id, "split", work, subject, Shown(), form)


@router.post("/cases/{review_id}/second")
def approve(request: Request, visit: Deciding, review_id: ReviewId, form: Annotated[Second, Form()]) -> Response:
    """Confirm another steward's decision, or take it back."""

    def work(sitting: Sitting) -> Outcome:
        reason = plain_text(form.text, LONGEST_TEXT)
        need_none([] if reason else [("Say why you confirm it or take it back.", f"second-{form.decision_id}")])
        return second(sitting, form.decision_id, form.agrees == "yes", reason)

    return _decided(
        request,
        visit,
        review_id,
        "second" if form.agrees == "yes" else "sent_back",
        work,
        {"decision_id": form.decision_id},
        Shown(),
        form,
    )


@router.post("/cases/{review_id}/undo")
def take_back(request: Request, visit: Deciding, review_id: ReviewId) -> Response:
    """Take back one's own latest answer."""

    def work(sitting: Sitting) -> Outcome:
        outcome = undo(sitting)
        tasks.claim(sitting.connection, review_id, visit.viewer, visit.desk.settings, visit.now)  # to answer it anew
        return outcome

    return _decided(request, visit, review_id, "undone", work, {}, Shown(), None)


def _decided(
    request: Request,
    visit: Visit,
    review_id: str,
    act: str,
    work: Callable[[Sitting], Outcome],
    subject: dict[str, Any],
    shown: Shown,
    form: BaseModel | None,
) -> Response:
    """Carry it out in one transaction with its entry in the log; what is refused is explained on the case page."""
    shelf = visit.desk.shelves.current()
    question, is_open = question_of(shelf, review_id)
    group = group_for(shelf, question)
    why = visit.desk.read(lambda connection: tasks.reason_given(connection, visit.viewer, review_id))
    if why is None:
        raise DeskRefusedError(403, "Say first why you look at this case.", "Open the case and choose a reason.")

    def together(connection: Connection) -> Outcome:
        if not is_open and act not in ("undone",):
            raise DeskRefusedError(
                409, "This question is closed.", "Decide on the person's page, if something is wrong."
            )
        if tasks.claimed_by(connection, review_id, visit.now) not in (None, visit.viewer.account_id):
            raise DeskRefusedError(409, "Another steward has taken this question.", "Take the next one.")
        return work(Sitting(connection, visit.desk.store, shelf, group, question, visit.viewer, visit.now))

    try:
        outcome = visit.done(
            f"case.{act}", {"review_id": review_id, **subject}, why, together, lambda made: made.on_record
        )
    except REFUSALS as error:
        status = error.code if isinstance(error, DeskRefusedError) else 409
        seen = shown if set(shown.given) <= set(group.records) else Shown()
        return _page(request, visit, review_id, seen, why, _errors(error, review_id, group), status, form)
    if outcome is None:
        raise RuntimeError("the work gives an outcome")
    done = "look" if outcome.is_second_look else "waits" if outcome.waits else {"decide": "saved"}.get(act, act)
    more = f"&back={outcome.n_brought_back}" if outcome.n_brought_back else ""
    return then_say(request, f"/cases/{review_id}", done, more)


def _preview_split(request: Request, visit: Visit, review_id: str, form: Split) -> Response:
    shelf = visit.desk.shelves.current()
    question, _ = question_of(shelf, review_id)
    why = visit.desk.read(lambda connection: tasks.reason_given(connection, visit.viewer, review_id))
    if why is None:
        raise DeskRefusedError(403, "Say first why you look at this case.", "Open the case and choose a reason.")
    group = group_for(shelf, question)
    try:
        need_none(ticked_problems(form.records, len(group.records)))
        deal(group, form.records, form.joined)
    except DeskRefusedError as error:
        visit.refused("case.split.preview", {"review_id": review_id, "records": sorted(form.records)}, error, why)
        return _page(request, visit, review_id, Shown(), why, _errors(error, review_id, group), error.code, form)
    return _page(request, visit, review_id, Shown(), why, (), 200, form)


def _page(
    request: Request,
    visit: Visit,
    review_id: str,
    shown: Shown,
    why: str,
    errors: Sequence[dict[str, Any]] = (),
    status: int = 200,
    form: BaseModel | None = None,
) -> Response:
    shelf, viewer = visit.desk.shelves.current(), visit.viewer
    question, is_open = question_of(shelf, review_id)

    def read(connection: Connection) -> tuple[list[Row], str | None, str | None]:
        return (
            answers_to(connection, review_id),
            tasks.claimed_by(connection, review_id, visit.now),
            open_look(connection, review_id, viewer),
        )

    answers, holder, look = visit.desk.read(read)
    answer = answers[0] if answers else None
    case = case_of(
        shelf, visit.desk.store, viewer, question, is_open, shown.given, shown.show == "events", look is not None
    )
    dealt = deal(case.group, form.records, form.joined) if isinstance(form, Split) and not errors else None
    found = preview_of(shelf, case, dealt, shown.preview) if dealt or shown.preview else None
    steps = steps_of(shelf, visit.desk.store, viewer, case.group, dealt) if dealt else None
    subject = {
        "review_id": review_id,
        "records": sorted(case.group.records),
        "shown": shown.show or shown.preview or "case",
    }
    visit.done("case.view", subject, why)
    is_own = answer is not None and is_same_person(answer["decided_by"], viewer.name)
    brings_back = (
        undoing(visit.desk.store, answer["decision_ids"], viewer.name, "asked", 0).n_brought_back
        if answer and is_own
        else 0
    )
    is_counted = answer is not None and answer["last_seq"] > shelf.decisions_read and look is None
    told = page(
        request,
        "case.html",
        status,
        case=case,
        answer=answer if is_counted else None,
        holder=holder,
        is_look=look is not None,
        why=why,
        shown=shown,
        preview=found,
        errors=errors,
        form=entered(form, Verdict),
        split_form=entered(form, Split),
        second_form=entered(form, Second),
        reasons=REASONS.items(),
        batch=str(uuid4()),
        titles=shelf.reference.titles,
        trust=shelf.reference.trust,
        shelf=shelf,
        notice=_notice(shown, answer) if is_to_be_said(request, shown.done) else None,
        chosen=set(getattr(form, "records", ())),
        dealt=dealt,
        steps=steps,
        joined=set(getattr(form, "joined", ())),
        brings_back=brings_back,
        can_undo=is_own,
        seconded=seconded_by(visit.desk.store, answers),
    )
    return said(request, told)


def entered(form: BaseModel | None, kind: type[BaseModel]) -> dict[str, str]:
    """What was entered in a form that comes back; empty for the page's other forms."""
    names = ("verdict", "code", "text", "decision_id", "replaces")
    return {name: getattr(form, name, "") if isinstance(form, kind) else "" for name in names}


def _errors(error: Exception, review_id: str, group: Group) -> list[dict[str, str]]:
    if isinstance(error, (DecisionConflictError, DecisionRefusedError)):
        return refused(error, labels_of(group), f"/cases/{review_id}").errors
    return error.errors if isinstance(error, FormRefusedError) else [{"text": str(error), "href": "#decide"}]


def _notice(shown: Shown, answer: Row | None) -> dict[str, Any] | None:
    night = "It counts from the next night on."
    if answer and answer["verdict"] == "unsure":
        night = "Nothing is joined or parted, and the question is asked again later."
    told = {
        "saved": ("Saved.", night),
        "waits": ("Saved. It waits for a second steward.", "Until then it binds nothing."),
        "split": ("The records part.", night),
        "second": ("Confirmed.", night),
        "sent_back": ("Taken back. The question is open again.", ""),
        "look": (
            "Thank you. This was a second look: another steward had answered before.",
            "Your answer is compared with theirs; it decides nothing.",
        ),
        "undone": ("Undone. The question is open again.", "Everything stands as it stood before."),
    }.get(shown.done)
    if not told:
        return None
    again = (
        f"{shown.back:,} earlier {'decision counts' if shown.back == 1 else 'decisions count'} again. "
        if shown.back
        else ""
    )
    return {"text": told[0], "more": again + told[1], "is_good": True}
