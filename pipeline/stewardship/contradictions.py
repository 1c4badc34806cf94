"""Decisions that contradict each other: records that a chain of links makes one person, and a decision says are not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.core.errors import OnePerson
from pipeline.stewardship.chain import shortest_chain
from pipeline.stewardship.decision import Decision, Pair
from pipeline.stewardship.surroundings import Step, Surroundings


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """One decision between two records."""

    left: str
    right: str
    decision_id: str


class Graph:
    """Links that stand, to walk along."""

    def __init__(self, links: Iterable[Edge]) -> None:
        self._edges: defaultdict[str, list[tuple[str, Edge]]] = defaultdict(list)
        for edge in sorted(links):  # sorted, so that of two chains as short the same one is told each time
            self._edges[edge.left].append((edge.right, edge))
            self._edges[edge.right].append((edge.left, edge))

    def chain(self, start: str, end: str, without: Collection[str] = ()) -> tuple[Edge, ...] | None:
        """The shortest chain of links between two records, none where there is none; ``without``: decisions not to use."""

        def steps_from(record: str, _: Collection[str]) -> Iterator[tuple[str, Edge]]:
            return (step for step in self._edges.get(record, ()) if step[1].decision_id not in without)

        return shortest_chain(start, end, steps_from)

    def _reached(self, start: str) -> set[str]:
        """Every record that links lead to, the start included."""
        reached = {start}
        to_visit = [start]
        while to_visit:
            for neighbour, _ in self._edges.get(to_visit.pop(), ()):
                if neighbour not in reached:
                    reached.add(neighbour)
                    to_visit.append(neighbour)
        return reached

    def groups(self) -> dict[str, int]:
        """Each linked record to the number of its group: those that links lead to from one another."""
        group: dict[str, int] = {}
        for number, record in enumerate(self._edges):
            if record not in group:
                group |= dict.fromkeys(self._reached(record), number)
        return group


def against(pair: Pair, was: Decision | None, now: Decision | None, around: Surroundings) -> tuple[Step, ...]:
    """What a change of the decision in force on a pair contradicts, as a chain with the unlink at one end; none: nothing.

    Args:
        pair: the two records.
        was: what is in force on them.
        now: what would be.
        around: decisions, and published persons, around the pair.
    """
    left, right = pair
    if now and now.verdict == "unlink":
        return around.chain(left, right, without=pair) or ()
    if now and now.verdict == "link":
        near_left, near_right = around.held(left, pair), around.held(right, pair)
        for unlink in around.unlinks_between(near_left, near_right):
            if unlink.pair == pair:
                continue
            for near, far in (unlink.pair, unlink.pair[::-1]):
                if near in near_left and far in near_right:
                    chain = (around.chain(near, left, pair), around.chain(right, far, pair))
                    return (*(chain[0] or ()), *(chain[1] or ()), unlink)
    if was and was.verdict == "unlink":
        return _against_together_again(pair, around)
    return ()


def _against_together_again(pair: Pair, around: Surroundings) -> tuple[Step, ...]:
    """The same where an unlink goes, and two records of a published person are together again."""
    held = around.held(pair[0])
    if around.person(pair[0]) is None or pair[1] not in held:
        return ()
    for unlink in around.unlinks_that_stay(held):
        if unlink.pair != pair:
            chain = around.chain(*unlink.pair) or ()
            if any(isinstance(step, OnePerson) for step in chain):
                return (*chain, unlink)
    return ()


def knots(links: Sequence[Edge], unlinks: Sequence[Edge]) -> dict[str, frozenset[str]]:
    """Each decision that stands in a contradiction, with the decisions it stands against.

    For an unlink whose two records links still join: the links of its shortest chain, then of the next one without them,
    until the two are parted. Each unlink is looked at alone, so their order does not matter.
    """
    graph = Graph(links)
    group = graph.groups()
    contradicted = [edge for edge in unlinks if edge.left in group and group[edge.left] == group.get(edge.right)]
    opponents: defaultdict[str, set[str]] = defaultdict(set)
    for unlink in contradicted:
        chain_ids: set[str] = set()
        while chain := graph.chain(unlink.left, unlink.right, chain_ids):
            chain_ids |= {edge.decision_id for edge in chain}
        opponents[unlink.decision_id] |= chain_ids
        for decision_id in chain_ids:
            opponents[decision_id].add(unlink.decision_id)
    return {decision_id: frozenset(decision_ids) for decision_id, decision_ids in opponents.items()}
