"""Identities that last, whatever happens to clusters."""

from __future__ import annotations

import datetime as dt

import pytest
from nights_of_clusters import Home, Told

from pipeline.core.errors import SettingsError
from pipeline.persons.causes import Evidence
from pipeline.persons.ledger import ledger_of
from pipeline.persons.lineage import resolve
from pipeline.persons.successors import Successors


def test_nothing_changed_gives_the_same_ids_and_the_same_ledger() -> None:
    home = Home()
    home.night("ab", "c")
    first, ledger = home.person, home.ledger
    assert home.night("ab", "c").changes == ()
    assert home.person == first
    assert home.ledger.equals(ledger)


def test_a_merge_keeps_the_id_that_stood_longest_and_the_other_points_to_it() -> None:
    home = Home()
    home.night("z")
    old = home.person["z"]
    home.night("abc", "z")
    young = home.person["a"]
    home.night("abcz")
    assert set(home.person.values()) == {old}
    assert [(span.valid_to, span.merged_into) for span in home.spans(young)] == [("2026-11-03-1", old)]
    assert resolve(home.ledger, young) == (old,)


def test_a_split_leaves_the_id_with_most_of_the_old_records() -> None:
    home = Home()
    home.night("abc")
    old = home.person["a"]
    home.night("a", "bc")
    parted = home.person["a"]
    assert home.person["b"] == home.person["c"] == old != parted
    assert [span.split_from for span in home.spans(parted)] == [old]
    assert resolve(home.ledger, old) == (old, parted)


def test_a_withdrawn_person_keeps_its_id_and_has_it_back_when_its_records_return() -> None:
    home = Home()
    home.night("ab", "c")
    gone = home.person["a"]
    home.night("c")
    assert [(span.valid_to, span.merged_into, span.ended_by) for span in home.spans(gone)] == [
        ("2026-11-02-1", None, "withdrawn")
    ]
    assert resolve(home.ledger, gone) == ()
    home.night("ab", "c")
    assert home.person["a"] == gone
    assert [span.cause for span in home.spans(gone)] == ["new_data", "recovered"]
    assert resolve(home.ledger, gone) == (gone,)


def test_of_two_parts_that_return_the_greater_has_the_id_back() -> None:
    home = Home()
    home.night("abc", "d")
    gone = home.person["a"]
    home.night("d")
    home.night("a", "bc", "d")
    assert home.person["b"] == home.person["c"] == gone
    assert [span.split_from for span in home.spans(home.person["a"])] == [gone]


def test_a_withdrawn_person_whose_records_return_into_another_points_to_it() -> None:
    home = Home()
    home.night("ab", "c")
    gone, stays = home.person["a"], home.person["c"]
    home.night("c")
    home.night("abc")
    assert set(home.person.values()) == {stays}
    marker = home.spans(gone)[-1]
    assert (marker.valid_from, marker.valid_to, marker.merged_into, marker.record_ids) == (
        "2026-11-03-1",
        "2026-11-03-1",
        stays,
        (),
    )
    assert resolve(home.ledger, gone) == (stays,)


def test_a_record_that_returns_alone_does_not_take_the_id_of_a_person_who_stands() -> None:
    home = Home()
    home.night("ab")
    stays = home.person["a"]
    home.night("a")
    home.night("a", "b")
    assert home.person["a"] == stays
    assert [span.split_from for span in home.spans(home.person["b"])] == [stays]


def test_when_a_merge_is_undone_the_id_is_again_of_those_whose_it_was() -> None:
    home = Home()
    home.night("z")
    old = home.person["z"]
    home.night("z", "abc")
    young = home.person["a"]
    home.night("abcz")
    home.night("abc", "z")
    assert home.person["z"] == old, "three of its four records were of another person"
    assert home.person["a"] not in (old, young)
    assert resolve(home.ledger, young) == (home.person["a"],)


