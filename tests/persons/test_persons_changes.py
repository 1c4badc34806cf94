"""What changed and why: contents that differ, and whom a change is blamed on."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from nights_of_clusters import Home

from pipeline.persons.causes import Evidence
from pipeline.persons.changes import Blame, blamed_records, link_changes
from pipeline.persons.content import corrected_since
from schemas.tables import RECORDS, STD_RECORDS


def records(table, **given: dict) -> pa.Table:
    rows = [
        {
            "record_id": record,
            "person_id": "P",
            "feed_id": "custody",
            "source": "custody",
            "file": "f",
            "file_sha256": "0",
            "row_number": 1,
            "part": 1,
            "contract_version": "1",
            "role": "subject",
            "basis": "fact",
            "surname": ["ALI"],
            **changed,
        }
        for record, changed in given.items()
    ]
    keep = [{name: row.get(name) for name in table.names} for row in rows]
    return pa.Table.from_pylist(keep, table.arrow_schema())


def found(tmp_path: Path, before: dict, now: dict, *asked: str) -> dict[str, str]:
    pq.write_table(records(RECORDS, **before), tmp_path / "part-0.parquet")
    return corrected_since(tmp_path, records(STD_RECORDS, **now), pa.array(asked, pa.string()))


def test_a_record_is_corrected_where_what_it_says_of_its_person_changed(tmp_path: Path) -> None:
    before = {
        "same": {},
        "name": {},
        "gone": {},
        "null": {"postcode": "E8 1AA"},
        "moved": {},
        "read": {},
        "unasked": {},
    }
    now = {
        "same": {},
        "name": {"surname": ["KHAN"]},
        "null": {},
        "moved": {"row_number": 9, "file": "other", "contract_version": "2"},
        "read": {"surname": ["KHAN"], "contract_version": "2"},
        "unasked": {"surname": ["KHAN"]},
        "new": {},
    }
    asked = ("same", "name", "gone", "null", "moved", "read", "new")
    assert found(tmp_path, before, now, *asked) == {
        "name": "corrected_data",
        "null": "corrected_data",
        "read": "contract",
    }
    assert found(tmp_path, before, now) == {}


def told(home: Home, *clusters: str, evidence: Evidence = Evidence(), blame: Blame) -> list[tuple]:  # noqa: B008
    tonight = home.night(*clusters, evidence=evidence)
    rows = link_changes(tonight, blame, list(home.published)[-1]).to_pylist()
    return [
        (row["kind"], row["cause"], row["blamed_on"], row["n_records_before"], row["n_records_after"]) for row in rows
    ]


def test_data_is_blamed_on_feeds_a_model_on_its_stamps_and_a_steward_on_decisions() -> None:
    home = Home()
    blame = Blame(("m1", "m2"), {"e": ["D1", "D2"], "f": ["D2"]}, {"a": "cris.camden", "b": "custody", "x": "la.brent"})
    first = ("created", "new_data", ["cris.camden", "custody"], 0, 2)
    assert first in told(home, "ab", "cd", "ef", "gh", blame=blame)
    evidence = Evidence(corrected={"c": "corrected_data"}, decided=frozenset("ef"), is_model_new=True)
    rows = told(home, "abx", "c", "d", "e", "f", "g", "h", evidence=evidence, blame=blame)
    assert sorted(rows) == [
        ("changed", "corrected_data", [], 2, 1),
        ("changed", "model", ["m1", "m2"], 2, 1),
        ("changed", "new_data", ["la.brent"], 2, 3),
        ("changed", "steward", ["D1", "D2"], 2, 1),
        ("record_moved", "corrected_data", [], 2, 1),
        ("record_moved", "model", ["m1", "m2"], 2, 1),
        ("record_moved", "steward", ["D1", "D2"], 2, 1),
        ("split", "corrected_data", [], 2, 1),
        ("split", "model", ["m1", "m2"], 2, 1),
        ("split", "steward", ["D1", "D2"], 2, 1),
    ]


def test_the_records_behind_a_cause_are_known_so_that_their_feeds_can_be_looked_up() -> None:
    home = Home()
    home.night("ab", "c")
    tonight = home.night("a", "cx")
    assert blamed_records(tonight).to_pylist() == ["b", "x"]
