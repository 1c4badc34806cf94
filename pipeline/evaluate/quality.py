"""Precision, recall and F1 of clusters and of links; pairs are counted, never listed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of what was said that is true (precision), and of what is true that was said (recall)."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        return {"precision": round(self.precision, 6), "recall": round(self.recall, 6), "f1": round(self.f1, 6)}


@dataclass(frozen=True, slots=True)
class Quality:
    """Quality of one linkage."""

    pairs: Score
    """of the pairs that were linked directly"""
    clusters: Score
    """of all pairs that the clusters imply"""
    b_cubed: Score
    """mean over records: of the fellows in its cluster, and of its true fellows (Bagga and Baldwin 1998)"""
    true_pairs: int
    exact_persons: float
    """share of the true persons whose records are one cluster, whole and without others"""


def codes(values: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """(n,) int64 code of each value; a null is a value of its own on each row."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    indices = array.dictionary_encode().indices if not pa.types.is_dictionary(array.type) else array.indices
    codes = indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    is_null = codes < 0
    codes[is_null] = codes.max(initial=0) + 1 + np.arange(is_null.sum())
    return codes


def count_pairs(group: np.ndarray, source: np.ndarray | None = None) -> int:
    """Pairs of records of one group; with sources only those of different sources."""
    pairs = _pairs(group)
    return pairs if source is None else pairs - _pairs(together(group, source))


def cluster_score(cluster: np.ndarray, entity: np.ndarray, source: np.ndarray | None = None) -> Score:
    """Over all pairs of records that share a cluster, or an entity."""
    linked, true = count_pairs(cluster, source), count_pairs(entity, source)
    right = count_pairs(together(cluster, entity), source)
    return Score(right / linked if linked else 1.0, right / true if true else 1.0)


def pair_score(left: np.ndarray, right: np.ndarray, entity: np.ndarray, source: np.ndarray | None = None) -> Score:
    """Over pairs of records that were linked."""
    correct, true = int((entity[left] == entity[right]).sum()), count_pairs(entity, source)
    return Score(correct / len(left) if len(left) else 1.0, correct / true if true else 1.0)


def b_cubed(cluster: np.ndarray, entity: np.ndarray) -> Score:
    """Mean over records of the precision and recall of the record's own cluster (Bagga and Baldwin 1998)."""
    if not len(cluster):
        return Score(1.0, 1.0)
    shared, in_cluster, in_entity = (_size(g)[_codes(g)] for g in (together(cluster, entity), cluster, entity))
    return Score(float((shared / in_cluster).mean()), float((shared / in_entity).mean()))


def exact_persons(cluster: np.ndarray, entity: np.ndarray) -> float:
    """Share of entities whose records are exactly one cluster."""
    if not len(cluster):
        return 1.0
    shared, in_cluster, in_entity = (_size(g)[_codes(g)] for g in (together(cluster, entity), cluster, entity))
    is_exact = (shared == in_cluster) & (shared == in_entity)
    return float((is_exact / in_entity).sum() / len(np.unique(entity)))


def quality(
    cluster: np.ndarray, entity: np.ndarray, left: np.ndarray, right: np.ndarray, source: np.ndarray | None = None
) -> Quality:
    """Everything at once.

    Args:
        cluster: (records,) code of each record's cluster.
        entity: (records,) code of the person it truly belongs to.
        left: linked pairs, as row numbers, with ``right``.
        right: linked pairs.
        source: (records,) code of its source, where only pairs across sources count.
    """
    return Quality(
        pair_score(left, right, entity, source),
        cluster_score(cluster, entity, source),
        b_cubed(cluster, entity),
        count_pairs(entity, source),
        exact_persons(cluster, entity),
    )


def _codes(group: np.ndarray) -> np.ndarray:
    return np.unique(group, return_inverse=True)[1]


def _size(group: np.ndarray) -> np.ndarray:
    return np.unique(group, return_counts=True)[1]


def _pairs(group: np.ndarray) -> int:
    size = _size(group).astype(np.int64)
    return int((size * (size - 1) // 2).sum())


def together(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Codes of the combinations of two groupings."""
    return a.astype(np.int64) * (int(b.max(initial=0)) + 1) + b
