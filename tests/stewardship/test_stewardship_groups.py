"""The group that a record belongs to now: its published person, what links have joined since, less what was parted."""

from __future__ import annotations

from collections.abc import Iterable
from cProfile import Profile
from itertools import combinations, product
from pathlib import Path
from pstats import Stats
from threading import Barrier, Thread
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stewards_say import confirmed, retracted, said

from pipeline.core.errors import DecisionConflictError, OnePerson
from pipeline.engines.patterns import patterns_of
from pipeline.engines.port import ScoredPairs
from pipeline.link.decided import decided_rows, join_decided
from pipeline.stewardship.database import writing
from pipeline.stewardship.decision import Decision
from pipeline.stewardship.groups import Published, PublishedPerson, parts_of
from pipeline.stewardship.joined_by_one import joined_by_one
from pipeline.stewardship.policy import load_policy
from pipeline.stewardship.standing import decided_pairs, standing_decisions
from pipeline.stewardship.store import REFUSALS, Store, open_store
from schemas.decisions import NewDecision

POLICY = load_policy()


def published(*persons: str, **roles: str) -> Published:
    """Persons by their records, one letter and number each; roles by person, whose name is that of the first record."""
    found: dict[str, PublishedPerson] = {}
    for text in persons:
        records = frozenset(text.split())
        name = text.split()[0]
        person = PublishedPerson(f"P{name}", records, frozenset(roles.get(name, "witness").split("_")))
        found |= dict.fromkeys(records, person)
    return lambda record_ids: {record: found[record] for record in record_ids if record in found}


def enter(store: Store, people: Published, *new: NewDecision) -> list[Decision]:
    with writing(store.engine) as connection:
        return [recorded.decision for recorded in store.enter_within(connection, new, people)]


def waits(store: Store, people: Published, new: NewDecision) -> bool:
    return enter(store, people, new)[0].needs_second


VICTIM_WITNESS_SUSPECT = published("v", "w", "s", v="victim", s="suspect")


@pytest.mark.parametrize("first", ["vw", "sw"])
def test_the_link_that_would_make_a_group_of_a_victim_and_a_suspect_waits_by_whichever_way(
    store: Store, first: str
) -> None:
    second = "sw" if first == "vw" else "vw"
    assert not waits(store, VICTIM_WITNESS_SUSPECT, said(*first))
    (row,) = enter(store, VICTIM_WITNESS_SUSPECT, said(*second))
    assert (row.needs_second, row.second_because, row.n_records) == (True, "victim_offender", 3)


def test_of_links_entered_at_once_the_one_that_joins_a_victim_with_a_suspect_waits(store: Store) -> None:
    rows = enter(store, VICTIM_WITNESS_SUSPECT, said("v", "w"), said("s", "w"))
    assert [row.needs_second for row in rows] == [False, True]


def test_a_link_that_waits_joins_nobody_until_it_is_confirmed_and_then_the_confirmation_keeps_why(
    store: Store,
) -> None:
    (first,) = enter(store, VICTIM_WITNESS_SUSPECT, said("v", "w", needs_second=True))
    assert not waits(store, VICTIM_WITNESS_SUSPECT, said("s", "w"))
    (second,) = enter(store, VICTIM_WITNESS_SUSPECT, confirmed(first.decision_id))
    assert (second.needs_second, second.second_because) == (False, "victim_offender")


def test_a_link_that_was_taken_back_counts_again_only_by_a_second_steward_where_it_would_join_the_two(
    store: Store,
) -> None:
    (first,) = enter(store, VICTIM_WITNESS_SUSPECT, said("v", "w"))
    (lifted,) = enter(store, VICTIM_WITNESS_SUSPECT, retracted(first.decision_id))
    assert not waits(store, VICTIM_WITNESS_SUSPECT, said("s", "w"))
    (back,) = enter(store, VICTIM_WITNESS_SUSPECT, retracted(lifted.decision_id))
    assert (back.needs_second, back.second_because) == (True, "victim_offender")


def test_a_parting_is_taken_back_only_by_two_where_that_joins_a_victim_with_a_suspect(store: Store) -> None:
    people = published("c1 c2", "v", "s", v="victim", s="suspect")
    (apart,) = enter(store, people, said("c1", "c2", "unlink"))
    assert not waits(store, people, said("c1", "v"))
    assert not waits(store, people, said("c2", "s"))
    assert waits(store, people, retracted(apart.decision_id))
    assert not waits(
        store, published("c1 c2"), retracted(enter(store, people, said("c1", "c2", "unsure"))[0].decision_id)
    )


