"""Expunge: a record is gone from every byte of a home, its person is made anew, and it does not come back."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from command_line import NightOnSample, boroughlink
from home_bytes import all_texts, own_values
from small_london import plain_night
from stewards_say import said
from wrong_tables import problems_of

from flows.night.plan import plan_night
from flows.stewards import expunging
from flows.stewards.expunging import ExpungeReceipt, expunge
from pipeline.core.errors import SettingsError, StateError
from pipeline.core.places import Home
from pipeline.marts.build import build_marts
from pipeline.publish import expunge as steps
from pipeline.publish.orders import expunged, orders
from pipeline.publish.publication import read_current
from pipeline.publish.verify import damaged_files
from pipeline.stewardship.store import open_store
from schemas.marts import MARTS
from schemas.settings import AnalysisSettings, RunSettings
from schemas.tables import PUBLISHED

pytestmark = pytest.mark.flow


@pytest.fixture
def home(sample_night: NightOnSample, tmp_path: Path) -> Home:
    shutil.copytree(sample_night.home, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home")


def ordered(home: Home, *records: str) -> ExpungeReceipt:
    return expunge(RunSettings(), home, records, "dpo", "ICO 2026/118")


def table(home: Home, name: str) -> pa.Table:
    found = read_current(home)
    assert found is not None
    return found.table(name)


def persons(home: Home) -> dict[str, str]:
    columns = (table(home, "records").column(name).to_pylist() for name in ("record_id", "person_id"))
    return dict(zip(*columns, strict=True))


def chosen(home: Home) -> tuple[dict[str, Any], dict[str, Any]]:
    """A record that is alone its person, and the one that names the cluster of a person of many."""
    rows = sorted(table(home, "records").to_pylist(), key=lambda row: row["record_id"])
    many = Counter(row["person_id"] for row in rows)
    alone = next(row for row in rows if many[row["person_id"]] == 1)
    return alone, next(row for row in rows if many[row["person_id"]] > 4)


def test_no_byte_of_a_home_holds_the_record_or_its_values_and_its_person_is_made_anew(home: Home) -> None:
    alone, one_of_many = chosen(home)
    ids = {alone["record_id"], one_of_many["record_id"]}
    secrets = own_values(home, [alone, one_of_many])
    assert len(secrets) > 2
    other = next(row["record_id"] for row in table(home, "records").to_pylist() if row["record_id"] not in ids)
    with open_store(f"sqlite:///{home.decisions}") as store:
        store.decide(said(alone["record_id"], other, reason=f"of {alone['record_id']}"))
    n_persons, n_records = (len(table(home, name)) for name in ("persons", "records"))
    before = (
        table(home, "persons")
        .filter(pc.equal(table(home, "persons").column("person_id"), one_of_many["person_id"]))
        .to_pylist()[0]
    )
    receipt = ordered(home, *ids)
    assert (receipt.n_records, receipt.n_publications, receipt.n_decisions) == (2, 1, 1)
    assert not ids & set(json.dumps(asdict(receipt)).split('"'))
    for path, text in all_texts(home).items():
        for secret in ids | secrets:
            assert secret not in text, path
    assert (len(table(home, "persons")), len(table(home, "records"))) == (n_persons - 1, n_records - 2)
    assert f'boroughlink_published_rows{{table="records"}} {n_records - 2}.0' in home.metrics.read_text("utf-8")
    after = (
        table(home, "persons")
        .filter(pc.equal(table(home, "persons").column("person_id"), one_of_many["person_id"]))
        .to_pylist()[0]
    )
    assert (after["n_records"], after["cluster_confidence"]) == (before["n_records"] - 1, before["cluster_confidence"])
    ended = [row for row in table(home, "identity_ledger").to_pylist() if row["person_id"] == alone["person_id"]]
    assert [(row["valid_to"] is not None, row["record_ids"]) for row in ended] == [(True, [])]
    assert problems_of({name.name: table(home, name.name) for name in PUBLISHED}) == []
    assert damaged_files(home.current.resolve(), is_deep=True) == []


def test_the_analysts_tables_are_made_anew_without_the_record(home: Home) -> None:
    child = table(home, "repeat_missing_cse").to_pylist()[0]["person_id"]
    ids = [record for record, person in persons(home).items() if person == child]
    ordered(home, *ids)
    folder = home.current.resolve()
    made_anew = {
        mart.name: rows for mart, rows in build_marts(folder, folder.name, AnalysisSettings(), home.root / "spill")
    }
    assert {name: table(home, name).equals(rows) for name, rows in made_anew.items()} == dict.fromkeys(made_anew, True)
    assert child not in str([table(home, mart.name).to_pylist() for mart in MARTS])
    assert len(table(home, "repeat_missing_cse")) > 0


def test_a_person_of_whom_one_record_is_left_is_sure(home: Home) -> None:
    several = Counter(persons(home).values())
    pairs = [(record, person) for record, person in sorted(persons(home).items()) if several[person] == 2]
    record, person = pairs[0]
    ordered(home, record)
    (left,) = table(home, "persons").filter(pc.equal(table(home, "persons").column("person_id"), person)).to_pylist()
    assert (left["n_records"], left["cluster_confidence"]) == (1, 1.0)


def test_an_expunged_record_does_not_come_back_and_nobody_who_had_none_changes(home: Home) -> None:
    alone, one_of_many = chosen(home)
    ids = {alone["record_id"], one_of_many["record_id"]}
    ordered(home, *ids)
    person_of = persons(home)
    assert plain_night(plan_night(None, home.root, None, None, {})).exit_code == 0
    again = persons(home)
    assert set(again) == set(person_of)
    assert {
        record
        for record in again
        if again[record] != person_of[record] and person_of[record] != one_of_many["person_id"]
    } == set()
    rows = [row for row in table(home, "quarantine").to_pylist() if row["reason_code"] == "expunged"]
    assert sorted((row["file"], row["row_number"]) for row in rows) == sorted(
        (row["file"], row["row_number"]) for row in (alone, one_of_many)
    )
    assert {(row["record_id"], row["raw_row"]) for row in rows} == {(None, None)}


@pytest.mark.parametrize("broken", ["exchange", "expunge_folder", "erase", "forget_indexes"])
def test_an_expunge_that_was_killed_is_finished_by_the_same_order(
    home: Home, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, record = chosen(home)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    place = steps if broken == "exchange" else expunging
    with open_store(f"sqlite:///{home.decisions}") as store:
        store.decide(said(record["record_id"], "other"))
    with monkeypatch.context() as patch:
        patch.setattr(place, broken, killed)
        with pytest.raises(KeyboardInterrupt):
            ordered(home, record["record_id"])
    assert damaged_files(home.current.resolve(), is_deep=True) == []
    ordered(home, record["record_id"])
    assert not [path for path, text in all_texts(home).items() if record["record_id"] in text]
    assert not list(home.published.glob(".staging-*"))


def test_what_is_not_here_is_told_and_nothing_is_noted(home: Home) -> None:
    with pytest.raises(SettingsError, match="no record of this home"):
        ordered(home, "nobody")
    assert orders(home) == []


def test_a_list_that_cannot_be_read_stops_the_night_rather_than_let_records_back(home: Home) -> None:
    (home.root / "state" / "expunged.json").write_text("[", "utf-8")
    with pytest.raises(StateError, match="cannot be read"):
        expunged(home)


def test_the_command_writes_a_receipt(home: Home) -> None:
    record = chosen(home)[0]["record_id"]
    done = boroughlink("expunge", record, "--order", "ICO 2026/118", "--by", "dpo", "--home", str(home.root), "--json")
    assert done.code == 0, done.err
    assert done.said["n_records"] == 1
    assert record not in done.out
    listed = boroughlink("expunge", "--receipts", "--home", str(home.root))
    assert str(done.said["receipt_id"]) in listed.out
    assert record not in listed.out
    (order,) = json.loads(home.expunge_orders.read_text("utf-8"))
    given = "2026-11-21T09:00:00Z"
    home.expunge_orders.write_text(json.dumps([order | {"begun_at": given, "expunged_at": given}]), "utf-8")
    again = boroughlink("expunge", "--again", "--home", str(home.root)).out
    assert f"given {given}, carried out 2" in again, "when the record went first is still told"
    assert f"carried out {given}" not in again
    for words in ((), ("--receipts", "--again"), (record, "--again")):
        assert boroughlink("expunge", *words, "--home", str(home.root)).code == 2
