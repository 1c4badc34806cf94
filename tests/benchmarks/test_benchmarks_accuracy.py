"""Every contender's answer is read and judged by the same counts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.accuracy import Truth, accuracy, best_cluster_f1, best_pair_f1
from benchmarks.answers import Answer, read_answer

scored = st.lists(st.tuples(st.integers(-3, 8), st.booleans()), max_size=30)
TRUTH = Truth(np.array([0, 0, 0, 1, 1, 2]), None)


def answer(cluster: list[int], pairs: list[tuple[int, int, float]], link_from: float) -> Answer:
    left, right, weight = (np.array(values) for values in zip(*pairs, strict=True))
    return Answer(np.array(cluster), left, right, weight, 1 / (1 + 2.0**-weight), weight >= link_from, None, {})


@given(scored, st.integers(0, 5))
def test_the_best_threshold_is_the_best_of_all_of_them(pairs: list[tuple[int, bool]], missed: int) -> None:
    true_pairs = sum(is_true for _, is_true in pairs) + missed
    tried = [0.0]
    for at in range(-3, 9):
        linked = [is_true for weight, is_true in pairs if weight >= at]
        tried.append(2 * sum(linked) / (len(linked) + true_pairs) if linked else 0.0)
    weight, is_true = np.array([w for w, _ in pairs], float), np.array([t for _, t in pairs], bool)
    assert best_pair_f1(weight, is_true, true_pairs) == pytest.approx(max(tried))


def test_an_answer_without_a_fault_has_only_ones() -> None:
    pairs = [(0, 1, 9.0), (1, 2, 9.0), (0, 2, 9.0), (3, 4, 9.0)]
    scores = accuracy(answer([7, 7, 7, 8, 8, 9], pairs, 5.0), TRUTH, by_threshold=True)
    assert (
        scores.pair_f1
        == scores.cluster_f1
        == scores.exact_persons
        == scores.best_pair_f1
        == scores.best_cluster_f1
        == 1.0
    )
    assert scores.calibration_error == pytest.approx(0.0, abs=0.01)


def test_only_what_a_contender_links_counts_as_linked() -> None:
    scores = accuracy(
        answer([0, 0, 2, 3, 4, 5], [(0, 1, 9.0), (3, 4, 2.0), (4, 5, 1.0)], 5.0), TRUTH, by_threshold=True
    )
    assert (scores.pair_precision, scores.pair_recall) == (1.0, 0.25)
    assert scores.kept_recall == 0.5


def test_the_best_clusters_are_those_of_the_best_threshold() -> None:
    pairs = [(0, 1, 9.0), (1, 2, 6.0), (3, 4, 6.0), (4, 5, 3.0), (2, 3, 2.0)]
    chained = answer([0, 0, 2, 3, 4, 5], pairs, 8.0)
    assert accuracy(chained, TRUTH, by_threshold=True).cluster_f1 < 0.5
    assert best_cluster_f1(chained, TRUTH) == 1.0


def test_a_contender_that_is_more_than_a_threshold_has_no_best_one() -> None:
    scores = accuracy(answer([0, 0, 0, 1, 1, 2], [(0, 1, 9.0)], 5.0), TRUTH, by_threshold=False)
    assert scores.best_pair_f1 is None
    assert scores.best_cluster_f1 is None


def test_between_two_lists_only_pairs_across_them_count(tmp_path: Path) -> None:
    table = pa.table(
        {"unique_id": [0, 1, 2, 3], "entity_id": ["x", "x", "x", "y"], "source_dataset": ["a", "a", "b", "b"]}
    )
    pq.write_table(table, tmp_path / "truth.parquet")
    assert Truth.read(tmp_path / "truth.parquet").pairs == 2


def write_answer(folder: Path, facts: dict[str, float], **columns: list[float]) -> Path:
    pq.write_table(pa.table({"record_id": [2, 0, 1], "person_id": ["p", "q", "q"]}), folder / "clusters.parquet")
    pq.write_table(pa.table({"record_id_l": [0, 0], "record_id_r": [1, 2], **columns}), folder / "pairs.parquet")
    (folder / "facts.json").write_text(json.dumps(facts), "utf-8")
    return folder


def test_an_answer_with_probabilities_links_from_its_probability_on(tmp_path: Path) -> None:
    folder = write_answer(tmp_path, {"link_probability": 0.95}, match_weight=[9.0, 1.0], match_probability=[0.99, 0.66])
    answer_read = read_answer(folder, 3)
    assert answer_read.is_linked.tolist() == [True, False]
    assert answer_read.cluster[0] == answer_read.cluster[1] != answer_read.cluster[2]


def test_an_answer_with_sums_links_above_its_sum(tmp_path: Path) -> None:
    folder = write_answer(tmp_path, {"link_above": 3, "candidate_pairs": 2}, match_weight=[3.0, 4.0])
    answer_read = read_answer(folder, 3)
    assert answer_read.is_linked.tolist() == [False, True]
    assert answer_read.probability is None
    assert answer_read.candidate_pairs == 2


def test_an_answer_that_lacks_a_record_is_refused(tmp_path: Path) -> None:
    folder = write_answer(tmp_path, {"link_above": 3}, match_weight=[3.0, 4.0])
    with pytest.raises(ValueError, match="has 3 rows of 3 records; the set has 4"):
        read_answer(folder, 4)
