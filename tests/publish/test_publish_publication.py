"""Publications: checked, whole or not at all, and questions answered from nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from one_person import tables

from pipeline.core.errors import PublishRefusedError, SettingsError
from pipeline.core.places import ROOT, Home
from pipeline.publish.publication import list_publications, publish, read_current
from pipeline.publish.query import query
from schemas.dictionary import FOLDER, contract_schema, dictionary
from schemas.marts import MARTS, READABLE
from schemas.tables import PUBLISHED


def test_a_publication_is_read_back_with_its_manifest(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = publish(home, "2026-11-20-1", tables(), {"model": "m"})
    found = read_current(home)
    assert found is not None
    assert found.folder == folder.resolve()
    assert found.manifest["model"] == "m"
    assert set(found.manifest["tables"]) == {table.name for table in READABLE}
    assert str(tmp_path) not in json.dumps(found.manifest)
    assert found.table("persons").column("surname").to_pylist() == ["ALI"]


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    homes = [Home(tmp_path / name) for name in "ab"]
    for home in homes:
        publish(home, "2026-11-20-1", tables(), {})
    manifests = [(home.current / "manifest.json").read_bytes() for home in homes]
    assert manifests[0] == manifests[1]


def test_current_points_at_the_newest_and_old_ones_stay(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for number in (1, 2, 10):
        publish(home, f"2026-11-20-{number}", tables(f"NAME{number}"), {})
    assert read_current(home).table("persons").column("surname").to_pylist() == ["NAME10"]
    assert [p.run_id for p in list_publications(home)] == ["2026-11-20-1", "2026-11-20-2", "2026-11-20-10"]


def broken(name: str, column: str, value: object) -> dict[str, pa.Table]:
    out = tables()
    rows = out[name].to_pylist()
    rows[0][column] = value
    out[name] = pa.Table.from_pylist(rows, out[name].schema)
    return out


@pytest.mark.parametrize(
    ("name", "column", "value", "told"),
    [
        ("records", "person_id", "P2", "persons without a record"),
        ("events", "record_id", "r9", "events without a record"),
        ("person_fields", "is_chosen", False, "exactly one chosen record"),
        ("person_fields", "record_id", "r9", "values that no record"),
        ("persons", "surname", "KHAN", "golden values"),
        ("persons", "n_records", 5, "count of records"),
        ("identity_ledger", "valid_to", "2026-11-20-1", "open span"),
        ("identity_ledger", "record_ids", ["r1", "r2"], "the ledger does not tell"),
        ("identity_ledger", "valid_from", "2026-11-19-1", "changes that the ledger does not tell"),
    ],
)
def test_tables_that_contradict_each_other_are_refused_and_the_last_publication_stays(
    tmp_path: Path, name, column, value, told
) -> None:
    home = Home(tmp_path)
    publish(home, "2026-11-20-1", tables(), {})
    with pytest.raises(PublishRefusedError) as caught:
        publish(home, "2026-11-20-2", broken(name, column, value), {})
    assert told in str(caught.value)
    assert read_current(home).run_id == "2026-11-20-1"


def test_a_key_twice_is_refused(tmp_path: Path) -> None:
    twice = tables()
    twice["persons"] = pa.concat_tables([twice["persons"]] * 2)
    with pytest.raises(PublishRefusedError, match="persons has 1 keys"):
        publish(Home(tmp_path), "2026-11-20-1", twice, {})


def test_a_night_without_one_record_says_which_feeds_are_why(tmp_path: Path) -> None:
    empty = {name: table.slice(0, 0) for name, table in tables().items()}
    feed = dict.fromkeys(empty["source_status"].column_names) | {
        "feed_id": "gangs.hackney", "source": "gangs", "state": "missing", "rows_read": 0, "rows_used": 0,
        "rows_quarantined": 0, "reason": "Heading 'Our no' is unknown.",
    }  # fmt: skip
    empty["source_status"] = pa.Table.from_pylist([feed], empty["source_status"].schema)
    with pytest.raises(PublishRefusedError) as caught:
        publish(Home(tmp_path), "2026-11-20-1", empty, {})
    assert "not one record; gangs.hackney is missing: Heading 'Our no' is unknown." in str(caught.value)


KILLED = """
import os, signal, sys
from pathlib import Path
from pipeline.core.places import Home
from pipeline.publish import publication
from one_person import tables
real = getattr(publication, sys.argv[2])
calls = 0
def dies(*arguments, **named):
    global calls
    calls += 1
    if calls == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **named)
