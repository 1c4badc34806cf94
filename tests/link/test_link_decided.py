"""Stewards' decisions in clustering: what was linked is one, what was parted is two, and nothing else changes."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from bound_pairs import cannot_link, must_link
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from table_of_records import table_of

from pipeline.core.places import MODELS, REFERENCE
from pipeline.core.reference import name_groups
from pipeline.engines.local.engine import LocalEngine
from pipeline.engines.patterns import patterns_of
from pipeline.engines.port import ScoredPairs
from pipeline.engines.recordlinkage_engine import RecordlinkageEngine
from pipeline.link.decided import decided_rows, join_decided
from pipeline.link.rules import apply_rules
from pipeline.link.stage import Linked, link_records
from pipeline.stewardship.policy import load_policy
from pipeline.stewardship.standing import decided_pairs, in_state, standing_decisions
from schemas.model import load_model
from schemas.tables import DECIDED_PAIRS, DECISIONS, LINKS

MODEL = load_model(MODELS / "person.toml")
GROUPS = name_groups(REFERENCE)
ENGINE = LocalEngine(GROUPS)
ENGINES = {"local": ENGINE, "recordlinkage": RecordlinkageEngine(GROUPS)}
POLICY = load_policy()
BEGAN = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
PEOPLE: tuple[dict[str, Any], ...] = (
    {"forename": ["OLUWASEUN"], "surname": ["ADEBAYO"], "date_of_birth": dt.date(2009, 4, 17), "postcode": "E8 3QT"},
    {"forename": ["OLUWATOBI"], "surname": ["ADEBAYO"], "date_of_birth": dt.date(2009, 4, 17), "postcode": "E8 3QT"},
    {"forename": ["ZOFIA"], "surname": ["WISNIEWSKA"], "date_of_birth": dt.date(2008, 1, 2), "postcode": "W3 7HN"},
    {"forename": ["KADIATOU"], "surname": ["SYLLA"], "date_of_birth": dt.date(2010, 9, 30), "postcode": "SE15 4LP"},
)
RECORDS = 9
ROWS = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.fixed_dictionaries(
            {
                "role": st.sampled_from(["subject", "victim", "suspect"]),
                "pnc_id": st.sampled_from([None, None, "2003/0011985X", "2003/0011986Y"]),
                "phone": st.sampled_from([None, "+447700900001"]),
                "address": st.sampled_from([None, "9 ELM ROAD"]),
            }
        ),
        st.sets(st.sampled_from(["forename", "date_of_birth", "postcode"]), max_size=1),
    ).map(lambda drawn: {**{k: v for k, v in drawn[0].items() if k not in drawn[2]}, **drawn[1]}),
    min_size=RECORDS,
    max_size=RECORDS,
)
NUMBERS = st.integers(0, RECORDS - 1)
VERDICTS = st.lists(
    st.tuples(NUMBERS, NUMBERS, st.sampled_from(["unlink", "link", "link", "unlink", "unsure"])).filter(
        lambda d: d[0] != d[1]
    ),
    unique_by=lambda d: frozenset(d[:2]),
    min_size=4,
    max_size=9,
)
SLOW = [HealthCheck.too_slow]


def standing(verdicts: list[tuple[int, int, str]], retract: bool = False) -> pa.Table:
    """What stands of a log; the data may have set decisions against each other since they were entered."""
    rows: list[dict[str, Any]] = [
        {
            "decision_id": f"D{n}",
            "record_id_l": f"{min(a, b):05d}",
            "record_id_r": f"{max(a, b):05d}",
            "verdict": verdict,
        }
        for n, (a, b, verdict) in enumerate(verdicts)
    ]
    if retract:
        rows += [
            {**row, "decision_id": f"R{row['decision_id']}", "verdict": "retract", "retracts": row["decision_id"]}
            for row in rows
        ]
    facts = {"decided_by": "ann", "decided_at": BEGAN, "recorded_at": BEGAN, "reason": "r", "needs_second": False}
    log = [{"seq": seq, **row, **facts} for seq, row in enumerate(rows, start=1)]
    return standing_decisions(pa.Table.from_pylist(log, DECISIONS.arrow_schema()), POLICY)


def linked(rows: list[dict[str, Any]], verdicts=(), engine: str = "local", retract: bool = False) -> Linked:
    pairs = decided_pairs(standing(list(verdicts), retract))
    return link_records(table_of(rows), MODEL, "balanced", ENGINES[engine], decided=pairs)


def clusters(linked: Linked) -> dict[str, str]:
    columns = (linked.cluster_members.column(name).to_pylist() for name in ("record_id", "cluster_id"))
    return dict(zip(*columns, strict=True))


def ends(table: pa.Table) -> list[tuple[str, str]]:
    return [(row["record_id_l"], row["record_id_r"]) for row in table.to_pylist()]


def row_of(linked: Linked, left: int, right: int) -> dict[str, Any]:
    rows = [
        row
        for row in linked.links.to_pylist()
        if (row["record_id_l"], row["record_id_r"]) == (f"{left:05d}", f"{right:05d}")
    ]
    return rows[0] if rows else {}


@settings(max_examples=60, suppress_health_check=SLOW)
@given(ROWS, VERDICTS)
def test_what_was_linked_is_one_person_and_what_was_parted_never_is(rows, verdicts) -> None:
    decisions = standing(verdicts)
    cluster_of = clusters(linked(rows, verdicts))
    for left, right in ends(must_link(decisions)):
        assert cluster_of[left] == cluster_of[right]
    for left, right in ends(cannot_link(decisions)):
        assert cluster_of[left] != cluster_of[right]
    frozen = {row["decision_id"] for row in in_state(decisions, "contradicted").to_pylist() if row["verdict"] == "link"}
    assert frozen.isdisjoint(d for row in must_link(decisions).to_pylist() for d in row["decision_ids"])
    for cluster in set(cluster_of.values()):
        assert cluster == min(record for record, of_record in cluster_of.items() if of_record == cluster)


@settings(max_examples=25, suppress_health_check=SLOW)
@given(ROWS, VERDICTS)
def test_rules_say_of_a_pair_that_stewards_brought_what_they_say_of_it_alone(rows, verdicts) -> None:
    result, table = linked(rows, verdicts), table_of(rows)
    for link in result.links.to_pylist():
        left, right = (np.array([int(link[end])], np.int32) for end in ("record_id_l", "record_id_r"))
        patterns = patterns_of(ENGINE.load(table, MODEL).compare(left, right))
        alone = apply_rules(MODEL, table, ScoredPairs(left, right, patterns, np.zeros(1), 1), "balanced")
        assert (link["rules"] or []) == [name for name, holds in zip(alone.names, alone.holds[0], strict=True) if holds]


@settings(max_examples=25, suppress_health_check=SLOW)
@given(ROWS, VERDICTS)
def test_with_every_decision_taken_back_the_tables_are_those_of_a_run_without_any(rows, verdicts) -> None:
    table = table_of(rows)
    without = link_records(table, MODEL, "balanced", ENGINE)
    back = linked(rows, verdicts, retract=True)
    for name in ("links", "cluster_members", "clusters", "review_pairs"):
        assert getattr(back, name).equals(getattr(without, name))


@settings(max_examples=25, suppress_health_check=SLOW)
@given(ROWS, VERDICTS, st.randoms())
def test_neither_the_order_of_rows_nor_that_of_decisions_changes_anything(
    rows, verdicts, chance: random.Random
) -> None:
    table, pairs = table_of(rows), decided_pairs(standing(verdicts))
    order, turns = list(range(len(table))), list(range(len(pairs)))
    chance.shuffle(order)
    chance.shuffle(turns)
    first = link_records(table, MODEL, "balanced", ENGINE, decided=pairs)
    second = link_records(table.take(order), MODEL, "balanced", ENGINE, decided=pairs.take(pa.array(turns, pa.int64())))
    for name in ("links", "cluster_members", "clusters", "review_pairs"):
        assert getattr(first, name).equals(getattr(second, name))


@settings(max_examples=12, suppress_health_check=SLOW)
@given(ROWS, VERDICTS)
def test_engines_agree_on_clusters_and_links_with_decisions(rows, verdicts) -> None:
    ours, plain = (linked(rows, verdicts, engine) for engine in ENGINES)
    assert clusters(ours) == clusters(plain)
    assert ours.links.equals(plain.links)


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 3), min_size=8, max_size=8),
    st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 7), st.booleans()).filter(lambda d: d[0] < d[1]),
        unique_by=lambda d: d[:2],
        max_size=9,
    ),
)
def test_links_join_clusters_whole_unless_an_unlink_stands_between_them(labels, verdicts) -> None:
    names = {label: labels.index(label) for label in labels}
    machine = np.array([names[label] for label in labels])
    cannot = [(a, b) for a, b, is_link in verdicts if not is_link and machine[a] != machine[b]]
    pairs = decided([(a, b) for a, b, is_link in verdicts if is_link], cannot)
    ids = pa.array([f"{row:05d}" for row in range(8)])
    rows = decided_rows(pairs, ids)
    cluster_of = join_decided(machine, no_pairs(), rows)
    for left, right in rows.must:
        assert cluster_of[left] == cluster_of[right]
    for left, right in cannot:
        assert cluster_of[left] != cluster_of[right]
    if not cannot:
        assert all(len(set(cluster_of[machine == name])) == 1 for name in set(machine.tolist()))


def decided(must, cannot=()) -> pa.Table:
    rows = [
        {"record_id_l": f"{a:05d}", "record_id_r": f"{b:05d}", "constraint": constraint, "decision_ids": ["D"]}
        for constraint, pairs in (("must_link", must), ("cannot_link", cannot))
        for a, b in pairs
    ]
    return pa.Table.from_pylist(rows, DECIDED_PAIRS.arrow_schema())


def no_pairs() -> ScoredPairs:
    none = np.zeros(0, np.int32)
    return ScoredPairs(none, none, patterns_of(np.zeros((0, 1), np.uint8)), np.zeros(0), 0)


OFFENDER = {
    "role": "suspect",
    "forename": ["IVO"],
    "surname": ["MRAVEC"],
    "date_of_birth": dt.date(1999, 3, 3),
    "postcode": "N1 1AA",
}


def test_a_link_joins_a_victim_with_an_offender_and_both_persons_whole() -> None:
    victim = {**PEOPLE[3], "role": "victim"}
    rows = [victim, {**victim, "address": "9 ELM ROAD"}, OFFENDER, {**OFFENDER, "address": "2 MILL ROAD"}]
    result = linked(rows, [(1, 2, "link")])
    assert set(clusters(result).values()) == {"00000"}
    decided_by = {
        pair: (row_of(result, *pair)["decision"], row_of(result, *pair)["decided_by"]) for pair in ((0, 1), (1, 2))
    }
    assert decided_by == {(0, 1): ("link", "model"), (1, 2): ("link", "steward")}
    assert row_of(result, 1, 2)["match_weight"] < MODEL.policy["balanced"].review_bits


def test_a_pair_that_a_steward_linked_is_no_weak_point() -> None:
    result = linked([PEOPLE[0], PEOPLE[2]], [(0, 1, "link")])
    assert result.clusters.to_pylist()[0]["weakest_bits"] is None
    assert result.clusters.to_pylist()[0]["confidence"] == 1.0


def test_a_parted_pair_is_asked_no_more_and_its_evidence_is_kept() -> None:
    rows = [PEOPLE[0], {**PEOPLE[0], "address": "9 ELM ROAD"}]
    assert len(set(clusters(linked(rows)).values())) == 1
    result = linked(rows, [(0, 1, "unlink")])
    assert len(result.review_pairs) == 0
    row = row_of(result, 0, 1)
    assert (row["decision"], row["decided_by"]) == ("unlink", "steward")
    assert row["match_weight"] > MODEL.policy["balanced"].link_bits
    assert result.links.schema.equals(LINKS.arrow_schema())


def test_a_third_record_follows_the_record_that_it_is_more_like() -> None:
    rows = [{**PEOPLE[0], "phone": "+447700900001"}, PEOPLE[0], {**PEOPLE[0], "phone": "+447700900001"}]
    cluster_of = clusters(linked(rows, [(0, 1, "unlink")]))
    assert cluster_of["00002"] == cluster_of["00000"] != cluster_of["00001"]


@pytest.mark.parametrize("record", ["00007", "gone"])
def test_a_decision_on_a_record_that_is_not_here_says_nothing(record: str) -> None:
    pairs = decided([(0, 1)])
    pairs = pairs.set_column(1, "record_id_r", pa.array([record]))
    assert len(decided_rows(pairs, pa.array(["00000", "00001"])).must) == 0


def test_links_whose_records_an_unlink_parts_bind_nothing() -> None:
    rows = decided_rows(decided([(0, 1), (1, 2), (3, 4)], [(0, 2)]), pa.array([f"{row:05d}" for row in range(5)]))
    assert rows.must.tolist() == [[3, 4]]
    assert rows.cannot.tolist() == [[0, 2]]
