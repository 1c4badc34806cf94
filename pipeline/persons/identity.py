"""Identities that last: which person_id a cluster carries tonight, and the ledger of what became of each.

A cluster inherits from the persons its records belonged to last night. Where several persons merge, the one that has
stood longest survives, and the others point to it; where one splits, the part with most of its old records keeps the id.
A person whose records are all withdrawn keeps its id in the ledger, and gets it back when one of them returns. An id
never means somebody else: new ids come from the cluster's first record, and one that was merged away is not used again.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.errors import SettingsError
from pipeline.core.parquet import conform
from pipeline.persons.again import taken_over
from pipeline.persons.causes import Cause, Evidence, judge
from pipeline.persons.lineage import run_order
from pipeline.persons.overlap import Overlap, compare
from schemas.tables import IDENTITY_LEDGER


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
    """A record that is of another person than last night."""

    record_id: str
    before: str
    after: str
    n_before: int
    n_after: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class Spans:
    """The ledger: as it was, and spans of persons to whom something happened."""

    before: pa.Table
    touched: pa.Array
    own: pa.Table
    """All spans of touched persons, in the order of the key"""

    def parts(self) -> Iterator[pa.Table]:
        """The whole ledger, in the order of the key."""
        return taken_over([self.before], self.touched, self.own)

    def merged(self) -> pa.Table:
        """Spans that ended in another person."""
        old, own = (table.filter(pc.is_valid(table.column("merged_into"))) for table in (self.before, self.own))
        return pa.concat_tables([old.filter(pc.invert(pc.is_in(old.column("person_id"), self.touched))), own])


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


@dataclass(frozen=True, slots=True)
class _Heirs:
    """Who carries what on."""

    person_of: dict[str, str] = field(default_factory=dict)
    """Changed cluster to its person."""
    ended: dict[str, str] = field(default_factory=dict)
    """Person that merges tonight to the cluster that takes it over."""
    split_from: dict[str, str] = field(default_factory=dict)
    """New person to the one it is parted from."""
    new: set[str] = field(default_factory=set)


def compare_with(ledger: pa.Table, cluster_members: pa.Table) -> Overlap:
    """Lay tonight's clusters over the persons that stand in the ledger."""
    return compare(cluster_members, ledger.filter(pc.is_null(ledger.column("valid_to"))))


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
    _check_order(ledger, run_id)
    owners = _owners(ledger, overlap)
    heirs = _inherit(overlap, owners, ledger, run_id)
    causes = judge(overlap, owners, evidence)
    standing = {person for person in heirs.person_of.values() if person in overlap.persons}
    changes: list[PersonChange] = []
    spans: list[dict[str, Any]] = []
    for cluster, records in overlap.clusters.items():
        person, cause = heirs.person_of[cluster], causes.of_cluster[cluster]
        parted = heirs.split_from.get(person)
        spans.append(_span(person, run_id, records, cause, split_from=parted))
        changes.append(_change_of(person, parted, heirs, overlap, records, cause))
    closing: dict[str, tuple[str | None, Cause]] = {}
    for person, cluster in heirs.ended.items():
        cause, taker = causes.of_cluster[cluster], heirs.person_of[cluster]
        n_before, n_after = len(overlap.persons.get(person, ())), len(overlap.clusters[cluster])
        changes.append(PersonChange("merged", person, taker, n_before, n_after, cause))
        if person in overlap.persons:
            closing[person] = (taker, cause)
        else:  # a person that was withdrawn, and whose records returned into another one
            spans.append({**_span(person, run_id, (), cause), "valid_to": run_id, "merged_into": taker, "ended_by": cause.word})  # fmt: skip
    for person, records in overlap.persons.items():
        if person not in closing:
            closing[person] = (None, causes.of_person[person])
            if person not in standing:
                changes.append(PersonChange("withdrawn", person, None, len(records), 0, causes.of_person[person]))
    return Identities(
        _person_of(overlap, heirs.person_of),
        _bring_up_to_date(ledger, closing, spans, run_id),
        tuple(changes),
        tuple(_moves(overlap, heirs.person_of, causes.of_cluster)),
    )