setattr(publication, sys.argv[2], dies)
publication.publish(Home(Path(sys.argv[1])), "2026-11-20-2", tables("NEW"), {})
"""


@pytest.mark.parametrize(
    ("step", "call"),
    [("_write", 1), ("_write", 5), ("write_synced", 1), ("sync_folder", 3), ("sync_folder", 12), ("point_at", 1)],
)
def test_a_kill_at_any_step_leaves_the_old_publication_whole_and_the_next_run_cleans_up(
    tmp_path: Path, step: str, call: int
) -> None:
    home = Home(tmp_path / "home")
    publish(home, "2026-11-20-1", tables("OLD"), {})
    before = (home.current / "manifest.json").read_bytes()
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(home.root), step, str(call)],
        env={**os.environ, "PYTHONPATH": path},
        check=False,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (home.current / "manifest.json").read_bytes() == before
    assert read_current(home).table("persons").column("surname").to_pylist() == ["OLD"]
    publish(home, "2026-11-20-3", tables("NEXT"), {})
    assert read_current(home).table("persons").column("surname").to_pylist() == ["NEXT"]
    assert not list(home.published.glob(".staging*"))


def test_a_query_sees_every_table(tmp_path: Path) -> None:
    home = Home(tmp_path)
    publish(home, "2026-11-20-1", tables(), {})
    assert query(home, "SELECT surname FROM persons").to_pylist() == [{"surname": "ALI"}]
    for table in PUBLISHED:
        assert len(query(home, f"SELECT * FROM {table.name}")) == len(tables()[table.name])
    for mart in MARTS:
        assert query(home, f"SELECT * FROM {mart.name}").column_names == list(mart.names)


def ledger_rows(*spans: tuple[str, str, str | None, list[str]]) -> pa.Table:
    rows = [
        {"person_id": person, "valid_from": begun, "valid_to": ended, "cause": "new_data", "record_ids": records}
        for person, begun, ended, records in spans
    ]
    return pa.Table.from_pylist(rows, tables()["identity_ledger"].schema)


def test_who_a_record_was_on_a_day_is_told_by_the_last_run_of_that_day(tmp_path: Path) -> None:
    home = Home(tmp_path)
    spans = ledger_rows(
        ("P0", "2026-05-01-1", "2026-05-03-2", ["r1"]),
        ("P2", "2026-05-03-2", "2026-05-03-10", ["r1"]),
        ("P1", "2026-05-03-10", None, ["r1"]),
        ("P9", "2026-05-02-1", "2026-05-03-1", ["r2"]),
    )
    no_changes = tables()["link_changes"].slice(0, 0)
    publish(home, "2026-05-03-10", tables() | {"identity_ledger": spans, "link_changes": no_changes}, {})
    days = ("2026-04-30", "2026-05-01", "2026-05-02", "2026-05-03", "2026-05-04")
    asked = ", ".join(f"person_as_of(record_id, DATE '{day}')" for day in days)
    assert list(query(home, f"SELECT {asked} FROM records").to_pylist()[0].values()) == [None, "P0", "P0", "P1", "P1"]
    assert query(home, "SELECT person_as_of('nobody', '2026-05-02') AS p").to_pylist() == [{"p": None}]
    many = "FROM (SELECT unnest(['r1', 'r2', 'r3']) AS record_id)"
    assert query(home, f"SELECT person_as_of(record_id, DATE '2026-05-02') AS p {many}").column("p").to_pylist() == [
        "P0",
        "P9",
        None,
    ]
    assert len(query(home, "SELECT * FROM record_spans")) == 4


@pytest.mark.parametrize(
    "sql",
    [
        "DROP VIEW persons",
        "SELECT 1; SELECT 2",
        "COPY persons TO 'x.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "INSTALL httpfs",
        "ATTACH 'x.db'",
        "SET lock_configuration = false",
        "SELECT nonsense FROM persons",
        "SELEC",
        "SELECT * FROM read_text('/etc/hostname')",
    ],
)
def test_a_query_reads_the_publication_and_nothing_else(tmp_path: Path, sql: str) -> None:
    home = Home(tmp_path)
    publish(home, "2026-11-20-1", tables(), {})
    with pytest.raises(SettingsError):
        query(home, sql)


def test_a_query_before_the_first_publication_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="boroughlink run"):
        query(Home(tmp_path), "SELECT 1")


def test_the_dictionary_and_the_contract_schema_are_current() -> None:
    assert (FOLDER / "DICTIONARY.md").read_text("utf-8") == dictionary()
    assert (FOLDER / "contract.schema.json").read_text("utf-8") == contract_schema()
