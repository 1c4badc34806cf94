"""Identities that last: which person_id a cluster carries tonight, and the ledger of what became of each.

A cluster inherits from the persons its records belonged to last night. Where several persons merge, the one that has
stood longest survives; where one splits, the part with most of its old records keeps the id. An id never means
somebody else: new ids come from the cluster's first record, and one that was ever used is not used again.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipeline.core.parquet import conform
from schemas.tables import IDENTITY_LEDGER


@dataclass(frozen=True, slots=True)
class Span:
    """One row of the ledger."""

    person_id: str
    valid_from: str
    valid_to: str | None
    merged_into: str | None
    split_from: str | None
    cause: str
    record_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identities:
    """Person of every record tonight, and the whole ledger."""

    person_of: dict[str, str]
    ledger: tuple[Span, ...]


def carry_on(clusters: Mapping[str, Sequence[str]], before: Sequence[Span], run_id: str, cause: str) -> Identities:
    """Give every cluster its person_id and bring the ledger up to date.

    Args:
        clusters: cluster to its records.
        before: the ledger of last night.
        run_id: tonight's run.
        cause: what changed clusters tonight: data, model or steward.
    """
    open_spans = {span.person_id: span for span in before if span.valid_to is None}
    first_seen: dict[str, str] = {}
    for span in before:
        first_seen[span.person_id] = min(first_seen.get(span.person_id, span.valid_from), span.valid_from)
    old_of = {record: span.person_id for span in open_spans.values() for record in span.record_ids}
    heirs = _heirs(clusters, old_of)
    kept: dict[str, str] = {}
    person_of: dict[str, str] = {}
    ids: dict[str, str] = {}
    used = set(first_seen)
    split_from: dict[str, str] = {}
    for cluster in sorted(clusters):
        claims = heirs.get(cluster, [])
        if claims:
            ids[cluster] = min(claims, key=lambda old: (_run_order(first_seen[old]), old))
            kept.update(dict.fromkeys(claims, cluster))
    for cluster in sorted(clusters):
        if cluster not in ids:
            ids[cluster] = _new_id(min(clusters[cluster]), used, run_id)
            used.add(ids[cluster])
            parted = Counter(old_of[record] for record in clusters[cluster] if record in old_of)
            if parted:
                split_from[ids[cluster]] = min(parted, key=lambda old: (-parted[old], old))
        person_of.update(dict.fromkeys(clusters[cluster], ids[cluster]))
    ledger = [span for span in before if span.valid_to is not None]
    members = {ids[cluster]: tuple(sorted(records)) for cluster, records in clusters.items()}
    for person, span in open_spans.items():
        heir = kept.get(person)
        if heir is not None and ids[heir] == person and members[person] == span.record_ids:
            ledger.append(span)
            continue
        merged = ids[heir] if heir is not None and ids[heir] != person else None
        ledger.append(Span(person, span.valid_from, run_id, merged, span.split_from, span.cause, span.record_ids))
    standing = {span.person_id for span in ledger if span.valid_to is None}
    ledger += [
        Span(person, run_id, None, None, split_from.get(person), cause, records)
        for person, records in members.items()
        if person not in standing
    ]
    return Identities(person_of, tuple(sorted(ledger, key=lambda span: (span.person_id, _run_order(span.valid_from)))))


def _heirs(clusters: Mapping[str, Sequence[str]], old_of: Mapping[str, str]) -> dict[str, list[str]]:
    """Cluster to the old persons it inherits: each old person goes to the cluster with most of its records."""
    share: dict[str, Counter[str]] = defaultdict(Counter)
    for cluster, records in clusters.items():
        for record in records:
            if record in old_of:
                share[old_of[record]][cluster] += 1
    out: dict[str, list[str]] = defaultdict(list)
    for old, counts in sorted(share.items()):
        out[min(counts, key=lambda cluster: (-counts[cluster], cluster))].append(old)
    return out


def _run_order(run_id: str) -> tuple[str, int]:
    """Runs in time: by date, then number; 2026-11-20-10 comes after 2026-11-20-9."""
    day, _, number = run_id.rpartition("-")
    return day, int(number) if number.isdigit() else 0


def _new_id(first_record: str, used: set[str], run_id: str) -> str:
    salt = ""
    while True:
        digest = hashlib.blake2b(f"{first_record}{salt}".encode(), digest_size=10).digest()
        found = "P" + base64.b32encode(digest).decode()[:12]
        if found not in used:
            return found
        salt = f"|{run_id}|{salt}"


def spans_of(ledger: pa.Table) -> list[Span]:
    """The rows of a ledger table."""
    return [Span(**{**row, "record_ids": tuple(row["record_ids"])}) for row in ledger.to_pylist()]


def ledger_table(ledger: Sequence[Span]) -> pa.Table:
    """A ledger as its table."""
    names = IDENTITY_LEDGER.names
    columns = {name: [getattr(span, name) for span in ledger] for name in names}
    return conform(pa.table(columns, schema=IDENTITY_LEDGER.arrow_schema()), IDENTITY_LEDGER)
