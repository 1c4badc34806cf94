"""What the machine had joined by itself and stewards looked at: which pairs, and how many they overturned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.explain.graph import Edge, parts
from pipeline.stewardship.columns import DECISIONS, MACHINE_PAIRS
from pipeline.stewardship.decision import Pair
from pipeline.stewardship.entering import Recorded, states_of

MachineLink = Literal["linked", "together"]
"""The machine linked the two records, or held them together through others"""


@dataclass(frozen=True, slots=True)
class LookedAt:
    """What became of pairs that the machine had joined and on which a decision of stewards stands; each pair counts once."""

    links: int
    """Links of the machine"""
    links_overturned: int
    persons: int
    """Groups of records that such pairs hold together, whether linked or together through others"""
    persons_parted: int


def made_by_machine(
    record_ids: Collection[str], links: Iterable[Mapping[str, Any]], pairs: Iterable[Pair]
) -> dict[Pair, MachineLink]:
    """What the machine had made of pairs of records; a pair that it left apart, or that a steward joined, is left out.

    Args:
        record_ids: records of the persons.
        links: rows of ``links`` among them.
        pairs: smaller record id first.
    """
    inside = set(record_ids)
    linked = {
        (row["record_id_l"], row["record_id_r"])
        for row in links
        if row["decision"] == "link" and row["decided_by"] != "steward"
    }
    joined = parts(inside, (Edge(*pair, 0.0) for pair in linked if inside.issuperset(pair)))
    part_of = {record: number for number, part in enumerate(joined) for record in part}
    return {pair: "linked" if pair in linked else "together" for pair in pairs if part_of[pair[0]] == part_of[pair[1]]}


def keep_machine_pairs(
    connection: Connection, recorded: Iterable[Recorded], machine_links: Mapping[Pair, MachineLink]
) -> None:
    """Keep beside decisions what the machine had made of their pairs, in the transaction in which they are entered."""
    rows = [
        {"decision_id": entry.decision.decision_id, "made": machine_links[entry.decision.pair]}
        for entry in recorded
        if entry.is_new
        and entry.decision.verdict in ("link", "unlink")
        and not entry.decision.confirms
        and entry.decision.pair in machine_links
    ]
    if rows:
        connection.execute(sa.insert(MACHINE_PAIRS), rows)


def looked_at_by_stewards(connection: Connection) -> LookedAt:
    """Count what the machine had joined, on which a link or unlink stands that counts."""
    query = sa.select(DECISIONS.c.record_id_l, DECISIONS.c.record_id_r, MACHINE_PAIRS.c.made).join(
        MACHINE_PAIRS, MACHINE_PAIRS.c.decision_id == DECISIONS.c.decision_id
    )
    machine_links: defaultdict[Pair, set[str]] = defaultdict(set)
    for left, right, machine_link in connection.execute(query.where(DECISIONS.c.record_id_l.is_not(None))):
        machine_links[left, right].add(machine_link)
    verdicts = {
        pair: state.in_force.verdict
        for pair, state in states_of(connection, machine_links).items()
        if state.in_force and state.in_force.verdict in ("link", "unlink")
    }
    link_verdicts = [verdict for pair, verdict in verdicts.items() if "linked" in machine_links[pair]]
    persons = parts({end for pair in verdicts for end in pair}, (Edge(*pair, 0.0) for pair in verdicts))
    parted = {pair[0] for pair, verdict in verdicts.items() if verdict == "unlink"}
    n_parted = sum(not parted.isdisjoint(records) for records in persons)
    return LookedAt(len(link_verdicts), link_verdicts.count("unlink"), len(persons), n_parted)
