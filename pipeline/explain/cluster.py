"""How a person holds together: density, weakest bridge, rules met, what speaks against it, what waits."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.explain.graph import Bridge, Edge, parts, weakest_bridge
from pipeline.explain.pair import edge_facts
from pipeline.explain.waterfall import probability


@dataclass(frozen=True, slots=True)
class KeptPair:
    """One scored pair, and the rules that it meets."""

    edge: Edge
    rules: tuple[str, ...] = ()
    is_parted: bool = False
    """A steward decided that the two are two persons"""


@dataclass(frozen=True, slots=True)
class Member:
    """One record of a person: its pairs with the person's other records."""

    record_id: str
    n_pairs: int
    mean_bits: float | None
    """Mean weight of its pairs inside the person; none: it has no pair there."""


@dataclass(frozen=True, slots=True)
class RuleMet:
    """One rule, and the pairs inside the person that meet it."""

    name: str
    n_pairs: int
    strongest: Edge


@dataclass(frozen=True, slots=True)
class Beside:
    """Another person, and the pairs with it that wait for a steward, or that a steward parted."""

    person_id: str
    n_pairs: int
    strongest: Edge
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClusterStory:
    """One person as a cluster of records."""

    person_id: str
    members: tuple[Member, ...]
    """Best held first."""
    n_pairs: int
    density: float
    """Scored pairs over possible pairs; 1 for a single record."""
    parts: tuple[tuple[str, ...], ...]
    """Records that scored pairs hold together; more than one part: all records together, or a steward, joined them."""
    bridge: Bridge | None
    stewards: tuple[tuple[str, str], ...]
    """Pairs inside that a steward linked: nowhere weak"""
    is_whole: bool
    """Scored pairs and links of stewards hold all its records together."""
    against: tuple[Edge, ...]
    """Pairs inside whose weight is below 0, weakest first."""
    rules: tuple[RuleMet, ...]
    waiting: tuple[Beside, ...]
    """Persons with whom pairs wait for a steward, that of the strongest first"""
    parted: tuple[Beside, ...]
    """Persons from whom a steward parted it"""

    @property
    def confidence(self) -> float | None:
        """Probability at the weakest bridge; 1 where nothing is weak, none where pairs do not hold it together."""
        if self.bridge:
            return probability(self.bridge.edge.bits)
        return 1.0 if self.is_whole else None


def explain_cluster(
    person_id: str,
    person_of: Mapping[str, str],
    pairs: Iterable[KeptPair],
    stewards: Collection[tuple[str, str]] = (),
) -> ClusterStory:
    """How the person holds together.

    Args:
        person_id: the person.
        person_of: person of every record that a pair names, and of all records of the person.
        pairs: the kept pairs that touch the person.
        stewards: pairs of records of the person that a steward linked, scored or not.
    """
    records = sorted(record for record, person in person_of.items() if person == person_id)
    inside, outside = [], []
    for pair in sorted(pairs, key=lambda pair: pair.edge):
        ends = [person_of[pair.edge.left] == person_id, person_of[pair.edge.right] == person_id]
        if all(ends):
            inside.append(pair)
        elif any(ends):
            outside.append(pair)
    edges = [pair.edge for pair in inside]
    firm = [Edge(left, right, math.inf) for left, right in stewards]
    possible = len(records) * (len(records) - 1) // 2
    return ClusterStory(
        person_id,
        _members(records, edges),
        len(edges),
        len(edges) / possible if possible else 1.0,
        parts(records, edges),
        weakest_bridge(records, edges, stewards),
        tuple(sorted(stewards)),
        len(parts(records, [*edges, *firm])) == 1,
        tuple(sorted((edge for edge in edges if edge.bits < 0), key=lambda edge: (edge.bits, edge))),
        _rules(inside),
        _beside(person_id, person_of, [pair for pair in outside if not pair.is_parted]),
        _beside(person_id, person_of, [pair for pair in outside if pair.is_parted]),
    )


def cluster_facts(story: ClusterStory) -> dict[str, Any]:
    """The story as JSON; no value of a record is in it."""
    bridge = story.bridge
    return {
        "person_id": story.person_id,
        "n_records": len(story.members),
        "n_pairs": story.n_pairs,
        "density": round(story.density, 6),
        "confidence": None if story.confidence is None else round(story.confidence, 9),
        "n_parts": len(story.parts),
        "weakest_bridge": bridge
        and {**edge_facts(bridge.edge), "smaller_half": list(bridge.smaller), "n_pairs_across": bridge.crossing},
        "linked_by_stewards": [list(pair) for pair in story.stewards],
        "pairs_against": [edge_facts(edge) for edge in story.against],
        "rules": [{"rule": r.name, "n_pairs": r.n_pairs, "strongest": edge_facts(r.strongest)} for r in story.rules],
        "waiting": [_beside_facts(other) for other in story.waiting],
        "parted": [_beside_facts(other) for other in story.parted],
        "members": [
            {
                "record_id": m.record_id,
                "n_pairs": m.n_pairs,
                "mean_bits": None if m.mean_bits is None else round(m.mean_bits, 6),
            }
            for m in story.members
        ],
    }


def _beside_facts(beside: Beside) -> dict[str, Any]:
    return {
        "person_id": beside.person_id,
        "n_pairs": beside.n_pairs,
        "strongest": edge_facts(beside.strongest),
        "rules": list(beside.rules),
    }


def _members(records: Sequence[str], edges: Sequence[Edge]) -> tuple[Member, ...]:
    bits = defaultdict(list)
    for edge in edges:
        bits[edge.left].append(edge.bits)
        bits[edge.right].append(edge.bits)
    members = [
        Member(record, len(bits[record]), sum(bits[record]) / len(bits[record]) if bits[record] else None)
        for record in records
    ]
    return tuple(
        sorted(members, key=lambda member: (member.mean_bits is None, -(member.mean_bits or 0), member.record_id))
    )


def _rules(pairs: Sequence[KeptPair]) -> tuple[RuleMet, ...]:
    met = defaultdict(list)
    for pair in pairs:
        for rule in pair.rules:
            met[rule].append(pair.edge)
    return tuple(RuleMet(name, len(edges), max(edges, key=lambda e: e.bits)) for name, edges in sorted(met.items()))


def _beside(person_id: str, person_of: Mapping[str, str], pairs: Sequence[KeptPair]) -> tuple[Beside, ...]:
    pairs_with = defaultdict(list)
    for pair in pairs:
        ends = {person_of[pair.edge.left], person_of[pair.edge.right]} - {person_id}
        pairs_with[ends.pop()].append(pair)
    neighbours = []
    for neighbour, between in pairs_with.items():
        strongest = max((pair.edge for pair in between), key=lambda edge: edge.bits)
        rules = tuple(sorted({rule for pair in between for rule in pair.rules}))
        neighbours.append(Beside(neighbour, len(between), strongest, rules))
    return tuple(sorted(neighbours, key=lambda beside: (-beside.strongest.bits, beside.person_id)))
