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
from pipeline.stewardship.decision import Pair, by_pair, pair_state
from pipeline.stewardship.entering import Recorded, touching

Made = Literal["linked", "together"]
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
) -> dict[Pair, Made]:
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
    whole = parts(inside, (Edge(*pair, 0.0) for pair in linked if inside.issuperset(pair)))
    place = {record: at for at, part in enumerate(whole) for record in part}
    return {pair: "linked" if pair in linked else "together" for pair in pairs if place[pair[0]] == place[pair[1]]}


def keep_machine_pairs(connection: Connection, recorded: Iterable[Recorded], made: Mapping[Pair, Made]) -> None:
    """Keep beside decisions what the machine had made of their pairs, in the transaction in which they are entered."""
    rows = [
        {"decision_id": one.decision.decision_id, "made": made[one.decision.pair]}
        for one in recorded
        if one.is_new
        and one.decision.verdict in ("link", "unlink")
        and not one.decision.confirms
        and one.decision.pair in made
    ]
    if rows:
        connection.execute(sa.insert(MACHINE_PAIRS), rows)


def looked_at_by_stewards(connection: Connection) -> LookedAt:
    """Count what the machine had joined, on which a link or unlink stands that counts."""
    own = sa.select(DECISIONS.c.record_id_l, DECISIONS.c.record_id_r, MACHINE_PAIRS.c.made).join(
        MACHINE_PAIRS, MACHINE_PAIRS.c.decision_id == DECISIONS.c.decision_id
    )
    made: defaultdict[Pair, set[str]] = defaultdict(set)
    for left, right, how in connection.execute(own.where(DECISIONS.c.record_id_l.is_not(None))):
        made[left, right].add(how)
    rows = {row.seq: row for row in touching(connection, sorted({end for pair in made for end in pair}))}
    states = {pair: pair_state(own).in_force for pair, own in by_pair(rows.values()).items() if pair in made}
    said = {pair: own.verdict for pair, own in states.items() if own and own.verdict in ("link", "unlink")}
    links = [verdict for pair, verdict in said.items() if "linked" in made[pair]]
    persons = parts({end for pair in said for end in pair}, (Edge(*pair, 0.0) for pair in said))
    parted = {pair[0] for pair, verdict in said.items() if verdict == "unlink"}
    return LookedAt(len(links), links.count("unlink"), len(persons), sum(not parted.isdisjoint(one) for one in persons))
