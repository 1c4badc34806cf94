"""Until when a table tells of people: what a year of two digits is read by."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from pipeline.standardise.any_table import standardise_any
from pipeline.standardise.date_order import LIST
from pipeline.standardise.latest_day import UNTOLD, latest_day
from pipeline.standardise.reference import Reference
from schemas.fields import ColumnUse

REFERENCE = Reference.load()
BORN = ColumnUse("born", "date_of_birth", "date_of_birth")
SEEN = ColumnUse("seen", "recorded_at", "recorded_at")
PNC = ColumnUse("pnc_id", "identifier", "pnc_id")
YEAR = ColumnUse("year", "year_of_birth", "date_of_birth")
MANY = [f"{1900 + n}-06-15" for n in range(110)]


def latest(uses: list[ColumnUse], **columns: object) -> str:
    return latest_day(pa.table(columns), uses, REFERENCE).isoformat()


@pytest.mark.parametrize(
    ("texts", "day"),
    [
        (["14/03/1985", "2001-05-06", "03/05/09"], "2001-05-06"),
        (["14/03/1985", "05/13/2001", "12/06/2001"], "2001-12-06"),
        (["14 March 1985", None, "20010506", "2001-31-12", "9999-12-31"], "2001-05-06"),
        (["1985", "1984-03-02"], "1985-12-31"),
        (["14/03/1885", "2 May 1890"], "1890-05-02"),
        ([*MANY, "2058-01-01"], "2009-06-15"),
    ],
)
def test_the_latest_day_is_the_newest_that_is_written_with_its_century(texts: list[str | None], day: str) -> None:
    order_told = ["05/13/1950"] if "05/13/2001" in texts else []
    assert latest([BORN], born=[*texts, *order_told]) == day


def test_a_record_or_a_pnc_id_may_tell_a_later_day_than_any_birth() -> None:
    born, seen = ["14/03/1985", "1/2/2001"], ["2024-05-06 10:11:12", "2024-05-05T00:00:00"]
    assert latest([BORN, SEEN], born=born, seen=seen) == "2024-05-06"
    assert latest([BORN, PNC], born=born, pnc_id=["2003/0011985X", "79/163001B"]) == "2003-12-31"
    assert latest([YEAR], year=["1985", "2001.0"]) == "2001-12-31"


def test_lists_of_values_and_of_other_orders_tell_it_too() -> None:
    born = pa.array([["25/12/2009", "03/04/2010"], [], ["12/25/2009", "04/05/2010"]])
    assert latest([BORN], **{"born": born, LIST: ["ours", "ours", "theirs"]}) == "2010-04-05"


def test_where_nothing_tells_it_spreadsheets_way_of_reading_is_taken() -> None:
    assert latest([BORN, PNC], born=["03/05/85", None], pnc_id=["79/163001B", ""]) == UNTOLD.isoformat()


@pytest.mark.parametrize("text", ["03/05/09", "3 May 09", "DOB: 03/05/09", "03/05/09 (12 yrs)"])
def test_a_birthday_of_two_digits_is_never_after_the_latest_day(text: str) -> None:
    read = {
        day: standardise_any(pa.table({"born": [text]}), [BORN], REFERENCE, dt.date.fromisoformat(day))
        for day in ("2009-05-03", "2009-05-02")
    }
    born = {day: table.column("date_of_birth").to_pylist() for day, table in read.items()}
    assert born == {"2009-05-03": ["2009-05-03"], "2009-05-02": ["1909-05-03"]}


def test_a_year_of_birth_of_two_digits_in_a_column_of_its_own_is_read_alike() -> None:
    uses = [ColumnUse(name, name, "date_of_birth") for name in ("year_of_birth", "month_of_birth", "day_of_birth")]
    raw = pa.table(
        {
            "year_of_birth": ["09", "85", "1985", "09"],
            "month_of_birth": ["3", "3", "3", None],
            "day_of_birth": ["14", "14", "14", None],
        }
    )
    table = standardise_any(raw, uses, REFERENCE, dt.date(2009, 3, 14))
    assert table.column("date_of_birth").to_pylist() == ["2009-03-14", "1985-03-14", "1985-03-14", "2009-00-00"]
