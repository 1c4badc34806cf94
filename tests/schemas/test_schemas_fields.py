"""What the columns of any table hold: as it is said, by canonical headings, and advice for all others."""

from __future__ import annotations

import pytest

from pipeline.core.errors import SettingsError
from pipeline.core.places import MODELS
from schemas.fields import CANONICAL, KINDS, NOT_COMPARED, read_uses
from schemas.plan import load_plan
from schemas.table_model import COMPARED, model_of
from schemas.usual_headings import CERTAIN, DOUBTFUL, USUAL, names_a_town, of_others, usual_kinds


def test_a_birthday_in_three_columns_is_one_field() -> None:
    given = {"by": "year_of_birth", "bm": "month_of_birth", "bd": "day_of_birth"}
    uses = read_uses(["by", "bm", "bd", "forename"], given)
    assert [use.field for use in uses] == ["date_of_birth"] * 3 + ["forename"]


@pytest.mark.parametrize(
    ("columns", "fields"),
    [
        (["address", "address2", "address3"], ["address"] * 3),
        (["Address Line 1", "Address Line 2"], ["address"] * 2),
        (["home_1", "home_2", "work_1", "work_2"], ["home", "home", "work", "work"]),
        (["addr_1", "addr_2", "street"], ["addr", "addr", "street"]),
        (["street", "building"], ["street", "building"]),
    ],
)
def test_lines_of_one_address_are_one_field_and_other_addresses_fields_of_their_own(
    columns: list[str], fields: list[str]
) -> None:
    assert [use.field for use in read_uses(columns, dict.fromkeys(columns, "address"))] == fields


def test_a_month_without_a_year_is_refused_and_so_are_two_years() -> None:
    with pytest.raises(SettingsError, match="month_of_birth alone tells no birthday"):
        read_uses(["bm"], {"bm": "month_of_birth"})
    with pytest.raises(SettingsError, match="by and yob are both year_of_birth"):
        read_uses(["by", "yob"], {"by": "year_of_birth", "yob": "year_of_birth"})


def test_who_says_nothing_of_usual_headings_is_told_what_to_say() -> None:
    headings = ["Unique ID", "first", "Lname", "born", "zip", "street2", "town", "gender", "shoe size"]
    with pytest.raises(SettingsError) as refused:
        read_uses(headings, {})
    assert "--field 'Unique ID=record_id' --field first=forename --field Lname=surname" in str(refused.value)
    assert "--field born=date_of_birth --field zip=postcode --field street2=address --field town=category" in str(
        refused.value
    )
    assert "shoe size=" not in str(refused.value)


def test_headings_that_leave_no_doubt_are_taken_as_they_are() -> None:
    uses = read_uses(["First Name", "LastName", "dob", "zip_code", "mobile number", "zip", "name"], {})
    fields = {use.column: use.field for use in uses}
    assert fields == {
        "First Name": "forename",
        "LastName": "surname",
        "dob": "date_of_birth",
        "zip_code": "postcode",
        "mobile number": "phone",
    }


@pytest.mark.parametrize(
    ("headings", "given"),
    [
        (["first_name", "forename"], {}),
        (["first_name", "called"], {"called": "forename"}),
        (["first_name", "Forename"], {}),
        (["first_name", "given"], {"first_name": "ignore", "given": "forename"}),
    ],
)
def test_a_heading_that_leaves_no_doubt_yields_to_a_column_that_is_called_or_said_so(
    headings: list[str], given: dict[str, str]
) -> None:
    assert [(use.column, use.field) for use in read_uses(headings, given)] == [(headings[1], "forename")]


def test_parts_of_a_birthday_and_an_age_need_no_map_where_no_column_has_the_whole_birthday() -> None:
    parts = ["year_of_birth", "Month of Birth", "birthday"]
    kinds = {use.column: use.kind for use in read_uses(["surname", *parts, "Age"], {})}
    assert kinds == {"surname": "surname", parts[0]: parts[0], parts[1]: "month_of_birth", "Age": "age"}
    for whole in ("date_of_birth", "dob"):
        assert [use.column for use in read_uses([whole, *parts], {})] == [whole]
    assert [use.column for use in read_uses(["born", *parts], {"born": "date_of_birth"})] == ["born"]
    assert [use.column for use in read_uses(["surname", *parts[1:]], {})] == ["surname"], "a month alone is no birthday"


@pytest.mark.parametrize("heading", ["town", "Home city", "Município", "LOCALITÉ_habitation commune", "Città"])
def test_a_heading_says_that_it_is_a_town_with_and_without_accents(heading: str) -> None:
    assert names_a_town(heading)


@pytest.mark.parametrize("heading", ["town of birth", "born_city", "townsend", "country"])
def test_where_somebody_was_born_is_no_town_to_live_in(heading: str) -> None:
    assert not names_a_town(heading)


def test_other_names_may_be_said_of_columns_of_any_heading_and_are_one_field() -> None:
    uses = read_uses(["surname", "street name", "called"], {"street name": "alias", "called": "alias"})
    assert [(use.kind, use.field) for use in uses] == [("surname", "surname"), ("alias", "alias"), ("alias", "alias")]


