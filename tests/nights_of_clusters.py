"""Nights of identities without linking: clusters are given, the ledger goes from night to night."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from pipeline.core.lookup import places_among
from pipeline.persons.causes import Evidence
from pipeline.persons.identity import Identities, carry_on, compare_with
from pipeline.persons.ledger import empty_ledger
from pipeline.persons.lineage import Span, spans_of
from pipeline.persons.overlap import compare_rows
from pipeline.persons.successors import NOTHING_NEW, Successors

NOTHING_ELSE = Evidence()


def members(clusters: Iterable[Iterable[str]]) -> pa.Table:
    rows = sorted((record, min(own)) for own in map(list, clusters) for record in own)
    return pa.table(
        {
            "record_id": pa.array([record for record, _ in rows], pa.string()),
            "cluster_id": pa.array([cluster for _, cluster in rows], pa.string()),
        }
    )


@dataclass
class Home:
    """The ledger of one home, and what each run published.

    Clusters are laid over the ledger alone and beside last night's rows: both ways must tell the same.
    """

    ledger: pa.Table = field(default_factory=empty_ledger)
    rows: pa.Table = field(default_factory=lambda: members([]).append_column("person_id", pa.array([], pa.string())))
    published: dict[str, dict[str, str]] = field(default_factory=dict)

    def night(
        self,
        *clusters: str | Iterable[str],
        run_id: str = "",
        evidence: Evidence = NOTHING_ELSE,
        known_by: Successors = NOTHING_NEW,
    ) -> Identities:
        """One night; each cluster is its records, as one letter a record or as a list."""
        run = run_id or f"2026-11-{len(self.published) + 1:02d}-1"
        tonight = members(clusters)
        overlap = compare_with(self.ledger, tonight, known_by)
        places = places_among(tonight.column("record_id"), self.rows.column("record_id"))
        assert compare_rows(tonight, self.ledger, self.rows, places, known_by) == overlap
        found = carry_on(overlap, self.ledger, run, evidence)
        self.ledger, self.rows = found.ledger, tonight.append_column("person_id", found.person_of)
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
