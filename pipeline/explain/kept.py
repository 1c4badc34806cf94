"""What a folder keeps of records, persons and pairs: the output of ``boroughlink link``, or a publication."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.core.duckdb_files import duckdb_files
from pipeline.core.errors import SettingsError
from pipeline.core.linked_folder import linked_folder
from pipeline.core.parquet import read_table
from pipeline.explain.cluster import KeptPair
from pipeline.explain.graph import Edge
from pipeline.explain.levels import NOT_FIELDS, level_words
from pipeline.explain.pair import Evidence
from pipeline.explain.waterfall import waterfall
from schemas.model import Model
from schemas.tables import BESIDE_BIRTHDAY, ENDS, NAME_FIELDS

VALUES_SHOWN = (
    *NAME_FIELDS,
    "alias",
    "date_of_birth",
    "date_of_birth_alt",
    "age_low",
    "age_high",
    *BESIDE_BIRTHDAY,
    "role",
    "source",
)
"""Columns of a record that are read out where its values are asked for"""


@dataclass(frozen=True, slots=True)
class LinkedTables:
    """Where the tables lie, and the model that made them, where it is still at hand."""

    folder: Path
    links: Path
    persons: Path
    records: Path | None
    """Records with their values; a folder of ``boroughlink link`` has none."""
    model: Model | None
    decided: Path | None = None
    """Pairs that stewards join or part, where the run that made a publication still keeps them"""
    stamp: str = "unknown"
    """Name, version and hash of that model."""
    link_bits: float | None = None
    review_bits: float | None = None


def open_folder(folder: Path) -> LinkedTables:
    """The tables of a folder.

    Raises:
        SettingsError: If it is neither the output of ``boroughlink link`` nor a publication.
    """
    linked = linked_folder(folder)
    records = linked.persons if linked.is_publication else None
    tables = LinkedTables(folder, linked.links, linked.persons, records, linked.model, linked.decided)
    return _with_thresholds(tables, linked.facts)


def person_of(tables: LinkedTables, record_ids: Iterable[str]) -> dict[str, str]:
    """The person of each of these records; a record that is not there is left out."""
    return _owners(tables, "record_id", record_ids)


def records_of(tables: LinkedTables, person_ids: Iterable[str]) -> dict[str, str]:
    """All records of these persons, each with its person."""
    return _owners(tables, "person_id", person_ids)


def rows_between(tables: LinkedTables, record_ids: Iterable[str]) -> list[dict[str, Any]]:
    """Rows of links that touch one of these records, in order, their ids as text: a file of one's own may have numbers."""
    id_type = pq.ParquetDataset(tables.links).schema.field(ENDS[0]).type
    wanted = pa.array(sorted(record_ids), pa.string()).cast(id_type)
    touched = [pc.is_in(pc.field(name), wanted) for name in ENDS]
    rows = pq.read_table(tables.links, filters=touched[0] | touched[1])
    for name in ENDS:
        rows = rows.set_column(rows.column_names.index(name), name, rows.column(name).cast(pa.string()))
    ordered: list[dict[str, Any]] = rows.sort_by([(name, "ascending") for name in ENDS]).to_pylist()
    return ordered


def linked_by_stewards(tables: LinkedTables, record_ids: Collection[str]) -> list[tuple[str, str]]:
    """Pairs of these records that a steward linked, as far as that is kept."""
    if tables.decided is None:
        return []
    rows = read_table(tables.decided).to_pylist()
    pairs = ((row["record_id_l"], row["record_id_r"]) for row in rows if row["constraint"] == "must_link")
    return [pair for pair in pairs if all(record in record_ids for record in pair)]


def as_pair(row: dict[str, Any]) -> KeptPair:
    """A row of links as a pair of a cluster."""
    edge = Edge(row["record_id_l"], row["record_id_r"], row["match_weight"])
    return KeptPair(edge, tuple(row["rules"] or ()), row["decision"] == "unlink")


def as_evidence(tables: LinkedTables, row: dict[str, Any]) -> Evidence:
    """A row of links as evidence."""
    fields = {
        name.removeprefix("mw_"): float(bits)
        for name, bits in row.items()
        if name.startswith("mw_") and name not in NOT_FIELDS and bits is not None
    }
    levels = level_words(tables.model, fields) if tables.model else {}
    falls = waterfall(fields, row["mw_prior"], row["mw_related"], levels)
    return Evidence(falls, row["decision"], row["decided_by"], tuple(row["rules"] or ()))


def values_of(tables: LinkedTables, record_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Every value of these records: personal data.

    Raises:
        SettingsError: If the folder keeps no values.
    """
    if tables.records is None:
        problem = "keeps no values of records, only their ids."
        raise SettingsError(f"--values: {tables.folder}", problem, "Look the ids up in the files that were linked.")
    rows = pq.read_table(tables.records, filters=pc.is_in(pc.field("record_id"), pa.array(record_ids, pa.string())))
    return {row["record_id"]: row for row in rows.to_pylist()}


def _with_thresholds(tables: LinkedTables, facts: dict[str, Any]) -> LinkedTables:
    policy = tables.model.policy.get(facts.get("policy", "")) if tables.model else None
    link = facts.get("link_bits", policy.link_bits if policy else None)
    review = facts.get("review_bits", policy.review_bits if policy else None)
    stamp = str(facts.get("model", tables.stamp))
    return replace(tables, stamp=stamp, link_bits=_rounded(link), review_bits=_rounded(review))


def _rounded(bits: float | None) -> float | None:
    return None if bits is None else round(bits, 2) + 0.0  # no minus before a zero


def _owners(tables: LinkedTables, column: str, wanted: Iterable[str]) -> dict[str, str]:
    """Record to person where one of the two is among those wanted; only the parts of the files that hold them are read."""
    # ids as text: a file of one's own may have numbers
    as_text = {name: f"CAST({name} AS VARCHAR)" for name in ("record_id", "person_id")}
    sql = (
        f"SELECT {as_text['record_id']}, {as_text['person_id']} FROM read_parquet(?) "  # noqa: S608  (names of our own, values bound)
        f"WHERE {as_text[column]} IN (SELECT unnest(?::VARCHAR[])) ORDER BY 1"
    )
    with duckdb.connect() as base:
        return dict(base.execute(sql, [duckdb_files(tables.persons), list(wanted)]).fetchall())
