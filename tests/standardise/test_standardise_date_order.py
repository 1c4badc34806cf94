"""How the dates of a column are written is told by the column, and read by the table of people."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.standardise.any_table import standardise_any
from pipeline.standardise.date_order import DateOrder, order_of
from pipeline.standardise.reference import Reference
from schemas.fields import ColumnUse

REFERENCE = Reference.load()
DAYS = st.lists(st.dates(dt.date(1930, 1, 1), dt.date(2024, 12, 31)), min_size=40, max_size=60, unique=True)


@pytest.mark.parametrize(
    "form", ["%d/%m/%Y", "%m/%d/%Y", "%d%m%Y", "%m%d%Y", "%Y%m%d", "%Y-%m-%d", "%d.%m.%Y", "%m-%d-%Y"]
)
@settings(max_examples=10, deadline=None)
@given(days=DAYS)
def test_every_birthday_of_a_column_is_read_as_it_was_written(form: str, days: list[dt.date]) -> None:
    days = [*days, dt.date(1987, 6, 25), dt.date(1955, 2, 28)]  # at least these cannot be read the other way round
    texts = pa.array([day.strftime(form) for day in days])
    read = standardise_any(pa.table({"born": texts}), [ColumnUse("born", "date_of_birth", "date_of_birth")], REFERENCE)
    wanted = [None if day in REFERENCE.default_birthdays else day.isoformat() for day in days]
    assert read.column("date_of_birth").to_pylist() == wanted


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        ([], DateOrder(True, False)),
        (["03/04/2009", "20090304"], DateOrder(True, False)),
        (["03/04/2009", "04/13/2009"], DateOrder(False, False)),
        (["03042009", "04132009"], DateOrder(False, True)),
        (["20061999", "03041999"], DateOrder(True, True)),
        (["19811912", "19810213", "19810214"], DateOrder(True, False)),
        (["13/04/2009", "04/13/2009", "13052009"], DateOrder(True, True)),
    ],
)
def test_the_order_is_that_of_the_dates_that_can_have_no_other(texts: list[str], order: DateOrder) -> None:
    assert order_of(pa.array(texts, pa.string())) == order


def test_two_lists_of_which_one_writes_digits_alone_are_read_alike() -> None:
    texts = pa.array(["05/18/2007", "05182007", "06/26/1971", "06261971", "18/05/2007"])
    read = standardise_any(pa.table({"born": texts}), [ColumnUse("born", "date_of_birth", "date_of_birth")], REFERENCE)
    assert read.column("date_of_birth").to_pylist() == ["2007-05-18"] * 2 + ["1971-06-26"] * 2 + ["2007-05-18"]
