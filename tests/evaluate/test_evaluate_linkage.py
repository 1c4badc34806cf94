"""A whole evaluation: with and without the truth, what rules keep apart, thresholds, and what is left out."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linkages import linkage_of, pairs_of

from pipeline.core.errors import SettingsError
from pipeline.evaluate.evaluation import evaluate
from pipeline.evaluate.kept_apart import kept_apart
from pipeline.evaluate.linkage import Linkage, open_linkage
from pipeline.evaluate.load import review_load
from pipeline.evaluate.measured import measured
from pipeline.evaluate.truth import RECORD, Truth, truth_of
from pipeline.report.evaluate_page import render_evaluate_page
from schemas.model import LEVELS, Blocking, Comparison, Level, Model, Policy, Prior, Rule, save_model
from schemas.tables import ROW

SHARES = [(0.01, 0.97), (0.04, 0.02), (0.95, 0.01)]
LEVELS_OF_PHONE = tuple(Level(name=n, m=m, u=u, related=u) for n, (m, u) in zip(LEVELS["phone"], SHARES, strict=True))
MODEL = Model(
    name="small",
    prior=Prior(matches_per_record=0.6, related_per_record=0.5),
    blocking=Blocking(fields=("phone",)),
    comparison=(Comparison(field="phone", kind="phone", levels=LEVELS_OF_PHONE),),
    rule=(
        Rule(name="adopted", about="Sealed.", effect="apart", flag="adopted"),
        Rule(name="victim_offender", about="A steward's.", effect="apart", roles=(("victim",), ("suspect", "accused"))),
        Rule(name="unborn", about="Asked.", effect="ask", flag="unborn"),
        Rule(name="generations", about="Father and son.", effect="apart", flags_differ=("senior", "junior")),
    ),
    policy={"strict": Policy(link_bits=2.0, review_bits=0.0), "balanced": Policy(link_bits=1.0, review_bits=-2.0)},
)
ENTITY = np.array([0, 0, 0, 1, 1, 2, 3, 3])
ROLES = ["victim", "witness", "suspect", "victim", "victim", "witness", "victim", "victim"]
# 0 1 are linked rightly, 4 5 wrongly; 0 2 wait by the rule, 3 4 for want of weight; 6 7 were never kept
CLUSTER = np.array([0, 0, 2, 3, 4, 4, 6, 7])
PAIRS = [(0, 1, 5.0, True), (4, 5, 3.0, True), (0, 2, 6.0, False), (3, 4, 1.0, False)]
FLAGS = pa.array([None] * 8, pa.list_(pa.string()))


def small() -> Linkage:
    pairs = pairs_of(PAIRS, [-1, -1, 1, -1], tuple(rule.name for rule in MODEL.rule))
    records = pa.table({"role": ROLES, "flags": FLAGS})
    return linkage_of(CLUSTER, records, pairs=pairs, model=MODEL, is_published=True)


def small_truth(entity: np.ndarray = ENTITY) -> Truth:
    return Truth(entity, int((entity < 0).sum()), 2)


def test_the_truth_gives_figures_worked_by_hand() -> None:
    true = evaluate(small(), small_truth())["true"]
    assert true["true_pairs"] == 5  # 01 02 12 34 67
    assert true["pairs"] == {"precision": 0.5, "recall": 0.2, "f1": round(2 / 7, 6)}
    assert true["clusters"] == true["pairs"]
    assert true["kept_apart"] == {
        "rules": ["adopted", "victim_offender", "generations"],
        "pairs": 1,
        "persons": 1,
        "clusters": {"precision": 0.5, "recall": 0.25, "f1": round(1 / 3, 6)},
        "other_persons": {"precision": 0.0, "recall": 0.0, "f1": 0.0},
    }
    # stewards join 2 to 0 and 1, and 3 to 4: all but 6 7
    assert true["with_stewards"]["recall"] == 0.8


def test_the_estimate_is_the_mean_probability_of_links_and_their_share_of_the_expected_matches() -> None:
    facts = evaluate(small(), None)
    linked = [1 / (1 + 2.0**-5), 1 / (1 + 2.0**-3)]
    assert facts["estimated"]["expected_matches"] == 4.8  # 8 records, 0.6 matches each
    assert facts["estimated"]["precision"] == pytest.approx(sum(linked) / 2, abs=1e-6)
    assert facts["estimated"]["recall"] == pytest.approx(sum(linked) / 4.8, abs=1e-6)
    assert facts["true"] is facts["gap"] is facts["calibration"] is None


def test_the_gap_is_what_the_model_thinks_too_well_of_itself() -> None:
    facts = evaluate(small(), small_truth())
    for part in ("precision", "recall", "f1"):
        difference = facts["estimated"][part] - facts["true"]["pairs"][part]
        assert facts["gap"][part] == pytest.approx(difference, abs=2e-6)
    assert facts["gap"]["precision"] > 0.4


def test_every_true_pair_is_found_or_has_one_reason_why_it_is_not() -> None:
    facts = evaluate(small(), small_truth())
    reasons = {row["reason"]: (row["pairs"], row["true_matches"]) for row in facts["waiting"]}
    assert reasons == {"victim_offender": (1, 1), "weight": (1, 1), "not_kept": (None, 2)}
    assert sum(row["true_matches"] for row in facts["waiting"]) + 1 == facts["true"]["true_pairs"]
    assert facts["waiting"][0]["about"] == "A steward's."


def test_thresholds_in_use_are_marked_and_a_rules_pair_waits_at_each() -> None:
    rows = {row["bits"]: row for row in evaluate(small(), small_truth())["thresholds"]}
    assert {bits: row["marks"] for bits, row in rows.items() if row["marks"]} == {
        0.0: ["review"],
        1.0: ["balanced policy"],
        2.0: ["link"],
    }
    assert [(rows[b]["pairs"], rows[b]["to_review"]) for b in (0.0, 2.0, 4.0, 10.0)] == [(3, 1), (2, 2), (1, 3), (0, 4)]
    assert rows[0.0]["true"]["precision"] == pytest.approx(2 / 3, abs=1e-6)


def test_a_pair_that_other_links_join_is_no_load_for_a_steward() -> None:
    chain = [(0, 1, 5.0, True), (1, 2, 5.0, True), (0, 2, 1.0, True)]
    assert review_load(3, pairs_of(chain), np.array([2.0, 5.5]), 0.0) == [0, 3]


def test_records_of_whom_the_truth_says_nothing_are_left_out_on_both_sides() -> None:
    entity = np.where(np.arange(8) == 5, -1, ENTITY)
    facts = evaluate(small(), small_truth(entity))
    assert facts["linkage"]["records_without_truth"] == 1
    assert facts["true"]["pairs"]["precision"] == 1.0
    assert facts["true"]["true_pairs"] == 5


def test_links_of_stewards_count_in_clusters_and_not_among_the_machines_pairs() -> None:
    linkage = small()
    linkage.pairs.by_steward[1] = True
    facts = evaluate(linkage, small_truth())
    assert facts["linkage"]["linked_by_stewards"] == 1
    assert (facts["true"]["pairs"]["precision"], facts["true"]["clusters"]["precision"]) == (1.0, 0.5)


def test_the_same_linkage_is_told_alike_each_time() -> None:
    first, second = (json.dumps(evaluate(small(), small_truth())) for _ in range(2))
    assert first == second


def test_what_the_estimate_leaves_out_is_said_with_its_numbers() -> None:
    linkage = small()
    text = " ".join(evaluate(linkage, None)["left_out"])
    assert "1 pairs wait because of a rule" in text
    assert "model's prior" in text
    bare = linkage_of(CLUSTER, pairs=PAIRS)
    assert "recall is an upper bound" in " ".join(evaluate(bare, None)["left_out"])


ROLE = st.sampled_from(["victim", "suspect", "accused", "witness"])
CARRIED = st.sets(st.sampled_from(["adopted", "closed", "senior", "junior"]), max_size=2)
PEOPLE = st.lists(st.tuples(st.integers(0, 2), ROLE, CARRIED), min_size=1, max_size=10)


@given(PEOPLE)
def test_pairs_that_rules_keep_apart_are_those_that_one_finds_by_listing_them(people) -> None:
    block, roles, carried = (list(column) for column in zip(*people, strict=True))
    flags = pa.array([sorted(its_flags) or None for its_flags in carried], pa.list_(pa.string()))
    counts = kept_apart(MODEL, "strict", pa.table({"role": roles, "flags": flags})).pairs(np.array(block))
    listed = np.zeros(max(block) + 1, int)
    for a, b in combinations(range(len(people)), 2):
        sides = {("victim" in (roles[a], roles[b])), bool({"suspect", "accused"} & {roles[a], roles[b]})}
        generations = [{"senior", "junior"} & carried[one] for one in (a, b)]
        is_father_and_son = all(generations) and not set.intersection(*generations)
        is_adopted = "adopted" in carried[a] | carried[b]
        if block[a] == block[b] and (is_adopted or sides == {True} or is_father_and_son):
            listed[block[a]] += 1
    assert counts.tolist() == listed.tolist()


def test_where_roles_and_flags_are_not_known_nothing_is_said_of_what_rules_keep_apart() -> None:
    linkage = linkage_of(CLUSTER, pairs=PAIRS, model=MODEL)
    assert measured(linkage, ENTITY)["kept_apart"] is None


def test_across_sources_only_pairs_of_different_ones_count() -> None:
    source = np.array([0, 1, 0, 0, 1, 0, 0, 0])
    linkage = linkage_of(CLUSTER, pairs=PAIRS, source=source)
    assert measured(linkage, ENTITY)["true_pairs"] == 3  # 01 12 34


def rows_of(*pairs: tuple[str, str]) -> pa.Table:
    return pa.table({"record_id": [key for key, _ in pairs], "entity": [person for _, person in pairs]})


def test_the_truth_finds_its_records_by_their_ids_in_any_order() -> None:
    records = pa.table({"record_id": ["a", "b", "c"]})
    truth = truth_of(records, rows_of(("c", "X"), ("a", "X"), ("z", "Y")), RECORD, "truth")
    assert truth.entity[0] == truth.entity[2] >= 0
    assert truth.entity[1] == -1
    assert (truth.untold, truth.unmatched) == (1, 1)


def test_the_truth_finds_its_records_by_the_rows_of_exports_that_have_no_sheets() -> None:
    row = {"feed_id": "cris.barnet", "file": "b.csv", "sheet": None, "row_number": 2, "part": 1}
    truth = {**{name: [None if value is None else str(value)] for name, value in row.items()}, "entity": ["X"]}
    records = pa.table({name: [value] for name, value in row.items()})
    assert truth_of(records, pa.table(truth), ROW, "truth").entity.tolist() == [0]


@pytest.mark.parametrize(
    ("pairs", "problem"), [((("a", "X"), ("a", "Y")), "more than once"), ((("z", "X"),), "about none of these records")]
)
def test_a_truth_that_cannot_be_meant_is_refused(pairs: tuple[tuple[str, str], ...], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        truth_of(pa.table({"record_id": ["a", "b"]}), rows_of(*pairs), RECORD, "truth")


def write_linked(folder: Path, rows: list[dict[str, Any]], facts: dict[str, Any]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), folder / "links.parquet")
    pq.write_table(pa.table({"record_id": [1, 2, 3], "person_id": ["1", "1", "3"]}), folder / "clusters.parquet")
    (folder / "metrics.json").write_text(json.dumps(facts))


ROWS = [
    {
        "record_id_l": "1",
        "record_id_r": "2",
        "match_weight": 5.0,
        "match_probability": 0.97,
        "decision": "link",
        "decided_by": "model",
        "rules": None,
    },
    {
        "record_id_l": "2",
        "record_id_r": "3",
        "match_weight": 1.0,
        "match_probability": 0.66,
        "decision": "review",
        "decided_by": "model",
        "rules": None,
    },
]


def test_a_folder_without_its_model_is_still_evaluated(tmp_path: Path) -> None:
    write_linked(tmp_path, ROWS, {})
    linkage = open_linkage(tmp_path)
    assert (linkage.model, linkage.link_bits, linkage.review_bits) == (None, None, 1.0)
    facts = evaluate(linkage, Truth(np.array([0, 0, 1]), 0, 0))
    assert facts["true"]["clusters"]["f1"] == 1.0
    assert "How good is" in render_evaluate_page(facts)


def test_a_folder_tells_its_thresholds_and_its_model_the_matches_to_expect(tmp_path: Path) -> None:
    write_linked(tmp_path, ROWS, {"link_bits": 1.5, "review_bits": -1.5, "policy": "balanced"})
    save_model(MODEL, tmp_path / "model.toml")
    linkage = open_linkage(tmp_path)
    assert (linkage.link_bits, linkage.review_bits, linkage.policy) == (1.5, -1.5, "balanced")
    assert linkage.expected_matches == pytest.approx(1.8)


def test_a_folder_of_two_linkages_is_refused(tmp_path: Path) -> None:
    write_linked(tmp_path, [{**ROWS[0], "record_id_r": "9"}], {})
    with pytest.raises(SettingsError, match="no person has"):
        open_linkage(tmp_path)


def test_a_folder_that_holds_no_linkage_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="holds no links and persons"):
        open_linkage(tmp_path)