def test_what_usual_headings_are_advised_to_be_is_a_kind() -> None:
    assert {*CERTAIN, *USUAL, *DOUBTFUL} <= set(KINDS)
    names = " ".join([*CERTAIN.values(), *USUAL.values(), *DOUBTFUL.values()]).split()
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("fitting", "given", "taken"),
    [
        ({"first": "forename", "last": "surname"}, {}, ["first", "last"]),
        ({"first": "forename", "fname": "forename", "last": "surname"}, {}, ["first", "last"]),
        ({"first": "forename", "last": "surname", "name": "full_name"}, {}, ["first", "last"]),
        ({"name": "full_name", "fname": "forename"}, {}, ["name"]),
        ({"client": "full_name"}, {}, ["client"]),
        ({"client": "full_name", "author": "full_name", "zip": "postcode"}, {}, ["zip"]),
        ({"client": "full_name", "name": "full_name"}, {}, ["name"]),
        ({"name": "forename", "last": "surname"}, {}, ["name", "last"]),
        ({"name": "forename", "zip": "postcode"}, {}, ["zip"]),
        ({"first": "forename"}, {"last": "full_name"}, []),
        ({"first": "forename", "aka": "alias", "knownas": "alias"}, {}, ["first", "aka"]),
        ({"aka": "alias", "zip": "postcode"}, {}, ["zip"]),
        ({"first": "forename"}, {"last": "forename"}, []),
        ({"first": "forename"}, {"first": "category", "last": "surname"}, []),
        ({"first": "forename"}, {"first": "ignore", "last": "surname"}, []),
        ({"by": "year_of_birth", "bm": "month_of_birth", "bd": "day_of_birth"}, {}, ["by", "bm", "bd"]),
        ({"bm": "month_of_birth", "bd": "day_of_birth", "zip": "postcode"}, {}, ["zip"]),
        ({"by": "year_of_birth", "bm": "month_of_birth", "born": "date_of_birth"}, {}, ["born"]),
        ({"by": "year_of_birth"}, {"born": "date_of_birth"}, []),
        ({"first": "forename", "middle": "middle_names"}, {}, ["first", "middle"]),
        ({"middle": "middle_names", "zip": "postcode"}, {}, ["zip"]),
        ({"addr": "address", "street": "address"}, {}, ["addr"]),
        ({"street": "address", "house_number": "address"}, {}, ["street", "house_number"]),
        ({"street": "address"}, {"home": "address"}, []),
        ({"tel": "phone", "mobile": "phone"}, {}, ["tel"]),
        ({"ssn": "identifier", "passport": "identifier", "city": "category"}, {}, ["ssn", "passport", "city"]),
        ({"id": "record_id", "rec_id": "record_id", "zip": "postcode"}, {}, ["id", "zip"]),
        ({"id": "record_id", "zip": "postcode"}, {"key": "record_id"}, ["zip"]),
    ],
)  # fmt: skip
def test_of_several_columns_that_fit_one_kind_no_more_are_taken_than_a_table_has(
    fitting: dict[str, str], given: dict[str, str], taken: list[str]
) -> None:
    headings = list(dict.fromkeys([*fitting, *given, "born_in"]))
    uses = read_uses(headings, {"born_in": "postcode"} | given if "zip" not in fitting else given, fitting=fitting)
    assert [use.column for use in uses if use.is_taken] == taken


def test_a_canonical_heading_goes_before_a_usual_one() -> None:
    fitting = {"first": "forename", "zip": "postcode", "addr": "address", "name": "full_name"}
    uses = read_uses(["forename", "surname", "postcode", "address", *fitting], {}, fitting=fitting)
    assert not any(use.is_taken for use in uses)


def test_what_is_certain_of_nobody_is_no_column_to_compare_either() -> None:
    with pytest.raises(SettingsError, match=r"--field shoe=phone\. The columns are city, shoe\. Kinds: record_id, "):
        read_uses(["city", "shoe"], {}, fitting={"city": "category"}, likely={"shoe": "phone"})


def test_every_kind_of_column_is_compared_as_something_or_never() -> None:
    assert {*KINDS, *CANONICAL.values()} == {*COMPARED, *NOT_COMPARED}


def test_only_one_column_is_advised_to_be_the_record_id() -> None:
    assert usual_kinds(["id", "person_id", "name"]) == {"id": "record_id", "name": "full_name"}


@pytest.mark.parametrize(
    ("headings", "others"),
    [
        (["pupil_forename", "pupil_surname", "dob"], set()),
        (["donor_name", "address", "donor_id"], set()),
        (["first_name", "last_name", "child_dob"], {"child_dob"}),
        (["client_name", "patient_name", "zip"], {"client_name", "patient_name"}),
        (["name", "patient"], {"patient"}),
        (["patient", "patient_dob"], set()),
    ],
)
def test_headings_that_say_whom_they_are_about_are_of_the_record_where_its_names_are_under_no_others(
    headings: list[str], others: set[str]
) -> None:
    assert of_others(headings) == others


@pytest.mark.parametrize(
    ("heading", "is_shared"),
    [
        ("town", True),
        ("Home City", True),
        ("Wohnort", True),
        ("birth_town", False),
        ("sex", False),
        ("wardrobe", False),
        ("race", True),
        ("Nationality", True),
        ("RaceCode", True),
        ("racetrack", False),
    ],
)
def test_a_town_or_an_origin_may_be_shared_by_a_household_however_few_there_are(heading: str, is_shared: bool) -> None:
    for home in (["address"], []):
        uses = read_uses(["forename", "surname", *home, heading], {heading: "category"})
        model = model_of(uses, {use.field: 3 for use in uses}, load_plan(MODELS / "person.toml").model, None)
        assert model.comparison_of(uses[-1].field).is_shared == is_shared
