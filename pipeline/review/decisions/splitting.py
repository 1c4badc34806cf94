"""Deciding on groups of records: which of a case or a person are parted, and, where a steward says so, which are joined."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args
from uuid import uuid4

from pipeline.core.errors import DeskRefusedError
from pipeline.review.admission.access import Viewer
from pipeline.review.decisions.joining import joins_of
from pipeline.review.decisions.signature import Signature
from pipeline.review.questions.answers import Outcome, Sitting, keep_answer, keep_made
from pipeline.review.records.group import Group, Pair, published_facts, published_persons
from pipeline.review.records.shelf import Shelf
from pipeline.stewardship.decision import Decision, PairState, links_to_lift, pair_state
from pipeline.stewardship.store import Foreseen, Refusal, Store
from schemas.decisions import NewDecision, Verdict

MOST_DECISIONS = 10_000
"""Pairs that one split may decide: others wait while they are written"""
SideName = Literal["ticked", "others"]
SIDES: tuple[SideName, ...] = get_args(SideName)


@dataclass(frozen=True, slots=True)
class Dealt:
    """The records of a case on two sides."""

    ticked: tuple[str, ...]
    unticked: tuple[str, ...]
    joined: frozenset[SideName] = frozenset()
    """Sides that are said to be one person each"""

    def sides(self) -> Iterator[tuple[tuple[str, ...], bool]]:
        """Each side, and whether it is said to be one person."""
        yield self.ticked, "ticked" in self.joined
        yield self.unticked, "others" in self.joined

    def parts(self, group: Group) -> list[list[str]]:
        """The persons that come out: a side that is joined is one, else whoever was one person stays one on each side."""
        parts: list[list[str]] = []
        for side, is_joined in self.sides():
            records_of_person: dict[str, list[str]] = {}
            for record in side:
                records_of_person.setdefault("" if is_joined else group.records[record]["person_id"], []).append(record)
            parts += records_of_person.values()
        return parts


@dataclass(frozen=True, slots=True)
class Plan:
    """The decisions that a split takes, in order of entry."""

    taken_back: tuple[NewDecision, ...]
    """Links of stewards across the cut"""
    confirmed: tuple[NewDecision, ...]
    """What another steward entered and waits"""
    parted: tuple[NewDecision, ...]
    joined: tuple[NewDecision, ...]

    @property
    def decisions(self) -> list[NewDecision]:
        """All of them."""
        return [*self.taken_back, *self.confirmed, *self.parted, *self.joined]


def deal(group: Group, chosen: Sequence[str], joined: Collection[SideName] = ()) -> Dealt:
    """The two sides of a split: the chosen records, and the others.

    Raises:
        DeskRefusedError: 422, if a record is not of the group, a side is empty, or there would be too many decisions.
    """
    chosen_ids = set(chosen)
    ticked = tuple(record for record in group.records if record in chosen_ids)
    unticked = tuple(record for record in group.records if record not in chosen_ids)
    if len(ticked) != len(chosen_ids):
        raise DeskRefusedError(422, "A chosen record is not one of this case.")
    if not (ticked and unticked):
        raise DeskRefusedError(422, "Choose some of the records, not none and not all.")
    if len(ticked) * len(unticked) > MOST_DECISIONS:
        raise DeskRefusedError(
            422,
            f"{len(ticked):,} records from {len(unticked):,} are {len(ticked) * len(unticked):,} pairs to part; at most {MOST_DECISIONS:,} at once.",
            "Part a few records first, then the next ones from what is left.",
        )
    return Dealt(ticked, unticked, frozenset(joined))


def plan_of(
    shelf: Shelf, group: Group, dealt: Dealt, decisions: Mapping[Pair, Sequence[Decision]], signature: Signature
) -> Plan:
    """The decisions that part the sides and join what is said to be one person.

    Every pair of records across the cut is decided. Fewer would not do: a pair left open may be drawn together by the next
    night's evidence, unless links of stewards hold each side together, and those may be taken back one day.

    Args:
        shelf: the publication.
        group: the records.
        dealt: on which side each is.
        decisions: those on them that are in the store, by pair.
        signature: who decides, why, and on which form.
    """
    states = {pair: pair_state(on_pair) for pair, on_pair in decisions.items()}
    cut: list[Pair] = [tuple(sorted(pair)) for pair in product(dealt.ticked, dealt.unticked)]  # type: ignore[misc]  # two
    joins = [join for side, is_joined in dealt.sides() if is_joined for join in joins_of(group, side, states)]
    lifted = [link for pair in cut if pair in states for link in links_to_lift(decisions[pair], states[pair])]
    waiting = [
        *_waiting(cut, states, signature.by, "unlink"),
        *_waiting(joins, states, signature.by, "link"),
    ]
    return Plan(
        tuple(signature.retract(link.decision_id, {"n_records": len(group.records)}) for link in lifted),
        tuple(signature.confirm(decision_id) for decision_id in waiting),
        _entered(shelf, group, _undecided(cut, states, "unlink"), "unlink", signature),
        _entered(shelf, group, _undecided(joins, states, "link"), "link", signature),
    )


def _entered(
    shelf: Shelf, group: Group, pairs: Sequence[Pair], verdict: Verdict, signature: Signature
) -> tuple[NewDecision, ...]:
    facts_of_pairs = published_facts(shelf, group, pairs)
    return tuple(signature.say(verdict, pair, facts) for pair, facts in zip(pairs, facts_of_pairs, strict=True))


def split(sitting: Sitting, chosen: Sequence[str], joined: Collection[SideName], reason: str, batch: str) -> Outcome:
    """Part the chosen records from the others, and join the sides that are said to be one person.

    Raises:
        DeskRefusedError: As ``deal``.
        DecisionConflictError: If decisions over other records join the two sides, or part what is to be joined.
    """
    group, dealt = sitting.group, deal(sitting.group, chosen, joined)
    decisions = sitting.store.about(list(group.records))
    plan = plan_of(sitting.shelf, group, dealt, decisions, Signature(sitting.viewer.name, reason, batch))
    recorded = sitting.enter(plan.decisions)
    keep_made(sitting, recorded)
    if any(entry.is_new for entry in recorded):
        keep_answer(sitting, "split", recorded)
    confirmed = {entry.decision.confirms for entry in recorded}
    has_waiting = any(
        decision.decision_id not in confirmed
        for on_pair in decisions.values()
        for decision in pair_state(on_pair).waiting
    )
    return Outcome(tuple(recorded), has_waiting=has_waiting)


@dataclass(frozen=True, slots=True)
class Steps:
    """A plan as its preview tells it."""

    n_parted: int
    n_joined: int
    n_taken_back: int
    n_confirmed: int
    foreseen: Foreseen

    @property
    def second_because(self) -> tuple[str, ...]:
        """Rules of the policy by which another steward must confirm it."""
        return self.foreseen.second_because

    @property
    def refusal(self) -> Refusal | None:
        """Why it would be refused now."""
        return self.foreseen.refusal


def steps_of(shelf: Shelf, store: Store, viewer: Viewer, group: Group, dealt: Dealt) -> Steps:
    """What a split would enter."""
    signature = Signature(viewer.name, "asked", str(uuid4()))
    plan = plan_of(shelf, group, dealt, store.about(list(group.records)), signature)
    return Steps(
        len(plan.parted),
        len(plan.joined),
        len(plan.taken_back),
        len(plan.confirmed),
        store.foresee(plan.decisions, published_persons(shelf), [*dealt.ticked, *dealt.unticked]),
    )


def _waiting(pairs: Sequence[Pair], states: Mapping[Pair, PairState], by: str, verdict: Verdict) -> list[str]:
    """Decisions of another steward that say so already and wait for a second person."""
    heads = (states[pair].to_confirm_by(by) for pair in pairs if pair in states)
    return [head.decision_id for head in heads if head and head.verdict == verdict]


def _undecided(pairs: Sequence[Pair], states: Mapping[Pair, PairState], verdict: Verdict) -> list[Pair]:
    """Pairs of which no decision says so already, whether it counts or waits."""
    heads = {pair: states[pair].head for pair in pairs if pair in states}
    return [pair for pair in pairs if not (head := heads.get(pair)) or head.verdict != verdict]