def _inherit(overlap: Overlap, owners: Mapping[str, str], ledger: pa.Table, run_id: str) -> _Heirs:
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
    since = _first_runs(ledger, [old for some in (claims, later) for many in some.values() if len(many) > 1 for old in many])  # fmt: skip
    heirs = _Heirs()
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


def _standing(ledger: pa.Table, persons: Iterable[str]) -> set[str]:
    """Those of the persons who stand."""
    wanted = pa.array(sorted(set(persons)), pa.string())
    is_own = pc.and_(pc.is_in(ledger.column("person_id"), wanted), pc.is_null(ledger.column("valid_to")))
    return set(ledger.column("person_id").filter(is_own).to_pylist())


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


def _owners(ledger: pa.Table, overlap: Overlap) -> dict[str, str]:
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


def _first_runs(ledger: pa.Table, persons: Iterable[str]) -> dict[str, tuple[str, int]]:
    own = ledger.filter(pc.is_in(ledger.column("person_id"), pa.array(persons, pa.string())))
    first: dict[str, tuple[str, int]] = {}
    for person, begun in zip(*(own.column(name).to_pylist() for name in ("person_id", "valid_from")), strict=True):
        first[person] = min(first.get(person, run_order(begun)), run_order(begun))
    return first


def _change_of(
    person: str, parted: str | None, heirs: _Heirs, overlap: Overlap, records: Sequence[str], cause: Cause
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
    given = pa.array([changed[cluster] for cluster in overlap.changed], pa.string())
    return pc.replace_with_mask(overlap.person_of_record, pc.is_null(overlap.person_of_record), given)


def _span(person: str, run_id: str, records: tuple[str, ...], cause: Cause, split_from: str | None = None) -> dict[str, Any]:  # fmt: skip
    return {
        "person_id": person, "valid_from": run_id, "valid_to": None, "merged_into": None, "split_from": split_from,
        "cause": cause.word, "ended_by": None, "record_ids": records,
    }  # fmt: skip


def _bring_up_to_date(
    ledger: pa.Table, closing: Mapping[str, tuple[str | None, Cause]], begun: list[dict[str, Any]], run_id: str
) -> Spans:
    """Spans of changed persons end, new ones begin; all others are carried over as they are."""
    schema = IDENTITY_LEDGER.arrow_schema()
    is_ending = pc.and_(pc.is_null(ledger.column("valid_to")), pc.is_in(ledger.column("person_id"), pa.array(closing, pa.string())))  # fmt: skip
    ended = ledger.filter(is_ending).to_pylist()
    for span in ended:
        taker, cause = closing[span["person_id"]]
        span.update(valid_to=run_id, merged_into=taker, ended_by=cause.word)
    rows = pa.Table.from_pylist([*ended, *begun], schema)
    touched = pc.unique(rows.column("person_id").combine_chunks())
    staying = pc.and_(pc.is_in(ledger.column("person_id"), touched), pc.invert(is_ending))
    own = pa.concat_tables([ledger.filter(staying), rows]).sort_by([(name, "ascending") for name in IDENTITY_LEDGER.key])  # fmt: skip
    return Spans(ledger, touched, own)


def _check_order(ledger: pa.Table, run_id: str) -> None:
    runs = pc.unique(pa.concat_arrays([ledger.column(n).combine_chunks() for n in ("valid_from", "valid_to")]))
    latest = max((run for run in runs.to_pylist() if run), key=run_order, default="")
    if latest and run_order(latest) >= run_order(run_id):
        raise SettingsError(
            f"run {run_id}",
            f"is not later than {latest}, which the ledger of persons already has.",
            "Give a later date (--as-of, or as_of in the run file), or go back first: `boroughlink runs rollback RUN`.",
        )


def _hashed_id(said: str) -> str:
    return "P" + base64.b32encode(hashlib.blake2b(said.encode(), digest_size=10).digest()).decode()[:12]


def empty_ledger() -> pa.Table:
    """The ledger before the first night."""
    return IDENTITY_LEDGER.arrow_schema().empty_table()


def ledger_of(published: pa.Table) -> pa.Table:
    """A published ledger in tonight's form: a column that an older version did not write is null."""
    return conform(published, IDENTITY_LEDGER)
