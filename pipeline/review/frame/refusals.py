"""What the store refuses, in the words of the desk: records by the numbers that the page gives them, and where to go instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.core.errors import DecidedPair, DecisionConflictError
from pipeline.review.frame.pages import moment
from pipeline.stewardship.store import Refusal

AT_THE_DESK: Mapping[str, str] = {
    "Retract or supersede one of them first, or leave this one.": (
        "Open one of these pairs and replace what was decided there, or leave this one."
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
class Step:
    """One decision in the way."""

    text: str
    href: str
    """Where both records lie side by side and the decision can be replaced; empty: not on this page"""


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal."""

    problem: str
    steps: tuple[Step, ...]
    what_to_do: str

    @property
    def text(self) -> str:
        """The whole in one line."""
        steps = "; ".join(step.text for step in self.steps)
        return " ".join(part for part in (self.problem, f"{steps}." if steps else "", self.what_to_do) if part)

    @property
    def errors(self) -> list[dict[str, str]]:
        """The same for the summary at the top of a page."""
        summary = {"text": " ".join(part for part in (self.problem, self.what_to_do) if part), "href": "#decide"}
        return [summary, *({"text": step.text, "href": step.href} for step in self.steps)]


def refused(refusal: Refusal, labels: Mapping[str, str], here: str) -> Refused:
    """A refusal as the page tells it.

    Args:
        refusal: of the store.
        labels: record ids of the page and the numbers it gives them.
        here: address of the case; empty: a page where no pair can be opened.
    """
    problem = refusal.problem
    for record, label in labels.items():
        problem = problem.replace(record, f"record {label}")
    chain = refusal.chain if isinstance(refusal, DecisionConflictError) else ()
    what_to_do = AT_THE_DESK.get(refusal.what_to_do, refusal.what_to_do)
    return Refused(problem[:1].upper() + problem[1:], tuple(_step(pair, labels, here) for pair in chain), what_to_do)


def _step(pair: DecidedPair, labels: Mapping[str, str], here: str) -> Step:
    ends = [
        f"record {labels[end]}" if end in labels else "a record of somebody else"
        for end in (pair.record_id_l, pair.record_id_r)
    ]
    text = f"{ends[0]} and {ends[1]}: {VERDICT_PHRASES[pair.verdict]}, {pair.decided_by} on {moment(pair.decided_at)}"
    is_here = here and pair.record_id_l in labels and pair.record_id_r in labels
    return Step(
        text[:1].upper() + text[1:], f"{here}?l={pair.record_id_l}&r={pair.record_id_r}#decide" if is_here else ""
    )
