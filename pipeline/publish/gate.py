"""The publish gate: a night that changed more than the run file allows is held back until an operator releases it.

Each limit is measured on the finished tables and, where it speaks of a change, against the publication that readers
see. What is told are shares, counts and names of sources: no personal data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.publish.rows import Rows, columns_of
from schemas.settings import PublishLimits

CHANGED = ("kind", "n_records_before", "person_id_before")
STATUS = ("source", "rows_used", "rows_read", "rows_quarantined")
ONE = 1  # person that is expected to be wrong is too few to say that the night is
GROWTH = 1.25  # of a person that an operator has let through: so much larger it may be the next night


@dataclass(frozen=True, slots=True)
class Measure:
    """One limit, and what was measured of the night."""

    limit: str
    """Setting of publish_limits"""
    allowed: float
    found: float
    is_broken: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Before:
    """What the gate needs of the publication that readers see."""

    run_id: str
    n_persons: int
    source_status: pa.Table
    large_persons: Mapping[str, int] = field(default_factory=dict)
    """Records of each person that had more than are allowed: an operator has let them through"""


def measure(tables: Mapping[str, Rows], before: Before | None, limits: PublishLimits) -> list[Measure]:
    """Measure every limit that is set, in the order of the settings; some need an earlier publication to compare with."""
    measures = list(_changes(columns_of(tables["link_changes"], *CHANGED), before, limits)) if before else []
    if before and limits.source_rows_kept is not None:
        measures += _sources(
            before.source_status, columns_of(tables["source_status"], *STATUS), limits.source_rows_kept, limits.few
        )
    if limits.person_records is not None:
        persons = columns_of(tables["persons"], "person_id", "n_records")
        measures.append(_greatest(persons, before.large_persons if before else {}, limits.person_records))
    if limits.expected_precision is not None:
        persons = columns_of(tables["persons"], "n_records", "cluster_confidence")
        measures.append(_precision(persons, limits.expected_precision))
    if limits.rejected_share is not None:
        measures.append(_rejected(columns_of(tables["source_status"], *STATUS), limits.rejected_share, limits.few))
    return measures


def _changes(changes: pa.Table, before: Before, limits: PublishLimits) -> Iterator[Measure]:
    """Persons that stood last night and were merged into another, or parted: each counts once."""
    for kind, allowed in (("merged", limits.merged_share), ("split", limits.split_share)):
        if allowed is None:
            continue
        persons = changes.filter(
            pc.and_(pc.equal(changes.column("kind"), kind), pc.greater(changes.column("n_records_before"), 0))
        )
        count = pc.count_distinct(persons.column("person_id_before")).as_py()
        share = count / max(before.n_persons, 1)
        words = "merged into others" if kind == "merged" else "split"
        sentence = (
            f"{count:,} of {before.n_persons:,} persons were {words}: {share:.2%}, at most {allowed:.2%} are allowed"
        )
        yield _unless_few(Measure(f"{kind}_share", allowed, share, share > allowed, sentence), count, limits.few)


def _unless_few(measured: Measure, count: float, few: int) -> Measure:
    """So few are no reason to hold a night back, whatever their share; it says so."""
    if not measured.is_broken or count > few:
        return measured
    return replace(measured, is_broken=False, sentence=f"{measured.sentence}; too few to hold the night back")


def _sources(status_before: pa.Table, status_now: pa.Table, allowed: float, few: int) -> list[Measure]:
    """Sources whose records shrank, each by itself; one that is no longer expected has none."""
    rows_before, rows_now = _rows_used(status_before), _rows_used(status_now)
    measures = []
    for source, n_before in sorted(rows_before.items()):
        n_now = rows_now.get(source, 0)
        share_kept = n_now / n_before if n_before else 1.0
        why = "" if source in rows_now else ", for no contract names it any more"
        sentence = (
            f"{source} has {n_now:,} records where it had {n_before:,}{why}: {share_kept:.0%}, at least {allowed:.0%} "
            "are expected"
        )
        measured = Measure("source_rows_kept", allowed, share_kept, share_kept < allowed, sentence)
        measures.append(_unless_few(measured, n_before - n_now, few))
    return measures


def _rows_used(status: pa.Table) -> dict[str, int]:
    rows = status.group_by("source").aggregate([("rows_used", "sum")])
    return dict(zip(rows.column("source").to_pylist(), rows.column("rows_used_sum").to_pylist(), strict=True))


def _greatest(persons: pa.Table, large_before: Mapping[str, int], allowed: int) -> Measure:
    """Persons of too many records; one that was let through before may have grown by a quarter."""
    large = persons.filter(pc.greater(persons.column("n_records"), allowed)).to_pylist()
    too_large = [
        person["n_records"]
        for person in large
        if person["n_records"] > GROWTH * large_before.get(person["person_id"], 0)
    ]
    greatest = max(too_large, default=0) or pc.max(persons.column("n_records")).as_py() or 0
    sentence = f"the greatest person has {greatest:,} records, at most {allowed:,} are allowed"
    if too_large:
        sentence += f" ({len(too_large):,} have more{' than that and than before' if large_before else ''})"
    return Measure("person_records", allowed, greatest, bool(too_large), sentence)


def _precision(persons: pa.Table, allowed: float) -> Measure:
    """Mean confidence of the persons of several records, by the model itself.

    Each person counts once, however many pairs its records make. A home in which not even one person is expected to be
    wrong is not held back.
    """
    confidence = persons.filter(pc.greater(persons.column("n_records"), 1)).column("cluster_confidence")
    precision = pc.mean(confidence).as_py() if len(confidence) else 1.0
    sentence = (
        f"of {len(confidence):,} persons of several records {precision:.2%} are expected to be right, at least "
        f"{allowed:.2%} are asked for"
    )
    measured = Measure("expected_precision", allowed, precision, precision < allowed, sentence)
    return _unless_few(measured, (1 - precision) * len(confidence), ONE)


def _rejected(status: pa.Table, allowed: float, few: int) -> Measure:
    read, rejected = (pc.sum(status.column(name)).as_py() or 0 for name in ("rows_read", "rows_quarantined"))
    share = rejected / read if read else 0.0
    sentence = f"{rejected:,} of {read:,} rows were rejected: {share:.2%}, at most {allowed:.2%} are allowed"
    return _unless_few(Measure("rejected_share", allowed, share, share > allowed, sentence), rejected, few)
