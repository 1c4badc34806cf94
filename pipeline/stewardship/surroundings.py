"""What lies around the pairs that are decided on: decisions, published persons, and the group that each record belongs to now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from pipeline.core.errors import OnePerson
from pipeline.stewardship.chain import shortest_chain
from pipeline.stewardship.decision import Decision, Pair, pair_state
from pipeline.stewardship.groups import Part, Published, PublishedPerson, parts_of
from schemas.decisions import names_in

Fetch = Callable[[Collection[str]], Mapping[Pair, list[Decision]]]
"""Gives every decision on one of these records, by pair, each pair's in order of entry"""
Step = Decision | OnePerson
"""Of a chain from record to record: a link in force, or that two are one person in the publication"""


class Surroundings:
    """Decisions and published persons around some records, and around all that they lead to, read once.

    Two records are together where a link in force joins them, or the publication has them in one person and nobody has parted
    it there since. Decisions that are entered at once are foreseen together: what they part is parted for each of them, so that
    their order does not matter.
    """

    def __init__(self, fetch: Fetch, record_ids: Iterable[str], published: Published | None = None) -> None:
        self._fetch, self._published = fetch, published
        self._decisions: dict[Pair, list[Decision]] = {}
        self._links: defaultdict[str, set[str]] = defaultdict(set)
        self._unlinks: defaultdict[str, set[str]] = defaultdict(set)
        self._parted_at_first: frozenset[Pair] = frozenset()
        self._foreseen: dict[Pair, bool] = {}
        self._persons: dict[str, PublishedPerson] = {}
        self._parts: dict[tuple[str, bool], dict[str, Part]] = {}
        self._held: dict[str, frozenset[str]] = {}
        self._staying: dict[frozenset[str], frozenset[Pair]] = {}
        self._groups: dict[str, frozenset[str]] = {}
        self._roles: dict[frozenset[str], frozenset[str]] = {}
        self._read: set[str] = set()
        self._reach(record_ids)

    def foresee(self, decisions: Iterable[Decision]) -> None:
        """Say what is about to be entered: pairs that it parts, or parts no more, as if nobody had to confirm it."""
        before = {decision.pair: self.on(decision.pair) for decision in decisions}
        now = {pair: list(on_pair) for pair, on_pair in before.items()}
        for decision in decisions:
            now[decision.pair].append(decision)
        self._parted_at_first = frozenset(pair for pair, on_pair in before.items() if _is_parted(on_pair))
        self._foreseen = {pair: _is_parted(on_pair) for pair, on_pair in now.items()}
        self._forget(with_parts=True)

    def on(self, pair: Pair) -> Sequence[Decision]:
        """Decisions on a pair, in order of entry."""
        self._reach(pair)
        return self._decisions.get(pair, ())

    def add(self, decision: Decision) -> None:
        """Take in a decision that was entered."""
        self._keep(decision.pair, [*self.on(decision.pair), decision])

    def person(self, record_id: str) -> PublishedPerson | None:
        """Whose record it is in the publication; None where it is not published, or no publication is at hand."""
        return self._persons.get(record_id)

    def group(self, record_id: str) -> frozenset[str]:
        """Records that may be one person with this one, itself included.

        Those of its person and whom links in force have joined to them since, less what was parted before and stays so. A
        person within which somebody parted two records, without saying where the others go, counts as a whole.
        """
        if record_id not in self._groups:
            group = frozenset(self._spread(record_id, is_certain=False))
            self._groups |= dict.fromkeys(group, group)
        return self._groups[record_id]

    def group_after(self, record_id: str) -> frozenset[str]:
        """The same once all that was foreseen is entered."""
        return frozenset(self._spread(record_id, is_certain=False, is_after=True))

    def roles(self, record_id: str) -> frozenset[str]:
        """Roles of all in the group of a record: of their persons, and of those who are not published what links in force keep."""
        group = self.group(record_id)
        if group not in self._roles:
            persons = {person.person_id: person for own in group if (person := self._persons.get(own))}
            roles = {role for person in persons.values() for role in person.roles}
            for link in self.links_within(group):
                for own, text in zip(link.pair, (link.roles_l, link.roles_r), strict=True):
                    if own not in self._persons:
                        roles |= names_in(text)
            self._roles[group] = frozenset(roles)
        return self._roles[group]

    def held(self, record_id: str, without: Pair | None = None) -> frozenset[str]:
        """Records that are one person with this one by what stands, itself included; ``without``: a link not to walk along."""
        if without and without[1] in self._links.get(without[0], ()):
            return frozenset(self._spread(record_id, is_certain=True, without=without))
        if record_id not in self._held:
            held = frozenset(self._spread(record_id, is_certain=True))
            self._held |= dict.fromkeys(held, held)
        return self._held[record_id]

    def chain(self, start: str, end: str, without: Pair | None = None) -> tuple[Step, ...] | None:
        """The shortest chain by which two records are one person, none where they are not; ``without``: as in ``held``."""
        if end not in self.held(start, without):
            return None
        return shortest_chain(start, end, lambda record, known: self._steps(record, known, without))

    def unlinks_between(self, left: AbstractSet[str], right: AbstractSet[str]) -> list[Decision]:
        """Unlinks in force of which one record is in each of two sets, the earliest first."""
        fewer, more = sorted((left, right), key=len)
        pairs = {_pair(near, far) for near in fewer for far in self._unlinks.get(near, ()) if far in more}
        standing = (self._in_force(pair) for pair in pairs)
        return sorted((unlink for unlink in standing if unlink), key=lambda unlink: unlink.seq)

    def unlinks_that_stay(self, records: frozenset[str]) -> list[Decision]:
        """Unlinks in force between two of these records on pairs that are parted still once all that was foreseen is entered."""
        if records not in self._staying:
            self._staying[records] = frozenset(self._parted_pairs(records, is_certain=True))
        standing = (self._in_force(pair) for pair in self._staying[records])
        return sorted((own for own in standing if own and own.verdict == "unlink"), key=lambda unlink: unlink.seq)

    def links_within(self, records: AbstractSet[str]) -> list[Decision]:
        """Links in force between two of these records."""
        pairs = {_pair(near, far) for near in records for far in self._links.get(near, ()) if far in records}
        return [link for pair in sorted(pairs) if (link := self._in_force(pair))]

    def _in_force(self, pair: Pair) -> Decision | None:
        return pair_state(self._decisions.get(pair, ())).in_force

    def _reach(self, record_ids: Iterable[str]) -> None:
        to_read = set(record_ids) - self._read
        while to_read:
            self._read |= to_read
            for pair, decisions in self._fetch(to_read).items():
                if pair not in self._decisions:  # else it has decisions that are not in the database yet
                    self._keep(pair, decisions)
            to_read = self._around(to_read) - self._read

    def _around(self, record_ids: Collection[str]) -> set[str]:
        """Records one step from these ones: linked to them, or of their published persons, whether parted since or not."""
        unknown = [record for record in record_ids if record not in self._persons]
        if self._published and unknown:
            for found in self._published(unknown).values():
                self._persons |= dict.fromkeys(found.records, found)
        linked = {partner for record in record_ids for partner in self._links.get(record, ())}
        persons = {person.person_id: person for record in record_ids if (person := self._persons.get(record))}
        return linked.union(*(person.records for person in persons.values()))

    def _keep(self, pair: Pair, decisions: list[Decision]) -> None:
        self._decisions[pair] = decisions
        in_force = self._in_force(pair)
        for partners, verdict in ((self._links, "link"), (self._unlinks, "unlink")):
            was, now = pair[1] in partners.get(pair[0], ()), in_force is not None and in_force.verdict == verdict
            if was == now:
                continue
            for record, partner in (pair, pair[::-1]):
                if now:
                    partners[record].add(partner)
                else:
                    partners[record].discard(partner)
            if verdict == "link" or pair not in self._foreseen:
                self._forget(with_parts=verdict == "unlink")

    def _forget(self, with_parts: bool) -> None:
        """Forget what was worked out from the links and unlinks that stood."""
        for worked_out in (
            self._held,
            self._groups,
            self._roles,
            self._staying,
            *([self._parts] if with_parts else []),
        ):
            worked_out.clear()  # type: ignore[attr-defined]  # each is a dict

    def _spread(self, start: str, is_certain: bool, without: Pair | None = None, is_after: bool = False) -> set[str]:
        reached, to_visit = {start}, [start]
        seen: set[frozenset[str]] = set()
        while to_visit:
            record = to_visit.pop()
            near = {partner for partner in self._links.get(record, ()) if _pair(record, partner) != without}
            part = self._part(record, is_certain or is_after)
            if part and part.records not in seen and (part.is_whole or not is_certain):
                seen.add(part.records)
                near |= part.records
            to_visit += near - reached
            reached |= near
        return reached

    def _steps(self, record: str, known: Collection[str], without: Pair | None) -> Iterator[tuple[str, Step]]:
        """Records that are together with this one and not known yet, in order of their ids, those that a steward linked first."""
        for partner in sorted(self._links.get(record, ())):
            pair = _pair(record, partner)
            if partner not in known and pair != without and (link := self._in_force(pair)):
                yield partner, link
        part = self._part(record, is_certain=True)
        if part and part.is_whole:
            for other in sorted(part.records):
                if other not in known:
                    yield other, OnePerson(*_pair(record, other), self._persons[record].person_id)

    def _part(self, record: str, is_certain: bool) -> Part | None:
        """What holds together with a record of its published person; certain: by what will stand, else by what may."""
        person = self._persons.get(record)
        if person is None:
            return None
        key = person.person_id, is_certain
        if key not in self._parts:
            parts = parts_of(person.records, self._parted_within(person.records, is_certain))
            self._parts[key] = {own: part for part in parts for own in part.records}
        return self._parts[key][record]

    def _parted_within(self, records: AbstractSet[str], is_certain: bool) -> Mapping[str, set[str]]:
        parted: defaultdict[str, set[str]] = defaultdict(set)
        for left, right in self._parted_pairs(records, is_certain):
            parted[left].add(right)
            parted[right].add(left)
        return parted

    def _parted_pairs(self, records: AbstractSet[str], is_certain: bool) -> set[Pair]:
        now = {_pair(near, far) for near in records for far in self._unlinks.get(near, ()) if far in records}
        stay = {pair for pair in now if pair not in self._foreseen}
        for pair, will_be in self._foreseen.items():
            if will_be and (is_certain or pair in self._parted_at_first) and records >= {*pair}:
                stay.add(pair)
        return stay


def _is_parted(decisions: Sequence[Decision]) -> bool:
    in_force = pair_state(decisions).in_force
    return in_force is not None and in_force.verdict == "unlink"


def _pair(first: str, second: str) -> Pair:
    return (first, second) if first < second else (second, first)
