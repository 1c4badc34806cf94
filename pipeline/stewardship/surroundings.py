"""The decisions around some pairs, read once and held in memory while many are entered at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from pipeline.stewardship.decision import Decision, Pair, by_pair, pair_state
from schemas.decisions import Verdict

Fetch = Callable[[Collection[str]], Iterable[Decision]]
"""Gives every decision on one of these records"""
PARTS_ONLY = ("unlink", "unsure")


class Surroundings:
    """What a new decision is held against: decisions on its records, and on all that links in force lead to from them."""

    def __init__(self, fetch: Fetch, record_ids: Iterable[str]) -> None:
        self._fetch = fetch
        self._decisions: dict[Pair, list[Decision]] = {}
        self._pairs: defaultdict[str, set[Pair]] = defaultdict(set)
        self._links: defaultdict[str, set[str]] = defaultdict(set)
        self._read: set[str] = set()
        self._reach(record_ids)

    def of(self, pair: Pair, verdict: Verdict | None) -> Mapping[Pair, Sequence[Decision]]:
        """Decisions of the pair and of every pair that can speak against this verdict on it.

        Only links in force speak against an unlink, so it is not held against the others: of the many unlinks that one split
        enters, each would else be held against all before it.
        """
        self._reach(pair)
        linked = self._linked_to(pair)
        decisions = {pair: self._decisions.get(pair, [])}
        for record in linked:
            if verdict in PARTS_ONLY:
                pairs_around = {_pair(record, neighbour) for neighbour in self._links.get(record, ())}
            else:
                pairs_around = self._pairs.get(record, set())
            decisions |= {pair_around: self._decisions[pair_around] for pair_around in pairs_around}
        return decisions

    def add(self, decision: Decision) -> None:
        """Take in a decision that was entered."""
        pair = decision.pair
        self._keep(pair, [*self._decisions.get(pair, []), decision])

    def _reach(self, record_ids: Iterable[str]) -> None:
        to_read = set(record_ids) - self._read
        while to_read:
            self._read |= to_read
            for pair, decisions in by_pair({row.seq: row for row in self._fetch(sorted(to_read))}.values()).items():
                if pair not in self._decisions:  # else it has decisions that are not in the database yet
                    self._keep(pair, decisions)
            to_read = self._linked_to(to_read) - self._read

    def _keep(self, pair: Pair, decisions: list[Decision]) -> None:
        self._decisions[pair] = decisions
        for record, partner in (pair, pair[::-1]):
            self._pairs[record].add(pair)
            self._links[record].discard(partner)
        in_force = pair_state(decisions).in_force
        if in_force and in_force.verdict == "link":
            self._links[pair[0]].add(pair[1])
            self._links[pair[1]].add(pair[0])

    def _linked_to(self, record_ids: Iterable[str]) -> set[str]:
        linked = set(record_ids)
        to_visit = list(linked)
        while to_visit:
            new = self._links.get(to_visit.pop(), set()) - linked
            linked |= new
            to_visit += new
        return linked


def _pair(first: str, second: str) -> Pair:
    return (first, second) if first < second else (second, first)
