"""Unmerge: records part from a person, whoever joined them, and stay parted."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import typer
from bound_pairs import cannot_link, must_link
from least_rows import least
from stewards_say import confirmed, said
from typer.testing import CliRunner

from flows.commands.unmerge import unmerge
from pipeline.core.errors import DecisionConflictError, SettingsError
from pipeline.core.parquet import write_table
from pipeline.core.places import Home
from pipeline.review.questions.machine import LookedAt, looked_at_by_stewards
from pipeline.stewardship.database import reading
from pipeline.stewardship.policy import load_policy
from pipeline.stewardship.standing import standing_decisions
from pipeline.stewardship.store import Store, open_store
from schemas.tables import LINKS, PERSONS, RECORDS

APP = typer.Typer()
APP.command()(unmerge)
SMALL, LARGE = ("1", "2", "3", "4"), tuple(f"L{number:02d}" for number in range(24))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a publication of a person P of four records and one, L, of many."""
    publication = tmp_path / "home" / "published" / "2026-11-20-1"
    person_of = {**dict.fromkeys(SMALL, "P"), **dict.fromkeys(LARGE, "L"), "9": "Q"}
    born = {"forename": ["ANN"], "surname": ["LEE"], "date_of_birth": date(2001, 2, 3)}
    records = [
        {**least(RECORDS), **born, "record_id": record, "person_id": person, "feed_id": f"f{record}"}
        for record, person in person_of.items()
    ]
    persons = [{**least(PERSONS), "person_id": person, "roles": ["victim"]} for person in "LPQ"]
    links = [
        {
            "record_id_l": "1",
            "record_id_r": "2",
            "match_weight": 9.0,
            "match_probability": 0.9,
            "mw_prior": -10.0,
            "mw_related": 0.0,
            "mw_forename": 12.0,
            "decision": "link",
            "decided_by": "model",
            "rules": ["name_only"],
        }
    ]
    for table, rows in ((RECORDS, records), (PERSONS, persons), (LINKS, links)):
        write_table(publication / table.name / "part-0.parquet", pa.Table.from_pylist(rows), table)
    (publication / "manifest.json").write_text(json.dumps({"run_id": publication.name, "model": "person-1:gone"}))
    (publication.parent / "current").symlink_to(publication.name)
    return tmp_path / "home"


def run(home: Path, *arguments: str, by: str = "ann") -> dict[str, Any]:
    asked = [*arguments, "--by", by, "--reason", "two brothers", "--home", str(home), "--json"]
    result = CliRunner().invoke(APP, asked)
    if isinstance(result.exception, Exception):
        raise result.exception
    return json.loads(result.output)


def opened(home: Path):
    return open_store(f"sqlite:///{Home(home).decisions}")


def pairs(store: Store, kind: Any) -> list[tuple[str, str]]:
    return [
        (row["record_id_l"], row["record_id_r"])
        for row in kind(standing_decisions(store.log(), load_policy())).to_pylist()
    ]


def test_each_named_record_is_parted_from_each_that_stays_and_not_from_each_other(home: Path) -> None:
    done = run(home, "P", "3", "1")
    assert (done["parted"], done["stay"], done["entered"], done["waiting"]) == (["1", "3"], ["2", "4"], 4, 0)
    with opened(home) as store:
        assert pairs(store, cannot_link) == [("1", "2"), ("1", "4"), ("2", "3"), ("3", "4")]
        row = store.log().to_pylist()[0]
    assert (row["rules"], row["evidence"], row["n_records"], row["roles_l"]) == (
        "name_only",
        "forename=agrees",
        4,
        "victim",
    )
    assert row["fingerprint_l"]


def test_a_second_time_decides_nothing_twice(home: Path) -> None:
    run(home, "P", "3")
    done = run(home, "P", "3", by="bob")
    assert (done["entered"], done["already"], done["confirmed"]) == (0, 3, 0)


def test_links_of_stewards_are_taken_back_and_others_stay(home: Path) -> None:
    with opened(home) as store:
        for left, right in (("1", "2"), ("2", "3"), ("3", "4")):
            store.decide(said(left, right, by="eve"))
    assert run(home, "P", "3", "4")["retracted"] == 1
    with opened(home) as store:
        assert pairs(store, must_link) == [("1", "2"), ("3", "4")]
        assert len(pairs(store, cannot_link)) == 4


def test_a_chain_of_links_over_somebody_elses_record_is_told(home: Path) -> None:
    with opened(home) as store:
        store.decide(said("1", "9", by="eve"))
        store.decide(said("3", "9", by="eve"))
    with pytest.raises(DecisionConflictError, match="eve"):
        run(home, "P", "3")


def test_parting_a_large_person_counts_once_another_steward_gives_the_same_command(home: Path) -> None:
    done = run(home, "L", "L00")
    assert (done["entered"], done["waiting"]) == (23, 23)
    with opened(home) as store:
        assert pairs(store, cannot_link) == []
    assert run(home, "L", "L00")["confirmed"] == 0, "not by the same steward"
    assert run(home, "L", "L00", by="bob")["confirmed"] == 23
    with opened(home) as store:
        assert len(pairs(store, cannot_link)) == 23
        with pytest.raises(Exception, match="does not wait"):
            store.decide(confirmed(store.log().to_pylist()[0]["decision_id"], by="cid"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("P", "9"), "a record of Q"),
        (("P", "nobody"), "a record of nobody"),
        (("X", "1"), "no person"),
        (("P", *SMALL), "keep no record"),
        (("L", *LARGE[:12]), "At most 100"),
    ],
)
def test_what_cannot_be_parted_is_told(
    home: Path, given: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.stewards.unmerging.MOST_DECISIONS", 100)
    with pytest.raises(SettingsError, match=told):
        run(home, *given)


def test_an_unmerge_counts_as_links_of_the_machine_overturned_each_once(home: Path) -> None:
    run(home, "P", "2", "3")  # of P the machine linked records 1 and 2
    run(home, "P", "2", "3", by="bob")
    with opened(home) as store, reading(store.engine) as connection:
        assert looked_at_by_stewards(connection) == LookedAt(1, 1, 1, 1)
