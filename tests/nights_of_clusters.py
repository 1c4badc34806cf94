"""Nights of identities without linking: clusters are given, the ledger goes from night to night."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core.lookup import places_among
from pipeline.core.same_person import TOLD_BY
from pipeline.persons.causes import Evidence
from pipeline.persons.identity import Identities, carry_on, compare_with
from pipeline.persons.ledger import empty_ledger
from pipeline.persons.lineage import Span, spans_of
from pipeline.persons.overlap import compare_rows
from pipeline.persons.successors import NOTHING_NEW, Successors, successors
from schemas.tables import STD_RECORDS

NOTHING_ELSE = Evidence()
Told = tuple[str | None, str | None, dt.date | None]
"""Forename, surname and birthday of whom a record speaks"""


def records_telling(night: Mapping[str, Told], feed: str = "f") -> pa.Table:
    """Records as far as ``same_person`` reads them."""
    rows = []
    for record, (forename, surname, born) in sorted(night.items()):
        names = {"forename": [forename] if forename else None, "surname": [surname] if surname else None}
        rows.append({"record_id": record, "feed_id": feed, **names, "date_of_birth": born})
    return pa.Table.from_pylist(
        rows, pa.schema([STD_RECORDS.arrow_schema().field(name) for name in ("record_id", *TOLD_BY)])
    )


def successors_of(ledger: pa.Table, before: Mapping[str, Told], now: Mapping[str, Told]) -> Successors:
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(records_telling(before), Path(folder) / "part-0.parquet")
        return successors(ledger, Path(folder), records_telling(now))


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
    told: Mapping[str, Told] = field(default_factory=dict)

    def night(
        self,
        *clusters: str | Iterable[str],
        run_id: str = "",
        evidence: Evidence = NOTHING_ELSE,
        known_by: Successors = NOTHING_NEW,
        told: Mapping[str, Told] | None = None,
    ) -> Identities:
        """One night; each cluster is its records, as one letter a record or as a list.

        Where it is told of whom each record speaks, ``known_by`` comes of that.
        """
        if told is not None:
            known_by = successors_of(self.ledger, self.told, told) if self.published else NOTHING_NEW
            self.told = told
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
