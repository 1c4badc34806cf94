"""Heirs: which person_id each cluster that changed carries on, and which ids are new.

A cluster inherits from the persons its records belonged to last night, or last of all where they were withdrawn since.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.persons.lineage import run_order
from pipeline.persons.overlap import Overlap


@dataclass(frozen=True, slots=True)
class Heirs:
    """Who carries what on."""

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
    first = _heir_of(overlap.clusters, overlap.person_before)
    free = {
        record: owner
        for record, owner in owners.items()
        if owner not in first and (owner in overlap.persons or owner not in standing)
    }
    second = _heir_of(overlap.clusters, free)
    claims, later = _claims(first), _claims(second)
    since = _first_runs(
        ledger, [old for some in (claims, later) for many in some.values() if len(many) > 1 for old in many]
    )
    heirs = Heirs()
    for cluster, records in overlap.clusters.items():
        standing_claims, returned = claims.get(cluster, []), later.get(cluster, [])
        own = standing_claims or returned
        if own:
            person = min(own, key=lambda old: (since.get(old, ("", 0)), old))
            heirs.ended.update((old, cluster) for old in (*standing_claims, *returned) if old != person)
        else:
            person = ids.new(records[0], run_id)
            heirs.new.add(person)
            if parted := _most_of(records, overlap.person_before) or _most_of(records, owners):
                heirs.split_from[person] = parted
        heirs.person_of[cluster] = person
    return heirs


def owners_of(ledger: pa.Table, overlap: Overlap) -> dict[str, str]:
    """Records that were not there last night, but earlier: whose they were last, through all merges since."""
    closed = ledger.filter(pc.is_valid(ledger.column("valid_to")))
    if not len(closed):
        return {}
    missing = [r for records in overlap.clusters.values() for r in records if r not in overlap.person_before]
    held = closed.column("record_ids").combine_chunks()
    is_back = pc.is_in(held.flatten(), pa.array(missing, pa.string()))
    records = held.flatten().filter(is_back).to_pylist()
    spans = closed.select(["person_id", "valid_from"]).take(pc.list_parent_indices(held).filter(is_back))
    last: dict[str, tuple[tuple[str, int], str]] = {}
    for record, span in zip(records, spans.to_pylist(), strict=True):
        last[record] = max(last.get(record, (("", 0), "")), (run_order(span["valid_from"]), span["person_id"]))
    merged = closed.filter(pc.is_valid(closed.column("merged_into"))).select(["person_id", "merged_into"])
    into = dict(zip(*(column.to_pylist() for column in merged.columns), strict=True))
    return {record: _end_of(person, into) for record, (_, person) in last.items()}


def _end_of(person: str, into: Mapping[str, str]) -> str:
    while person in into:
        person = into[person]
    return person


def _standing(ledger: pa.Table, persons: Iterable[str]) -> set[str]:
    """Those of the persons who stand."""
    wanted = pa.array(sorted(set(persons)), pa.string())
    is_own = pc.and_(pc.is_in(ledger.column("person_id"), wanted), pc.is_null(ledger.column("valid_to")))
    return set(ledger.column("person_id").filter(is_own).to_pylist())


def _first_runs(ledger: pa.Table, persons: Iterable[str]) -> dict[str, tuple[str, int]]:
    own = ledger.filter(pc.is_in(ledger.column("person_id"), pa.array(persons, pa.string())))
    first: dict[str, tuple[str, int]] = {}
    for person, begun in zip(*(own.column(name).to_pylist() for name in ("person_id", "valid_from")), strict=True):
        first[person] = min(first.get(person, run_order(begun)), run_order(begun))
    return first


def _heir_of(clusters: Mapping[str, Sequence[str]], person_of: Mapping[str, str]) -> dict[str, str]:
    """Old person to the cluster with most of its records; the first cluster where two have as many."""
    share: dict[str, Counter[str]] = defaultdict(Counter)
    if person_of:
        for cluster, records in clusters.items():
            for record in records:
                if record in person_of:
                    share[person_of[record]][cluster] += 1
    return {old: min(counts, key=lambda cluster: (-counts[cluster], cluster)) for old, counts in share.items()}


def _most_of(records: Sequence[str], person_of: Mapping[str, str]) -> str | None:
    """The person that most of the records were of; None where none of them was anybody's."""
    counts = Counter(person_of[record] for record in records if record in person_of) if person_of else None
    return min(counts, key=lambda old: (-counts[old], old)) if counts else None


def _claims(heir_of: Mapping[str, str]) -> dict[str, list[str]]:
    claims: dict[str, list[str]] = defaultdict(list)
    for old, cluster in sorted(heir_of.items()):
        claims[cluster].append(old)
    return claims


class _Ids:
    """Ids of persons that are taken: by the ledger, or tonight."""

    def __init__(self, ledger: pa.Table, overlap: Overlap) -> None:
        self._ids = ledger.column("person_id")
        self._likely = {_hashed_id(records[0]) for records in overlap.clusters.values()}
        self._taken = set(self._ids.filter(pc.is_in(self._ids, pa.array(self._likely, pa.string()))).to_pylist())

    def new(self, first_record: str, run_id: str) -> str:
        """An id that was never given, of a cluster by its first record."""
        salt = ""
        while self._is_taken(found := _hashed_id(f"{first_record}{salt}")):
            salt = f"|{run_id}|{salt}"
        self._taken.add(found)
        return found

    def _is_taken(self, person: str) -> bool:
        return person in self._taken or (person not in self._likely and pc.index(self._ids, person).as_py() >= 0)


def _hashed_id(said: str) -> str:
    return "P" + base64.b32encode(hashlib.blake2b(said.encode(), digest_size=10).digest()).decode()[:12]
