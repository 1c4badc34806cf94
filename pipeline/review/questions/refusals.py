"""What the store refuses, in the words of the desk: records as the page calls them, and where to go instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.core.errors import DecidedPair, DecisionConflictError, OnePerson
from pipeline.review.admission.access import Viewer, shown
from pipeline.review.frame.pages import day, moment
from pipeline.review.questions.found import case_on
from pipeline.review.records.shelf import Shelf
from pipeline.stewardship.store import Refusal

AT_THE_DESK: Mapping[str, str] = {
    "Retract or supersede one of them first, or leave this one.": (
        "Open one of these pairs and replace what was decided there, or leave this one."
    ),
    "Part the records of that person first, retract or supersede one of these decisions, or leave this one.": (
        "Part the records on that person's page first, open one of these pairs and replace what was decided there, "
        "or leave this one."
    ),
    "To decide otherwise, supersede that decision by its id (--supersede).": (
        "Open that pair and tick that its decision is replaced, or leave it."
    ),
    "That one waits for a second person: confirm it instead (--confirm).": (
        "That one waits for a second person: confirm it instead."
    ),
}
"""What is advised on the command line, and the same at the desk"""
VERDICT_PHRASES: Mapping[str, str] = {
    "link": "the same person",
    "unlink": "different people",
    "unsure": "cannot be told",
}


@dataclass(frozen=True, slots=True)
class TellingPage:
    """The page on which a refusal is told, and to whom."""

    shelf: Shelf
    viewer: Viewer
    labels: Mapping[str, str]
    """Record ids of the page and the numbers it gives them"""
    case: str = ""
    """Address of the case; empty: a person's page"""


@dataclass(frozen=True, slots=True)
class Step:
    """One decision, or one published person, in the way."""

    text: str
    href: str
    """Where the decision can be replaced or taken back, or the person's records parted; empty: no page shows its records"""


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal."""

    problem: str
    steps: tuple[Step, ...]
    what_to_do: str

    @property
    def errors(self) -> list[dict[str, str]]:
        """The same for the summary at the top of a page: what cannot be, why, and what to do instead."""
        advice = [{"text": self.what_to_do, "href": ""}] if self.what_to_do else []
        steps = ({"text": step.text, "href": step.href} for step in self.steps)
        return [{"text": self.problem, "href": "#decide"}, *steps, *advice]


def refused(refusal: Refusal, page: TellingPage) -> Refused:
    """A refusal as the page tells it."""
    problem = refusal.problem
    for record, label in page.labels.items():
        problem = problem.replace(record, f"record {label}")
    chain = refusal.chain if isinstance(refusal, DecisionConflictError) else ()
    for record in {end for step in chain for end in step[:2]} - page.labels.keys():
        problem = problem.replace(record, _name(record, page))
    what_to_do = AT_THE_DESK.get(refusal.what_to_do, refusal.what_to_do)
    return Refused(_capital(problem), tuple(_step(step, page) for step in chain), what_to_do)


def _step(step: DecidedPair | OnePerson, page: TellingPage) -> Step:
    ends = [
        _name(end, page) for end in sorted(step[:2], key=lambda end: end not in page.labels)
    ]  # the page's own first
    if isinstance(step, OnePerson):
        text = f"{ends[0]} and {ends[1]}: one person in the publication, {step.person_id}"
        return Step(_capital(text), f"/persons/{step.person_id}")
    text = f"{ends[0]} and {ends[1]}: {VERDICT_PHRASES[step.verdict]}, {step.decided_by} on {moment(step.decided_at)}"
    return Step(_capital(text), _address(step, page))


def _name(record: str, page: TellingPage) -> str:
    """A record by its number on the page; else by its person, source, borough and date, as far as the viewer may see it."""
    if record in page.labels:
        return f"record {page.labels[record]}"
    owner = page.shelf.owner(record)
    row = next((own for own in page.shelf.records(owner) if own["record_id"] == record), None) if owner else None
    if row is None:
        return "a record that is not published"
    row = shown(page.viewer, row)
    if row["is_masked"]:
        return f"a record held by {row['borough'] or 'a force-wide system'}"
    return f"a record of {owner}, {origin_words(page.shelf, row)}"


def origin_words(shelf: Shelf, row: Mapping[str, Any]) -> str:
    """Where a record came from, and when: source, borough and date, as far as it has them."""
    told = (shelf.reference.titles.get(row["source"], row["source"]), row["borough"], day(row["recorded_at"]))
    return ", ".join(text for text in told if text)


def _address(pair: DecidedPair, page: TellingPage) -> str:
    """Of the page on which two records lie side by side; of one person's, where a decision on them can be taken back."""
    ends = (pair.record_id_l, pair.record_id_r)
    query = f"?l={ends[0]}&r={ends[1]}#decide"
    if page.case and page.labels.keys() >= {*ends}:
        return f"{page.case}{query}"
    owners = [page.shelf.owner(end) for end in ends]
    if owners[0] is None or owners[1] is None:
        return ""
    if owners[0] == owners[1]:
        return f"/persons/{owners[0]}#take-back"
    return f"/cases/{case_on(page.shelf, owners[0], owners[1])}{query}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
