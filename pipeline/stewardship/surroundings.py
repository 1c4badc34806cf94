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
        near = self._linked_to(pair)
        found = {pair: self._decisions.get(pair, [])}
        for record in near:
            if verdict in PARTS_ONLY:
                found |= {
                    own: self._decisions[own] for other in self._links.get(record, ()) if (own := _pair(record, other))
                }
            else:
                found |= {own: self._decisions[own] for own in self._pairs.get(record, ())}
        return found

    def add(self, decision: Decision) -> None:
        """Take in a decision that was entered."""
        pair = decision.pair
        self._keep(pair, [*self._decisions.get(pair, []), decision])

    def _reach(self, record_ids: Iterable[str]) -> None:
        ahead = set(record_ids) - self._read
        while ahead:
            self._read |= ahead
            for pair, own in by_pair({row.seq: row for row in self._fetch(sorted(ahead))}.values()).items():
                if pair not in self._decisions:  # else it has decisions that are not in the database yet
                    self._keep(pair, own)
            ahead = self._linked_to(ahead) - self._read

    def _keep(self, pair: Pair, own: list[Decision]) -> None:
        self._decisions[pair] = own
        for record, other in (pair, pair[::-1]):
            self._pairs[record].add(pair)
            self._links[record].discard(other)
        in_force = pair_state(own).in_force
        if in_force and in_force.verdict == "link":
            self._links[pair[0]].add(pair[1])
            self._links[pair[1]].add(pair[0])

    def _linked_to(self, record_ids: Iterable[str]) -> set[str]:
        found = set(record_ids)
        ahead = list(found)
        while ahead:
            new = self._links.get(ahead.pop(), set()) - found
            found |= new
            ahead += new
        return found


def _pair(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)
