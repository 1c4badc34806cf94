"""Earlier decisions on the records of a page: latest first, each with what it comes to now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.review.records.group import Pair
from pipeline.stewardship.decision import Decision, PairState, pair_state

ELSEWHERE = "elsewhere"
"""What a record is called that is not on the page"""


@dataclass(frozen=True, slots=True)
class EarlierDecision:
    """One earlier decision and what it comes to now."""

    decision: Decision
    labels: tuple[str, str]
    """Numbers by which the page calls its two records"""
    state: str
    """in force, waits, confirms another, takes another back, brings another back, taken back, replaced"""
    why_detached: str = ""
    """Why it binds nothing all the same, as the last night found a record gone or of somebody else"""


def earlier_decisions(
    decisions_by_pair: Mapping[Pair, Sequence[Decision]], labels: Mapping[str, str], detached: Mapping[str, str] = {}
) -> tuple[EarlierDecision, ...]:
    """Decisions on records of a page, latest first.

    Args:
        decisions_by_pair: each pair's in order of entry.
        labels: record ids of the page and the numbers it gives them.
        detached: ids of decisions that bind nothing, and why.
    """
    entries = (
        entry for pair, on_pair in decisions_by_pair.items() for entry in _on_pair(pair, on_pair, labels, detached)
    )
    return tuple(sorted(entries, key=lambda entry: -entry.decision.seq))


def waiting_together(decisions: Iterable[EarlierDecision]) -> list[tuple[EarlierDecision, ...]]:
    """Those that wait for a second person, those that were entered together in one group, the earliest first."""
    groups: dict[tuple[object, ...], list[EarlierDecision]] = {}
    for earlier in sorted(decisions, key=lambda earlier: earlier.decision.seq):
        if earlier.state == "waits":
            groups.setdefault(_entered_in(earlier.decision), []).append(earlier)
    return [tuple(group) for group in groups.values()]


def entered_with(decision: Decision, others: Iterable[Decision]) -> list[Decision]:
    """Those of the others that came in one form with a decision, itself among them, in order of entry."""
    together = (other for other in others if _entered_in(other) == _entered_in(decision))
    return sorted(together, key=lambda other: other.seq)


def _entered_in(decision: Decision) -> tuple[object, ...]:
    """What decisions of one form have in common: the steward, the moment and the reason."""
    return decision.decided_by, decision.recorded_at, decision.reason


def _on_pair(
    pair: Pair, decisions: Sequence[Decision], labels: Mapping[str, str], detached: Mapping[str, str]
) -> Iterator[EarlierDecision]:
    state = pair_state(decisions)
    retractions = {
        decision.decision_id for decision in decisions if decision.verdict == "retract" and not decision.confirms
    }
    ends = _in_order(labels.get(pair[0], ELSEWHERE), labels.get(pair[1], ELSEWHERE))
    for decision in decisions:
        words = _state_words(decision, state, decision.retracts in retractions)
        why_detached = detached.get(decision.decision_id, "") if words in ("in force", "waits") else ""
        yield EarlierDecision(decision, ends, words, why_detached)


def _in_order(first: str, second: str) -> tuple[str, str]:
    """Two numbers of records, the smaller one first."""
    both_numbers = first.isdecimal() and second.isdecimal()
    return (second, first) if both_numbers and int(first) > int(second) else (first, second)


def _state_words(decision: Decision, state: PairState, retracts_retraction: bool) -> str:
    if decision.decision_id not in state.live:
        return "taken back"
    if decision in state.waiting:
        return "waits"
    if decision.confirms:
        return "confirms another"
    if decision.verdict == "retract":
        return "brings another back" if retracts_retraction else "takes another back"
    return "in force" if decision == state.in_force else "replaced"