def test_an_undone_merge_leaves_what_came_since_with_those_it_came_to() -> None:
    home = Home()
    home.night("z")
    old = home.person["z"]
    home.night("z", "ab")
    home.night("abz")
    home.night("abxyz")
    home.night("ab", "xyz")
    assert home.person["x"] == home.person["z"] == old
    home.night("ab", "xy")
    assert home.person["x"] == old, "its own record was withdrawn, and what stands came to it"


def test_of_persons_of_one_night_that_merge_the_one_of_most_records_survives() -> None:
    for small, large in (("a", "bcd"), ("d", "abc")):
        home = Home()
        home.night(small, large)
        survivor = home.person[large[0]]
        home.night(small + large)
        assert set(home.person.values()) == {survivor}
        home.night(small, large)
        assert home.person[large[0]] == survivor != home.person[small]


def test_an_id_that_was_merged_away_never_comes_back() -> None:
    home = Home()
    home.night("a")
    home.night("a", "b")
    merged = home.person["b"]
    home.night("ab")
    home.night("a", "b")
    assert home.person["b"] != merged
    assert resolve(home.ledger, merged) == (home.person["b"],)


def test_the_tenth_run_of_a_day_comes_after_the_ninth() -> None:
    home = Home()
    home.night("a", run_id="2026-11-20-9")
    first = home.person["a"]
    home.night("a", "bcd", run_id="2026-11-20-10")
    home.night("abcd", run_id="2026-11-20-11")
    assert set(home.person.values()) == {first}


@pytest.mark.parametrize("run_id", ["2026-11-19-1", "2026-11-20-2", "2026-11-20-1"])
def test_a_run_that_is_not_later_than_the_ledger_is_refused_with_what_to_do(run_id: str) -> None:
    home = Home()
    home.night("a", run_id="2026-11-20-1")
    home.night("ab", run_id="2026-11-20-2")
    with pytest.raises(SettingsError, match=r"2026-11-20-2.*--as-of"):
        home.night("abc", run_id=run_id)


@pytest.mark.parametrize(
    ("before", "after", "evidence", "causes"),
    [
        ("a b", "ab", Evidence(), {"other_data"}),
        ("a b", "ab", Evidence(is_model_new=True), {"model"}),
        ("a b", "ab", Evidence(corrected={"b": "corrected_data"}, is_model_new=True), {"corrected_data"}),
        ("a b", "ab", Evidence(corrected={"b": "contract"}), {"contract"}),
        ("a b", "ab", Evidence(corrected={"b": "corrected_data"}, decided=frozenset("a")), {"steward"}),
        ("a b", "abc", Evidence(is_model_new=True), {"new_data"}),
        ("abc", "a b", Evidence(is_model_new=True), {"withdrawn"}),
        ("ab cd", "a b c d", Evidence(decided=frozenset("a"), is_model_new=True), {"steward", "model"}),
    ],
)
def test_each_person_is_blamed_by_its_own_records(
    before: str, after: str, evidence: Evidence, causes: set[str]
) -> None:
    home = Home()
    home.night(*before.split())
    found = home.night(*after.split(), evidence=evidence)
    assert {change.cause.word for change in found.changes} == causes
    tonight = "2026-11-02-1"
    told = {span.cause for span in map_spans(home) if span.valid_from == tonight}
    told |= {span.ended_by for span in map_spans(home) if span.valid_to == tonight}
    assert told == causes


def map_spans(home: Home):
    return [span for person in set(home.ledger.column("person_id").to_pylist()) for span in home.spans(person)]


def test_a_record_whose_key_is_somebody_elses_now_brings_no_id_with_it() -> None:
    home = Home()
    home.night("a", "bc")
    lone, of_two = home.person["a"], home.person["b"]
    changes = home.night("a", "bc", known_by=Successors(frozenset("ab"))).changes
    assert home.person["a"] not in (lone, of_two)
    assert home.person["b"] == home.person["c"] == of_two, "of whom another record speaks still"
    assert [(span.valid_to, span.merged_into) for span in home.spans(lone)] == [("2026-11-02-1", None)]
    assert resolve(home.ledger, lone) == ()
    assert {(change.kind, change.before, change.after) for change in changes} == {
        ("withdrawn", lone, None),
        ("created", None, home.person["a"]),
        ("changed", of_two, of_two),
    }


