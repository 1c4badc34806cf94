"""Nights of identities without linking: clusters are given, the ledger goes from night to night."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from pipeline.persons.causes import Evidence
from pipeline.persons.identity import Identities, carry_on, compare_with, empty_ledger
from pipeline.persons.lineage import Span, spans_of

NOTHING_ELSE = Evidence()


def members(clusters: Iterable[Iterable[str]]) -> pa.Table:
    rows = sorted((record, min(own)) for own in map(list, clusters) for record in own)
    return pa.table({
        "record_id": pa.array([record for record, _ in rows], pa.string()),
        "cluster_id": pa.array([cluster for _, cluster in rows], pa.string()),
    })  # fmt: skip


@dataclass
class Home:
    """The ledger of one home, and what each run published."""

    ledger: pa.Table = field(default_factory=empty_ledger)
    published: dict[str, dict[str, str]] = field(default_factory=dict)

    def night(self, *clusters: str | Iterable[str], run_id: str = "", evidence: Evidence = NOTHING_ELSE) -> Identities:
        """One night; each cluster is its records, as one letter a record or as a list."""
        run = run_id or f"2026-11-{len(self.published) + 1:02d}-1"
        tonight = members(clusters)
        found = carry_on(compare_with(self.ledger, tonight), self.ledger, run, evidence)
        self.ledger = found.ledger
        self.published[run] = dict(
            zip(tonight.column("record_id").to_pylist(), found.person_of.to_pylist(), strict=True)
        )
        return found

    @property
    def person(self) -> Mapping[str, str]:
        """Person of each record tonight."""
        return next(reversed(self.published.values()))

    def spans(self, person_id: str) -> list[Span]:
        return [span for span in spans_of(self.ledger) if span.person_id == person_id]
