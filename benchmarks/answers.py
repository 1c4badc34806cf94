"""What a contender answered, read from its folder into row numbers of the data set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq


@dataclass(frozen=True, slots=True)
class Answer:
    """Clusters and pairs of one contender. Record ids are row numbers of the set."""

    cluster: np.ndarray
    """(records,) whatever names each record's cluster, as a code"""
    left: np.ndarray
    """(pairs,) of every pair that was kept, with ``right``"""
    right: np.ndarray
    weight: np.ndarray
    probability: np.ndarray | None
    """None where the contender gives none"""
    is_linked: np.ndarray
    candidate_pairs: int | None
    stage_seconds: dict[str, float]


def read_answer(folder: Path, rows: int) -> Answer:
    """The answer of any contender: ours from links.parquet, the others' from pairs.parquet."""
    cluster = _clusters(folder / "clusters.parquet", rows)
    if (folder / "links.parquet").is_file():
        facts = json.loads((folder / "metrics.json").read_text("utf-8"))
        pairs = pq.read_table(
            folder / "links.parquet",
            columns=["record_id_l", "record_id_r", "match_weight", "match_probability", "decision"],
        )
        is_linked = pc.equal(pairs["decision"], "link").to_numpy()
    else:
        facts = json.loads((folder / "facts.json").read_text("utf-8"))
        pairs = pq.read_table(folder / "pairs.parquet")
        measure = pairs["match_probability"] if "link_probability" in facts else pairs["match_weight"]
        is_linked = (
            measure.to_numpy() >= facts["link_probability"]
            if "link_probability" in facts
            else measure.to_numpy() > facts["link_above"]
        )
    return Answer(
        cluster,
        pairs["record_id_l"].to_numpy(),
        pairs["record_id_r"].to_numpy(),
        pairs["match_weight"].to_numpy(),
        pairs["match_probability"].to_numpy() if "match_probability" in pairs.column_names else None,
        is_linked,
        facts.get("candidate_pairs"),
        facts.get("seconds", {}),
    )


def count_candidates(folder: Path) -> dict[str, Any]:
    """What a contender's count of candidates found."""
    return json.loads((folder / "candidates.json").read_text("utf-8"))


def _clusters(path: Path, rows: int) -> np.ndarray:
    table = pq.read_table(path)
    ids = table["record_id"].to_numpy()
    if len(ids) != rows or len(np.unique(ids)) != rows:
        raise ValueError(f"clusters.parquet has {len(ids)} rows of {len(np.unique(ids))} records; the set has {rows}.")
    cluster = np.empty(rows, np.int64)
    cluster[ids] = pc.dictionary_encode(table["person_id"].combine_chunks()).indices.to_numpy()
    return cluster
