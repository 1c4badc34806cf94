"""Heirs: which person_id each changed cluster carries on, and which ids are new.

A cluster inherits from the persons its records belonged to last night, or last of all where they were withdrawn since.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.run_ids import run_order
from pipeline.persons.overlap import Overlap


@dataclass(frozen=True, slots=True)
class Heirs:
    """Which cluster carries on which person."""

    person_of: dict[str, str] = field(default_factory=dict)
    """Changed cluster to its person."""
    ended: dict[str, str] = field(default_factory=dict)
    """Person that merges tonight to the cluster that takes it over."""
    split_from: dict[str, str] = field(default_factory=dict)
    """New person to the one it is parted from."""
    new: set[str] = field(default_factory=set)


def inherit(overlap: Overlap, owners: Mapping[str, str], ledger: pa.Table, run_id: str) -> Heirs:
    """Decide which person each changed cluster is."""
    standing = _standing(ledger, owners.values())
    ids = _Ids(ledger, overlap)
    by_last_night = _heir_of(overlap.clusters, overlap.speaks_of, _brought(ledger, overlap))
    returned_owners = {
        record: owner
        for record, owner in owners.items()
        if owner not in by_last_night and (owner in overlap.persons or owner not in standing)
    }
    by_earlier_nights = _heir_of(overlap.clusters, returned_owners)
    claims, earlier_claims = _claims(by_last_night), _claims(by_earlier_nights)
    several = [persons for persons in (*claims.values(), *earlier_claims.values()) if len(persons) > 1]
    since = _first_runs(ledger, chain.from_iterable(several))
    heirs = Heirs()
    for cluster, records in overlap.clusters.items():
        standing_claims, earlier_persons = claims.get(cluster, []), earlier_claims.get(cluster, [])
        candidates = standing_claims or earlier_persons
        if candidates:
            person = min(candidates, key=lambda old: (since.get(old, ("", 0)), -len(overlap.persons.get(old, ())), old))
            heirs.ended.update((old, cluster) for old in (*standing_claims, *earlier_persons) if old != person)
        else:
            person = ids.new(records[0], run_id)
            heirs.new.add(person)
            if parted := _most_of(records, overlap.speaks_of) or _most_of(records, owners):
                heirs.split_from[person] = parted
        heirs.person_of[cluster] = person
    return heirs


def owners_of(ledger: pa.Table, overlap: Overlap) -> dict[str, str]:
    """The last person, through all merges since, of each record that was missing last night but known before.

    One that speaks of somebody else than when it left, or too thinly to tell, has none. Of records that left under a version
    that did not keep whom they spoke of, this is not known: they bring their person as they did then.
    """
    closed = ledger.filter(pc.is_valid(ledger.column("valid_to")))
    if not len(closed):
        return {}
    replaced = overlap.known_by.replaced
    missing = [
        record
        for records in overlap.clusters.values()
        for record in records
        if record not in overlap.person_before and record not in replaced
    ]
    records_held = closed.column("record_ids").combine_chunks()
    is_back = pc.is_in(records_held.flatten(), pa.array(missing, pa.string()))
    records = records_held.flatten().filter(is_back).to_pylist()
    spans = closed.select(["person_id", "valid_from"]).take(pc.list_parent_indices(records_held).filter(is_back))
    last_span: dict[str, tuple[tuple[str, int], str]] = {}
    for record, span in zip(records, spans.to_pylist(), strict=True):
        last_span[record] = max(
            last_span.get(record, (("", 0), "")), (run_order(span["valid_from"]), span["person_id"])
        )
    merged = closed.filter(pc.is_valid(closed.column("merged_into"))).select(["person_id", "merged_into"])
    merged_into = dict(zip(*(column.to_pylist() for column in merged.columns), strict=True))
    return {record: _end_of(person, merged_into) for record, (_, person) in last_span.items()}


def _end_of(person: str, into: Mapping[str, str]) -> str:
    while person in into:
        person = into[person]
    return person


def _standing(ledger: pa.Table, persons: Iterable[str]) -> set[str]:
    """Those of the persons that stand today."""
    wanted = pa.array(sorted(set(persons)), pa.string())
    is_standing = pc.and_(pc.is_in(ledger.column("person_id"), wanted), pc.is_null(ledger.column("valid_to")))
    return set(ledger.column("person_id").filter(is_standing).to_pylist())


def _first_runs(ledger: pa.Table, persons: Iterable[str]) -> dict[str, tuple[str, int]]:
    spans = ledger.filter(pc.is_in(ledger.column("person_id"), pa.array(list(persons), pa.string())))
    first_run: dict[str, tuple[str, int]] = {}
    for person, begun in zip(*(spans.column(name).to_pylist() for name in ("person_id", "valid_from")), strict=True):
        first_run[person] = min(first_run.get(person, run_order(begun)), run_order(begun))
    return first_run


def _brought(ledger: pa.Table, overlap: Overlap) -> dict[str, set[str]]:
    """Of each person who parts tonight the records that came by a merge, and were of another id before."""
    n_parts = Counter(
        person
        for records in overlap.clusters.values()
        for person in {overlap.speaks_of[record] for record in records if record in overlap.speaks_of}
    )
    parting = pa.array(sorted(person for person, n in n_parts.items() if n > 1), pa.string())
    brought: dict[str, set[str]] = defaultdict(set)
    if len(parting):
        merged = ledger.filter(pc.is_in(ledger.column("merged_into"), parting))
        for span in merged.select(["merged_into", "record_ids"]).to_pylist():
            brought[span["merged_into"]].update(span["record_ids"])
    return brought


def _heir_of(
    clusters: Mapping[str, Sequence[str]], person_of: Mapping[str, str], brought: Mapping[str, Collection[str]] = {}
) -> dict[str, str]:
    """Old person to the cluster with most of the records that are its own, then with most of all; on a tie the first cluster.

    Args:
        clusters: tonight's, and their records.
        person_of: old person of a record.
        brought: records of an old person that a merge brought: where it is undone, the id must not mean whom it never was.
    """
    share: dict[str, Counter[str]] = defaultdict(Counter)
    own: dict[str, Counter[str]] = defaultdict(Counter)
    for cluster, records in clusters.items() if person_of else ():
        for record in records:
            if old := person_of.get(record):
                share[old][cluster] += 1
                own[old][cluster] += record not in brought.get(old, ())
    return {
        old: min(counts, key=lambda cluster: (-own[old][cluster], -counts[cluster], cluster))
        for old, counts in share.items()
    }


def _most_of(records: Sequence[str], person_of: Mapping[str, str]) -> str | None:
    """The person that most of the records belonged to; None if they belonged to nobody."""
    counts = Counter(person_of[record] for record in records if record in person_of) if person_of else None
    return min(counts, key=lambda old: (-counts[old], old)) if counts else None


def _claims(heir_of: Mapping[str, str]) -> dict[str, list[str]]:
    claims: dict[str, list[str]] = defaultdict(list)
    for old, cluster in sorted(heir_of.items()):
        claims[cluster].append(old)
    return claims


class _Ids:
    """Ids of persons that are taken, by the ledger or tonight."""

    def __init__(self, ledger: pa.Table, overlap: Overlap) -> None:
        self._ids = ledger.column("person_id")
        self._likely = {_hashed_id(records[0]) for records in overlap.clusters.values()}
        self._taken = set(self._ids.filter(pc.is_in(self._ids, pa.array(self._likely, pa.string()))).to_pylist())

    def new(self, first_record: str, run_id: str) -> str:
        """An id that was never given before, derived from the cluster's first record."""
        salt = ""
        while self._is_taken(candidate := _hashed_id(f"{first_record}{salt}")):
            salt = f"|{run_id}|{salt}"
        self._taken.add(candidate)
        return candidate

    def _is_taken(self, person: str) -> bool:
        return person in self._taken or (person not in self._likely and pc.index(self._ids, person).as_py() >= 0)


def _hashed_id(text: str) -> str:
    return "P" + base64.b32encode(hashlib.blake2b(text.encode(), digest_size=10).digest()).decode()[:12]
