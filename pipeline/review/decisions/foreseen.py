"""What would come of a verdict, told before it is entered: whether it is refused, and whether a second steward must confirm it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.stewardship.entry import facts_of
from pipeline.stewardship.policy import second_because
from pipeline.stewardship.store import Refusal, Store
from schemas.decisions import NewDecision, Verdict


def warnings_of(
    store: Store, facts: Mapping[str, Any], by: str, verdicts: Sequence[Verdict], replaced: str | None
) -> dict[str, Refusal]:
    """For each verdict that the store would refuse now, why.

    Args:
        store: of decisions.
        facts: of the pair.
        by: who would decide.
        verdicts: to ask about.
        replaced: id of another steward's decision on the pair, which the form has a box to replace.
    """
    refusals: dict[str, Refusal] = {}
    for verdict in verdicts:
        refusal = store.would_refuse(
            NewDecision(verdict=verdict, decided_by=by, reason="asked", supersedes=replaced, **facts)
        )
        if refusal:
            refusals[verdict] = refusal
    return refusals


def seconds_needed(store: Store, facts: Mapping[str, Any], by: str, verdicts: Sequence[Verdict]) -> dict[str, str]:
    """For each verdict that a second steward would have to confirm, the rules that ask for it, as the log keeps them."""
    rules = {
        verdict: second_because(
            store.policy, verdict, facts_of(NewDecision(verdict=verdict, decided_by=by, reason="asked", **facts))
        )
        for verdict in verdicts
    }
    return {verdict: ";".join(names) for verdict, names in rules.items() if names}
