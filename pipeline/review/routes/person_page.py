"""The person page itself, as it answers a look at the person or a form of it that comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from fastapi import Request
from fastapi.responses import Response

from pipeline.core.errors import DeskRefusedError, LinkageError
from pipeline.review.decisions.preview import Preview
from pipeline.review.decisions.splitting import Steps
from pipeline.review.decisions.undoing import undoing
from pipeline.review.frame.form_problems import FormRefusedError
from pipeline.review.frame.notice import forget_notice, is_fresh_notice
from pipeline.review.frame.pages import page
from pipeline.review.frame.visits import Visit
from pipeline.review.frame.words import REASONS
from pipeline.review.persons.because import because
from pipeline.review.persons.person import PersonPage, group_for, person_page
from pipeline.review.questions.answers import about_person, answers_to, seconded_by
from pipeline.review.questions.detached import why_detached
from pipeline.review.questions.question import labels_of
from pipeline.review.questions.refusals import TellingPage, refused
from pipeline.review.records.earlier_decisions import ELSEWHERE, EarlierDecision, earlier_decisions, waiting_together
from pipeline.review.routes.acts import PageVisit, notice_of, why_of
from pipeline.review.routes.forms import NO_FORM, CompareForm, FormBack, RetractForm, SecondForm, SplitForm, entered
from pipeline.stewardship.decision import is_same_person
from pipeline.stewardship.store import REFUSALS

NOTICES: dict[str, tuple[str, str]] = {
    "split": ("The records part.", "It counts from the next night on."),
    "taken_back": ("The decision is taken back.", "It counts from the next night on."),
    "retraction_waits": ("Saved. It waits for a second steward.", "Until then the decision stands."),
    "undone": ("Undone.", "Everything stands as it stood before."),
    "waits": (
        "Saved. It waits for a second steward.",
        "Until then it binds nothing. Another steward confirms it here.",
    ),
    "second": ("Confirmed.", "It counts from the next night on."),
    "sent_back": ("Taken back.", "Everything stands as it stood before."),
}


@dataclass(frozen=True, slots=True)
class PersonVisit(PageVisit):
    """A request about one person, of somebody who has said why they look and holds a record of them."""

    @property
    def person_id(self) -> str:
        """Of the person."""
        return self.subject["person_id"]


@dataclass(frozen=True, slots=True)
class UnmergePreview:
    """What parting the ticked records would do."""

    outcome: Preview | None = None
    """None where there are too many records to preview"""
    steps: Steps | None = None


NO_PREVIEW = UnmergePreview()


def person_visit(request: Request, visit: Visit, person_id: str) -> PersonVisit:
    """A visit to a person whose viewer has said why they look.

    Raises:
        DeskRefusedError: 404, if there is no such person, or the viewer has no record of them; 403, if they have not said why.
    """
    shelf = visit.desk.shelves.current()
    group = group_for(shelf, visit.viewer, person_id)
    why = why_of(visit, person_id)
    if why is None:
        raise DeskRefusedError(403, "Say first why you look at this person.", "Open the page and choose a reason.")
    question = about_person(person_id)
    return PersonVisit(request, visit, shelf, group, question, why, "person", {"person_id": person_id})


def show_person(
    at: PersonVisit,
    done: str = "",
    n_brought_back: int = 0,
    back: FormBack = NO_FORM,
    preview: UnmergePreview = NO_PREVIEW,
) -> Response:
    """The page, with its entry in the audit log.

    Args:
        at: the visit.
        done: code of what the form that led here has done.
        n_brought_back: decisions that count again by it.
        back: a form of the page that comes back.
        preview: what that form would do.
    """
    visit, shelf = at.visit, at.shelf
    person: PersonPage = person_page(shelf, visit.viewer, at.person_id)
    decisions = _decisions(at, person)
    since = preview.outcome.since.values() if preview.outcome else ()
    records = sorted({*person.group.records, *(record for own in since for record in own)})
    visit.done("person.view", {"person_id": at.person_id, "records": records}, at.why)
    answer_page = page(
        at.request,
        "person.html",
        back.status,
        person=person,
        why=at.why,
        decisions=decisions,
        waiting=_waiting_here(decisions),
        titles=shelf.reference.titles,
        trust=shelf.reference.trust,
        reasons=REASONS.items(),
        batch=str(uuid4()),
        errors=back.errors,
        notice=_notice(done, n_brought_back) if is_fresh_notice(at.request, done) else None,
        **_own_unmerge(at),
        chosen=set(getattr(back.form, "records", ())),
        form=entered(back.form, SplitForm),
        second_form=entered(back.form, SecondForm),
        retract_form=entered(back.form, RetractForm),
        compare_form=entered(back.form, CompareForm),
        preview=preview.outcome,
        steps=preview.steps,
        steps_refused=refused(preview.steps.refusal, _telling(at)) if preview.steps and preview.steps.refusal else None,
        because=because,
    )
    return forget_notice(at.request, answer_page)


def errors_of(error: LinkageError, at: PersonVisit) -> tuple[dict[str, str], ...]:
    """A refusal for the summary at the top of the page."""
    if isinstance(error, FormRefusedError):
        return tuple(error.errors)
    if isinstance(error, REFUSALS):
        problem, *others = refused(error, _telling(at)).errors
        return ({**problem, "href": "#h-unmerge"}, *others)
    return ({"text": str(error), "href": "#h-unmerge"},)


def _telling(at: PersonVisit) -> TellingPage:
    return TellingPage(at.shelf, at.visit.viewer, labels_of(at.group))


def _decisions(at: PersonVisit, person: PersonPage) -> tuple[EarlierDecision, ...]:
    """Decisions on the person's records, for those who may decide."""
    if not at.visit.viewer.may("decide"):
        return ()
    about = at.visit.desk.store.about(list(person.group.records))
    return earlier_decisions(about, person.labels, why_detached(at.shelf))


def _waiting_here(decisions: Sequence[EarlierDecision]) -> list[tuple[EarlierDecision, ...]]:
    """What waits for a second person and is about records of this person alone; the rest is decided on its case."""
    return waiting_together(earlier for earlier in decisions if ELSEWHERE not in earlier.labels)


def _own_unmerge(at: PersonVisit) -> dict[str, Any]:
    """Whether the latest unmerge, or its confirmation, is the viewer's own and no night has carried it out yet, and what its undo brings back."""
    review_id = at.question["review_id"]
    answers = at.visit.desk.read(lambda connection: answers_to(connection, review_id))
    can_undo = bool(
        answers
        and is_same_person(answers[0]["decided_by"], at.visit.viewer.name)
        and answers[0]["last_seq"] > at.shelf.decisions_read
    )
    store, ids = at.visit.desk.store, answers[0]["decision_ids"] if can_undo else []
    return {
        "can_undo": can_undo,
        "brings_back": undoing(store, ids, at.visit.viewer.name, "asked", 0).n_brought_back if ids else 0,
        "is_confirmation": can_undo and seconded_by(store, answers) is not None,
    }


def _notice(done: str, n_brought_back: int) -> dict[str, Any] | None:
    """What the form that led here has done."""
    return notice_of(*NOTICES[done], n_brought_back) if done in NOTICES else None
