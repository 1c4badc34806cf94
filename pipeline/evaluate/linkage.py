"""What is evaluated: a publication, or the folder that ``boroughlink link`` wrote, as row numbers and codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.core.errors import SettingsError
from pipeline.core.parquet import read_table
from pipeline.core.places import MODELS, Home
from pipeline.evaluate.pairs import PAIR_COLUMNS, Pairs, read_pairs
from pipeline.evaluate.quality import codes
from schemas.model import Model, Policy, PolicyName, load_model

MODEL = "model.toml"


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
    if (folder / "links.parquet").is_file() and (folder / "clusters.parquet").is_file():
        facts = _json(folder / "metrics.json")
        model = _model_in(folder / MODEL)
        return _linkage(folder.resolve().name, folder / "clusters.parquet", folder / "links.parquet", facts, model)
    if (folder / "links").is_dir() and (folder / "records").is_dir():
        facts = _json(folder / "manifest.json")
        model = _model_in(_run_of(folder) / MODEL) or _model_of(str(facts.get("model")))
        return _linkage(str(facts.get("run_id", "?")), folder / "records", folder / "links", facts, model)
    what_to_do = (
        "Make a publication with `boroughlink run`, or give --linked the folder that `boroughlink link --out` wrote."
    )
    raise SettingsError(str(folder), "holds no links and persons.", what_to_do)


def _linkage(title: str, records: Path, links: Path, facts: dict[str, Any], model: Model | None) -> Linkage:
    table = read_table(records)
    ids = table.column("record_id").cast(pa.string())
    table = table.set_column(table.column_names.index("record_id"), "record_id", ids)
    pairs = read_pairs(read_table(links, PAIR_COLUMNS), ids.combine_chunks(), model)
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
    if "link_bits" in facts and "review_bits" in facts:
        return float(facts["link_bits"]), float(facts["review_bits"])
    if frozen:
        return frozen.link_bits, frozen.review_bits
    waiting = pairs.weight[~pairs.is_link & (pairs.rule < 0)]
    return None, float(np.floor(waiting.min())) if len(waiting) else 0.0


def _run_of(publication: Path) -> Path:
    """Folder of the run that made a publication."""
    folder = publication.resolve()
    return Home(folder.parent.parent).run(folder.name).root


def _model_of(stamp: str) -> Model | None:
    """The bundled model of this name, version and hash: for a run whose folder is gone."""
    return next((model for model in _bundled() if model.stamp == stamp), None)


def _bundled() -> Iterator[Model]:
    for path in sorted(MODELS.glob("*.toml")):
        if model := _model_in(path):
            yield model


def _model_in(path: Path) -> Model | None:
    """The model of a file; none where it is not there, or was written for other levels than today's."""
    try:
        return load_model(path)
    except SettingsError:
        return None


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}