def test_the_work_of_undoing_a_split_grows_with_its_pairs_and_not_with_their_square(url: str) -> None:
    calls = {}
    for half in (11, 22):  # of more than 20 records, so that a second steward confirms
        ones, others = ([f"{side}{half}_{at}" for at in range(half)] for side in "ab")
        people = published(" ".join([*ones, *others]))
        with open_store(url) as store:
            apart = enter(store, people, *(said(a, b, "unlink", by="Bob") for a, b in product(ones, others)))
            seconds = enter(store, people, *(confirmed(own.decision_id, by="Dan") for own in apart))
            with Profile() as work:
                enter(store, people, *(retracted(own.decision_id, by="Dan") for own in seconds))
        calls[half] = Stats(work).total_calls / half**2
    assert calls[22] < 1.5 * calls[11]


def test_many_records_are_counted_over_all_who_are_joined(store: Store) -> None:
    people = published(*(" ".join(f"{name}{at}" for at in range(8)) for name in "abc"))
    assert not waits(store, people, said("a0", "b0"))
    (row,) = enter(store, people, said("b1", "c1"))
    assert (row.second_because, row.n_records) == ("many_records", 24)


def test_without_a_publication_what_links_keep_of_their_records_counts(store: Store) -> None:
    store.decide(said("v", "w", roles_l="victim", roles_r="witness"))
    row = store.decide(said("s", "w", roles_l="suspect", roles_r="witness")).decision
    assert row.second_because == "victim_offender"


