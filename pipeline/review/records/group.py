"""What the publication shows of two records: the facts and the evidence that a decision on them keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.core.same_person import fingerprint
from pipeline.explain.levels import levels_of
from pipeline.review.records.shelf import Row, Shelf
from pipeline.stewardship.groups import Published, PublishedPerson
from pipeline.stewardship.pair_facts import PairEnd, PairScore, Seen, facts_of_pair

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Group:
    """Some persons with all their records and pairs, as the publication has them, unmasked: for facts, never for a page."""

    persons: dict[str, Row]
    records: dict[str, Row]
    """By record id, in the order of persons and of time"""
    links: dict[Pair, Row]

    def of(self, person_id: str) -> list[Row]:
        """Records of one of the persons."""
        return [row for row in self.records.values() if row["person_id"] == person_id]

    def inner_links(self) -> list[Row]:
        """Scored pairs of which both records are of the group."""
        return [row for ends, row in self.links.items() if self.records.keys() >= {*ends}]

    def owners(self, pair: Pair) -> set[str]:
        """Persons of the two records; none where a record is not of the group."""
        return {self.records[end]["person_id"] for end in pair} if self.records.keys() >= {*pair} else set()


def group_of(shelf: Shelf, person_ids: Iterable[str]) -> Group:
    """Persons with their records and pairs; a person that is not there is left out."""
    persons: dict[str, Row] = {}
    records: dict[str, Row] = {}
    links: dict[Pair, Row] = {}
    for person_id in dict.fromkeys(person_ids):
        if person := shelf.person(person_id):
            persons[person_id] = person
            records |= {row["record_id"]: row for row in shelf.records(person_id)}
            links |= {(row["record_id_l"], row["record_id_r"]): row for row in shelf.links(person_id)}
    return Group(persons, records, links)


def published_persons(shelf: Shelf) -> Published:
    """Gives the published person of each of some records."""

    def look(record_ids: Collection[str]) -> dict[str, PublishedPerson]:
        owners = {record: owner for record in record_ids if (owner := shelf.owner(record))}
        rows = shelf.persons(sorted(set(owners.values())))
        persons = {
            owner: PublishedPerson(
                owner, frozenset(own["record_id"] for own in shelf.records(owner)), frozenset(rows[owner]["roles"])
            )
            for owner in set(owners.values())
        }
        return {record: persons[owner] for record, owner in owners.items()}

    return look


def published_facts(shelf: Shelf, group: Group, pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Fields of ``NewDecision`` that the publication fills for pairs of records of the group."""
    ends = {record: _end(group, group.records[record]) for record in {end for pair in pairs for end in pair}}
    return [_facts(shelf, group, *(ends[record] for record in sorted(pair))) for pair in pairs]


def _end(group: Group, record: Row) -> PairEnd:
    return PairEnd(record, group.persons[record["person_id"]]["roles"], _fingerprint(record))


def _facts(shelf: Shelf, group: Group, left: PairEnd, right: PairEnd) -> dict[str, Any]:
    owners = {left.record["person_id"], right.record["person_id"]}
    n_records = sum(record["person_id"] in owners for record in group.records.values())
    link = group.links.get((left.record["record_id"], right.record["record_id"]))
    score = PairScore(link["rules"], levels_of(link, shelf.kept.model)) if link else None
    return facts_of_pair(left, right, score, n_records, Seen(shelf.run_id, shelf.kept.stamp))


def _fingerprint(record: Row) -> str | None:
    """What may tell a record again when its id has changed; none where another record of the feed has the same."""
    return fingerprint(record) if record["is_alone"] else None
