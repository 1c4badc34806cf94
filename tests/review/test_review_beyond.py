from __future__ import annotations

from typing import Any

import pytest

from pipeline.review.cases.beyond import LEAST_TAKEN, as_one, beyond
from pipeline.review.cases.weigh import odds_words, rarity_words
from pipeline.review.records.group import Group

FIELDS = ("forename", "middle_names", "surname", "address", "date_of_birth")


def record(record_id: str, person_id: str, **values: Any) -> dict[str, Any]:
    return dict.fromkeys(FIELDS) | {"record_id": record_id, "person_id": person_id} | values


def group_with(links: dict[tuple[str, str], dict[str, Any]], *records: dict[str, Any]) -> Group:
    rows = {row["record_id"]: row for row in records}
    return Group({row["person_id"]: {} for row in records}, rows, links)


def a_group() -> Group:
    """Two persons; the strongest pair, a and c, happens to lack the address, in which other pairs differ."""
    links = {
        ("a", "c"): {"match_weight": 6.2, "mw_forename": -2.0, "mw_address": 0.0},
        ("b", "c"): {"match_weight": 1.0, "mw_forename": -2.0, "mw_address": 0.0},
        ("b", "d"): {"match_weight": -3.8, "mw_forename": -2.0, "mw_address": -3.8},
        ("a", "b"): {"match_weight": 20.0, "mw_forename": 5.0, "mw_address": 4.0},
    }
    return group_with(
        links,
        record("a", "P", forename=["RAVINDER"]),
        record("b", "P", forename=["RAVINDER"], address="1 HIGH STREET", middle_names=["KAUR"]),
        record("c", "Q", forename=["RAJINDER"]),
        record("d", "Q", forename=["RAJINDER"], address="9 LOW ROAD", middle_names=["PAL"]),
    )


def test_the_pairs_between_two_people_are_told_beside_the_one_that_is_shown() -> None:
    found = beyond(a_group(), ("a", "c"))
    assert found
    assert (found.n_pairs, found.low, found.high) == (3, -3.8, 6.2)
    assert "two people" in found.low_odds
    assert "one person" in found.high_odds


def test_what_other_records_contradict_speaks_against_and_what_the_pair_compares_itself_is_not_told_twice() -> None:
    found = beyond(a_group(), ("a", "c"))
    assert found
    told = {own.field: own.words for own in found.against}
    assert told == {
        "address": "14 times less likely at best, in the other pair that compares it",
        "middle_names": "KAUR against PAL",
    }


def test_a_slip_that_is_in_every_record_is_no_slip() -> None:
    group = a_group()
    group.links["a", "c"]["mw_forename"] = 9.0
    found = beyond(group, ("a", "c"))
    assert found
    told = {own.field: own.words for own in found.against}
    assert told["forename"] == "RAVINDER in 2 records, RAJINDER in 2, never the same"
    group.records["b"]["forename"] = ["RAJINDER"]
    again = beyond(group, ("a", "c"))
    assert again
    assert "forename" not in {own.field for own in again.against}


def test_a_value_that_both_people_have_somewhere_speaks_against_nothing() -> None:
    group = group_with(
        {}, record("a", "P"), record("b", "P", middle_names=["ANN"]), record("c", "Q", middle_names=["ANN"])
    )
    found = beyond(group, ("a", "c"))
    assert found
    assert found.against == ()


def test_one_person_and_two_lone_records_have_nothing_beyond_the_pair() -> None:
    assert beyond(group_with({}, record("a", "P"), record("b", "P"), record("c", "P")), ("a", "b")) is None
    assert beyond(group_with({}, record("a", "P"), record("b", "Q")), ("a", "b")) is None


@pytest.mark.parametrize("n", [1, 20, 300])
def test_how_rare_a_name_is_says_nothing_of_how_much_it_weighs(n: int) -> None:
    """A surname of one in a hundred is common, and yet makes one person a hundred times likelier."""
    told = rarity_words("surname", "KAUR", n, 3_000)
    assert "says" not in told


def test_how_rare_a_value_is_says_how_many_of_its_records_are_those_of_the_case() -> None:
    assert "(1 in 500), 4 of them shown here." in rarity_words("surname", "KAUR", 6, 3_000, 4)
    assert "(1 in 500), all of them shown here." in rarity_words("surname", "KAUR", 6, 3_000, 6)


