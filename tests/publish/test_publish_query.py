"""What a query answers: London's days and months, every column of a join, and values that another tool can read."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path

import pytest
from command_line import boroughlink
from one_person import tables

from pipeline.core.errors import SettingsError
from pipeline.core.places import Home
from pipeline.publish.publication import publish
from pipeline.publish.query import query
from schemas.tables import PUBLISHED


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    publish(home, "2026-11-20-1", tables(), {})
    return home


@pytest.mark.parametrize("machine", ["UTC", "America/New_York"])
def test_days_and_months_are_those_of_london_on_any_machine(home: Home, machine: str) -> None:
    midnight_of_1_july = "TIMESTAMPTZ '2026-06-30 23:00:00+00'"
    sql = f"SELECT month({midnight_of_1_july}) AS m, CAST({midnight_of_1_july} AS DATE) AS d, {midnight_of_1_july} AS t"
    finished = boroughlink("query", sql, "--home", str(home.root), "--json", TZ=machine)
    assert json.loads(finished.out) == [{"m": 7, "d": "2026-07-01", "t": "2026-07-01 00:00:00+01:00"}]


def test_a_join_keeps_columns_of_one_name_apart(home: Home) -> None:
    rows = query(home, "SELECT p.person_id, r.*, 1 AS person_id_1 FROM persons p JOIN records r USING (person_id)")
    assert len(set(rows.column_names)) == len(rows.column_names)
    assert rows.column_names.count("person_id") == 1
    assert rows.column("person_id_2")[0] == rows.column("person_id")[0], "person_id_1 was taken"


VALUES = """SELECT ['a', 'b'] AS list, MAP {'cse': 'Y'} AS map, {'day': DATE '2026-05-03'} AS struct, sum(n_records) AS n,
    1.50 AS share, INTERVAL 27 HOUR AS away, to_days(2) AS days, NULL AS nothing FROM persons"""


def test_json_has_maps_as_objects_and_sums_as_numbers(home: Home) -> None:
    finished = boroughlink("query", VALUES, "--home", str(home.root), "--json")
    n_records = sum(tables()["persons"].column("n_records").to_pylist())
    assert json.loads(finished.out) == [
        {"list": ["a", "b"], "map": {"cse": "Y"}, "struct": {"day": "2026-05-03"}, "n": n_records, "share": 1.5}
        | {"away": "27:00:00", "days": "2 days", "nothing": None}
    ]


def test_what_is_no_number_is_null_in_json(home: Home) -> None:
    sql = "SELECT 'nan'::DOUBLE AS a, 'inf'::FLOAT AS b, ['-inf'::DOUBLE, 1.5] AS c, {'d': 'nan'::DOUBLE} AS d"
    finished = boroughlink("query", sql, "--home", str(home.root), "--json")
    assert "NaN" not in finished.out
    assert json.loads(finished.out) == [{"a": None, "b": None, "c": [None, 1.5], "d": {"d": None}}]


def test_a_file_in_a_folder_with_brackets_is_shown_as_it_is(home: Home, tmp_path: Path) -> None:
    for name in ("out[1]", "[x]"):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "rows.csv"
        assert str(path) in boroughlink("query", "SELECT 1", "--home", str(home.root), "--csv", str(path)).out


def test_rows_go_to_a_file_or_come_as_json_and_whoever_asks_for_both_is_told(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    done = boroughlink("query", "SELECT 1", "--home", str(home.root), "--csv", str(path), "--json")
    assert (done.code, done.out) == (2, "")
    assert "takes --csv or --json, not both" in done.err
    assert not path.exists()


def test_a_bracket_that_a_message_holds_is_shown_as_it_is(tmp_path: Path) -> None:
    for name in ("[1]", "[bold]"):
        assert (
            f"{tmp_path / name}: has no publication"
            in boroughlink("query", "SELECT 1", "--home", str(tmp_path / name)).err
        )


def test_csv_has_lists_and_maps_as_json(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    boroughlink("query", VALUES, "--home", str(home.root), "--csv", str(path))
    with path.open(encoding="utf-8", newline="") as handle:
        (row,) = csv.DictReader(handle)
    assert json.loads(row["list"]) == ["a", "b"]
    assert json.loads(row["map"]) == {"cse": "Y"}
    assert dt.date.fromisoformat(json.loads(row["struct"])["day"]) == dt.date(2026, 5, 3)
    assert (row["away"], row["nothing"]) == ("27:00:00", "")


def test_a_table_that_is_not_there_is_told_with_the_nearest_and_all_that_are(home: Home) -> None:
    with pytest.raises(SettingsError) as caught:
        query(home, "SELECT * FROM identity_ledgr")
    told = str(caught.value)
    assert "identity_ledgr" in told
    assert 'Did you mean "identity_ledger"?' in told
    assert all(table.name in told for table in PUBLISHED)
    named = query(home, "SELECT view_name FROM duckdb_views() WHERE NOT internal").column("view_name").to_pylist()
    assert f"The tables are {', '.join(sorted(named))}:" in told
