"""Decisions that contradict each other: records that a chain of links makes one person, and a decision says are not."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.stewardship.decision import Decision, Pair


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """One decision between two records."""

    left: str
    right: str
    decision_id: str


class Graph:
    """Links that stand, to walk along."""

    def __init__(self, links: Iterable[Edge]) -> None:
        self._ways: defaultdict[str, list[tuple[str, Edge]]] = defaultdict(list)
        for edge in sorted(links):  # sorted, so that of two chains as short the same one is told each time
            self._ways[edge.left].append((edge.right, edge))
            self._ways[edge.right].append((edge.left, edge))

    def chain(self, start: str, end: str, without: Collection[str] = ()) -> tuple[Edge, ...] | None:
        """The shortest chain of links between two records, none where there is none; ``without``: decisions not to use."""
        came: dict[str, tuple[str, Edge] | None] = {start: None}
        ahead = deque([start])
        while ahead and end not in came:
            record = ahead.popleft()
            for other, edge in self._ways.get(record, ()):
                if other not in came and edge.decision_id not in without:
                    came[other] = (record, edge)
                    ahead.append(other)
        if end not in came:
            return None
        return tuple(_back(came, end))[::-1]

    def reached(self, start: str) -> set[str]:
        """Every record that links lead to, the start included."""
        found = {start}
        ahead = [start]
        while ahead:
            for other, _ in self._ways.get(ahead.pop(), ()):
                if other not in found:
                    found.add(other)
                    ahead.append(other)
        return found

    def groups(self) -> dict[str, int]:
        """Each linked record to the number of its group: those that links lead to from one another."""
        group: dict[str, int] = {}
        for number, record in enumerate(self._ways):
            if record not in group:
                group |= dict.fromkeys(self.reached(record), number)
        return group


def _back(came: Mapping[str, tuple[str, Edge] | None], end: str) -> Iterator[Edge]:
    step = came[end]
    while step:
        yield step[1]
        step = came[step[0]]


def against(new: Decision, in_force: Mapping[Pair, Decision]) -> tuple[Decision, ...]:
    """The decisions that a new one contradicts, as a chain with the unlink at one end; none: it contradicts nothing.

    ``in_force``: every link and unlink of the records that links lead to from the two records, the new one not among them.
    """
    by_id = {decision.decision_id: decision for decision in in_force.values()}
    graph = Graph(_edge(decision) for decision in in_force.values() if decision.verdict == "link")
    left, right = new.pair
    if new.verdict == "unlink":
        return tuple(by_id[edge.decision_id] for edge in graph.chain(left, right) or ())
    if new.verdict != "link":
        return ()
    sides = (graph.reached(left), graph.reached(right))
    for decision in sorted(in_force.values(), key=lambda decision: decision.seq):
        if decision.verdict != "unlink":
            continue
        for one, other in (decision.pair, decision.pair[::-1]):
            if one in sides[0] and other in sides[1]:
                chain = (*(graph.chain(one, left) or ()), *(graph.chain(right, other) or ()))
                return (*(by_id[edge.decision_id] for edge in chain), decision)
    return ()


def _edge(decision: Decision) -> Edge:
    return Edge(*decision.pair, decision.decision_id)


def knots(links: Sequence[Edge], unlinks: Sequence[Edge]) -> dict[str, frozenset[str]]:
    """Each decision that stands in a contradiction, with the decisions it stands against.

    For an unlink whose two records links still join: the links of its shortest chain, then of the next one without them,
    until the two are parted. Each unlink is looked at alone, so their order does not matter.
    """
    graph = Graph(links)
    group = graph.groups()
    broken = [edge for edge in unlinks if edge.left in group and group[edge.left] == group.get(edge.right)]
    found: defaultdict[str, set[str]] = defaultdict(set)
    for unlink in broken:
        used: set[str] = set()
        while chain := graph.chain(unlink.left, unlink.right, used):
            used |= {edge.decision_id for edge in chain}
        found[unlink.decision_id] |= used
        for decision_id in used:
            found[decision_id].add(unlink.decision_id)
    return {decision_id: frozenset(others) for decision_id, others in found.items()}
