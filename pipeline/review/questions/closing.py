"""What became of a closed question since: whether the decision that closed it was taken back, and where it is asked now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.review.records.group import Group, Pair
from pipeline.review.records.shelf import Row, Shelf
from pipeline.stewardship.decision import Decision, pair_state
from schemas.tables import ENDS

CLOSED_BY: Mapping[str, str] = {
    "decided_link": "link",
    "decided_split": "link",
    "link_in_part": "link",
    "decided_unlink": "unlink",
}
"""Why a question was closed, and the verdict that closed it"""
JOINED = "joined_another"
OF_OTHERS = ("link_in_part", "kept_apart")


@dataclass(frozen=True, slots=True)
class Closing:
    """What is told of a closed question besides its reason."""

    retraction: Decision | None
    """What took back the decision that had closed it"""
    is_carried_out: bool
    """The night of the publication knew of that"""
    has_joined: bool
    """It went on as an older question"""
    asked_now: str | None
    """The open question on the same persons"""
    has_other_causes: bool
    """It is not as a steward answered it, or nobody did: other decisions made it what it is"""


def closing_of(
    shelf: Shelf, question: Row, group: Group, decisions_by_pair: Mapping[Pair, Sequence[Decision]]
) -> Closing:
    """What became of a closed question since.

    Args:
        shelf: the publication.
        question: that is closed.
        group: its persons as they are now.
        decisions_by_pair: on their records; each pair's in order of entry.
    """
    reason = question["reason_code"]
    retraction = _retraction(decisions_by_pair.get(_pair_of(question), ()), CLOSED_BY.get(reason))
    is_carried_out = retraction is not None and retraction.seq <= shelf.decisions_read
    has_joined = reason == JOINED
    asked_now = shelf.question_on(sorted(group.persons)) if retraction or has_joined else None
    return Closing(retraction, is_carried_out, has_joined, asked_now, reason in OF_OTHERS)


def _pair_of(question: Row) -> Pair:
    left, right = sorted(question[end] or "" for end in ENDS)
    return left, right


def _retraction(decisions: Sequence[Decision], verdict: str | None) -> Decision | None:
    """What took back the latest decision with this verdict; none where one counts or waits."""
    state = pair_state(decisions)
    given = [decision for decision in decisions if decision.verdict == verdict and not decision.confirms]
    if not given or any(decision.decision_id in state.live for decision in given):
        return None
    taken_back = given[-1].decision_id
    return next(
        (other for other in reversed(decisions) if other.retracts == taken_back and other.decision_id in state.live),
        None,
    )
