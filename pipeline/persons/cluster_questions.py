"""Questions on persons that are too large, or do not hold together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.persons.doubts import Doubts
from pipeline.persons.links_among import links_among
from pipeline.persons.question import Question


def doubtful_clusters(doubts: Doubts) -> pa.Table:
    """Clusters that are too large, or do not hold together."""
    weakest, size = (doubts.clusters.column(name) for name in ("weakest_bits", "n_records"))
    is_weak = pc.fill_null(pc.less(weakest, doubts.review_bits), False)
    return doubts.clusters.filter(pc.or_(is_weak, pc.greater(size, doubts.most_records)))


def cluster_questions(
    doubts: Doubts, doubtful: pa.Table, records: pa.Table, facts: Mapping[str, Mapping[str, Any]]
) -> Iterator[Question]:
    """Questions on persons that are too large, or do not hold together."""
    rows = doubtful.to_pylist()
    persons = [facts[row["cluster_id"]]["person_id"] for row in rows]
    members = records.select(["record_id", "person_id"])
    members = members.filter(pc.is_in(members.column("person_id"), pa.array(persons, pa.string())))
    records_of = defaultdict(list)
    for record, person in sorted(zip(*(column.to_pylist() for column in members.columns), strict=True)):
        records_of[person].append(record)
    links = _links_inside(doubts.links, members)
    for row, person in zip(rows, persons, strict=True):
        if row["n_records"] > doubts.most_records:
            yield Question("over_large_cluster", (person,), records_of[person][0], records_of[person][-1], None, None)
        if row["weakest_bits"] is not None and row["weakest_bits"] < doubts.review_bits:
            yield Question("broken_cluster", (person,), *_weakest(links[person], row["weakest_bits"]), row["n_pairs"])


def _links_inside(links: pa.Table, members: pa.Table) -> dict[str, list[dict[str, Any]]]:
    """Links between two records of one person, by person."""
    person_of = dict(zip(*(column.to_pylist() for column in members.columns), strict=True))
    links_of = defaultdict(list)
    for row in links_among(links, members.column("record_id").combine_chunks()).to_pylist():
        if person_of[row["record_id_l"]] == person_of[row["record_id_r"]]:
            links_of[person_of[row["record_id_l"]]].append(row)
    return links_of


def _weakest(links: list[dict[str, Any]], bits: float) -> tuple[str, str, float, float]:
    nearest = min(links, key=lambda row: (abs(row["match_weight"] - bits), row["record_id_l"], row["record_id_r"]))
    return nearest["record_id_l"], nearest["record_id_r"], nearest["match_weight"], nearest["match_probability"]
