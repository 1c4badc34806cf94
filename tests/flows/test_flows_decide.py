from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import typer
from bound_pairs import cannot_link, must_link
from command_line import NightOnSample, boroughlink
from least_rows import least
from typer.testing import CliRunner, Result

from flows.commands.decide import decide
from flows.night.decisions import decisions_url
from pipeline.core.errors import DecisionConflictError, DecisionRefusedError, SettingsError
from pipeline.core.parquet import read_table, write_table
from pipeline.core.places import Home
from pipeline.stewardship.policy import load_policy
from pipeline.stewardship.standing import standing_decisions
from pipeline.stewardship.store import open_store
from schemas.settings import RunSettings
from schemas.tables import FINGERPRINTS, LINKS, PERSONS, RECORDS, STANDING_DECISIONS

APP = typer.Typer()
APP.command()(decide)
SECRET = ("ZEBEDIAH", "QUILLFEATHER", "1987-06-05", "+447700900123")
WHY = ("--by", "ann", "--reason", "ZEBEDIAH's own handwriting")
# P1 holds 1 and 2; P3 holds 3 alone, an offender's record; P4 holds 4 and 5
PERSON_OF = {"1": "P1", "2": "P1", "3": "P3", "4": "P4", "5": "P4"}
ROLES = {"P1": ["victim", "witness"], "P3": ["offender"], "P4": ["witness"]}
PAIRS = (
    ("1", "2", "link", ()),
    ("1", "4", "review", ()),
    ("2", "5", "review", ()),
    ("2", "3", "review", ("name_only",)),
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a small publication."""
    current = tmp_path / "home" / "published" / "current"
    for table, rows in ((LINKS, _links()), (RECORDS, _records()), (PERSONS, _persons())):
        write_table(current / table.name / "part-0.parquet", pa.Table.from_pylist(rows), table)
    (current / "manifest.json").write_text(json.dumps({"run_id": "2026-11-20-1", "model": "person-1:gone"}))
    return tmp_path / "home"


def _links() -> list[dict[str, Any]]:
    return [
        {
            "record_id_l": left,
            "record_id_r": right,
            "match_weight": 9.0 - n,
            "match_probability": 0.9,
            "mw_prior": -10.0,
            "mw_related": 0.0,
            "mw_forename": 12.0,
            "mw_date_of_birth": -3.0,
            "mw_phone": 0.0,
            "decision": decision,
            "decided_by": "model",
            "rules": list(rules) or None,
        }
        for n, (left, right, decision, rules) in enumerate(PAIRS)
    ]


def _records() -> list[dict[str, Any]]:
    born = date.fromisoformat(SECRET[2])
    own = {"forename": [SECRET[0]], "surname": [SECRET[1]], "date_of_birth": born, "phone": SECRET[3]}
    return [
        {
            **least(RECORDS),
            **own,
            "record_id": record,
            "person_id": person,
            "feed_id": "cris." + ("a" if record == "1" else "b"),
        }
        for record, person in PERSON_OF.items()
    ]


def _persons() -> list[dict[str, Any]]:
    return [{**least(PERSONS), "person_id": person, "roles": roles} for person, roles in ROLES.items()]


def run(home: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(APP, [*arguments, "--home", str(home)], env={"COLUMNS": "200"})
    if isinstance(result.exception, Exception):
        raise result.exception
    return result


def json_output(home: Path, *arguments: str) -> Any:
    return json.loads(run(home, *arguments, "--json").output)


def log_of(home: Path) -> pa.Table:
    with open_store(f"sqlite:///{Home(home).decisions}") as store:
        return store.log()


def standing(home: Path) -> pa.Table:
    return standing_decisions(log_of(home), load_policy())


def test_a_decision_keeps_what_the_publication_showed(home: Path) -> None:
    result = run(home, "4", "1", "--link", *WHY)
    assert "1 = 4" in result.output
    (row,) = log_of(home).to_pylist()
    assert (row["record_id_l"], row["record_id_r"], row["roles_l"], row["roles_r"]) == (
        "1",
        "4",
        "victim;witness",
        "witness",
    )
    assert (row["run_id"], row["model"], row["n_records"]) == ("2026-11-20-1", "person-1:gone", 4)
    assert row["evidence"] == "date_of_birth=differs;forename=agrees"
    assert row["evidence_hash"]
    assert row["fingerprint_l"]
    assert row["fingerprint_r"] is None  # 3, 4 and 5 of one feed share name and birthday
    assert must_link(standing(home)).num_rows == 1


def test_no_value_and_no_reason_is_shown_unasked(home: Path) -> None:
    shown = [
        run(home, "1", "4", "--link", *WHY).output,
        run(home, "--list").output,
        run(home, "--list", "--json").output,
    ]
    for output in shown:
        assert not [secret for secret in SECRET if secret in output]
    assert "ZEBEDIAH's own" in run(home, "--list", "--reasons").output


def test_a_victim_and_an_offender_wait_for_a_second_steward(home: Path) -> None:
    first = json_output(home, "2", "3", "--link", *WHY)
    assert first["waits_for_second_person"]
    assert first["second_because"] == ["name_only", "victim_offender"]
    assert "waits for a second person" in run(home, "--list").output
    confirm = ("--confirm", first["decision_id"], "--reason", "seen both files")
    with pytest.raises(DecisionRefusedError, match="second person"):
        run(home, *confirm, "--by", "Ann")
    assert "confirmed: 2 = 3" in run(home, *confirm, "--by", "bob").output
    assert must_link(standing(home)).num_rows == 1
    assert json_output(home, "--list")[0]["confirmed_by"] == ["bob"]


def test_a_person_stands_for_its_one_record_and_is_asked_about_where_it_has_several(home: Path) -> None:
    assert json_output(home, "P3", "4", "--unlink", *WHY)["record_ids"] == ["3", "4"]
    assert json_output(home, "P1", "P3", "--unlink", *WHY)["record_ids"] == [
        "2",
        "3",
    ]  # the one pair between them that was scored
    with pytest.raises(SettingsError, match="stand for 2 pairs of records") as asked:
        run(home, "P1", "P4", "--link", *WHY)
    assert "1 4; 2 5" in str(asked.value)


def test_an_id_that_is_not_published_is_named(home: Path) -> None:
    with pytest.raises(SettingsError, match="7: is no record and no person"):
        run(home, "7", "1", "--link", *WHY)
    assert not Home(home).decisions.exists() or len(log_of(home)) == 0


def test_where_nothing_is_published_a_decision_waits(tmp_path: Path) -> None:
    assert json_output(tmp_path, "a", "b", "--link", *WHY)["second_because"] == ["unknown_facts"]


def test_a_contradiction_is_refused_with_its_chain_and_a_decision_taken_back(home: Path) -> None:
    first = json_output(home, "1", "2", "--link", *WHY)["decision_id"]
    second = json_output(home, "1", "4", "--link", *WHY)["decision_id"]
    with pytest.raises(DecisionConflictError) as refused:
        run(home, "2", "4", "--unlink", "--by", "bob", "--reason", "r")
    assert first in str(refused.value)
    run(home, "--retract", first.upper(), "--by", "bob", "--reason", "wrong file")
    with pytest.raises(DecisionConflictError, match=r"1 and 2 are one person in the publication \(P1\)") as refused:
        run(home, "2", "4", "--unlink", "--by", "bob", "--reason", "r")
    assert second in str(refused.value)
    assert "Part the records of that person first" in str(refused.value)
    run(home, "1", "2", "--unlink", *WHY)
    run(home, "2", "4", "--unlink", "--by", "bob", "--reason", "r")
    run(home, "--retract", second, "--by", "bob", "--reason", "wrong file")
    assert cannot_link(standing(home)).num_rows == 2


def test_one_steward_does_not_join_a_victim_with_an_offender_by_way_of_a_witness(home: Path) -> None:
    assert not json_output(home, "1", "4", "--link", *WHY)["waits_for_second_person"]
    second = json_output(home, "5", "3", "--link", "--by", "bob", "--reason", "r")
    assert second["second_because"] == ["victim_offender"]
    row = log_of(home).to_pylist()[-1]
    assert (row["roles_l"], row["roles_r"], row["n_records"]) == ("offender", "victim;witness", 5)
    assert must_link(standing(home)).num_rows == 1


def test_another_stewards_decision_is_superseded_by_its_id(home: Path) -> None:
    first = json_output(home, "1", "4", "--link", *WHY)["decision_id"]
    other = ("1", "4", "--unsure", "--by", "bob", "--reason", "r")
    with pytest.raises(DecisionConflictError, match="--supersede"):
        run(home, *other)
    assert json_output(home, *other, "--supersede", first)["supersedes"] == first


def test_the_same_id_sent_twice_counts_once(home: Path) -> None:
    own = ("--id", "8b8f4e0e-2c0a-4f0e-9a53-0d6f2d1c8a47")
    assert json_output(home, "1", "4", "--link", *WHY, *own)["is_new"]
    assert not json_output(home, "1", "4", "--link", *WHY, *own)["is_new"]
    assert len(log_of(home)) == 1


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_decisions_go_out_into_a_file_and_come_back_in(home: Path, tmp_path: Path, suffix: str) -> None:
    run(home, "1", "4", "--link", *WHY)
    path = tmp_path / f"decisions.{suffix}"
    assert json_output(home, "--export", str(path)) == {"file": str(path), "decisions": 1}
    other = tmp_path / "other"
    other.mkdir()
    imported = json_output(other, "--import", str(path), "--by", "operator")
    assert (imported["entered"], imported["refused"]) == (1, [])
    assert log_of(other).column("decision_id").equals(log_of(home).column("decision_id"))
    assert "1 there already" in run(other, "--import", str(path), "--by", "operator").output


def test_an_import_with_bad_rows_ends_with_1_and_names_them(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("record_id_l,record_id_r,verdict,decided_by,reason\n1,4,link,ann,r\n1,5,merge,ann,r\n")
    result = run(home, "--import", str(path), "--by", "operator")
    assert result.exit_code == 1
    assert "in.csv: 1 of 2 rows entered; 1 refused:\nin.csv, row 3, verdict" in result.output
    assert len(log_of(home)) == 1


def night_over(home: Path, *records: str) -> None:
    """What the night of the home's publication made of the decisions, had it these records only."""
    publication = home / "published" / "2026-11-20-1"
    (home / "published" / "current").rename(publication)
    (home / "published" / "current").symlink_to(publication.name)
    there = pa.Table.from_pylist([{"record_id": record} for record in records], FINGERPRINTS.arrow_schema())
    left = standing_decisions(log_of(home), load_policy(), there)
    write_table(Home(home).run("2026-11-20-1").table("link", "standing_decisions"), left, STANDING_DECISIONS)


def test_a_decision_that_the_last_night_left_detached_is_listed_as_that_until_it_is_taken_back(home: Path) -> None:
    lost = json_output(home, "1", "4", "--link", *WHY)["decision_id"]
    kept = json_output(home, "2", "3", "--unlink", *WHY)["decision_id"]
    night_over(home, "1", "2", "3")
    states = {row["decision_id"]: (row["state"], row["detached_because"]) for row in json_output(home, "--list")}
    assert states == {lost: ("detached", "record_gone"), kept: ("in_force", None)}
    told = run(home, "--list").output
    assert "detached as of the last night, and binds nothing: a record is not there" in told
    run(home, "--retract", lost, "--by", "ann", "--reason", "the record is gone")
    assert [row["decision_id"] for row in json_output(home, "--list")] == [kept]


def write_rows(path: Path, *rows: str) -> Path:
    headings = "record_id_l,record_id_r,verdict,decided_by,reason,n_records,roles_l,roles_r"
    path.write_text("\n".join([headings, *rows]) + "\n")
    return path


def test_an_imported_row_whose_record_is_in_no_publication_is_taken_and_told(home: Path, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "in.csv", "1,deadbeef,unlink,ann,r,2,,", "1,4,link,ann,r,2,,")
    result = run(home, "--import", str(path), "--by", "operator")
    assert result.exit_code == 0
    assert "in.csv: 2 of 2 rows entered." in result.output
    assert "1 of those entered binds nothing yet:" in result.output
    assert "in.csv, row 2, record_id_r: deadbeef is no record of the publication" in result.output
    again = json_output(home, "--import", str(path), "--by", "operator")
    assert (again["already_there"], again["not_published"]) == (2, [])


def test_an_id_of_a_person_in_an_imported_row_is_refused_with_what_to_do(home: Path, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "in.csv", "P3,P1,unlink,ann,r,2,,")
    result = run(home, "--import", str(path), "--by", "operator")
    assert result.exit_code == 1
    assert "0 of 1 row entered; 1 refused:" in result.output
    assert "row 2, record_id_l: P3 is a person's id, and a decision is on two records. Give the id" in result.output
    assert len(log_of(home)) == 0


def test_the_policy_is_asked_about_what_the_publication_says_and_not_the_file(home: Path, tmp_path: Path) -> None:
    made_up = write_rows(tmp_path / "in.csv", "2,3,link,ann,r,2,witness,witness")
    run(home, "--import", str(made_up), "--by", "operator")
    (row,) = log_of(home).to_pylist()
    assert row["second_because"] == "name_only;victim_offender"
    assert (row["roles_l"], row["roles_r"], row["n_records"]) == ("victim;witness", "offender", 3)
    elsewhere = write_rows(tmp_path / "other.csv", "x,y,link,ann,r,2,victim,offender")
    run(home, "--import", str(elsewhere), "--by", "operator")
    assert log_of(home).to_pylist()[1]["second_because"] == "victim_offender"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "nothing is asked"),
        (("1", "4"), "nothing is asked"),
        (("1", "4", "--link", "--unlink"), "do not go together"),
        (("--list", "--retract", "x"), "do not go together"),
        (("1", "--link", *WHY), "two records"),
        (("1", "4", "--link", "--by", "ann"), "--reason: is missing"),
        (("1", "4", "--link", "--reason", "r"), "--by: is missing"),
        (("1", "4", "--link", "--by", "ann", "--reason", " "), "--reason: must have 1 or more characters"),
        (("1", "4", "--link", *WHY, "--id", "7"), "--id: .*UUID"),
        (("1", "1", "--link", *WHY), "one and the same"),
        (("--retract", "7", *WHY), "--retract: .*UUID"),
        (("--export", "decisions.txt"), "must end in"),
    ],
)
def test_wrong_use_is_told(home: Path, arguments: tuple[str, ...], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        run(home, *arguments)


def test_the_environments_url_goes_before_the_run_files_and_both_before_the_homes(tmp_path: Path) -> None:
    run_file = tmp_path / "run.yaml"
    run_file.write_text("decisions_url: sqlite:///kept/d.sqlite3\nsteward_policy: own.toml\n")
    settings, home = RunSettings.load(run_file), Home(tmp_path / "home")
    assert settings.steward_policy == tmp_path / "own.toml"
    assert decisions_url(settings, home, {}) == f"sqlite:///{tmp_path}/kept/d.sqlite3"
    assert decisions_url(settings, home, {"BOROUGHLINK_DECISIONS_URL": "postgresql://h/d"}) == "postgresql://h/d"
    assert decisions_url(RunSettings(), home, {}) == f"sqlite:///{tmp_path}/home/state/decisions.sqlite3"


def test_a_refusal_ends_with_1_and_wrong_use_with_2(tmp_path: Path) -> None:
    own = ("--home", str(tmp_path))
    first = boroughlink("decide", "a", "b", "--link", *WHY, *own)
    assert first.code == 0, first.err
    refused = boroughlink("decide", "a", "b", "--unlink", "--by", "bob", "--reason", "r", *own)
    assert refused.code == 1
    assert "a = b (ann, 2" in refused.err
    assert boroughlink("decide", *own).code == 2


@pytest.mark.flow
def test_a_question_of_the_sample_is_decided_with_its_evidence(sample_night: NightOnSample, tmp_path: Path) -> None:
    asked = read_table(sample_night.current / "review_queue").sort_by([("priority", "descending")]).to_pylist()[0]
    url = f"sqlite:///{tmp_path}/decisions.sqlite3"
    done = boroughlink(
        "decide",
        asked["record_id_r"],
        asked["record_id_l"],
        "--unlink",
        *WHY,
        "--home",
        str(sample_night.home),
        "--json",
        BOROUGHLINK_DECISIONS_URL=url,
    )
    assert done.code == 0, done.err
    with open_store(url) as store:
        (row,) = store.log().to_pylist()
    assert (row["record_id_l"], row["record_id_r"]) == (asked["record_id_l"], asked["record_id_r"])
    assert "=" in row["evidence"]
    assert "agrees" not in row["evidence"]  # the bundled model names the levels
    assert row["run_id"] == sample_night.finished.said["run_id"]
