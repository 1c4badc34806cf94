"""What would come of a verdict, told before it is entered: whether it is refused, and whether a second steward must confirm it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.review.records.group import published_persons
from pipeline.review.records.shelf import Shelf
from pipeline.stewardship.policy import second_because
from pipeline.stewardship.second_person import facts_of
from pipeline.stewardship.store import Foreseen, Store
from schemas.decisions import NewDecision, StewardPolicy, Verdict

VERDICTS: tuple[Verdict, ...] = ("link", "unlink")


def foreseen(
    shelf: Shelf, store: Store, facts: Mapping[str, Any], by: str, replaced: str | None
) -> dict[Verdict, Foreseen]:
    """What would come of each verdict that joins or parts, entered now.

    Args:
        shelf: the publication.
        store: of decisions.
        facts: of the pair.
        by: who would decide.
        replaced: id of another steward's decision on the pair, which the form has a box to replace.
    """
    published = published_persons(shelf)
    return {verdict: store.foresee([_asked(verdict, facts, by, replaced)], published) for verdict in VERDICTS}


def seconds_by_publication(policy: StewardPolicy, facts: Mapping[str, Any], by: str) -> dict[Verdict, tuple[str, ...]]:
    """For each verdict, the rules that ask for a second steward by the publication alone, as if nothing was decided since."""
    return {verdict: second_because(policy, verdict, facts_of(_asked(verdict, facts, by))) for verdict in VERDICTS}


def _asked(verdict: Verdict, facts: Mapping[str, Any], by: str, replaced: str | None = None) -> NewDecision:
    return NewDecision(verdict=verdict, decided_by=by, reason="asked", supersedes=replaced, **facts)
