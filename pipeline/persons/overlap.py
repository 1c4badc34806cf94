"""Tonight's clusters compared with last night's persons: which are the same, and which share records.

Whole columns at a time, so that a night costs what it changed: most persons are carried over without being looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.lookup import NOWHERE
from pipeline.persons.successors import NOTHING_NEW, Successors


@dataclass(frozen=True, slots=True)
class Overlap:
    """What changed between last night's persons and tonight's clusters; everything else has the same records as before."""

    clusters: Mapping[str, tuple[str, ...]]
    """Changed clusters and their records, sorted."""
    persons: Mapping[str, tuple[str, ...]]
    """Persons of last night whose records are not exactly one of tonight's clusters, and their records then."""
    person_before: Mapping[str, str]
    """Records of changed clusters to their person of last night, where they had one."""
    speaks_of: Mapping[str, str]
    """The same, but for records that speak of another than last night: to the person whom they speak of, if known."""
    known_by: Successors
    """Records that speak of another than last night, and those that are gone."""
    person_of_record: pa.Array
    """The person of each row of cluster_members; null in a changed cluster."""
    changed: Sequence[str]
    """The cluster of each row that is in a changed one."""

    @property
    def touched(self) -> pa.Array:
        """Records of changed clusters that were there last night."""
        return pa.array(self.person_before.keys(), pa.string())


def compare(cluster_members: pa.Table, standing: pa.Table, known_by: Successors = NOTHING_NEW) -> Overlap:
    """Compare the clusters with the standing persons.

    Args:
        cluster_members: one row a record of tonight.
        standing: open spans of the ledger, one row a person.
        known_by: records that speak of somebody else than last night, or of somebody known by another id then.
    """
    clusters = cluster_members.column("cluster_id").combine_chunks().dictionary_encode()
    cluster_of_record = clusters.indices.to_numpy()
    person_of_record = _person_of_record(cluster_members, standing)
    size_before = pc.list_value_length(standing.column("record_ids")).to_numpy()
    size_now = np.bincount(cluster_of_record, minlength=len(clusters.dictionary))
    person_of_cluster = np.full(len(size_now), -1)
    person_of_cluster[cluster_of_record] = (
        person_of_record  # of one of its records; those of the others must be the same
    )
    is_other = person_of_record != person_of_cluster[cluster_of_record]
    is_same = (person_of_cluster >= 0) & (np.bincount(cluster_of_record[is_other], minlength=len(size_now)) == 0)
    is_same[is_same] = size_before[person_of_cluster[is_same]] == size_now[is_same]
    is_same[cluster_of_record[_are_replaced(cluster_members, known_by)]] = False
    person_of_cluster[~is_same] = -1
    changed_person = np.ones(len(standing), bool)
    changed_person[person_of_cluster[is_same]] = False
    persons = standing.column("person_id").combine_chunks().take(pa.array(person_of_record, mask=person_of_record < 0))
    return _overlap(
        cluster_members,
        persons,
        person_of_cluster[cluster_of_record] < 0,
        standing.filter(pa.array(changed_person)),
        known_by,
    )


def compare_rows(
    cluster_members: pa.Table,
    ledger: pa.Table,
    before: pa.Table,
    places: np.ndarray,
    known_by: Successors = NOTHING_NEW,
) -> Overlap:
    """As ``compare``, where last night's rows are known: only the few that differ are looked at.

    A cluster is named by its first record. So one has the same records as before unless a record came to its name or
    left it.

    Args:
        cluster_members: as above.
        ledger: of last night.
        before: cluster_id and person_id of last night's records.
        places: where in ``before`` each record of tonight was; NOWHERE of a new one.
        known_by: as above.
    """
    rows_before = pa.array(places, mask=places == NOWHERE)
    cluster_now = cluster_members.column("cluster_id").combine_chunks()
    cluster_before, person_before = (before.column(name).combine_chunks() for name in ("cluster_id", "person_id"))
    is_arrival = pc.or_(
        pc.fill_null(pc.not_equal(cluster_now, cluster_before.take(rows_before)), True),
        pa.array(_are_replaced(cluster_members, known_by)),
    )
    is_left = np.ones(len(before), bool)
    is_left[places[places != NOWHERE]] = False
    is_left[places[is_arrival.to_numpy(zero_copy_only=False) & (places != NOWHERE)]] = True
    names = pc.unique(pa.concat_arrays([cluster_now.filter(is_arrival), cluster_before.filter(pa.array(is_left))]))
    persons = pc.unique(person_before.filter(pc.is_in(cluster_before, names)))
    changed = ledger.filter(
        pc.and_(pc.is_in(ledger.column("person_id"), persons), pc.is_null(ledger.column("valid_to")))
    )
    return _overlap(
        cluster_members,
        person_before.take(rows_before),
        pc.is_in(cluster_now, names).to_numpy(zero_copy_only=False),
        changed,
        known_by,
    )