def test_few_records_do_not_make_common_what_nobody_else_has() -> None:
    told = [rarity_words("phone", "02083563000", 2, n, 2) for n in (185, 100_000)]
    assert [words.endswith("shown here.") for words in told] == [True, False]
    assert told[1].endswith("It is rare.")
    assert "common" in rarity_words("phone", "02083563000", 3, 185, 2)


@pytest.mark.flow
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("victim_offender", "a victim or child at risk is shown as a suspect or offender"),
        ("name_only", "A second steward must confirm it: the link would rest on a name alone."),
        ("grey_pair", "one person stays in two files"),
    ],
)
def test_a_case_says_what_a_wrong_answer_does_and_who_must_confirm_it_before_it_is_given(
    desk: Any, kind: str, words: str
) -> None:
    shelf = desk.desk.shelves.current()
    row = shelf.rows("SELECT review_id FROM queue WHERE review_type = ? ORDER BY review_id LIMIT 1", [kind])[0]
    assert words in desk.client("asha").open_case(row["review_id"])


@pytest.mark.flow
def test_a_case_tells_the_odds_as_those_of_its_two_records_and_every_pairs_range(desk: Any) -> None:
    shelf = desk.desk.shelves.current()
    row = shelf.rows(
        "SELECT * FROM queue WHERE review_type = 'name_only' AND n_pairs >= 3 ORDER BY n_pairs DESC, review_id LIMIT 1"
    )[0]
    page = desk.client("asha").open_case(row["review_id"])
    assert "Taken together" not in page
    assert " alone: <strong>about " in page
    assert f"The {row['n_pairs']} scored pairs between the two people run from" in page
    assert "rest on a name alone" in page
    assert "a name and a place" not in page


@pytest.mark.flow
def test_what_a_case_says_of_a_victim_and_an_offender_is_true_of_a_child_at_risk_too(desk: Any) -> None:
    case = desk.desk.shelves.current().rows(
        "SELECT q.review_id FROM queue q JOIN records a ON a.record_id = q.record_id_l"
        " JOIN records b ON b.record_id = q.record_id_r"
        " WHERE q.review_type = 'victim_offender' AND 'at_risk' IN (a.role, b.role)"
    )[0]["review_id"]
    page = desk.client("asha").open_case(case)
    assert "One side is a victim or a child at risk, the other a suspect or offender" in page
    assert "A link between a victim or child at risk and a suspect or offender always goes to a steward" in page
    assert "a victim or child at risk and a suspect or offender would be one person" in page


@pytest.mark.flow
def test_of_two_records_it_is_said_that_the_two_differ_and_not_from_most(desk: Any) -> None:
    cases = desk.desk.shelves.current().rows(
        "SELECT q.review_id, (SELECT sum(p.n_records) FROM persons p WHERE list_contains(q.person_ids, p.person_id)) AS n"
        " FROM queue q WHERE q.review_type IN ('name_only', 'grey_pair') ORDER BY n, q.review_id"
    )
    asha, words = desk.client("asha"), "what most of these records have"
    pages = [asha.open_case(case["review_id"]) for case in cases if case["n"] == 2]
    assert any("Marked is where the two records differ." in page for page in pages)
    assert not any(words in page for page in pages)
    assert any(words in asha.open_case(case["review_id"]) for case in cases if case["n"] > 2)


def test_the_page_tells_what_two_people_weigh_as_one_and_who_else_fits(desk) -> None:
    asha, shelf = desk.client("asha"), desk.desk.shelves.current()
    asked = shelf.rows("SELECT * FROM queue WHERE together_weight IS NOT NULL ORDER BY rivals_weight, review_id")
    told = {row["review_id"]: as_one(shelf, row) for row in asked}
    beside = next(row for row in asked if (as_told := told[row["review_id"]]) and as_told.rivals)
    alone = asked[-1]
    assert (beside["rivals_weight"] <= -LEAST_TAKEN, alone["rivals_weight"]) == (True, 0.0)
    page = asha.open_case(beside["review_id"])
    assert "Others fit one of them as well" in page
    assert odds_words(beside["match_weight"]) in page
    for rival in told[beside["review_id"]].rivals:
        assert f"/cases/{rival.review_id}" in page
        assert rival.person_id not in beside["person_ids"]
    assert "Others fit one of them as well" not in asha.open_case(alone["review_id"])
