from __future__ import annotations

from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.explain.cluster import KeptPair, cluster_facts, explain_cluster
from pipeline.explain.graph import Edge, parts, strongest_path, weakest_bridge

RECORDS = "abcdef"


@st.composite
def graphs(draw: st.DrawFn) -> list[Edge]:
    pairs = [(left, right) for left in RECORDS for right in RECORDS if left < right]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True))
    return [Edge(left, right, draw(st.integers(-5, 20))) for left, right in chosen]


def every_path(edges: list[Edge], start: str, end: str) -> list[list[float]]:
    """Weights along every path without a loop, by trying them all."""
    bits = {frozenset((edge.left, edge.right)): edge.bits for edge in edges}
    between = [r for r in RECORDS if r not in (start, end)]
    paths = []
    for many in range(len(between) + 1):
        for stops in permutations(between, many):
            steps = [frozenset(step) for step in zip((start, *stops), (*stops, end), strict=True)]
            if all(step in bits for step in steps):
                paths.append([bits[step] for step in steps])
    return paths


@given(graphs())
def test_the_strongest_path_is_the_one_that_brute_force_finds(edges: list[Edge]) -> None:
    path = strongest_path(edges, "a", "f")
    tried = every_path(edges, "a", "f")
    if path is None:
        assert not tried
        return
    best = max(min(steps) for steps in tried)
    assert min(edge.bits for edge in path) == best
    assert len(path) == min(len(steps) for steps in tried if min(steps) == best)
    assert [path[0].left, *(edge.right for edge in path)][:: len(path)] == ["a", "f"]
    assert all(earlier.right == later.left for earlier, later in pairwise(path))


def test_a_record_reaches_itself_without_a_pair() -> None:
    assert strongest_path([], "a", "a") == ()


@given(graphs())
def test_without_pairs_up_to_the_weakest_bridge_a_cluster_is_parted_and_with_it_it_is_not(edges: list[Edge]) -> None:
    bridge = weakest_bridge(RECORDS, edges)
    if bridge is None:
        assert len(parts(RECORDS, edges)) > 1
        return
    assert len(parts(RECORDS, [e for e in edges if e.bits > bridge.edge.bits])) > 1
    assert len(parts(RECORDS, [e for e in edges if e.bits >= bridge.edge.bits])) == 1


@given(graphs())
def test_pairs_across_the_weakest_bridge_are_counted_and_none_is_stronger(edges: list[Edge]) -> None:
    bridge = weakest_bridge(RECORDS, edges)
    if bridge:
        across = [e for e in edges if (e.left in bridge.smaller) != (e.right in bridge.smaller)]
        assert len(across) == bridge.crossing
        assert max(e.bits for e in across) == bridge.edge.bits
        assert 1 <= len(bridge.smaller) <= len(RECORDS) / 2


@given(graphs(), st.randoms())
def test_the_order_of_pairs_never_matters(edges: list[Edge], random: object) -> None:
    mixed = sorted(edges, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert strongest_path(mixed, "a", "f") == strongest_path(edges, "a", "f")
    assert weakest_bridge(RECORDS, mixed) == weakest_bridge(RECORDS, edges)


def test_a_person_is_told_with_its_density_bridge_rules_and_what_waits() -> None:
    person_of = {"a": "P", "b": "P", "c": "P", "x": "Q"}
    pairs = [
        KeptPair(Edge("a", "b", 12.0)),
        KeptPair(Edge("b", "c", 3.0), ("name_only",)),
        KeptPair(Edge("c", "x", 5.0), ("twin_suspicion",)),
        KeptPair(Edge("a", "x", 6.0)),
    ]
    story = explain_cluster("P", person_of, pairs)
    assert story.density == pytest.approx(2 / 3)
    assert story.bridge is not None
    assert (story.bridge.edge, story.bridge.smaller, story.bridge.crossing) == (Edge("b", "c", 3.0), ("c",), 1)
    assert [(rule.name, rule.n_pairs) for rule in story.rules] == [("name_only", 1)]
    assert [(w.person_id, w.n_pairs, w.strongest.bits, w.rules) for w in story.waiting] == [
        ("Q", 2, 6.0, ("twin_suspicion",))
    ]
    assert [(m.record_id, m.n_pairs) for m in story.members] == [("a", 1), ("b", 2), ("c", 1)]
    assert story.confidence == pytest.approx(8 / 9)
    assert cluster_facts(story)["weakest_bridge"]["n_pairs_across"] == 1


@pytest.mark.parametrize(
    ("stewards", "bits", "confidence"),
    [
        ([], 3.0, 8 / 9),
        ([("b", "c")], 4.0, 16 / 17),  # a - b is what a machine's pair alone holds
        ([("a", "b"), ("b", "c")], None, 1.0),
        ([("a", "c")], 4.0, 16 / 17),  # a pair that was not scored
    ],
)
def test_a_pair_that_a_steward_linked_is_nowhere_weak(
    stewards: list[tuple[str, str]], bits: float | None, confidence: float
) -> None:
    pairs = [KeptPair(Edge("a", "b", 4.0)), KeptPair(Edge("b", "c", 3.0))]
    story = explain_cluster("P", dict.fromkeys("abc", "P"), pairs, stewards)
    assert (story.bridge and story.bridge.edge.bits) == bits
    assert story.confidence == pytest.approx(confidence)
    facts = cluster_facts(story)
    assert facts["linked_by_stewards"] == [list(pair) for pair in stewards]
    assert facts["confidence"] == pytest.approx(confidence)


def test_pairs_that_a_steward_parted_do_not_wait() -> None:
    person_of = {"a": "P", "x": "Q", "y": "R"}
    pairs = [KeptPair(Edge("a", "x", 5.0)), KeptPair(Edge("a", "y", 9.0), is_parted=True)]
    story = explain_cluster("P", person_of, pairs)
    assert [person.person_id for person in story.waiting] == ["Q"]
    assert [person.person_id for person in story.parted] == ["R"]
    assert [person["person_id"] for person in cluster_facts(story)["parted"]] == ["R"]


def test_a_person_of_one_record_is_certain_and_whole() -> None:
    story = explain_cluster("P", {"a": "P"}, [])
    assert (story.density, story.confidence, story.bridge, len(story.parts)) == (1.0, 1.0, None, 1)


def test_a_person_that_no_pairs_hold_together_has_parts_and_no_bridge() -> None:
    story = explain_cluster("P", {"a": "P", "b": "P", "c": "P"}, [KeptPair(Edge("a", "b", -1.0))])
    assert story.bridge is None
    assert story.confidence is None
    assert story.parts == (("a", "b"), ("c",))
    assert story.against == (Edge("a", "b", -1.0),)
