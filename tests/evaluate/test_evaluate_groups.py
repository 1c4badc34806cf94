"""Groups: counted pairs against listed ones, whom they are about, and when a group is called worse."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linkages import linkage_of

from pipeline.evaluate.bootstrap import Share, share_of
from pipeline.evaluate.by_group import LEAST_PERSONS, estimated_by_group, measured_by_group
from pipeline.evaluate.cells import Cells
from pipeline.evaluate.curves import wilson
from pipeline.evaluate.group_rows import SMALL, group_rows
from pipeline.evaluate.groups import Grouping, groupings
from pipeline.evaluate.origins import name_origins
from pipeline.standardise.names import NameCells, read_names
from pipeline.standardise.reference import Reference

ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans(), st.integers(0, 1)), min_size=1, max_size=12
)
SAME_ORIGIN = {
    "yoruba": "west african",
    "hausa": "west african",
    "igbo": "west african",
    "ghanaian": "west african",
    "bengali": "bengali urdu",
    "urdu": "bengali urdu",
}


@settings(max_examples=150)
@given(ROWS)
def test_pairs_that_touch_a_group_are_those_that_one_finds_by_listing_them(rows) -> None:
    owner, block, inside, _ = (np.array(column) for column in zip(*rows, strict=True))
    within, across = Cells.of(owner, block).pairs(inside)
    listed_within, listed_across = np.zeros(len(within)), np.zeros(len(within))
    for a, b in combinations(range(len(rows)), 2):
        if block[a] == block[b] and (inside[a] or inside[b]):
            if owner[a] == owner[b]:
                listed_within[owner[a]] += 1
            else:
                listed_across[owner[a]] += 0.5
                listed_across[owner[b]] += 0.5
    assert within == pytest.approx(listed_within)
    assert across == pytest.approx(listed_across)


@settings(max_examples=150)
@given(ROWS, st.booleans())
def test_quality_of_a_group_is_the_one_counted_pair_by_pair(rows, across: bool) -> None:
    entity, cluster, inside, source = (np.array(column) for column in zip(*rows, strict=True))
    grouping = Grouping("side", ("out", "in"), inside.astype(int))
    linkage = linkage_of(cluster, source=source if across else None)
    counts = {quality.group: quality.counts for quality in measured_by_group(linkage, entity, [grouping])}
    for code, label in enumerate(grouping.labels):
        share = {
            (a, b): float(np.mean(grouping.code[[a, b]] == code))
            for a, b in combinations(range(len(rows)), 2)
            if not (across and source[a] == source[b])
        }
        true = {p: own for p, own in share.items() if own and entity[p[0]] == entity[p[1]]}
        linked = {p: own for p, own in share.items() if own and cluster[p[0]] == cluster[p[1]]}
        if not true:
            assert label not in counts
            continue
        right = sum(own for p, own in true.items() if p in linked)
        assert counts[label].recall == pytest.approx(right / sum(true.values()))
        assert counts[label].precision == (pytest.approx(right / sum(linked.values())) if linked else None)


def test_wrong_links_of_two_groups_make_neither_look_worse_than_the_other() -> None:
    """Of 40 persons of each of two groups every tenth is linked to somebody of the other group."""
    person = np.arange(160) // 2
    cluster = np.where(person % 10 == 9, person % 40, person)
    inside = person < 40
    grouping = Grouping("side", ("one", "other"), inside.astype(int))
    found = list(measured_by_group(linkage_of(cluster), person, [grouping]))
    one, other = (quality.precision() for quality in found)
    assert one is not None
    assert other is not None
    assert one.group.value == other.group.value == one.others.value < 0.95
    assert not one.is_worse
    assert not other.is_worse


def test_the_share_of_persons_of_many_pairs_is_less_certain_than_that_of_as_many_lone_pairs() -> None:
    hits = np.repeat([10, 0], [80, 20])
    share = share_of(hits, np.full(100, 10))
    assert isinstance(share, Share)
    low, high = wilson(800, 1000)
    assert share.value == 0.8
    assert share.high - share.low > 2 * (high - low)


def test_an_interval_holds_the_true_share_in_about_95_of_100_samples() -> None:
    chance = np.random.default_rng(7)
    held = 0
    for _ in range(200):
        cases = chance.integers(1, 6, 150)
        hits = np.where(chance.random(150) < 0.7, cases, 0)
        share = share_of(hits, cases)
        assert share is not None
        held += share.low <= 0.7 <= share.high
    assert 0.88 <= held / 200 <= 0.99


def test_many_persons_drawn_in_random_groups_have_the_interval_of_persons_drawn_alone() -> None:
    chance = np.random.default_rng(3)
    of = chance.integers(1, 6, 4_000).astype(float)
    hits = np.where(chance.random(4_000) < 0.9, of, 0.0)
    alone, grouped = share_of(hits, of), share_of(hits, of + chance.random(4_000) * 1e-9)
    assert alone is not None
    assert grouped is not None
    assert grouped.high - grouped.low == pytest.approx(alone.high - alone.low, rel=0.25)


def test_a_share_of_all_is_still_uncertain_and_that_of_nothing_is_not_told() -> None:
    share = share_of(np.full(30, 3), np.full(30, 3))
    assert share == Share(1.0, *wilson(30, 30))
    assert share_of(np.zeros(3), np.zeros(3)) is None


def test_a_group_whose_records_are_left_alone_is_called_worse_and_one_like_the_rest_is_not() -> None:
    persons = 300
    entity = np.repeat(np.arange(persons), 2)
    kind = np.array(["harmed", "spared", "alike"])[entity % 3]
    chance = np.random.default_rng(5).random(persons)
    is_split = chance < np.where(np.arange(persons) % 3 == 0, 0.5, 0.1)
    cluster = np.where(is_split[entity] & (np.arange(2 * persons) % 2 == 1), entity + persons, entity)
    rows = group_rows(linkage_of(cluster, pa.table({"role": kind}), is_published=True), entity, ())
    worse = {row["group"]: row["worse"] for row in rows}
    assert len(worse["harmed"]) == 1
    assert "role harmed: " in worse["harmed"][0]
    assert "of their true pairs are found" in worse["harmed"][0]
    assert worse["spared"] == worse["alike"] == []


def test_of_too_few_persons_nothing_is_told() -> None:
    entity = np.repeat(np.arange(60), 2)
    role = np.where(entity < LEAST_PERSONS - 1, "few", "many")
    linkage = linkage_of(np.arange(120), pa.table({"role": role}), is_published=True)
    row_of = {row["group"]: row for row in group_rows(linkage, entity, ())}
    assert row_of["few"] == {
        "grouping": "role",
        "group": "few",
        "persons": None,
        "is_too_small": True,
        "recall": None,
        "precision": None,
        "estimated_recall": None,
        "estimated_precision": None,
        "worse": [],
    }
    assert row_of["many"]["persons"] == 41


def test_a_rare_word_of_a_file_is_not_told_for_it_might_name_somebody() -> None:
    entity = np.repeat(np.arange(60), 2)
    town = np.where(entity < 58, "HACKNEY", "CASTLE KEEPER")
    rows = group_rows(linkage_of(entity, pa.table({"town": town})), entity, ("town",))
    assert [row["group"] for row in rows] == ["HACKNEY", SMALL]


def test_what_most_records_of_a_person_say_counts_for_all_of_them() -> None:
    person = np.array([0, 0, 0, 1, 1, 2])
    records = pa.table({"sex": ["M", "M", "F", None, "F", None], "role": ["victim", "suspect"] * 3})
    by_name = {grouping.name: grouping for grouping in groupings(records, person, None)}
    sex = by_name["sex"]
    assert [sex.labels[code] for code in sex.code] == ["male"] * 3 + ["female"] * 2 + ["not recorded"]
    assert [by_name["role"].labels[code] for code in by_name["role"].code] == ["victim", "suspect"] * 3


def test_a_person_of_whom_records_disagree_has_one_group_whatever_their_order() -> None:
    def label(sex: list[str]) -> str:
        grouping = groupings(pa.table({"sex": [*sex, "I"]}), np.array([0, 0, 1]), None)[0]
        return grouping.labels[grouping.code[0]]

    assert label(["M", "F"]) == label(["F", "M"])


def test_ages_are_told_in_bands_of_the_year_and_without_a_year_as_decades() -> None:
    records = pa.table({"date_of_birth": ["2020-05-01", "2009-01-01", None, "1960-12-31"]})
    alone = np.arange(4)
    ages, decades = groupings(records, alone, 2026)[0], groupings(records, alone, None)[0]
    assert [ages.labels[code].strip() for code in ages.code] == ["5 to 9", "14 to 17", "not recorded", "60 and over"]
    assert [decades.labels[code] for code in decades.code] == ["2020s", "2000s", "not recorded", "1960s"]


def test_a_name_that_no_list_has_is_of_no_known_origin() -> None:
    records = pa.table(
        {"forename": [["AARAV"], ["QXZQ"], [], ["JAMES"]], "surname": [["SINGH"], ["QXZQ"], [], ["AKYEAMPONG"]]}
    )
    assert name_origins(records).to_pylist() == ["punjabi", None, None, "west_african"]


def test_name_origins_find_most_communities_of_synthetic_london(sample_truth: Path) -> None:
    persons = pq.read_table(sample_truth / "persons.parquet")
    reference = Reference.load()
    read = [
        read_names(NameCells(surname=surname, forename=forename), "forename_first", reference)
        for forename, surname in zip(*(persons.column(n).to_pylist() for n in ("forename", "surname")), strict=True)
    ]
    names = pa.table({"forename": [list(n.forename) for n in read], "surname": [list(n.surname) for n in read]})
    origins = [(origin or "other").replace("_", " ") for origin in name_origins(names).to_pylist()]
    community = [SAME_ORIGIN.get(name, name) for name in persons.column("community").to_pylist()]
    right = Counter(said_origin for said_origin, name in zip(origins, community, strict=True) if said_origin == name)
    assert sum(right.values()) / len(origins) > 0.95
    for name, persons_of in Counter(community).items():
        assert right[name] / persons_of > 0.75, name


def test_without_the_truth_a_group_has_what_its_probabilities_promise() -> None:
    pairs = [(0, 1, 3.0, True), (2, 3, 1.0, False)]
    linkage = linkage_of(np.array([0, 0, 2, 3]), pairs=pairs)
    grouping = Grouping("side", ("a", "b"), np.array([0, 0, 1, 1]))
    counts = {quality.group: quality.counts for quality in estimated_by_group(linkage, [grouping])}
    assert (counts["a"].recall, counts["b"].recall) == (1.0, 0.0)
    assert counts["a"].precision == pytest.approx(8 / 9)
    assert counts["b"].precision is None


def test_without_the_truth_those_of_whom_nothing_is_recorded_are_not_judged() -> None:
    n = 100
    pairs = [(2 * k, 2 * k + 1, 3.0, k % 4 > 0) for k in range(n)]
    cluster = np.arange(2 * n)
    for a, b, _, is_link in pairs:
        cluster[b] = cluster[a] if is_link else b
    sex = [("M" if k % 4 else None) for k in range(n) for _ in range(2)]
    rows = group_rows(linkage_of(cluster, pa.table({"sex": sex}), pairs=pairs), None, ())
    row_of = {row["group"]: row for row in rows}
    assert row_of["not recorded"]["recall"]["is_worse"]
    assert row_of["not recorded"]["worse"] == []
