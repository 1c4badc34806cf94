"""Which pairs of records to link so that some records become one person: the strongest ones, one less than there are persons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from pipeline.review.records.group import Group, Pair
from pipeline.stewardship.decision import PairState


def joins_of(group: Group, side: Sequence[str], states: Mapping[Pair, PairState]) -> list[Pair]:
    """Pairs of records of different persons that, linked, make one person of the side; none where it is one already.

    Pairs that stewards linked already come first, so that they are used again; then pairs by weight.
    """
    owner: dict[str, str] = {record: group.records[record]["person_id"] for record in side}
    joins = []
    for pair in _candidates(group, side, states):
        person_id, absorbed = owner[pair[0]], owner[pair[1]]
        if person_id != absorbed:
            joins.append(pair)
            owner = {record: person_id if owner_id == absorbed else owner_id for record, owner_id in owner.items()}
    return joins


def _candidates(group: Group, side: Sequence[str], states: Mapping[Pair, PairState]) -> Iterator[Pair]:
    inside = set(side)
    yield from sorted(
        pair
        for pair, state in states.items()
        if state.head and state.head.verdict == "link" and inside.issuperset(pair)
    )
    scored = [pair for pair in group.links if inside.issuperset(pair)]
    yield from sorted(scored, key=lambda pair: (-group.links[pair]["match_weight"], pair))
    yield from (tuple(sorted(pair)) for pair in pairwise(side))  # type: ignore[misc]  # two