def _overlap(
    cluster_members: pa.Table, persons: pa.Array, is_changed: np.ndarray, changed: pa.Table, known_by: Successors
) -> Overlap:
    """The overlap from its parts.

    Args:
        cluster_members: of tonight.
        persons: last night's person of each record.
        is_changed: whether its cluster is another than last night.
        changed: spans of persons whose records are not one of tonight's clusters.
        known_by: as above.
    """
    rows = pa.array(np.flatnonzero(is_changed))
    records, clusters = (
        cluster_members.column(name).combine_chunks().take(rows) for name in ("record_id", "cluster_id")
    )
    persons_before = zip(records.to_pylist(), persons.take(rows).to_pylist(), strict=True)
    person_before = {record: person for record, person in persons_before if person}
    records_by_person = _records_by_person(changed)
    return Overlap(
        _grouped(records, clusters),
        records_by_person,
        person_before,
        _spoken_of(person_before, records_by_person, known_by),
        known_by,
        pc.if_else(pa.array(is_changed), pa.scalar(None, pa.string()), persons),
        clusters.to_pylist(),
    )


def _are_replaced(cluster_members: pa.Table, known_by: Successors) -> np.ndarray:
    """(records,) whether each spoke of somebody else last night."""
    replaced = pa.array(sorted(known_by.replaced), pa.string())
    return pc.is_in(cluster_members.column("record_id"), replaced).to_numpy()


def _spoken_of(
    person_before: Mapping[str, str], records_by_person: Mapping[str, Sequence[str]], known_by: Successors
) -> dict[str, str]:
    if not (known_by.replaced or known_by.continues):
        return dict(person_before)
    person_of = {record: person for person, records in records_by_person.items() for record in records}
    own = {record: person for record, person in person_before.items() if record not in known_by.replaced}
    continued = {record: person_of[old] for record, old in known_by.continues.items() if old in person_of}
    return own | continued


def _person_of_record(cluster_members: pa.Table, standing: pa.Table) -> np.ndarray:
    """Row of ``standing`` that held the record last night; -1 for a record that nobody held."""
    held = standing.column("record_ids").combine_chunks()
    if not len(held):
        return np.full(len(cluster_members), -1)
    place = pc.index_in(cluster_members.column("record_id").combine_chunks(), held.flatten())
    return pc.fill_null(pc.list_parent_indices(held).take(place), -1).to_numpy(zero_copy_only=False)


def _grouped(records: pa.Array, clusters: pa.Array) -> dict[str, tuple[str, ...]]:
    order = pc.sort_indices(pa.table({"c": clusters, "r": records}), [("c", "ascending"), ("r", "ascending")])
    names, members = clusters.take(order).to_pylist(), records.take(order).to_pylist()
    starts = [row for row in range(len(names)) if row == 0 or names[row] != names[row - 1]]
    ends = [*starts[1:], len(names)][: len(starts)]
    return {names[start]: tuple(members[start:end]) for start, end in zip(starts, ends, strict=True)}


def _records_by_person(spans: pa.Table) -> dict[str, tuple[str, ...]]:
    ids, records = spans.column("person_id").to_pylist(), spans.column("record_ids").to_pylist()
    return {person: tuple(members) for person, members in zip(ids, records, strict=True)}
