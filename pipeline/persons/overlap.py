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


@dataclass(frozen=True, slots=True)
class Overlap:
    """What changed between last night's persons and tonight's clusters; everything else has the same records as before."""

    clusters: Mapping[str, tuple[str, ...]]
    """Changed clusters and their records, sorted."""
    persons: Mapping[str, tuple[str, ...]]
    """Persons of last night whose records are not exactly one of tonight's clusters, and their records then."""
    person_before: Mapping[str, str]
    """Records of changed clusters to their person of last night, where they had one."""
    person_of_record: pa.Array
    """The person of each row of cluster_members; null in a changed cluster."""
    changed: Sequence[str]
    """The cluster of each row that is in a changed one."""

    @property
    def touched(self) -> pa.Array:
        """Records of changed clusters that were there last night."""
        return pa.array(self.person_before.keys(), pa.string())


def compare(cluster_members: pa.Table, standing: pa.Table) -> Overlap:
    """Compare the clusters with the standing persons.

    Args:
        cluster_members: one row a record of tonight.
        standing: open spans of the ledger, one row a person.
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
    person_of_cluster[~is_same] = -1
    changed_person = np.ones(len(standing), bool)
    changed_person[person_of_cluster[is_same]] = False
    persons = standing.column("person_id").combine_chunks().take(pa.array(person_of_record, mask=person_of_record < 0))
    return _overlap(
        cluster_members, persons, person_of_cluster[cluster_of_record] < 0, standing.filter(pa.array(changed_person))
    )


def compare_rows(cluster_members: pa.Table, ledger: pa.Table, before: pa.Table, places: np.ndarray) -> Overlap:
    """As ``compare``, where last night's rows are known: only the few that differ are looked at.

    A cluster is named by its first record. So one has the same records as before unless a record came to its name or
    left it.

    Args:
        cluster_members: as above.
        ledger: of last night.
        before: cluster_id and person_id of last night's records.
        places: where in ``before`` each record of tonight was; NOWHERE of a new one.
    """
    rows_before = pa.array(places, mask=places == NOWHERE)
    cluster_now = cluster_members.column("cluster_id").combine_chunks()
    cluster_before, person_before = (before.column(name).combine_chunks() for name in ("cluster_id", "person_id"))
    is_arrival = pc.fill_null(pc.not_equal(cluster_now, cluster_before.take(rows_before)), True)
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
    )


def _overlap(cluster_members: pa.Table, persons: pa.Array, is_changed: np.ndarray, changed: pa.Table) -> Overlap:
    """The overlap from its parts.

    Args:
        cluster_members: of tonight.
        persons: last night's person of each record.
        is_changed: whether its cluster is another than last night.
        changed: spans of persons whose records are not one of tonight's clusters.
    """
    rows = pa.array(np.flatnonzero(is_changed))
    records, clusters = (
        cluster_members.column(name).combine_chunks().take(rows) for name in ("record_id", "cluster_id")
    )
    persons_before = zip(records.to_pylist(), persons.take(rows).to_pylist(), strict=True)
    return Overlap(
        _grouped(records, clusters),
        _records_by_person(changed),
        {record: person for record, person in persons_before if person},
        pc.if_else(pa.array(is_changed), pa.scalar(None, pa.string()), persons),
        clusters.to_pylist(),
    )


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
