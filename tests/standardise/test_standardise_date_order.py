"""How the dates of a column are written is told by the column, and read by the table of people."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.standardise.any_table import standardise_any
from pipeline.standardise.date_order import LIST, date_orders
from pipeline.standardise.reference import Reference
from schemas.fields import ColumnUse

REFERENCE = Reference.load()
LATEST = dt.date(2026, 11, 20)
DAYS = st.lists(st.dates(dt.date(1930, 1, 1), dt.date(2024, 12, 31)), min_size=40, max_size=60, unique=True)


@pytest.mark.parametrize(
    "form", ["%d/%m/%Y", "%m/%d/%Y", "%d%m%Y", "%m%d%Y", "%Y%m%d", "%Y-%m-%d", "%d.%m.%Y", "%m-%d-%Y"]
)
@settings(max_examples=10)
@given(days=DAYS)
def test_every_birthday_of_a_column_is_read_as_it_was_written(form: str, days: list[dt.date]) -> None:
    days = [*days, dt.date(1987, 6, 25), dt.date(1955, 2, 28)]  # at least these cannot be read the other way round
    texts = pa.array([day.strftime(form) for day in days])
    read = standardise_any(
        pa.table({"born": texts}), [ColumnUse("born", "date_of_birth", "date_of_birth")], REFERENCE, LATEST
    )
    wanted = [None if day in REFERENCE.default_birthdays else day.isoformat() for day in days]
    assert read.column("date_of_birth").to_pylist() == wanted


BORN = ColumnUse("born", "date_of_birth", "date_of_birth")
OURS, THEIRS = ["25/12/2009", "03/04/2009"], ["12/25/2009", "04/03/2009"]


def lists_of(**texts_of_lists: list[str] | list[list[str]]) -> pa.Table:
    names = [name for name, texts in texts_of_lists.items() for _ in texts]
    return pa.table({"born": [text for texts in texts_of_lists.values() for text in texts], LIST: names})


def read(table: pa.Table) -> list[object]:
    birthdays: list[object] = standardise_any(table, [BORN], REFERENCE, LATEST).column("date_of_birth").to_pylist()
    return birthdays


@pytest.mark.parametrize(
    ("texts", "is_day_first", "is_year_last"),
    [
        (["03/04/2009", "20090304"], True, False),
        (["03/04/2009", "04/13/2009"], False, False),
        (["03042009", "04132009"], False, True),
        (["20061999", "03041999"], True, True),
        (["13/04/2009", "04/13/2009", "13052009"], True, True),
    ],
)
def test_the_order_is_that_of_the_dates_that_can_have_no_other(
    texts: list[str], is_day_first: bool, is_year_last: bool
) -> None:
    [found] = date_orders(pa.table({"born": texts}), [BORN])
    assert found.order == (is_day_first, is_year_last)


def test_dates_with_the_year_first_or_the_month_in_letters_leave_nothing_open() -> None:
    assert date_orders(pa.table({"born": ["19811912", "19810213", "19810214"]}), [BORN]) == []
    assert date_orders(pa.table({"born": ["2009-03-04", "4 March 2009", None]}), [BORN]) == []


def test_each_list_is_read_in_its_own_order() -> None:
    table = lists_of(ours=OURS, theirs=THEIRS, neither=["2009-04-03"])
    assert read(table) == ["2009-12-25", "2009-04-03"] * 2 + ["2009-04-03"]
    found = {each.list_name: (each.order.is_day_first, each.told_by) for each in date_orders(table, [BORN])}
    assert found == {"ours": (True, "own"), "theirs": (False, "own")}


def test_each_list_is_read_in_its_own_order_wherever_its_rows_stand() -> None:
    table = lists_of(ours=OURS, theirs=THEIRS).take([3, 0, 2, 1])
    assert read(table) == ["2009-04-03", "2009-12-25", "2009-12-25", "2009-04-03"]


def test_several_birthdays_of_a_record_are_read_in_the_order_of_its_list() -> None:
    table = lists_of(ours=[OURS, []], theirs=[THEIRS, ["04/03/2009"]])
    assert read(table) == [["2009-12-25", "2009-04-03"], [], ["2009-12-25", "2009-04-03"], ["2009-04-03"]]


def test_a_list_that_does_not_tell_is_read_as_all_lists_together() -> None:
    table = lists_of(theirs=THEIRS, small=["04/03/2009"])
    assert read(table)[-1] == "2009-04-03"
    assert [each.told_by for each in date_orders(table, [BORN]) if each.list_name == "small"] == ["others"]


def test_where_nothing_tells_the_day_comes_first() -> None:
    table = lists_of(ours=["03/04/2009"], theirs=["04/05/2009"])
    assert read(table) == ["2009-04-03", "2009-05-04"]
    assert {each.told_by for each in date_orders(table, [BORN])} == {"usage"}


def test_a_list_of_years_first_stays_so_beside_one_of_years_last() -> None:
    table = lists_of(ours=["20090304"], theirs=["25122009", "13042009"])
    assert read(table) == ["2009-03-04", "2009-12-25", "2009-04-13"]


def test_two_lists_of_which_one_writes_digits_alone_are_read_alike() -> None:
    texts = pa.array(["05/18/2007", "05182007", "06/26/1971", "06261971", "18/05/2007"])
    read = standardise_any(
        pa.table({"born": texts}), [ColumnUse("born", "date_of_birth", "date_of_birth")], REFERENCE, LATEST
    )
    assert read.column("date_of_birth").to_pylist() == ["2007-05-18"] * 2 + ["1971-06-26"] * 2 + ["2007-05-18"]
