"""Any table of people: a text that stands for nothing is no value, in whichever field."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from pipeline.standardise.any_table import standardise_any
from pipeline.standardise.reference import Reference
from schemas.fields import ColumnUse, read_uses

REFERENCE = Reference.load()
LATEST = dt.date(2026, 11, 20)


@pytest.mark.parametrize(
    ("kind", "value", "nothing"),
    [
        ("forename", "Amina", "unknown"),
        ("surname", "Khan", "N/A"),
        ("date_of_birth", "2009-03-14", "1|032017"),
        ("date_of_birth", "2009-03-14", "01/01/1900"),
        ("postcode", "E8 1EA", "not known"),
        ("phone", "020 8356 3000", "000"),
        ("email", "a@example.org", "none"),
        ("address", "1 High Street", "unknown"),
        ("identifier", "A12", "n/a"),
        ("category", "Hackney", "?"),
    ],
)
def test_a_text_that_stands_for_nothing_is_no_value(kind: str, value: str, nothing: str) -> None:
    use = ColumnUse("column", kind, kind)  # type: ignore[arg-type]
    table = standardise_any(pa.table({"column": [value, nothing, None, nothing, value]}), [use], REFERENCE, LATEST)
    column = table.column(kind).combine_chunks()
    assert column.is_valid().to_pylist() == [True, False, False, False, True]
    assert "" not in column.to_pylist()


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_ages_are_spans_of_years_on_one_day(kind: pa.DataType) -> None:
    texts = pa.array(["15", "16-17", "15 years", "34.0", "unknown", "", None, "400"]).cast(kind)
    table = standardise_any(pa.table({"how old": texts}), [ColumnUse("how old", "age", "age")], REFERENCE, LATEST)
    low = [15, 16, 15, 34, None, None, None, None]
    assert table.column("age_low").to_pylist() == low
    assert table.column("age_high").to_pylist() == [15, 17, *low[2:]]
    assert len(set(table.column("recorded_at").to_pylist())) == 1


def test_an_age_counts_from_the_day_that_the_table_names() -> None:
    days = ["2024-05-06 10:11:12", "06/05/2024", "25/05/2024 08:00", "soon", "30/02/2024", None]
    columns = {"age": ["15"] * len(days), "seen": days}
    uses = [ColumnUse("age", "age", "age"), ColumnUse("seen", "recorded_at", "recorded_at")]
    table = standardise_any(pa.table(columns), uses, REFERENCE, LATEST)
    assert table.column_names == ["age_low", "age_high", "recorded_at"]
    assert [day and day.date().isoformat() for day in table.column("recorded_at").to_pylist()] == [
        "2024-05-06",
        "2024-05-06",
        "2024-05-25",
        None,
        None,
        None,
    ]
    listed = pa.table({"age": ["15", "15"], "seen": pa.array([["2024-05-06", "2024-05-07"], []])})
    days_of_lists = standardise_any(listed, uses, REFERENCE, LATEST).column("recorded_at").to_pylist()
    assert [day and day.date().isoformat() for day in days_of_lists] == ["2024-05-06", None]


def test_middle_names_are_one_text_and_initials_stay() -> None:
    texts = ["Mary Ann", "J.", "o'neill", "unknown", "N/A", "", None, "Jean-Luc"]
    table = standardise_any(
        pa.table({"mid": texts}), [ColumnUse("mid", "middle_names", "middle_names")], REFERENCE, LATEST
    )
    assert table.column("middle_names").to_pylist() == [
        "MARY ANN",
        "J",
        "ONEILL",
        None,
        None,
        None,
        None,
        "JEAN LUC",
    ]


def test_a_list_of_ages_is_from_one_to_the_other() -> None:
    listed = pa.table({"age": pa.array([["15", "17"], ["15"], [], None])})
    table = standardise_any(listed, [ColumnUse("age", "age", "age")], REFERENCE, LATEST)
    assert table.column("age_low").to_pylist() == [15, 15, None, None]
    assert table.column("age_high").to_pylist() == [17, 15, None, None]


def birthdays_of(columns: dict[str, list[str | None]]) -> list[str | None]:
    uses = [ColumnUse(name, name, "date_of_birth") for name in columns]
    table = standardise_any(
        pa.table(columns, pa.schema([(name, pa.string()) for name in columns])), uses, REFERENCE, LATEST
    )
    assert table.column_names == ["date_of_birth"]
    birthdays: list[str | None] = table.column("date_of_birth").to_pylist()
    return birthdays


def test_year_month_and_day_in_columns_of_their_own_are_one_birthday() -> None:
    year, month, day = ["2009", "2009.0", " 2009 ", "1900"], ["3", "03", "3.0", "1"], ["14", "14.0", "14", "1"]
    columns = {"year_of_birth": year, "month_of_birth": month, "day_of_birth": day}
    assert birthdays_of(columns) == ["2009-03-14", "2009-03-14", "2009-03-14", None]


def test_an_unknown_month_or_day_is_zero_and_without_a_year_there_is_no_birthday() -> None:
    year, month, day = ["2009", "2009", None, ""], ["3", None, "3", "3"], [None, "", "14", "14"]
    columns = {"year_of_birth": year, "month_of_birth": month, "day_of_birth": day}
    assert birthdays_of(columns) == ["2009-03-00", "2009-00-00", None, None]
    assert birthdays_of({"year_of_birth": year}) == ["2009-00-00", "2009-00-00", None, None]


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("surname", ["Smith", "SMITH", " smith "]),
        ("date_of_birth", ["2009-03-14", "14/03/2009", "14 March 2009"]),
        ("postcode", ["e8 1ea", "E81EA", "E8 1EA"]),
        ("category", ["Hackney", "HACKNEY", "hackney."]),
    ],
)
def test_texts_that_are_written_otherwise_and_say_the_same_are_one_value(kind: str, texts: list[str]) -> None:
    use = ColumnUse("column", kind, kind)
    values = standardise_any(pa.table({"column": texts}), [use], REFERENCE, LATEST).column(kind).combine_chunks()
    assert len(set(values.to_pylist())) == 1
    assert values.indices.to_pylist() == [0, 0, 0]
    assert len(values.dictionary) == 1


def test_full_names_that_share_a_surname_share_its_value() -> None:
    use = ColumnUse("column", "full_name", "full_name")
    table = standardise_any(pa.table({"column": ["Amina Khan", "Tariq Khan", "KHAN, Amina"]}), [use], REFERENCE, LATEST)
    for name in ("forename", "surname"):
        dictionary = table.column(name).combine_chunks().dictionary.to_pylist()
        assert len(dictionary) == len(set(dictionary))


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_lines_of_an_address_are_one_address_whichever_line_the_street_is_in(kind: pa.DataType) -> None:
    lines = {
        "address_1": ["Flat 7", "83 Orchard Lane", " ", None],
        "address_2": ["83 Orchard Lane", "Leeds", "unknown", None],
        "address_3": ["Leeds", None, "Leeds", ""],
    }
    raw = pa.table({column: pa.array(texts).cast(kind) for column, texts in lines.items()})
    table = standardise_any(raw, read_uses(list(lines), dict.fromkeys(lines, "address")), REFERENCE, LATEST)
    assert table.column_names == ["address"]
    assert table.column("address").to_pylist() == [
        "FLAT 7 83 ORCHARD LANE LEEDS",
        "83 ORCHARD LANE LEEDS",
        "LEEDS",
        None,
    ]


def test_a_column_of_suffixes_tells_a_familys_namesakes_apart_and_one_of_streets_does_not() -> None:
    raw = pa.table({
        "surname": ["Banks", "Banks", "Banks Jr", "Banks"],
        "Name_Suffix": ["Sr.", "III", None, "M.D."],
        "street_suffix": ["SR", "SR", "SR", "SR"],
    })  # fmt: skip
    uses = [
        ColumnUse("surname", "surname", "surname"),
        *(ColumnUse(name, "category", name) for name in ("Name_Suffix", "street_suffix")),
    ]
    flags = standardise_any(raw, uses, REFERENCE, LATEST).column("flags").to_pylist()
    assert flags == [["senior"], ["third"], ["junior"], []]
