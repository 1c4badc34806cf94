"""Identities over any history of arrivals, withdrawals, returns, merges and splits."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from nights_of_clusters import Home, Told

from pipeline.core.run_ids import run_order
from pipeline.persons.causes import Evidence
from pipeline.persons.changes import Blame, link_changes
from pipeline.persons.lineage import resolve, spans_of

RECORDS = "abcdefghijkl"


class History(RuleBasedStateMachine):
    """Each rule is one night that changes the clusters in one way."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Home()
        self.clusters: list[set[str]] = []
        self.away: set[str] = set()
        self.owner = dict.fromkeys(RECORDS, 0)
        """How often each record's key was given to somebody else"""
        self.linked: dict[str, str] = {}
        self.people: dict[str, dict[str, str]] = {}
        """Whom each record spoke of in each run"""
        self.found = None
        self.model = False

    def root(self, somebody: str) -> str:
        while self.linked.setdefault(somebody, somebody) != somebody:
            somebody = self.linked[somebody]
        return somebody

    def speaks_of(self, record: str) -> str:
        return f"{record}{self.owner[record]}"

    def tells(self, record: str) -> Told:
        place, owner = RECORDS.index(record), self.owner[record]
        return chr(ord("A") + owner) * 5, chr(ord("N") + place) * 5, dt.date(2000 + owner, 1 + place, 2 + 2 * owner)

    def night(self) -> None:
        self.clusters = [own for own in self.clusters if own]
        for own in self.clusters:
            first, *others = (self.speaks_of(record) for record in sorted(own))
            for other in others:
                self.linked[self.root(other)] = self.root(first)
        run = len(self.home.published)
        run_id = f"2026-11-{1 + run // 11:02d}-{1 + run % 11}"
        records = [record for own in self.clusters for record in own]
        self.people[run_id] = {record: self.speaks_of(record) for record in records}
        self.found = self.home.night(
            *self.clusters,
            run_id=run_id,
            evidence=Evidence(is_model_new=self.model),
            told={record: self.tells(record) for record in records},
        )

    @initialize(labels=st.lists(st.integers(0, 4), min_size=3, max_size=len(RECORDS)))
    def first_night(self, labels: list[int]) -> None:
        self.clusters = [{r for r, own in zip(RECORDS, labels, strict=False) if own == label} for label in range(5)]
        self.away = set(RECORDS[len(labels) :])
        self.night()

    def pick(self, data: st.DataObject) -> set[str]:
        return self.clusters[data.draw(st.integers(0, len(self.clusters) - 1))]

    @precondition(lambda self: self.away)
    @rule(data=st.data(), alone=st.booleans(), as_somebody_else=st.booleans())
    def a_record_arrives_or_returns(self, data: st.DataObject, alone: bool, as_somebody_else: bool) -> None:
        record = data.draw(st.sampled_from(sorted(self.away)))
        self.away.discard(record)
        self.owner[record] += as_somebody_else
        if alone or not self.clusters:
            self.clusters.append({record})
        else:
            self.pick(data).add(record)
        self.night()

    @precondition(lambda self: self.clusters)
    @rule(data=st.data())
    def a_person_is_withdrawn(self, data: st.DataObject) -> None:
        gone = self.pick(data)
        self.away |= gone
        self.clusters.remove(gone)
        self.night()

    @precondition(lambda self: self.clusters)
    @rule(data=st.data())
    def a_record_is_withdrawn(self, data: st.DataObject) -> None:
        own = self.pick(data)
        record = data.draw(st.sampled_from(sorted(own)))
        own.discard(record)
        self.away.add(record)
        self.night()

    @precondition(lambda self: self.clusters)
    @rule(data=st.data(), alone=st.booleans())
    def a_key_is_given_to_somebody_else(self, data: st.DataObject, alone: bool) -> None:
        own = self.pick(data)
        record = data.draw(st.sampled_from(sorted(own)))
        self.owner[record] += 1
        if alone:
            own.discard(record)
            self.clusters.append({record})
        self.night()

    @precondition(lambda self: len(self.clusters) > 1)
    @rule(data=st.data())
    def two_persons_merge(self, data: st.DataObject) -> None:
        one = self.pick(data)
        self.clusters.remove(one)
        self.pick(data).update(one)
        self.night()

    @precondition(lambda self: self.clusters)
    @rule(data=st.data())
    def a_person_splits(self, data: st.DataObject) -> None:
        own = self.pick(data)
        part = set(data.draw(st.lists(st.sampled_from(sorted(own)))))
        own -= part
        self.clusters.append(part)
        self.night()

    @rule(data=st.data(), model=st.booleans())
    def everything_is_dealt_anew(self, data: st.DataObject, model: bool) -> None:
        labels = data.draw(st.lists(st.integers(-1, 5), min_size=len(RECORDS), max_size=len(RECORDS)))
        self.clusters = [{r for r, own in zip(RECORDS, labels, strict=True) if own == label} for label in range(6)]
        self.away = {r for r, own in zip(RECORDS, labels, strict=True) if own < 0}
        self.model = model
        self.night()

    @invariant()
    def persons_are_the_clusters(self) -> None:
        of_person: dict[str, set[str]] = {}
        for record, person in (self.home.person if self.home.published else {}).items():
            of_person.setdefault(person, set()).add(record)
        assert sorted(map(sorted, of_person.values())) == sorted(map(sorted, filter(None, self.clusters)))

    @invariant()
    def spans_of_one_id_never_overlap_and_the_ledger_tells_every_past_run(self) -> None:
        spans: dict[str, list] = {}
        for span in spans_of(self.home.ledger):
            spans.setdefault(span.person_id, []).append(span)
        for own in spans.values():
            for before, after in pairwise(own):
                assert before.valid_to is not None
                assert run_order(before.valid_to) <= run_order(after.valid_from)
        for run, published in self.home.published.items():
            at = run_order(run)
            told = {
                record: span.person_id
                for own in spans.values()
                for span in own
                if run_order(span.valid_from) <= at and (span.valid_to is None or at < run_order(span.valid_to))
                for record in span.record_ids
            }
            assert told == published

    @invariant()
    def no_id_ever_covers_records_that_were_never_linked(self) -> None:
        ever: dict[str, set[str]] = {}
        for run, published in self.home.published.items():
            for record, person in published.items():
                ever.setdefault(person, set()).add(self.root(self.people[run][record]))
        assert all(len(roots) == 1 for roots in ever.values())
        for person, roots in ever.items():
            assert all(ever[found] == roots for found in resolve(self.home.ledger, person))

    @invariant()
    def every_id_resolves_to_persons_who_stand_today(self) -> None:
        standing = set(self.home.person.values()) if self.home.published else set()
        for person in {span.person_id for span in spans_of(self.home.ledger)}:
            found = resolve(self.home.ledger, person)
            assert set(found) <= standing
            assert person not in standing or found[0] == person
        last = {span.person_id: span for span in spans_of(self.home.ledger) if span.record_ids}
        tonight = list(self.people.values())[-1] if self.people else {}
        for person, span in last.items():
            spoke_of = self.people[span.valid_from]
            holders = {
                self.home.person[record] for record in span.record_ids if tonight.get(record) == spoke_of[record]
            }
            assert holders <= set(resolve(self.home.ledger, person))

    @invariant()
    def changes_agree_with_the_ledger(self) -> None:
        if self.found is None:
            return
        run = list(self.home.published)[-1]
        rows = link_changes(self.found, Blame(("m1", "m2")), run).to_pylist()
        spans = spans_of(self.home.ledger)
        begun = {(s.person_id, s.cause, len(s.record_ids)) for s in spans if s.valid_from == run and s.valid_to is None}
        ended = {(s.person_id, s.merged_into) for s in spans if s.valid_to == run}
        kinds = {kind: [row for row in rows if row["kind"] == kind] for kind in {row["kind"] for row in rows}}
        after = [row for kind in ("created", "changed", "split", "returned") for row in kinds.get(kind, [])]
        assert {(row["person_id_after"], row["cause"], row["n_records_after"]) for row in after} == begun
        assert {(row["person_id_before"], row["person_id_after"]) for row in kinds.get("merged", [])} == {
            (person, into) for person, into in ended if into
        }
        gone = {row["person_id_before"] for row in kinds.get("withdrawn", [])}
        assert gone == {person for person, into in ended if not into} - {person for person, _, _ in begun}
        moved = {
            row["record_id"]: (row["person_id_before"], row["person_id_after"]) for row in kinds.get("record_moved", [])
        }
        earlier = list(self.home.published.values())[-2] if len(self.home.published) > 1 else {}
        assert moved == {
            record: (earlier[record], person)
            for record, person in self.home.person.items()
            if record in earlier and earlier[record] != person
        }


History.TestCase.settings = settings(max_examples=25, stateful_step_count=10)
TestAnyHistory = History.TestCase
