"""Linking: models, rules, clusters, questions; and the cases that stewards wrote down."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from table_of_records import table_of

from pipeline.core.errors import SettingsError
from pipeline.core.places import MODELS, REFERENCE
from pipeline.core.reference import name_groups
from pipeline.engines.average_link import Exclusions, average_link, bottleneck, components
from pipeline.engines.local.engine import LocalEngine
from pipeline.engines.patterns import patterns_of
from pipeline.engines.port import ScoredPairs
from pipeline.link.clusters import cluster
from pipeline.link.stage import link_records
from pipeline.link.training_stage import weights_on
from pipeline.link.weights import prior_bits, probability, waterfall
from pipeline.synth.names import communities, pick
from schemas.model import LEVELS, Prior, load_model, save_model
from schemas.tables import CLUSTER_MEMBERS, LINKS, REVIEW_PAIRS, STD_RECORDS

MODEL = load_model(MODELS / "person.toml")
ENGINE = LocalEngine(name_groups(REFERENCE))
CASES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "links.yaml").read_text("utf-8"))


# ---- weights and models


@given(st.floats(1e-6, 1e3), st.integers(2, 10**7))
def test_prior_bits_are_the_odds_of_two_random_records(rate: float, records: int) -> None:
    match, _ = prior_bits(Prior(matches_per_record=rate, related_per_record=1.0), (records - 1) / 2)
    assert 2**match * (records - 1) / 2 == pytest.approx(rate)


@given(st.floats(-50, 50))
def test_probability_turns_round_with_the_sign_of_the_weight(bits: float) -> None:
    assert probability(bits) + probability(-bits) == pytest.approx(1.0)


def test_a_model_reads_back_as_it_was_written(tmp_path: Path) -> None:
    save_model(MODEL, tmp_path / "model.toml")
    assert load_model(tmp_path / "model.toml") == MODEL
    assert load_model(tmp_path / "model.toml").stamp == MODEL.stamp


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('name = "person"', 'name = "person"\nshoe_size = 9', "shoe_size"),
        ('kind = "date"', 'kind = "day"', "kind"),
        ('{ name = "else", m = 0.0', '{ name = "else", m = 0.5', "sums to"),
        ('name = "similar"', 'name = "alike"', "levels must be"),
        ("forename = [", "nickname = [", "which is not compared"),
        ('    "null",', '    "nothing",', "has no level"),
    ],
)
def test_a_wrong_model_is_told_by_what_is_wrong(tmp_path: Path, old: str, new: str, problem: str) -> None:
    text = (MODELS / "person.toml").read_text("utf-8")
    assert old in text
    (tmp_path / "model.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(SettingsError, match=r"model\.toml") as caught:
        load_model(tmp_path / "model.toml")
    assert problem in str(caught.value)


# ---- clusters


PAIRS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(-6, 12)).filter(lambda p: p[0] < p[1]),
    unique_by=lambda p: p[:2],
    max_size=20,
)


def scored(pairs) -> ScoredPairs:
    left, right, weight = (np.array([p[at] for p in pairs]) for at in range(3))
    return ScoredPairs(
        left.astype(np.int32),
        right.astype(np.int32),
        patterns_of(np.zeros((len(pairs), 1), np.uint8)),
        weight.astype(np.float32),
        len(pairs),
    )


def clustered(pairs, apart=(), side=None, identifiers=None, n: int = 8) -> np.ndarray:
    pairs_scored = scored(pairs)
    is_apart = np.array([p[:2] in apart for p in pairs], bool)
    none = np.full((n, 0), -1, np.int32) if identifiers is None else identifiers
    exclusions = Exclusions(np.zeros(n, np.int8) if side is None else side, none, np.full(n, -1, np.int32))
    return cluster(n, pairs_scored, 0.0, is_apart, np.zeros(len(pairs), bool), exclusions)


def naive_average_link(pairs, n: int = 8) -> list[set[int]]:
    """Average link by its definition, the best pair of clusters found anew each time."""
    weight = {(a, b): float(np.clip(w, -3, 6)) for a, b, w in pairs}
    root = {i: i for i in range(n)}
    for (a, b), w in weight.items():
        if w > 0:
            old, new = root[a], root[b]
            root = {i: new if r == old else r for i, r in root.items()}
    groups = [{i} for i in range(n)]
    while True:
        best, chosen = 1e-12, None
        for x in range(len(groups)):
            for y in range(x + 1, len(groups)):
                if root[min(groups[x])] == root[min(groups[y])]:
                    cross = [weight.get((min(a, b), max(a, b)), -1.0) for a in groups[x] for b in groups[y]]
                    if sum(cross) / len(cross) > best + 1e-9:
                        best, chosen = sum(cross) / len(cross), (x, y)
        if chosen is None:
            return groups
        x, y = chosen
        groups[x] |= groups.pop(y)


@settings(max_examples=150)
@given(PAIRS)
def test_clusters_hold_together_by_their_own_pairs(pairs) -> None:
    cluster_of = clustered(pairs)
    weight = {(a, b): float(np.clip(w, -3, 6)) for a, b, w in pairs}
    groups = [set(np.flatnonzero(cluster_of == c).tolist()) for c in set(cluster_of.tolist())]
    distinct = {p[2] for p in pairs}
    if len(distinct) == len(pairs) and len(pairs) < 4:
        assert sorted(map(sorted, groups)) == sorted(map(sorted, naive_average_link(pairs)))
    for group in groups:
        for record in group:
            fellows = group - {record}
            if len(group) == 2:
                assert all(weight.get((min(record, fellow), max(record, fellow)), -1) > 0 for fellow in fellows)


@settings(max_examples=100)
@given(PAIRS, st.randoms())
def test_the_order_of_pairs_changes_no_cluster(pairs, chance: random.Random) -> None:
    turned = list(pairs)
    chance.shuffle(turned)
    assert clustered(pairs).tolist() == clustered(turned).tolist()


@settings(max_examples=100)
@given(
    PAIRS,
    st.lists(st.sampled_from([0, 1, 2]), min_size=8, max_size=8),
    st.lists(st.integers(-1, 2), min_size=8, max_size=8),
)
def test_no_cluster_holds_what_must_stay_apart(pairs, side, identifier) -> None:
    apart = {p[:2] for p in pairs[::3]}
    cluster_of = clustered(pairs, apart, np.array(side, np.int8), np.array(identifier, np.int32)[:, None])
    for a in range(8):
        for b in range(a):
            if cluster_of[a] == cluster_of[b]:
                assert side[a] + side[b] != 3
                assert -1 in (identifier[a], identifier[b]) or identifier[a] == identifier[b]
                assert (b, a) not in apart


def test_a_chain_is_not_a_cluster() -> None:
    assert len(set(clustered([(0, 1, 6), (1, 2, 2), (0, 2, -6)])[:3].tolist())) == 2


def test_a_component_that_is_too_large_is_cut_and_ends() -> None:
    n = 2_600
    pairs = [(i, i + 1, 3 if i % 2 else 9) for i in range(n - 1)]
    sizes = np.unique(clustered(pairs, n=n), return_counts=True)[1]
    assert sizes.max() == 2


@settings(max_examples=60)
@given(PAIRS)
def test_the_weakest_point_is_the_bottleneck_of_the_cluster(pairs) -> None:
    strongest_first = scored(sorted(pairs, key=lambda p: -p[2]))
    root = components(8, strongest_first.left, strongest_first.right, strongest_first.weight, -99.0)
    weakest = bottleneck(8, strongest_first.left, strongest_first.right, strongest_first.weight, root)
    for first in set(root.tolist()):
        inside = [p for p in pairs if root[p[0]] == first]
        if not inside:
            assert np.isnan(weakest[first])
            continue
        least = weakest[first]
        stronger = [p for p in inside if p[2] > least]
        parts = components(
            8,
            *(
                np.array([p[column] for p in stronger], t)
                for column, t in ((0, np.int32), (1, np.int32), (2, np.float32))
            ),
            -99.0,
        )
        assert len({parts[i] for i in range(8) if root[i] == first}) > 1


def test_average_link_names_a_cluster_by_its_first_record() -> None:
    cluster_of = average_link(
        3,
        np.array([1], np.int32),
        np.array([2], np.int32),
        np.array([5.0]),
        np.array([False]),
        np.array([0, 1, 1]),
        Exclusions(np.zeros(3, np.int8), np.full((3, 0), -1, np.int32), np.full(3, -1, np.int32)),
        -1.0,
    )
    assert cluster_of.tolist() == [0, 1, 1]


# ---- the stage


@pytest.mark.parametrize("policy", ["strict", "balanced"])
@pytest.mark.parametrize("model", [MODEL, MODEL.model_copy(update={"prior": None})], ids=["frozen", "untrained"])
def test_an_empty_table_and_a_single_record_give_empty_links(policy, model) -> None:
    for table in (STD_RECORDS.arrow_schema().empty_table(), table_of([{"forename": ["ANNA"]}])):
        linked = link_records(table, model, policy, ENGINE)
        assert linked.links.schema.equals(LINKS.arrow_schema())
        assert len(linked.links) == 0
        assert len(linked.cluster_members) == len(table)
        assert linked.review_pairs.schema.equals(REVIEW_PAIRS.arrow_schema())
        assert linked.cluster_members.schema.equals(CLUSTER_MEMBERS.arrow_schema())


def test_one_value_everywhere_ends_soon_and_links_nobody() -> None:
    rows = [
        {"forename": ["ANNA"], "surname": ["SMITH"], "date_of_birth": dt.date(2000, 2, 2), "postcode": "E1 1AA"}
    ] * 5_000
    linked = link_records(table_of(rows), MODEL, "strict", ENGINE)
    assert len(linked.clusters) == 5_000


def test_the_waterfall_adds_up_to_the_weight(london: pa.Table) -> None:
    workspace = ENGINE.load(london, MODEL)
    weights = weights_on(workspace, MODEL)
    pairs = workspace.score(weights, -8.0)
    parts, related = waterfall(weights, pairs.patterns.levels[pairs.patterns.of])
    np.testing.assert_allclose(parts.sum(1) + weights.prior_match + related, pairs.weight, atol=1e-3)
    assert (parts <= np.array([c.max_bits for c in MODEL.comparison]) + 1e-9).all()


def test_the_same_records_give_the_same_bytes(london: pa.Table) -> None:
    first, second = (
        link_records(table, MODEL, "strict", ENGINE) for table in (london, london.take(np.arange(len(london))[::-1]))
    )
    assert first.links.equals(second.links)
    assert first.review_pairs.equals(second.review_pairs)
    assert first.clusters.equals(second.clusters)


# ---- cases


@pytest.fixture(scope="module")
def london() -> pa.Table:
    """Some thousands of people who have nothing to do with the cases, so that names are as rare as they are."""
    return table_of(background())


def background() -> list[dict[str, object]]:
    chance = random.Random(2016)
    rows = []
    for _ in range(4_000):
        community = chance.choices(communities(), [c.share for c in communities()])[0]
        sex = chance.choice("MF")
        rows.append(
            {
                "forename": [pick(chance, community.male if sex == "M" else community.female).upper()],
                "surname": [pick(chance, community.last, 25).upper()],
                "date_of_birth": dt.date(1960, 1, 1) + dt.timedelta(days=chance.randrange(20_000)),
                "sex": sex,
                "postcode": f"E{chance.randint(1, 18)} {chance.randint(1, 9)}{chance.choice('ABDE')}{chance.choice('ABDEFGH')}",
                "address": f"{chance.randint(1, 200)} {chance.choice(['HIGH', 'PARK', 'MILL', 'ELM', 'KING'])} ROAD",
                "ethnicity": chance.choice(community.ethnicities),
            }
        )
    return rows


@pytest.fixture(scope="module", params=["strict", "balanced"])
def outcomes(request):
    """What became of each case under a policy: records A and B linked, in review, or apart."""
    rows = background()
    places = {}
    for case in CASES:
        places[case["why"]] = len(rows)
        rows += [{**case.get("both", {}), **case["A"]}, {**case.get("both", {}), **case["B"]}, *case.get("others", [])]
    table = table_of(rows)
    linked = link_records(table, MODEL, request.param, ENGINE)
    ids = table.column("record_id").to_pylist()
    cluster_of = dict(
        zip(*(linked.cluster_members.column(n).to_pylist() for n in ("record_id", "cluster_id")), strict=True)
    )
    questions = {
        frozenset((question["cluster_id_l"], question["cluster_id_r"])) for question in linked.review_pairs.to_pylist()
    }
    result = {}
    for why, at in places.items():
        a, b = cluster_of[ids[at]], cluster_of[ids[at + 1]]
        result[why] = "linked" if a == b else "review" if frozenset((a, b)) in questions else "apart"
    return request.param, result


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_cases_come_out_as_stewards_expect(outcomes, case) -> None:
    policy, result = outcomes
    assert policy not in case or result[case["why"]] in case[policy].split(" or ")


def test_every_kind_of_the_model_is_a_known_kind() -> None:
    assert {comparison.kind for comparison in MODEL.comparison} <= set(LEVELS)
