"""Any CSV of people: read whole, or refused with its place and what to do; no row is lost without a word."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.core.errors import SourceError
from pipeline.read.any_file import headings, read_any

COLUMNS = ["forename", "surname", "date_of_birth"]
HEAD = "forename,surname,date_of_birth\n"
AMINA, TARIQ = "Amina,Khan,2009-03-14\n", "Tariq,Smith,2008-01-02\n"
READ = [("Amina", "Khan", "2009-03-14"), ("Tariq", "Smith", "2008-01-02")]


def written(folder: Path, data: str | bytes, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def rows(path: Path) -> list[tuple[str | None, ...]]:
    table = read_any(path, headings(path), headings(path)[:1])
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@pytest.mark.parametrize(
    "data",
    [
        "\ufeff" + HEAD + AMINA + TARIQ,
        (HEAD + AMINA + TARIQ).encode("utf-16"),
        (HEAD + AMINA + TARIQ).replace(",", ";"),
        "sep=;\n" + (HEAD + AMINA + TARIQ).replace(",", ";"),
        "\ufeffsep=|\r\n" + (HEAD + AMINA + TARIQ).replace(",", "|"),
        (HEAD + AMINA + TARIQ).replace("\n", "\r"),
        "\n" + HEAD + "\n" + AMINA + "\n\n" + TARIQ,
        HEAD + AMINA + TARIQ + ",,\n" * 300,
        HEAD + AMINA + '"Tariq","Smith","2008-01-02"',
    ],
)
def test_a_csv_is_read_however_it_is_written(tmp_path: Path, data: str | bytes) -> None:
    assert rows(written(tmp_path, data)) == READ


def test_a_heading_may_reach_over_two_lines(tmp_path: Path) -> None:
    path = written(tmp_path, 'forename,"family\nname"\nAmina,Khan\n')
    assert headings(path) == ["forename", "family\nname"]
    assert rows(path) == [("Amina", "Khan")]


@pytest.mark.parametrize(
    ("data", "code", "told"),
    [
        ("\n\n", "empty_file", "has no rows"),
        ("\ufeff", "empty_file", "has no rows"),
        (",,\n" + AMINA, "empty_file", "has no rows"),
        (HEAD, "empty_file", "has no rows"),
        (HEAD + '"Amina,Khan,2009-03-14\n' + TARIQ, "open_quote", "line 2: has a quote that is not closed"),
        (HEAD + '"Amina,Khan,2009-03-14\n' + TARIQ * 60_000, "open_quote", "line 2: has a quote that is not closed"),
        (HEAD + AMINA + "Tariq,Smith\n", "broken_row", "row 3: has 2 cells where the heading has 3. Write every cell"),
        (HEAD + AMINA + "Tariq,Smith,,x\n", "broken_row", "row 3: has 4 cells where the heading has 3. A ','"),
        (HEAD + "A" * 3_000_000 + ",Khan,\n", "broken_file", "a row of more than a million bytes"),
        ("Export of 20 November,,\n,,\n" + HEAD + AMINA, "heading_below", "has its headings on line 3"),
        ("Person,,Birth\n" + HEAD + AMINA, "heading_below", "has its headings on line 2"),
        (HEAD + AMINA + HEAD + TARIQ + HEAD, "heading_again", "2 rows repeat the headings"),
        ((HEAD + AMINA).encode("utf-16-le"), "not_text", "UTF-16 without the mark"),
        (b"\x1f\x8b\x08\x00", "not_text", "is compressed by gzip"),
        (b"PK\x03\x04rest", "not_text", "is an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not_text", "or one with a password"),
        ('[{"forename": "Amina"}]', "not_text", "is JSON"),
    ],
    ids=lambda value: (
        value if isinstance(value, str) and "_" in value and " " not in value and "," not in value else ""
    ),
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place(
    tmp_path: Path, data: str | bytes, code: str, told: str
) -> None:
    with pytest.raises(SourceError) as caught:
        rows(written(tmp_path, data))
    assert caught.value.code == code
    assert told in str(caught.value)
    assert "people.csv" in str(caught.value)
    assert not {"Amina", "Tariq"} & set(str(caught.value).replace(",", " ").split())


@pytest.mark.parametrize("last", [101, 120, 900])
def test_a_quote_that_a_later_one_closes_swallows_no_rows(tmp_path: Path, last: int) -> None:
    people = [AMINA] * 1_000
    people[100], people[last] = '"' + AMINA, '"Tariq",Smith,2008-01-02\n'
    with pytest.raises(
        SourceError, match=f"line 102: has a quote that is not closed, so that all up to line {last + 2}"
    ):
        rows(written(tmp_path, HEAD + "".join(people)))


def test_a_value_of_several_lines_with_quotes_of_its_own_is_read(tmp_path: Path) -> None:
    people = [AMINA, '"Tariq\ncalled "Tiny", so",Smith,2008-01-02\n']
    assert len(rows(written(tmp_path, HEAD + AMINA + '"Tariq\ncalled ""T, or X,"" so",Smith,2008-01-02\n'))) == len(
        people
    )


def test_a_heading_that_begins_as_an_archive_does_is_a_heading(tmp_path: Path) -> None:
    assert headings(written(tmp_path, "PK,forename\n1,Amina\n")) == ["PK", "forename"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=9)] * 3), min_size=1
    ),
    st.sampled_from(",;\t|"),
)
def test_what_a_csv_writer_wrote_is_read_cell_by_cell(
    tmp_path: Path, people: list[tuple[str, str, str]], delimiter: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([COLUMNS, ["x", "y", "z"], *people])
    wanted = [("x", "y", "z"), *(row for row in people if any(row))]
    assert rows(written(tmp_path, text.getvalue())) == [tuple(cell or None for cell in row) for row in wanted]


def test_decimals_and_lists_of_one_length_in_parquet_are_text(tmp_path: Path) -> None:
    numbers = pa.array(["7700900001.00", "7700900002.50"]).cast(pa.decimal128(14, 2))
    lists = pa.array([["a"], ["b"]], pa.list_(pa.string(), 1))
    pq.write_table(pa.table({"phone": numbers, "email": lists}), tmp_path / "people.parquet")
    table = read_any(tmp_path / "people.parquet", ["phone", "email"])
    assert table.to_pydict() == {"phone": ["7700900001", "7700900002.50"], "email": [["a"], ["b"]]}
