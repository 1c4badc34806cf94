"""``boroughlink evaluate``: on what ``boroughlink link`` wrote, and on the night of the sample."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
import typer
from command_line import NightOnSample, boroughlink
from typer.testing import CliRunner, Result

from flows.any_table.standalone import LinkOptions, link_files
from flows.commands.evaluate import evaluate
from pipeline.core.errors import SettingsError

APP = typer.Typer()
APP.command()(evaluate)
FIELDS = {"who": "record_id", "first": "forename", "last": "surname", "dob": "date_of_birth", "town": "category"}
FIRST = ["ANNA", "OMAR", "GRACE", "YUSUF", "ELLA", "KOFI", "MARIA", "PRIYA", "LEON", "FATIMA", "TARIQ", "NOAH"]
LAST = ["SMITH", "KHAN", "OKAFOR", "BROWN", "PATEL", "NOWAK", "ALI", "JONES", "MENSAH", "SILVA", "CHEN", "GREEN"]


def people(persons: int = 150, seed: int = 3) -> list[dict[str, Any]]:
    """Two records a person, one of each list; the second one with a slip of the pen now and then."""
    chance = random.Random(seed)
    rows = []
    for person in range(persons):
        one = {
            "who": 2 * person,
            "first": chance.choice(FIRST) + chance.choice("ABCDEFG"),
            "last": chance.choice(LAST) + chance.choice(LAST),
            "dob": f"{chance.randint(1950, 2015)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            "town": chance.choice(["Hackney", "Barnet"]),
            "list": "ours",
            "true": f"p{person}",
        }
        other = {**one, "who": 2 * person + 1, "list": "theirs"}
        if chance.random() < 0.3:
            other["last"] = other["last"][1:]
        rows += [one, other]
    return rows


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("people") / "people.parquet"
    pq.write_table(pa.Table.from_pylist(people()), path)
    return path


@pytest.fixture(scope="module")
def linked(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("linked")
    link_files([table], out, FIELDS, LinkOptions(truth="true"))
    return out


def run(*arguments: object) -> Result:
    return CliRunner().invoke(APP, [str(own) for own in arguments], env={"COLUMNS": "100"})


def said(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.exception
    return json.loads(result.output)


def test_the_files_that_were_linked_bring_their_truth_and_their_groups(table: Path, linked: Path) -> None:
    facts = said(table, "--linked", linked)
    metrics = json.loads((linked / "metrics.json").read_text())
    for part in ("pairs", "clusters", "b_cubed"):
        assert facts["true"][part] == metrics["quality"][part]
    assert facts["calibration"]["error"] == metrics["quality"]["calibration_error"]
    assert {row["grouping"] for row in facts["groups"]} == {"decade of birth", "town"}


def test_a_file_of_the_truth_alone_gives_the_same_quality_in_csv_and_parquet(
    table: Path, linked: Path, tmp_path: Path
) -> None:
    told = pq.read_table(table, columns=["who", "true"]).rename_columns(["record_id", "entity"])
    pq.write_table(told, tmp_path / "truth.parquet")
    pa_csv.write_csv(told, tmp_path / "truth.csv")
    of_csv = said("--linked", linked, "--truth", tmp_path / "truth.csv")["true"]
    assert said("--linked", linked, "--truth", tmp_path / "truth.parquet")["true"] == of_csv
    assert said("--linked", linked, "--truth", table)["true"] == of_csv  # by the columns that link was told of


def test_without_the_truth_it_tells_what_the_model_expects(linked: Path) -> None:
    facts = said("--linked", linked)
    assert facts["true"] is None
    assert 0.9 < facts["estimated"]["precision"] <= 1
    assert 0.5 < facts["estimated"]["recall"] <= 1
    assert len(facts["left_out"]) >= 2


def test_the_page_lies_in_the_folder_or_where_it_is_asked_for_and_tells_no_value(
    table: Path, linked: Path, tmp_path: Path
) -> None:
    shown = run(table, "--linked", linked).output
    page = (linked / "evaluation.html").read_text()
    assert "Precision and recall" in shown
    assert "page " in shown
    run(table, "--linked", linked, "--out", tmp_path / "new" / "page.html")
    assert (tmp_path / "new" / "page.html").read_text() == page
    for row in people():
        for value in (row["first"], row["last"], row["dob"]):
            assert value not in page
            assert value not in shown


def test_a_truth_of_few_records_says_of_how_many_it_tells(table: Path, linked: Path, tmp_path: Path) -> None:
    few = pq.read_table(table).slice(0, 40).select(["who", "true"]).rename_columns(["record_id", "person"])
    pq.write_table(few, tmp_path / "few.parquet")
    told = run(
        "--linked", linked, "--truth", tmp_path / "few.parquet", "--entity", "person", "--out", tmp_path / "page.html"
    )
    assert told.exit_code == 0, told.output
    assert "The truth tells 40 of 300 records" in " ".join(told.output.split())


def test_a_linkage_of_few_persons_says_that_nothing_can_be_told_of_groups(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(people(12)), tmp_path / "few.parquet")
    link_files([tmp_path / "few.parquet"], tmp_path / "linked", FIELDS, LinkOptions())
    shown = " ".join(run(tmp_path / "few.parquet", "--linked", tmp_path / "linked").output.split())
    assert "Whether a group is linked worse cannot be told" in shown
    assert "No group is linked worse" not in shown
    assert "Groups, %" not in shown


def test_lists_that_were_linked_across_are_evaluated_across(table: Path, tmp_path: Path) -> None:
    fields = FIELDS | {"list": "source"}
    link_files([table], tmp_path, fields, LinkOptions(truth="true", link_only=True))
    facts = said(table, "--linked", tmp_path)
    assert facts["true"]["true_pairs"] == 150
    assert facts["true"]["pairs"] == json.loads((tmp_path / "metrics.json").read_text())["quality"]["pairs"]
    result = run("--linked", tmp_path)
    assert isinstance(result.exception, SettingsError)
    assert "Name the files that were linked" in str(result.exception)


def test_other_files_than_those_that_were_linked_are_refused(linked: Path, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(people(149)), tmp_path / "other.parquet")
    result = run(tmp_path / "other.parquet", "--linked", linked)
    assert isinstance(result.exception, SettingsError)
    assert "2 of 300 records are not in them" in str(result.exception)


@pytest.mark.parametrize(
    ("columns", "more", "problem"),
    [
        (("who",), (), "no column that names the true person"),
        (("who", "true"), ("--entity", "nobody"), "has no column nobody"),
        (("true",), (), "names no records"),
    ],
)
def test_a_truth_without_its_columns_is_one_clear_message(
    table: Path, linked: Path, tmp_path: Path, columns: tuple[str, ...], more: tuple[str, ...], problem: str
) -> None:
    pq.write_table(pq.read_table(table, columns=list(columns)), tmp_path / "truth.parquet")
    result = run("--linked", linked, "--truth", tmp_path / "truth.parquet", *more)
    assert isinstance(result.exception, SettingsError)
    assert problem in str(result.exception)


def test_a_home_without_a_publication_is_wrong_use(tmp_path: Path) -> None:
    result = run("--home", tmp_path)
    assert isinstance(result.exception, SettingsError)
    assert "boroughlink run" in str(result.exception)


@pytest.fixture(scope="module")
def own_night(sample_night: NightOnSample, tmp_path_factory: pytest.TempPathFactory) -> NightOnSample:
    """A copy of the sample's night, whose runs get a page more."""
    home = tmp_path_factory.mktemp("own") / "home"
    return replace(sample_night, home=shutil.copytree(sample_night.home, home, symlinks=True))


