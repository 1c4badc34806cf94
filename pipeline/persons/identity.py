"""Identities that last: which person_id a cluster carries tonight, and the ledger of what became of each.

A cluster inherits from the persons its records belonged to last night. Where several persons merge, the one that has
stood longest survives (of those of one night, the one of most records), and the others point to it; where one splits,
the part with most of its old records keeps the id. Records that a merge brought, and that were of another id before,
count for this only where no others decide: when a merge is undone, the id is again of those whose it was. A person
whose records are all withdrawn keeps its id in the ledger, and gets it back when one of them returns. An id never means
somebody else: new ids come from the cluster's first record, one that was merged away is not used again, and a record whose
key the source gave to somebody else brings no id with it, at once or after nights away (``successors``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.persons.causes import Cause, Evidence, judge
from pipeline.persons.heirs import Heirs, inherit, owners_of
from pipeline.persons.ledger import Spans, check_order, span_of, update_ledger
from pipeline.persons.overlap import Overlap, compare
from pipeline.persons.successors import NOTHING_NEW, Successors


@dataclass(frozen=True, slots=True)
class PersonChange:
    """What became of one person tonight; ``before`` or ``after`` is None where there is no such person."""

    kind: str
    before: str | None
    after: str | None
    n_before: int
    n_after: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class RecordMove:
    """A record that belongs to another person than last night."""

    record_id: str
    before: str
    after: str
    n_before: int
    n_after: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class Identities:
    """Person of every record tonight, the ledger, and what changed since last night."""

    person_of: pa.Table
    spans: Spans
    changes: tuple[PersonChange, ...]
    moves: tuple[RecordMove, ...]

    @property
    def ledger(self) -> pa.Table:
        """The whole ledger."""
        return pa.concat_tables(self.spans.parts())


def compare_with(ledger: pa.Table, cluster_members: pa.Table, known_by: Successors = NOTHING_NEW) -> Overlap:
    """Compare tonight's clusters with the persons that stand in the ledger."""
    return compare(cluster_members, ledger.filter(pc.is_null(ledger.column("valid_to"))), known_by)


def persons_changed(identities: Identities) -> list[str]:
    """Persons, of last night or tonight, to whom something happened."""
    return sorted({person for change in identities.changes for person in (change.before, change.after) if person})


def carry_on(overlap: Overlap, ledger: pa.Table, run_id: str, evidence: Evidence) -> Identities:
    """Give every cluster its person_id and bring the ledger up to date.

    Cost: whole-column work for all records, and a step for each record of a changed person.

    Args:
        overlap: tonight's clusters over the ledger, from ``compare_with``.
        ledger: the ledger of the publication that tonight goes on from.
        run_id: tonight's run.
        evidence: what else changed.

    Raises:
        SettingsError: If the run is not later than every run in the ledger.
    """
    check_order(ledger, run_id)
    owners = owners_of(ledger, overlap)
    heirs = inherit(overlap, owners, ledger, run_id)
    causes = judge(overlap, owners, evidence)
    standing = {person for person in heirs.person_of.values() if person in overlap.persons}
    changes: list[PersonChange] = []
    spans: list[dict[str, Any]] = []
    for cluster, records in overlap.clusters.items():
        person, cause = heirs.person_of[cluster], causes.of_cluster[cluster]
        parted = heirs.split_from.get(person)
        spans.append(span_of(person, run_id, records, cause, split_from=parted))
        changes.append(_change_of(person, parted, heirs, overlap, records, cause))
    closing: dict[str, tuple[str | None, Cause]] = {}
    for person, cluster in heirs.ended.items():
        cause, taker = causes.of_cluster[cluster], heirs.person_of[cluster]
        n_before, n_after = len(overlap.persons.get(person, ())), len(overlap.clusters[cluster])
        changes.append(PersonChange("merged", person, taker, n_before, n_after, cause))
        if person in overlap.persons:
            closing[person] = (taker, cause)
        else:  # a person that was withdrawn, and whose records returned into another one
            spans.append(
                {**span_of(person, run_id, (), cause), "valid_to": run_id, "merged_into": taker, "ended_by": cause.word}
            )
    for person, records in overlap.persons.items():
        if person not in closing:
            closing[person] = (None, causes.of_person[person])
            if person not in standing:
                changes.append(PersonChange("withdrawn", person, None, len(records), 0, causes.of_person[person]))
    return Identities(
        _person_of(overlap, heirs.person_of),
        update_ledger(ledger, closing, spans, run_id, overlap.known_by),
        tuple(changes),
        tuple(_moves(overlap, heirs.person_of, causes.of_cluster)),
    )


def _change_of(
    person: str, parted: str | None, heirs: Heirs, overlap: Overlap, records: Sequence[str], cause: Cause
) -> PersonChange:
    if person in heirs.new:
        n_before = len(overlap.persons.get(parted, ())) if parted else 0
        return PersonChange("split" if parted else "created", parted, person, n_before, len(records), cause)
    kind = "changed" if person in overlap.persons else "returned"
    return PersonChange(kind, person, person, len(overlap.persons.get(person, ())), len(records), cause)


def _moves(overlap: Overlap, person_of: Mapping[str, str], causes: Mapping[str, Cause]) -> Iterable[RecordMove]:
    for cluster, records in overlap.clusters.items():
        after = person_of[cluster]
        for record in records:
            before = overlap.person_before.get(record, after)
            if before != after:
                yield RecordMove(record, before, after, len(overlap.persons[before]), len(records), causes[cluster])


def _person_of(overlap: Overlap, changed: Mapping[str, str]) -> pa.Table:
    person_ids = pa.array([changed[cluster] for cluster in overlap.changed], pa.string())
    return pc.replace_with_mask(overlap.person_of_record, pc.is_null(overlap.person_of_record), person_ids)
