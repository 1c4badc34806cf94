"""What the columns of any table hold: as it is said, by canonical headings, and advice for all others."""

from __future__ import annotations

import pytest

from pipeline.core.errors import SettingsError
from schemas.fields import CANONICAL, KINDS, NOT_COMPARED, read_uses
from schemas.table_model import COMPARED
from schemas.usual_headings import USUAL, usual_kinds


def test_a_birthday_in_three_columns_is_one_field() -> None:
    given = {"by": "year_of_birth", "bm": "month_of_birth", "bd": "day_of_birth"}
    uses = read_uses(["by", "bm", "bd", "forename"], given)
    assert [use.field for use in uses] == ["date_of_birth"] * 3 + ["forename"]


def test_a_month_without_a_year_is_refused_and_so_are_two_years() -> None:
    with pytest.raises(SettingsError, match="month_of_birth alone tells no birthday"):
        read_uses(["bm"], {"bm": "month_of_birth"})
    with pytest.raises(SettingsError, match="by and yob are both year_of_birth"):
        read_uses(["by", "yob"], {"by": "year_of_birth", "yob": "year_of_birth"})


def test_who_says_nothing_of_usual_headings_is_told_what_to_say() -> None:
    headings = ["Unique ID", "first_name", "LastName", "dob", "zip", "street2", "gender", "shoe size"]
    with pytest.raises(SettingsError) as refused:
        read_uses(headings, {})
    assert "--field 'Unique ID=record_id' --field first_name=forename --field LastName=surname" in str(refused.value)
    assert "--field dob=date_of_birth --field zip=postcode --field street2=address --field gender=category" in str(
        refused.value
    )
    assert "shoe size=" not in str(refused.value)


def test_what_usual_headings_are_advised_to_be_is_a_kind() -> None:
    assert set(USUAL) <= set(KINDS)
    names = " ".join(USUAL.values()).split()
    assert len(names) == len(set(names))


def test_every_kind_of_column_is_compared_as_something_or_never() -> None:
    assert {*KINDS, *CANONICAL.values()} == {*COMPARED, *NOT_COMPARED}


def test_only_one_column_is_advised_to_be_the_record_id() -> None:
    assert usual_kinds(["id", "person_id", "name"]) == {"id": "record_id", "name": "full_name"}