@pytest.mark.flow
def test_the_sample_night_is_as_good_as_it_says_and_tells_what_the_law_keeps_from_it(
    own_night: NightOnSample, sample_truth: Path
) -> None:
    done = boroughlink("evaluate", "--home", str(own_night.home), "--truth", str(sample_truth), "--json")
    assert done.code == 0, done.err
    facts: dict[str, Any] = done.said
    true = facts["true"]
    assert true["pairs"]["precision"] >= 0.998
    assert true["clusters"]["recall"] >= 0.9
    assert true["kept_apart"]["rules"] == ["adopted", "victim_offender"]
    assert true["kept_apart"]["pairs"] > 0
    assert true["clusters"]["recall"] < true["kept_apart"]["clusters"]["recall"] < true["with_stewards"]["recall"]
    assert facts["calibration"]["error"] < 0.05
    assert abs(facts["gap"]["precision"]) < 0.01
    assert abs(facts["gap"]["recall"]) < 0.05
    assert {"source", "role", "borough", "sex", "ethnicity group", "name origin", "age"} == {
        row["grouping"] for row in facts["groups"]
    }


@pytest.mark.flow
def test_the_page_of_a_night_lies_beside_its_report_and_names_nobody(
    own_night: NightOnSample, sample_truth: Path
) -> None:
    assert boroughlink("evaluate", "--home", str(own_night.home), "--truth", str(sample_truth)).code == 0
    page = (own_night.run / "evaluation.html").read_text()
    records = pq.read_table(own_night.current / "records", columns=["surname", "postcode", "phone"])
    surnames = {name for name in pc.list_flatten(records.column("surname")).to_pylist() if len(name) > 5}
    for value in (*surnames, *records.column("postcode").to_pylist(), *records.column("phone").to_pylist()):
        assert value is None or value not in page
