"""How right an answer is, by the same counts for every contender, and how right its best threshold would have been."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from benchmarks.answers import Answer
from pipeline.evaluate.curves import calibration, calibration_error
from pipeline.evaluate.quality import cluster_score, codes, count_pairs, quality

CALIBRATED_FROM = 1 / 9  # -3 bits, where our review begins: the same pairs are asked of all
GRID = 25  # thresholds tried for the best clusters


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares from 0 to 1."""

    pair_precision: float
    pair_recall: float
    pair_f1: float
    cluster_precision: float
    cluster_recall: float
    cluster_f1: float
    b_cubed_f1: float
    exact_persons: float
    kept_recall: float
    """true pairs among all that were kept, whatever their weight"""
    best_pair_f1: float | None
    """at the threshold that the truth would choose; None for a contender that decides by more than a threshold"""
    best_cluster_f1: float | None
    """the same, of connected components"""
    calibration_error: float | None

    def as_dict(self) -> dict[str, float | None]:
        """For JSON."""
        return {name: None if value is None else round(value, 6) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Truth:
    """Who every record is, as codes."""

    entity: np.ndarray
    source: np.ndarray | None
    """where two lists are linked, only pairs across them count"""

    @classmethod
    def read(cls, path: Path) -> Truth:
        """From the file that a data set keeps apart."""
        table = pq.read_table(path)
        has_sources = "source_dataset" in table.column_names
        return cls(codes(table["entity_id"]), codes(table["source_dataset"]) if has_sources else None)

    @property
    def pairs(self) -> int:
        """How many pairs are true."""
        return count_pairs(self.entity, self.source)


def accuracy(answer: Answer, truth: Truth, *, by_threshold: bool) -> Accuracy:
    """Everything at once.

    Args:
        answer: what the contender said.
        truth: who is who.
        by_threshold: it links from a weight on and takes connected components, so its best threshold can be found.
    """
    linked = answer.is_linked
    scores = quality(answer.cluster, truth.entity, answer.left[linked], answer.right[linked], truth.source)
    is_true = truth.entity[answer.left] == truth.entity[answer.right]
    return Accuracy(
        scores.pairs.precision,
        scores.pairs.recall,
        scores.pairs.f1,
        scores.clusters.precision,
        scores.clusters.recall,
        scores.clusters.f1,
        scores.b_cubed.f1,
        scores.exact_persons,
        float(is_true.sum() / scores.true_pairs) if scores.true_pairs else 1.0,
        best_pair_f1(answer.weight, is_true, scores.true_pairs) if by_threshold else None,
        best_cluster_f1(answer, truth) if by_threshold else None,
        _calibration_error(answer.probability, is_true),
    )


def best_pair_f1(weight: np.ndarray, is_true: np.ndarray, true_pairs: int) -> float:
    """Highest F1 of linking from some weight on; pairs of one weight go together."""
    order = np.argsort(-weight, kind="stable")
    sorted_weight, right = weight[order], np.cumsum(is_true[order])
    is_last = np.append(sorted_weight[1:] != sorted_weight[:-1], True)[: len(weight)]
    f1 = 2 * right / (np.arange(1, len(weight) + 1) + true_pairs)
    return float(f1[is_last].max(initial=0.0))


def best_cluster_f1(answer: Answer, truth: Truth) -> float:
    """Highest F1 of connected components over a grid of thresholds, as many as there are weights if these are few."""
    weights = np.unique(answer.weight)
    if len(weights) > GRID:
        weights = np.linspace(weights[0], min(weights[-1], 30.0), GRID)
    return max((_component_f1(answer, truth, threshold) for threshold in weights), default=0.0)


def _component_f1(answer: Answer, truth: Truth, threshold: float) -> float:
    linked = answer.weight >= threshold
    n = len(truth.entity)
    edges = coo_matrix((np.ones(int(linked.sum()), np.int8), (answer.left[linked], answer.right[linked])), shape=(n, n))
    component = connected_components(edges, directed=False)[1]
    return cluster_score(component, truth.entity, truth.source).f1


def _calibration_error(probability: np.ndarray | None, is_true: np.ndarray) -> float | None:
    if probability is None:
        return None
    is_asked = probability >= CALIBRATED_FROM
    return calibration_error(calibration(probability[is_asked], is_true[is_asked]))
