"""The records of one or two persons as a graph: records in a ring a person, scored pairs as lines, the weak one marked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.explain.graph import Bridge, Edge, weakest_bridge

MOST_NODES = 40
MOST_LINES = 160
LARGE_RING = 150
RING, GAP, MARGIN = 105, 250, 60
"""Least radius of a ring, room between two, and around them"""
ROOM = 44
"""Along the ring, for one record"""


@dataclass(frozen=True, slots=True)
class Node:
    """One record."""

    record_id: str
    label: str
    x: int
    y: int
    is_focal: bool
    is_masked: bool
    side: int


@dataclass(frozen=True, slots=True)
class Line:
    """One scored pair."""

    x1: int
    y1: int
    x2: int
    y2: int
    left: str
    right: str
    bits: float
    kind: str
    """link, steward (linked by one), review or unlink"""
    is_weak: bool
    width: int
    mid_x: int
    mid_y: int


@dataclass(frozen=True, slots=True)
class GraphPicture:
    """The graph as shapes."""

    nodes: tuple[Node, ...]
    lines: tuple[Line, ...]
    width: int
    height: int
    left_out: int
    """Records that are not drawn"""
    bridge: Bridge | None
    is_large: bool
    """Wants more height than a few records do"""
    titles: tuple[tuple[str, int], ...]
    """Person id and where its ring's middle lies"""

    @property
    def kinds(self) -> set[str]:
        """Of all lines but the marked one."""
        return {line.kind for line in self.lines if not line.is_weak}

    @property
    def weak(self) -> Line | None:
        """The marked pair."""
        return next((line for line in self.lines if line.is_weak), None)


def graph_picture(
    sides: Sequence[tuple[str, Sequence[Mapping[str, Any]]]],
    links: Sequence[Mapping[str, Any]],
    labels: Mapping[str, str],
    focal: tuple[str, str] | None,
    stewards: Sequence[tuple[str, str]] = (),
) -> GraphPicture:
    """The picture.

    Args:
        sides: one or two persons, each with its records as the viewer may see them.
        links: rows of ``links`` that touch them.
        labels: record id to what its point is called.
        focal: the pair that is asked about; none: the weakest bridge of the person is marked.
        stewards: pairs of the person that a steward linked: none of them is the weakest.
    """
    room = MOST_NODES // max(len(sides), 1)
    drawn_sides = [(person_id, _drawn(records, room, focal)) for person_id, records in sides]
    radius = max(RING, *(math.ceil(len(records) * ROOM / (2 * math.pi)) for _, records in drawn_sides), 0)
    nodes: dict[str, Node] = {}
    titles = []
    left_out = 0
    for side, (person_id, records) in enumerate(drawn_sides):
        middle = MARGIN + radius + side * (2 * radius + GAP)
        titles.append((person_id, middle))
        left_out += len(sides[side][1]) - len(records)
        nodes |= _ring(records, (middle, radius), side, labels, focal)
    firm = [pair for pair in stewards if nodes.keys() >= {*pair}]
    among = [row for row in links if row["record_id_l"] in nodes and row["record_id_r"] in nodes]
    edges = [Edge(row["record_id_l"], row["record_id_r"], row["match_weight"]) for row in among]
    bridge = weakest_bridge(list(nodes), edges, firm) if len(sides) == 1 else None
    weak = focal or ((bridge.edge.left, bridge.edge.right) if bridge else None)
    drawn = [
        row
        for position, row in enumerate(sorted(among, key=lambda row: -row["match_weight"]))
        if position < MOST_LINES or {row["record_id_l"], row["record_id_r"]} == set(weak or ())
    ]
    between = MARGIN + 2 * radius + GAP // 2
    lines = tuple(_line(row, nodes, weak, between) for row in drawn)
    width = titles[-1][1] + radius + MARGIN if titles else 2 * MARGIN
    height = 2 * (radius + MARGIN) + 10
    return GraphPicture(
        tuple(nodes.values()), lines, width, height, left_out, bridge, radius > LARGE_RING, tuple(titles)
    )


def _drawn(
    records: Sequence[Mapping[str, Any]], room: int, focal: tuple[str, str] | None
) -> Sequence[Mapping[str, Any]]:
    """As many records as there is room for, those that are asked about among them, in their order."""
    first = sorted(records, key=lambda record: record["record_id"] not in (focal or ()))[:room]
    kept = {record["record_id"] for record in first}
    return [record for record in records if record["record_id"] in kept]


def _ring(
    records: Sequence[Mapping[str, Any]],
    place: tuple[int, int],
    side: int,
    labels: Mapping[str, str],
    focal: tuple[str, str] | None,
) -> dict[str, Node]:
    """Points of one person's records; ``place``: the ring's middle and radius."""
    nodes, (middle, ring) = {}, place
    for position, record in enumerate(records):
        turn = 2 * math.pi * position / len(records) - math.pi / 2 if len(records) > 1 else 0.0
        radius = ring if len(records) > 1 else 0
        x, y = round(middle + radius * math.cos(turn)), round(MARGIN + 10 + ring + radius * math.sin(turn))
        record_id = record["record_id"]
        nodes[record_id] = Node(
            record_id, labels[record_id], x, y, record_id in (focal or ()), bool(record["is_masked"]), side
        )
    return nodes


def _line(row: Mapping[str, Any], nodes: Mapping[str, Node], weak: tuple[str, str] | None, between: int) -> Line:
    """A pair; ``between``: the middle of two rings."""
    a, b = sorted((nodes[row["record_id_l"]], nodes[row["record_id_r"]]), key=lambda node: int(node.label))
    is_weak = weak is not None and {a.record_id, b.record_id} == set(weak)
    width = 2 if row["match_weight"] < 8 else 3 if row["match_weight"] < 20 else 4
    mid_x = between if a.side != b.side else (a.x + b.x) // 2
    along = (mid_x - a.x) / (b.x - a.x) if a.x != b.x else 0.5
    return Line(
        a.x,
        a.y,
        b.x,
        b.y,
        a.label,
        b.label,
        row["match_weight"],
        "steward" if row["decision"] == "link" and row["decided_by"] == "steward" else row["decision"],
        is_weak,
        width,
        mid_x,
        round(a.y + along * (b.y - a.y)),
    )