def test_of_two_stewards_at_one_moment_one_waits(store: Store) -> None:
    at_once, rows = Barrier(2), list[Decision]()

    def decide(pair: str, by: str) -> None:
        at_once.wait()
        rows.extend(enter(store, VICTIM_WITNESS_SUSPECT, said(*pair, by=by)))

    threads = [Thread(target=decide, args=own) for own in (("vw", "ann"), ("sw", "bob"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(row.needs_second for row in rows) == [False, True]


CHILDREN = published("a", "b", "c1 c2", "d1 d2 d3")
ROUND_C = [("a", "b", "unlink"), ("a", "c1", "link"), ("b", "c2", "link")]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_two_who_are_not_one_are_not_joined_by_two_records_of_a_third(store: Store, order: tuple[int, ...]) -> None:
    *before, last = (said(left, right, verdict) for left, right, verdict in (ROUND_C[at] for at in order))
    for new in before:
        enter(store, CHILDREN, new)
    with pytest.raises(DecisionConflictError) as refused:
        enter(store, CHILDREN, last)
    steps = refused.value.chain
    assert len(steps) == 3
    assert OnePerson("c1", "c2", "Pc1") in steps
    assert "c1 and c2 are one person in the publication (Pc1)" in str(refused.value)
    assert "Part the records of that person first" in str(refused.value)
    (apart,) = enter(store, CHILDREN, said("c1", "c2", "unlink"))
    enter(store, CHILDREN, last)
    with pytest.raises(DecisionConflictError, match="cannot be one person"):
        enter(store, CHILDREN, retracted(apart.decision_id))


def test_records_of_one_person_are_parted_whatever_the_publication_says_and_in_any_order(store: Store) -> None:
    for left, right in (("d1", "d3"), ("d1", "d2")):
        enter(store, CHILDREN, said(left, right, "unlink"))
    enter(store, CHILDREN, said("a", "d1"))
    enter(store, CHILDREN, said("b", "d2"))
    enter(store, CHILDREN, said("a", "b", "unlink"))
    with pytest.raises(DecisionConflictError):  # d2 and d3 were parted from d1, and not from each other
        enter(store, CHILDREN, said("a", "d3"))


def test_a_split_with_joins_is_taken_as_a_whole(store: Store) -> None:
    cut = [said(*sorted(pair), "unlink") for pair in product(("c1", "d1"), ("c2", "d2", "d3"))]
    enter(store, CHILDREN, said("c1", "d1"))
    rows = enter(store, CHILDREN, *cut, said("c2", "d2"))
    back = [retracted(row.decision_id) for row in reversed(rows)]
    enter(store, CHILDREN, *back)


def test_a_person_who_cannot_be_parted_by_one_of_two_records_stays_together_through_another_person(
    store: Store,
) -> None:
    enter(store, CHILDREN, said("c1", "d1"), said("c2", "d2"))
    with pytest.raises(DecisionConflictError, match=r"one person in the publication \(Pd1\)"):
        enter(store, CHILDREN, said("c1", "c2", "unlink"))


@given(
    st.sets(st.sampled_from("abcdef"), min_size=1),
    st.lists(st.sampled_from(list(combinations("abcdef", 2))), max_size=15),
)
def test_parts_are_what_is_left_together_pair_by_pair(records: set[str], unlinks: list[tuple[str, str]]) -> None:
    parted: dict[str, set[str]] = {}
    for left, right in unlinks:
        parted.setdefault(left, set()).add(right)
        parted.setdefault(right, set()).add(left)
    parts = parts_of(records, parted)
    assert sorted(record for part in parts for record in part.records) == sorted(records)
    part_of = {record: part for part in parts for record in part.records}
    for pair in combinations(sorted(records), 2):
        is_one = part_of[pair[0]] is part_of[pair[1]]
        assert is_one or pair in unlinks
        assert not (is_one and pair in unlinks and part_of[pair[0]].is_whole)


PEOPLE = ("a", "b", "c1 c2", "d1 d2 d3")
RECORDS = [record for person in PEOPLE for record in person.split()]
ROLES = {"a": "victim", "b": "suspect"}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(list(combinations(RECORDS, 2))),
        st.sampled_from(["link", "link", "unlink", "unsure", "retract", "again"]),
        st.integers(0, 9),
    ),
    max_size=14,
)


def nights_persons(log: pa.Table) -> dict[str, int]:
    """The persons of a night on the same evidence: machine's persons but for what is parted, then stewards' links."""
    standing = standing_decisions(log, POLICY)
    rows = decided_rows(decided_pairs(standing), pa.array(RECORDS))
    at = {record: row for row, record in enumerate(RECORDS)}
    parted = {tuple(pair) for pair in rows.cannot.tolist()}
    machine = np.arange(len(RECORDS))
    for records in whole_persons(parted, at):
        machine[[at[record] for record in records]] = min(at[record] for record in records)
    none = np.zeros(0, np.int32)
    pairs = ScoredPairs(none, none, patterns_of(np.zeros((0, 1), np.uint8)), np.zeros(0), 0)
    return dict(zip(RECORDS, join_decided(machine, pairs, rows).tolist(), strict=True))


def whole_persons(parted: set[tuple[int, ...]], at: dict[str, int]) -> Iterable[list[str]]:
    for records in (person.split() for person in PEOPLE):
        if not any((at[left], at[right]) in parted for left, right in combinations(records, 2)):
            yield records


@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_whatever_is_entered_no_night_tears_a_person_apart_by_links_or_joins_opposed_roles_by_one_steward(
    steps: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("store")
    people, entered = published(*PEOPLE, **ROLES), list[Decision]()
    with open_store(f"sqlite:///{folder}/decisions.sqlite3") as store:
        for pair, what, back in steps:
            if what in ("retract", "again"):
                wanted = [own for own in entered if (own.verdict == "retract") == (what == "again")]
                if not wanted:
                    continue
                new = retracted(wanted[-1 - back % len(wanted)].decision_id)
            else:
                new = said(*pair, what)
            try:
                entered += enter(store, people, new)
            except REFUSALS:
                continue
        log = store.log()
    person_of = nights_persons(log)
    standing = decided_pairs(standing_decisions(log, POLICY))
    at = {record: row for row, record in enumerate(RECORDS)}
    parted = {
        tuple(sorted((at[row["record_id_l"]], at[row["record_id_r"]])))
        for row in standing.to_pylist()
        if row["constraint"] == "cannot_link"
    }
    for records in whole_persons(parted, at):
        assert len({person_of[record] for record in records}) == 1, "a night tore a person apart"
    assert person_of["a"] != person_of["b"], "one steward alone joined a victim with a suspect"


def test_a_night_asks_about_links_of_single_stewards_by_which_it_joined_opposed_roles(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/decisions.sqlite3") as store:
        ids = [store.decide(said(*pair)).decision.decision_id for pair in ("vw", "sw", "xy")]
        members = pa.table({"record_id": list("vwsxy"), "cluster_id": list("vvvxx")})
        roles = {"v": "victim", "w": "witness", "s": "suspect", "x": "victim", "y": "victim"}
        events = pa.table({"record_id": list(roles), "role": list(roles.values())})
        standing = standing_decisions(store.log(), POLICY)
        assert joined_by_one(standing, members, events, POLICY) == {*ids[:2]}
        parted = pa.table({"record_id": list("vwsxy"), "cluster_id": list("vvsxx")})
        assert joined_by_one(standing, parted, events, POLICY) == frozenset()
        again = store.decide(said("s", "w", by="bob", supersedes=ids[1], roles_l="suspect", roles_r="victim")).decision
        store.decide(confirmed(again.decision_id, by="cid"))
        assert joined_by_one(standing_decisions(store.log(), POLICY), members, events, POLICY) == frozenset()
