"""Records as points and scored pairs as weighted edges: the strongest path, and where a cluster would part first."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """One scored pair of records."""

    left: str
    right: str
    bits: float


@dataclass(frozen=True, slots=True)
class Bridge:
    """The strongest of the pairs that join the two halves into which a cluster would part first."""

    edge: Edge
    smaller: tuple[str, ...]
    """Records of the smaller half, sorted."""
    crossing: int
    """Pairs that join the two halves; 1: this pair alone holds the cluster together."""


def strongest_path(edges: Iterable[Edge], start: str, end: str) -> tuple[Edge, ...] | None:
    """The path whose weakest pair is as strong as can be, of these a shortest; each edge as it is walked. None: no path."""
    if start == end:
        return ()
    strong: list[Edge] = []
    joined = _Groups()
    for edge in _strongest_first(edges):
        if joined.are_one(start, end) and edge.bits < strong[-1].bits:
            break
        joined.join(edge.left, edge.right)
        strong.append(edge)
    return _shortest(strong, start, end) if joined.are_one(start, end) else None


def parts(records: Iterable[str], edges: Iterable[Edge]) -> tuple[tuple[str, ...], ...]:
    """Records that pairs hold together, largest part first; one part: the cluster is connected."""
    joined = _Groups()
    for edge in edges:
        joined.join(edge.left, edge.right)
    groups = defaultdict(list)
    for record in sorted(set(records)):
        groups[joined.root(record)].append(record)
    return tuple(sorted((tuple(group) for group in groups.values()), key=lambda group: (-len(group), group)))


def weakest_bridge(
    records: Sequence[str], edges: Sequence[Edge], stewards: Iterable[tuple[str, str]] = ()
) -> Bridge | None:
    """Where the cluster parts first if pairs are taken away from the weakest up; None if it is not connected, or nowhere weak.

    It is the last edge of the maximum spanning tree: its weight is the bottleneck of the cluster. A pair that a steward linked
    (``stewards``) is nowhere weak.
    """
    joined = _Groups()
    firm = [Edge(left, right, math.inf) for left, right in stewards]
    tree = [edge for edge in _strongest_first([*firm, *edges]) if joined.join(edge.left, edge.right)]
    if len(tree) != len(set(records)) - 1 or not tree or tree[-1] in firm:
        return None
    weakest = tree[-1]
    smaller = parts(records, tree[:-1])[-1]
    inside = set(smaller)
    crossing = sum((edge.left in inside) != (edge.right in inside) for edge in edges)
    return Bridge(weakest, smaller, crossing)


def _strongest_first(edges: Iterable[Edge]) -> list[Edge]:
    return sorted(edges, key=lambda edge: (-edge.bits, edge.left, edge.right))


def _shortest(edges: Sequence[Edge], start: str, end: str) -> tuple[Edge, ...]:
    """Breadth first; stronger pairs are tried first."""
    edges_from = defaultdict(list)
    for edge in edges:
        edges_from[edge.left].append(edge)
        edges_from[edge.right].append(Edge(edge.right, edge.left, edge.bits))
    reached_by: dict[str, Edge | None] = {start: None}
    waiting = deque([start])
    while end not in reached_by:
        for edge in edges_from[waiting.popleft()]:
            if edge.right not in reached_by:
                reached_by[edge.right] = edge
                waiting.append(edge.right)
    path = []
    step = reached_by[end]
    while step is not None:
        path.append(step)
        step = reached_by[step.left]
    return tuple(reversed(path))


class _Groups:
    """Union-find over record ids."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def root(self, record: str) -> str:
        above = self._above
        while (parent := above.get(record, record)) != record:
            above[record] = above.get(parent, parent)
            record = parent
        return record

    def join(self, left: str, right: str) -> bool:
        """Make the two one group; True if they were two before."""
        low, high = sorted((self.root(left), self.root(right)))
        self._above[high] = low
        return low != high

    def are_one(self, left: str, right: str) -> bool:
        return self.root(left) == self.root(right)
