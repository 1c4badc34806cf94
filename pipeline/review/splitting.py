"""Deciding on groups of records: which of a case or a person belong together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from pipeline.core.errors import DeskRefusedError
from pipeline.review.answers import Outcome, Sitting, keep_answer
from pipeline.review.seen import Group, Pair, seen_of
from pipeline.stewardship.decision import PairState, is_same_person, pair_state
from schemas.decisions import NewDecision, Verdict

MOST_DECISIONS = 1_000
"""Pairs that one split may decide: others wait while they are written"""


def deal(group: Group, chosen: Sequence[str]) -> tuple[list[str], list[str]]:
    """The two sides of a split: the chosen records, and the others.

    Raises:
        DeskRefusedError: 422, if a record is not of the group, a side is empty, or there would be too many decisions.
    """
    wanted = set(chosen)
    picked = [record for record in group.records if record in wanted]
    rest = [record for record in group.records if record not in wanted]
    if len(picked) != len(wanted):
        raise DeskRefusedError(422, "A chosen record is not one of this case.")
    if not (picked and rest):
        raise DeskRefusedError(422, "Choose some of the records, not none and not all.")
    if len(picked) * len(rest) > MOST_DECISIONS:
        raise DeskRefusedError(422, f"That would be {len(picked) * len(rest):,} decisions; at most {MOST_DECISIONS:,} at once.", "Part fewer records, or use `boroughlink unmerge`.")  # fmt: skip
    return picked, rest


def split(sitting: Sitting, chosen: Sequence[str], reason: str, batch: str) -> Outcome:
    """Part the chosen records from the others; a side that holds records of two persons is joined by its strongest pair.

    Every chosen record is decided to be another person than each other one: any pair left open could draw them together
    again. Links of stewards across the cut are taken back first; what another steward entered and waits is confirmed.

    Args:
        sitting: who decides on what.
        chosen: record ids of one side.
        reason: as the store keeps it.
        batch: of which the ids of the decisions are made, so that the same form sent again enters nothing.

    Raises:
        DeskRefusedError: As ``deal``.
        DecisionConflictError: If decisions over other records join the two sides.
    """
    group, sides = sitting.group, deal(sitting.group, chosen)
    pairs: list[Pair] = [tuple(sorted(pair)) for pair in product(*sides)]  # type: ignore[misc]  # two
    states = {pair: pair_state(own) for pair, own in sitting.store.about(list(group.records)).items()}
    said: dict[str, Any] = {"decided_by": sitting.viewer.name, "reason": reason}
    new = [*_taken_back(pairs, states, sitting, batch, said), *_confirmed(pairs, states, sitting, batch, said)]
    still_open = [pair for pair in pairs if not (pair in states and (head := states[pair].head) and head.verdict == "unlink")]  # fmt: skip
    joins = [join for side in sides if (join := _join(group, side)) and join not in states]
    for at, facts in enumerate(seen_of(sitting.shelf, group, [*still_open, *joins])):
        verdict: Verdict = "unlink" if at < len(still_open) else "link"
        own_id = _id(batch, verdict, (facts["record_id_l"], facts["record_id_r"]))
        new.append(NewDecision(decision_id=own_id, verdict=verdict, **said, **facts))
    recorded = sitting.store.enter_within(sitting.connection, new)
    if any(one.is_new for one in recorded):
        keep_answer(sitting, "split", recorded)
    confirmed = {one.decision.confirms for one in recorded}
    waiting = (own for state in states.values() for own in state.waiting if own.decision_id not in confirmed)
    return Outcome(tuple(recorded), has_waiting=any(True for _ in waiting))


def _taken_back(pairs: Sequence[Pair], states: Mapping[Pair, PairState], sitting: Sitting, batch: str, said: Mapping[str, Any]) -> Iterator[NewDecision]:  # fmt: skip
    """Links of stewards across the cut."""
    for pair in pairs:
        head = states[pair].head if pair in states else None
        if head and head.verdict == "link":
            own_id = _id(batch, "retract", pair)
            yield NewDecision(decision_id=own_id, verdict="retract", retracts=head.decision_id, n_records=sitting.n_records, **said)  # fmt: skip


def _confirmed(pairs: Sequence[Pair], states: Mapping[Pair, PairState], sitting: Sitting, batch: str, said: Mapping[str, Any]) -> Iterator[NewDecision]:  # fmt: skip
    """Unlinks of another steward across the cut that wait for a second person."""
    for pair in pairs:
        head = states[pair].head if pair in states else None
        waits = head is not None and head.verdict == "unlink" and head in states[pair].waiting
        if head and waits and not is_same_person(head.decided_by, sitting.viewer.name):
            yield NewDecision(decision_id=_id(batch, "confirm", pair), confirms=head.decision_id, **said)


def _join(group: Group, side: Sequence[str]) -> Pair | None:
    """The strongest pair of a side that joins records of two persons; None where it holds records of one."""
    owner = {record: group.records[record]["person_id"] for record in side}
    across = [pair for pair in product(side, side) if pair[0] < pair[1] and owner[pair[0]] != owner[pair[1]]]
    weight = {pair: group.links[pair]["match_weight"] for pair in across if pair in group.links}
    return max(across, key=lambda pair: (weight.get(pair, -1e9), pair)) if across else None


def _id(batch: str, what: str, pair: Pair) -> str:
    """A decision id made of the form's own, as a UUID."""
    digest = hashlib.sha256("\x1f".join((batch, what, *pair)).encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
