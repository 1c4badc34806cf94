"""What a column probably holds is told by its heading, or by what stands in it."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from pipeline.standardise.likely_kinds import kind_by_values, likely_kinds

CHANCE = random.Random(4)
TOWNS = [CHANCE.choice(["Leeds", "York", "Bath", ""]) for _ in range(200)]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        ([f"E{n} {n % 9}AB" for n in range(1, 30)], "postcode"),
        ([f"e{n}{n % 9}ab " for n in range(1, 30)] + ["unknown"], "postcode"),
        ([f"person{n}@example.org" for n in range(30)], "email"),
        ([f"07700 900{n:03}" for n in range(30)], "phone"),
        ([f"+44 7700 900{n:03}" for n in range(30)], "phone"),
        (TOWNS, "category"),
        ([f"E{n} 1AB" for n in range(1, 10)], None),
        ([f"{CHANCE.randrange(3)}" for _ in range(200)], None),
        (["Leeds"] * 200, None),
        ([f"Person {n}" for n in range(200)], None),
        ([f"{n:010}" for n in range(4_000_000_000, 4_000_000_030)], None),
        ([], None),
    ],
    ids=[
        "postcodes", "postcodes as typed", "emails", "phones", "phones with a country", "few words", "too few to tell", "codes",
        "one word", "words of their own", "numbers", "nothing",
    ],
)  # fmt: skip
def test_a_column_without_a_known_heading_is_told_by_its_values(texts: Sequence[str], kind: str | None) -> None:
    assert kind_by_values(texts) == kind


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("full_phone_num", "phone"),
        ("Home Post Code", "postcode"),
        ("res_street_address", "address"),
        ("mother_surname", None),
        ("registration_date", None),
        ("emailed", None),
    ],
)
def test_a_word_of_a_heading_tells_what_is_not_somebody_elses(heading: str, kind: str | None) -> None:
    assert likely_kinds({heading: []}).get(heading) == kind
    assert likely_kinds({heading: ["yes", "no"] * 30}) == {heading: "category"}, "values go first"


def test_the_first_column_that_numbers_the_records_is_advised_to_be_their_id() -> None:
    numbers = [f"{n:07}" for n in range(30)]
    columns = {"notes": numbers, "voter_reg_num": numbers, "Case Ref": numbers}
    assert likely_kinds(columns) == {"voter_reg_num": "record_id"}
    assert likely_kinds(columns, ["record_id"]) == {}
    assert likely_kinds({"id": numbers, **columns}) == {"id": "record_id"}
    for other in (numbers[:19], [*numbers, numbers[0]], [*numbers, ""]):
        assert likely_kinds({"Case Ref": other}) == {}


def test_a_known_heading_goes_before_the_values() -> None:
    assert likely_kinds({"birthplace": TOWNS, "home": TOWNS, "x": [], "tel": TOWNS}) == {
        "birthplace": "category",
        "home": "category",
        "tel": "phone",
    }


def test_numbers_of_records_and_persons_are_no_phones() -> None:
    numbers = [f"0{n:010}" for n in range(4_000_000_000, 4_000_000_030)]
    for heading in ("voter_reg_num", "Registration", "Case Ref"):
        assert likely_kinds({heading: [*numbers, numbers[0]]}) == {}, heading
    assert likely_kinds({"contact": numbers}) == {}, "nobody has two records in which it is the same"
    assert likely_kinds({"contact": [*numbers, numbers[0]]}) == {"contact": "phone"}
    assert likely_kinds({"contact": [f"+44 {number}" for number in numbers]}) == {"contact": "phone"}


def test_a_column_that_says_who_is_who_is_advised_for_nothing() -> None:
    assert likely_kinds({"cluster": ["ann", "bob"] * 100, "true_id": ["0044123123", "0044123124"] * 30}) == {}
    assert likely_kinds({"person_id": [f"p{n % 50}" for n in range(60)]}) == {}
    assert likely_kinds({"person_id": [f"p{n}" for n in range(60)]}) == {"person_id": "record_id"}


def test_one_column_of_days_over_many_years_is_advised_to_be_the_birthday() -> None:
    days = [f"{1930 + n}-03-{n % 28 + 1:02}" for n in range(70)]
    visits = [f"2023-{n % 12 + 1:02}-11" for n in range(70)]
    assert likely_kinds({"begin_date": [*days, ""]}) == {"begin_date": "date_of_birth"}
    for columns in ({"seen": visits}, {"begin_date": days, "seen": visits}, {"begin_date": days[:19]}):
        assert likely_kinds(columns) == {}
    assert likely_kinds({"begin_date": days}, ["date_of_birth"]) == {}


def test_a_second_forename_is_advised_to_be_a_middle_name() -> None:
    kinds = likely_kinds({"fname_c1": [], "fname_c2": [], "lname_c2": []})
    assert kinds == {"fname_c1": "forename", "fname_c2": "middle_names", "lname_c2": "surname"}
