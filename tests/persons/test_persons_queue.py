"""The review queue from night to night: one question a pair of persons, the same as long as it is asked, closed with a reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.parquet import conform
from pipeline.persons.causes import Evidence
from pipeline.persons.doubts import Doubts
from pipeline.persons.identity import carry_on, compare_with
from pipeline.persons.ledger import empty_ledger
from pipeline.persons.links_among import links_between
from pipeline.persons.questions import questions
from pipeline.persons.queue import Owners, Queue, review_queue
from schemas.tables import CLUSTERS, LINKS, REVIEW_PAIRS, STANDING_DECISIONS

BEGAN = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
BOROUGH, BORN = "Camden", dt.date(1980, 5, 5)


class Home:
    """Nights of clusters: ledger and queue are handed on."""

    def __init__(self) -> None:
        self.ledger, self.before, self.number = empty_ledger(), None, 0
        self.person_of: dict[str, str] = {}

    def night(
        self,
        clusters: dict[str, int],
        waiting: Sequence[tuple[str, str, float]] = (),
        links=(),
        standing=(),
        weakest=None,
    ) -> Queue:
        """``clusters``: record to a label; ``waiting``: pairs of records with their weight."""
        self.number += 1
        run_id = f"2026-11-{self.number:02d}-1"
        named = {label: min(r for r, own in clusters.items() if own == label) for label in clusters.values()}
        ids = sorted(clusters)
        members = pa.table({"record_id": ids, "cluster_id": [named[clusters[record]] for record in ids]})
        found = carry_on(compare_with(self.ledger, members), self.ledger, run_id, Evidence())
        self.ledger = found.ledger
        self.person_of = dict(zip(ids, found.person_of.to_pylist(), strict=True))
        records = pa.table(
            {
                "record_id": ids,
                "person_id": [self.person_of[record] for record in ids],
                "borough": [BOROUGH] * len(ids),
                "date_of_birth": pa.array([BORN] * len(ids)),
                "recorded_at": pa.array([BEGAN] * len(ids)),
            }
        )
        doubts = Doubts(
            pairs_table(waiting, clusters, named),
            clusters_table(clusters, named, weakest or {}),
            links_table(waiting, links),
            standing_table(standing),
            0.0,
            4,
        )
        owners = Owners(records, {move.record_id: move.before for move in found.moves})
        self.before = review_queue(doubts, owners, self.ledger, self.before, run_id)
        return self.before


def pairs_table(waiting, clusters, named) -> pa.Table:
    best: dict[tuple[int, ...], dict[str, Any]] = {}
    for left, right, weight in sorted(waiting, key=lambda pair: -pair[2]):
        key = tuple(sorted((clusters[left], clusters[right])))
        row = best.setdefault(
            key,
            {
                "record_id_l": left,
                "record_id_r": right,
                "cluster_id_l": named[clusters[left]],
                "cluster_id_r": named[clusters[right]],
                "match_weight": weight,
                "match_probability": 0.5,
                "together_weight": weight,
                "rivals_weight": 0.0,
                "n_pairs": 0,
                "review_type": "grey_pair",
            },
        )
        row["n_pairs"] += 1
    return conform(pa.Table.from_pylist(list(best.values()), REVIEW_PAIRS.arrow_schema()), REVIEW_PAIRS)


def clusters_table(clusters, named, weakest) -> pa.Table:
    rows = [
        {
            "cluster_id": named[label],
            "n_records": list(clusters.values()).count(label),
            "n_pairs": 1,
            "density": 1.0,
            "weakest_bits": weakest.get(named[label]),
            "confidence": 1.0,
        }
        for label in dict.fromkeys(clusters.values())
    ]
    return pa.Table.from_pylist(rows, CLUSTERS.arrow_schema())


def links_table(waiting, links) -> pa.Table:
    told = [(left, right, weight, "review", "model") for left, right, weight in waiting] + list(links)
    rows = [
        {
            "record_id_l": left,
            "record_id_r": right,
            "match_weight": weight,
            "match_probability": 0.5,
            "mw_prior": 0.0,
            "mw_related": 0.0,
            "decision": decision,
            "decided_by": by,
        }
        for left, right, weight, decision, by in told
    ]
    return conform(pa.Table.from_pylist(rows, LINKS.arrow_schema()), LINKS)


def standing_table(standing) -> pa.Table:
    rows = [
        {
            "seq": n,
            "decision_id": f"D{n}",
            "record_id_l": left,
            "record_id_r": right,
            "verdict": verdict,
            "state": state,
            "is_reattached": False,
            "look_again": again,
            "decided_by": "ann",
            "decided_at": BEGAN,
        }
        for n, (left, right, verdict, state, again) in enumerate(standing, start=1)
    ]
    return pa.Table.from_pylist(rows, STANDING_DECISIONS.arrow_schema())


def only(table: pa.Table) -> dict[str, Any]:
    rows = table.to_pylist()
    assert len(rows) == 1, rows
    return rows[0]


def closed(queue: Queue) -> dict[str, str]:
    return {row["review_id"]: row["reason_code"] for row in queue.closed.to_pylist()}


TWO = {"a": 1, "b": 2}


def test_a_question_keeps_its_id_and_its_first_run_while_its_persons_grow() -> None:
    home = Home()
    first = only(home.night(TWO, [("a", "b", 1.0)]).open)
    second = only(home.night({**TWO, "A": 1, "B": 2}, [("a", "b", 1.0), ("A", "B", 2.0)]).open)
    assert (second["review_id"], second["opened_in"]) == (first["review_id"], "2026-11-01-1")
    assert (second["record_id_l"], second["n_pairs"]) == ("A", 2)


def test_a_question_goes_on_where_a_person_merges_with_a_third() -> None:
    home = Home()
    first = only(home.night({"a": 1, "b": 2, "c": 3}, [("a", "b", 1.0)]).open)
    second = only(home.night({"a": 1, "b": 2, "c": 1}, [("b", "c", 1.0)]).open)
    assert second["review_id"] == first["review_id"]


def test_a_question_follows_its_record_where_a_person_splits() -> None:
    home = Home()
    first = only(home.night({"a": 1, "x": 1, "y": 1, "b": 2}, [("a", "b", 1.0)]).open)
    queue = home.night({"a": 3, "x": 1, "y": 1, "b": 2}, [("a", "b", 1.0)])
    assert only(queue.open)["review_id"] == first["review_id"]
    assert only(queue.open)["person_ids"] == sorted({home.person_of["a"], home.person_of["b"]})


def test_of_two_questions_that_come_together_the_older_goes_on() -> None:
    home = Home()
    old = only(home.night({"a": 1, "b": 2, "c": 3}, [("a", "b", 1.0)]).open)
    both = home.night({"a": 1, "b": 2, "c": 3}, [("a", "b", 1.0), ("a", "c", 1.0)])
    young = next(row["review_id"] for row in both.open.to_pylist() if row["review_id"] != old["review_id"])
    queue = home.night({"a": 1, "b": 2, "c": 2}, [("a", "b", 1.0)])
    assert only(queue.open)["review_id"] == old["review_id"]
    assert closed(queue) == {young: "joined_another"}


def test_a_closed_question_says_why_and_stays_closed() -> None:
    said_two = [("a", "b", "unlink", "in_force", False)]
    for reason, clusters, links, standing in (
        ("linked", {"a": 1, "b": 1}, [("a", "b", 9.0, "link", "model")], []),
        ("decided_link", {"a": 1, "b": 1}, [("a", "b", 1.0, "link", "steward")], []),
        ("decided_unlink", TWO, [("a", "b", 1.0, "unlink", "steward")], said_two),
        ("kept_apart", TWO, [("a", "b", 1.0, "unlink", "steward")], []),
        ("weight_fell", TWO, [], []),
        ("record_withdrawn", {"a": 1}, [], []),
    ):
        home = Home()
        first = only(home.night(TWO, [("a", "b", 1.0)]).open)
        for _ in range(2):
            queue = home.night(clusters, links=links, standing=standing)
            assert len(queue.open) == 0
            assert closed(queue) == {first["review_id"]: reason}
        assert only(queue.closed)["closed_in"] == "2026-11-02-1"


def test_a_question_that_a_split_answers_is_not_closed_as_one_person() -> None:
    home = Home()
    question = only(home.night({"a": 1, "c": 1, "d": 1, "b": 2}, [("a", "b", 1.0)]).open)
    queue = home.night({"a": 2, "b": 2, "c": 1, "d": 1}, links=[("a", "b", 1.0, "link", "steward")])
    assert set(home.person_of.values()) == set(question["person_ids"])
    assert closed(queue) == {question["review_id"]: "decided_split"}


def test_a_question_answered_same_person_is_never_told_as_two_people_where_other_decisions_kept_them_apart() -> None:
    waiting = [("a1", "b1", 1.0), ("b1", "c1", 1.0)]
    home = Home()
    before = home.night({"a1": 1, "b1": 2, "b2": 2, "c1": 3, "c2": 3}, waiting)
    asked = {frozenset(row["person_ids"]): row["review_id"] for row in before.open.to_pylist()}
    a, b, c = (home.person_of[record] for record in ("a1", "b1", "c1"))
    said = [("a1", "c1", "unlink"), ("a1", "b2", "link"), ("b1", "c1", "link")]  # b is parted between them
    queue = home.night(
        {"a1": 1, "b2": 1, "b1": 2, "c1": 2, "c2": 2},
        links=[("a1", "b1", 1.0, "unlink", "steward"), ("b1", "c1", 1.0, "link", "steward")],
        standing=[(*each, "in_force", False) for each in said],
    )
    reasons = closed(queue)
    assert reasons[asked[frozenset([a, b])]] == "link_in_part"
    assert reasons[asked[frozenset([b, c])]] == "link_in_part", "b2 is not with c"


def test_a_split_that_joins_records_of_two_people_is_told_as_a_split_and_not_as_a_link_in_part() -> None:
    home = Home()
    question = only(home.night({"a": 1, "c": 1, "d": 1, "b": 2}, [("a", "b", 1.0)]).open)
    said = [("a", "b", "link"), ("a", "c", "unlink"), ("a", "d", "unlink")]
    queue = home.night(
        {"a": 2, "b": 2, "c": 1, "d": 1},
        links=[("a", "b", 1.0, "link", "steward")],
        standing=[(*each, "in_force", False) for each in said],
    )
    assert closed(queue) == {question["review_id"]: "decided_split"}


def test_a_question_asked_anew_is_another_one() -> None:
    home = Home()
    first = only(home.night(TWO, [("a", "b", 1.0)]).open)
    home.night(TWO)
    queue = home.night(TWO, [("a", "b", 1.0)])
    assert only(queue.open)["review_id"] != first["review_id"]
    assert only(queue.open)["opened_in"] == "2026-11-03-1"


def test_decisions_that_wait_contradict_or_rest_on_what_changed_are_questions() -> None:
    for kind, said in (
        ("decision_contradicted", ("a", "b", "link", "contradicted", False)),
        ("second_person", ("a", "b", "link", "waiting", False)),
        ("evidence_changed", ("a", "b", "unlink", "in_force", True)),
    ):
        queue = Home().night(TWO, standing=[said])
        row = only(queue.open)
        assert (row["review_type"], row["decision_ids"], row["match_weight"]) == (kind, ["D1"], None)
    assert len(Home().night(TWO, standing=[("a", "b", "unlink", "in_force", False)]).open) == 0
    assert len(Home().night(TWO, standing=[("a", "gone", "link", "detached", False)]).open) == 0


def test_a_decision_and_a_grey_pair_on_the_same_persons_are_one_question() -> None:
    home = Home()
    grey = only(home.night(TWO, [("a", "b", 1.0)]).open)
    row = only(home.night(TWO, [("a", "b", 1.0)], standing=[("a", "b", "link", "waiting", False)]).open)
    assert (row["review_id"], row["review_type"]) == (grey["review_id"], "second_person")
    assert row["priority"] > grey["priority"]


def test_what_a_steward_could_not_tell_ranks_lower_and_stays_open() -> None:
    sure = only(Home().night(TWO, [("a", "b", 1.0)]).open)
    unsure = only(Home().night(TWO, [("a", "b", 1.0)], standing=[("a", "b", "unsure", "in_force", False)]).open)
    assert unsure["priority"] == sure["priority"] / 2
    assert unsure["decision_ids"] == ["D1"]


def test_a_person_that_is_too_large_or_does_not_hold_together_is_a_question_until_that_ends() -> None:
    large = dict.fromkeys("abcde", 1)
    home = Home()
    assert only(home.night(large).open)["review_type"] == "over_large_cluster"
    queue = home.night(dict.fromkeys("abc", 1))
    assert list(closed(queue).values()) == ["person_shrank"]
    home = Home()
    inside = [("a", "b", 3.0, "link", "model"), ("b", "c", -2.0, "link", "model")]
    row = only(home.night({"a": 1, "b": 1, "c": 1}, links=inside, weakest={"a": -2.0}).open)
    assert (row["review_type"], row["record_id_l"], row["record_id_r"]) == ("broken_cluster", "b", "c")
    assert list(closed(home.night({"a": 1, "b": 1, "c": 1}, links=inside, weakest={"a": 3.0})).values()) == [
        "holds_together"
    ]


RECORDS = [f"r{number}" for number in range(7)]
NIGHTS = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(RECORDS), st.integers(0, 3), min_size=2),
        st.lists(st.tuples(st.sampled_from(RECORDS), st.sampled_from(RECORDS)), max_size=5),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=120)
@given(NIGHTS)
def test_over_any_history_a_question_is_open_or_closed_once_and_never_both(history) -> None:
    home = Home()
    known: dict[str, str] = {}
    for clusters, drawn in history:
        waiting = [(min(p), max(p), 1.0) for p in drawn if set(p) <= set(clusters) and clusters[p[0]] != clusters[p[1]]]
        queue = home.night(clusters, waiting)
        rows = queue.open.to_pylist()
        persons = [tuple(row["person_ids"]) for row in rows]
        assert len(set(persons)) == len(persons)
        assert {tuple(sorted({home.person_of[left], home.person_of[right]})) for left, right, _ in waiting} <= set(
            persons
        )
        open_ids, closed_ids = [row["review_id"] for row in rows], queue.closed.column("review_id").to_pylist()
        assert len(set(open_ids)) == len(open_ids)
        assert len(set(closed_ids)) == len(closed_ids)
        assert set(open_ids).isdisjoint(closed_ids)
        assert set(known) <= set(open_ids) | set(closed_ids)
        for row in rows:
            assert known.setdefault(row["review_id"], row["opened_in"]) == row["opened_in"]


def test_the_gravest_of_several_doubts_names_the_question() -> None:
    home = Home()
    home.night(TWO)
    doubts = Doubts(
        pairs_table([("a", "b", 1.0)], TWO, {1: "a", 2: "b"}),
        clusters_table(TWO, {1: "a", 2: "b"}, {}),
        links_table([], []),
        standing_table([("a", "b", "link", "waiting", False), ("a", "b", "unlink", "in_force", True)]),
        0.0,
        4,
    )
    records = pa.table(
        {
            "record_id": ["a", "b"],
            "person_id": ["P1", "P2"],
            "borough": [BOROUGH] * 2,
            "date_of_birth": pa.array([BORN] * 2),
            "recorded_at": pa.array([BEGAN] * 2),
        }
    )
    found = questions(doubts, records).to_pylist()
    assert [(row["person_ids"], row["review_type"], row["decision_ids"]) for row in found] == [
        (["P1", "P2"], "second_person", ["D1", "D2"])
    ]


def test_links_of_single_stewards_that_joined_opposed_roles_are_asked_about_as_victim_and_offender() -> None:
    one = {"a": 1, "b": 1}
    doubts = Doubts(
        pairs_table([], one, {1: "a"}),
        clusters_table(one, {1: "a"}, {}),
        links_table([], []),
        standing_table([("a", "b", "link", "in_force", False)]),
        0.0,
        4,
        frozenset({"D1"}),
    )
    records = pa.table(
        {
            "record_id": ["a", "b"],
            "person_id": ["P1", "P1"],
            "borough": [BOROUGH] * 2,
            "date_of_birth": pa.array([BORN] * 2),
            "recorded_at": pa.array([BEGAN] * 2),
        }
    )
    (asked,) = questions(doubts, records).to_pylist()
    assert (asked["review_type"], asked["person_ids"], asked["decision_ids"]) == ("victim_offender", ["P1"], ["D1"])


def harm(born: dt.date | None, recorded_at: dt.datetime) -> int:
    """Of a grey pair of two records that were made at this time of people born on that day."""
    doubts = Doubts(
        pairs_table([("a", "b", 1.0)], TWO, {1: "a", 2: "b"}),
        clusters_table(TWO, {1: "a", 2: "b"}, {}),
        links_table([], []),
        standing_table([]),
        0.0,
        4,
    )
    records = pa.table(
        {
            "record_id": ["a", "b"],
            "person_id": ["P1", "P2"],
            "borough": [BOROUGH] * 2,
            "date_of_birth": pa.array([born] * 2, pa.date32()),
            "recorded_at": pa.array([recorded_at] * 2, pa.timestamp("us", "UTC")),
        }
    )
    (row,) = questions(doubts, records).to_pylist()
    return int(row["harm"])


def test_a_child_of_whom_a_question_is_graver_is_one_until_midnight_in_london_before_the_eighteenth_birthday() -> None:
    midnight = dt.datetime(2026, 6, 30, 23, tzinfo=dt.UTC)
    of_a_child = harm(dt.date(2015, 1, 1), midnight)
    of_an_adult = harm(dt.date(1990, 1, 1), midnight)
    assert of_a_child == of_an_adult + 1
    assert harm(dt.date(2008, 7, 1), midnight - dt.timedelta(minutes=1)) == of_a_child
    assert harm(dt.date(2008, 7, 1), midnight) == of_an_adult
    assert harm(None, midnight) == of_an_adult


@given(
    st.sets(st.tuples(st.sampled_from("abcdef"), st.sampled_from("ghijkl"))),
    st.sets(st.sampled_from("abcdefghijkl")),
    st.integers(1, 5),
)
def test_links_between_records_are_the_same_in_whatever_parts_they_come(
    pairs: set[tuple[str, str]], wanted: set[str], size: int
) -> None:
    rows = sorted(pairs)
    ends = {f"record_id_{side}": pa.array([pair[at] for pair in rows], pa.string()) for at, side in enumerate("lr")}
    parts = [pa.table(ends).slice(start, size) for start in range(0, len(rows), size)]
    found = [
        tuple(row.values())
        for part in links_between(parts, pa.array(sorted(wanted), pa.string()))
        for row in part.to_pylist()
    ]
    assert found == [pair for pair in rows if wanted.issuperset(pair)]
