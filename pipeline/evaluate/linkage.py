"""What is evaluated: a publication, or the folder that ``boroughlink link`` wrote, as row numbers and codes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.core.linked_folder import LinkedFolder, linked_folder
from pipeline.core.parquet import read_table
from pipeline.evaluate.pairs import PAIR_COLUMNS, Pairs, read_pairs
from pipeline.evaluate.quality import codes
from schemas.model import Model, Policy, PolicyName


@dataclass(frozen=True, slots=True, eq=False)
class Linkage:
    """One linkage: who its records were linked to, and the pairs that say so."""

    title: str
    records: pa.Table
    """record_id as text, and what else is known of each record; in order of its rows"""
    cluster: np.ndarray
    """(records,) code of the person each record was linked to"""
    pairs: Pairs
    policy: PolicyName
    stamp: str
    link_bits: float | None
    """None where neither the folder nor a model tells"""
    review_bits: float
    model: Model | None
    """None where the model that made it is not at hand"""
    as_of_year: int | None = None
    """Of a publication; None for files that were linked on their own"""
    source: np.ndarray | None = None
    """(records,) code of its source, where only pairs across sources count"""

    @property
    def expected_matches(self) -> float | None:
        """Pairs of one person among the records, as the model's prior has it; None without a model."""
        prior = self.model.prior if self.model else None
        return prior.matches_per_record * len(self.records) if prior else None

    def only(self, keep: np.ndarray) -> Linkage:
        """The same of some of the records."""
        row = np.cumsum(keep) - 1
        pairs = self.pairs.only(keep[self.pairs.left] & keep[self.pairs.right])
        pairs = replace(pairs, left=row[pairs.left], right=row[pairs.right])
        source = None if self.source is None else self.source[keep]
        records = self.records.filter(pa.array(keep))
        return replace(self, records=records, cluster=self.cluster[keep], pairs=pairs, source=source)

    def across(self, source: pa.ChunkedArray | pa.Array) -> Linkage:
        """The same, with only pairs across these sources counting."""
        return replace(self, source=codes(source))


def open_linkage(folder: Path) -> Linkage:
    """The linkage that a folder holds.

    Raises:
        SettingsError: If it is neither the output of ``boroughlink link`` nor a publication.
    """
    linked = linked_folder(folder)
    title = str(linked.facts.get("run_id", "?")) if linked.is_publication else folder.resolve().name
    return _linkage(title, linked)


def _linkage(title: str, linked: LinkedFolder) -> Linkage:
    table, facts, model = read_table(linked.persons), linked.facts, linked.model
    ids = table.column("record_id").cast(pa.string())
    table = table.set_column(table.column_names.index("record_id"), "record_id", ids)
    pairs = read_pairs(read_table(linked.links, PAIR_COLUMNS), ids.combine_chunks(), model)
    policy: PolicyName = "balanced" if facts.get("policy") == "balanced" else "strict"
    link_bits, review_bits = _thresholds(facts, model.policy.get(policy) if model else None, pairs)
    as_of = facts.get("as_of")
    return Linkage(
        title=title,
        records=table,
        cluster=codes(table.column("person_id")),
        pairs=pairs,
        policy=policy,
        stamp=str(facts.get("model", "unknown")),
        link_bits=link_bits,
        review_bits=review_bits,
        model=model,
        as_of_year=int(str(as_of)[:4]) if as_of else None,
    )


def _thresholds(facts: dict[str, Any], frozen: Policy | None, pairs: Pairs) -> tuple[float | None, float]:
    """Link and review bits: as told, else the model's; else none, and the lowest weight at which a pair waits by itself."""
    if facts.get("link_bits") is not None and facts.get("review_bits") is not None:
        return float(facts["link_bits"]), float(facts["review_bits"])
    if frozen:
        return frozen.link_bits, frozen.review_bits
    waiting = pairs.weight[~pairs.is_link & (pairs.rule < 0)]
    return None, float(np.floor(waiting.min())) if len(waiting) else 0.0