AMINA = ("AMINA", "KHAN", dt.date(2009, 3, 4))
AMINAH = ("AMINAH", "KHAN", dt.date(2009, 3, 4))
LENA = ("LENA", "FOX", dt.date(2011, 8, 23))
NO_BIRTHDAY = ("AMINA", "KHAN", None)
FORENAME_ALONE = ("AMINA", None, None)


@pytest.mark.parametrize(
    ("left", "returned", "is_again"),
    [
        (AMINA, AMINA, True),
        (AMINA, LENA, False),
        (AMINA, AMINAH, False),
        (AMINA, NO_BIRTHDAY, False),
        (NO_BIRTHDAY, NO_BIRTHDAY, True),
        (FORENAME_ALONE, FORENAME_ALONE, False),
    ],
)
def test_a_record_that_returns_brings_its_id_only_where_it_says_what_it_said(
    left: Told, returned: Told, is_again: bool
) -> None:
    home = Home()
    home.night("a", "b", told={"a": left, "b": LENA})
    gone = home.person["a"]
    home.night("b", told={"b": LENA})
    home.night("b", told={"b": LENA})
    home.night("a", "b", told={"a": returned, "b": LENA})
    assert (home.person["a"] == gone) is is_again
    assert resolve(home.ledger, gone) == ((gone,) if is_again else ())
    assert [span.records_given_away for span in home.spans(gone)] == ([None, None] if is_again else [("a",)])


def test_a_record_that_left_others_behind_and_returns_as_somebody_else_leads_nobody_to_them() -> None:
    home = Home()
    home.night("ab", told={"a": AMINA, "b": AMINA})
    stays = home.person["a"]
    home.night("b", told={"b": AMINA})
    home.night("a", "b", told={"a": LENA, "b": AMINA})
    other = home.person["a"]
    assert home.person["b"] == stays != other
    assert [span.split_from for span in home.spans(other)] == [None]
    assert resolve(home.ledger, stays) == (stays,)


def test_a_key_that_goes_from_one_to_the_next_time_after_time_means_each_time_somebody_new() -> None:
    home = Home()
    persons = []
    for told in (AMINA, LENA, AMINA):
        home.night("a", "b", told={"a": told, "b": NO_BIRTHDAY})
        persons.append(home.person["a"])
        home.night("b", told={"b": NO_BIRTHDAY})
    assert len(set(persons)) == 3
    assert [resolve(home.ledger, person) for person in persons] == [(), (), ()]


def test_what_left_under_a_version_that_kept_nothing_of_it_returns_as_it_did_then() -> None:
    home = Home()
    home.night("a", "b", told={"a": AMINA, "b": LENA})
    gone = home.person["a"]
    home.night("b", told={"b": LENA})
    home.ledger = ledger_of(home.ledger.drop_columns(["records_withdrawn"]))
    home.night("a", "b", told={"a": AMINAH, "b": LENA})
    assert home.person["a"] == gone


def test_an_id_stands_though_its_keys_went_round() -> None:
    home = Home()
    home.night("a", told={"a": AMINA})
    amina = home.person["a"]
    home.night("a", "b", told={"a": LENA, "b": AMINA})
    home.night("a", "b", told={"a": AMINA, "b": LENA})
    assert home.person["a"] == amina
    assert resolve(home.ledger, amina) == (amina,)


def test_persons_keep_their_ids_where_a_source_numbers_everybody_anew() -> None:
    home = Home()
    home.night("a", "b", "cx")
    before = home.person
    everybody_moved = Successors(frozenset("bc"), {"b": "a", "c": "b", "d": "c"})
    home.night("b", "c", "dx", known_by=everybody_moved)
    assert home.person == {"b": before["a"], "c": before["b"], "d": before["c"], "x": before["c"]}
