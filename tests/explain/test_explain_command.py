from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from least_rows import least
from typer.testing import CliRunner, Result

from flows.commands.explain import explain
from pipeline.core.errors import SettingsError
from pipeline.core.parquet import write_table
from pipeline.core.places import RunFolder
from schemas.model import LEVELS, Blocking, Comparison, Level, Model, Policy, Prior, Rule, save_model
from schemas.tables import DECIDED_PAIRS, LINKS, RECORDS

APP = typer.Typer()
APP.command()(explain)
SECRET = ("ZEBEDIAH", "QUILLFEATHER", "1987-06-05", "+447700900123")
PERSONS = {"1": "P1", "2": "P1", "3": "P1", "4": "P1", "7": "P7", "8": "P8", "9": "P9"}
# the chain 1 - 2 - 3 - 4 holds P1 together; 7 waits by a rule, 8 by its weight and was parted by a steward, 9 has no pair
PAIRS = (
    ("1", "2", 12.0, "link", ()),
    ("1", "3", -1.0, "link", ()),
    ("2", "3", 9.0, "link", ("name_only",)),
    ("3", "4", 8.0, "link", ()),
    ("4", "7", 15.0, "review", ("twin_suspicion",)),
    ("1", "8", 2.0, "review", ()),
    ("7", "8", 3.0, "review", ("twin_suspicion",)),
    ("2", "8", 6.0, "unlink", ()),
)
PRIOR, RELATED = -10.0, -2.0


def row(left: str, right: str, weight: float, decision: str, rules: tuple[str, ...]) -> dict[str, Any]:
    """Whose phone gives what the weight needs, beside a name that agrees for 5 bits."""
    bits = {"mw_forename": 5.0, "mw_phone": weight - PRIOR - RELATED - 5.0}
    return {
        "record_id_l": left,
        "record_id_r": right,
        "match_weight": weight,
        "match_probability": 1 / (1 + 2.0**-weight),
        "mw_prior": PRIOR,
        "mw_related": RELATED,
        **bits,
        "decision": decision,
        "decided_by": "steward" if decision == "unlink" else "model",
        "rules": list(rules) or None,
    }


def small_model() -> Model:
    shares = [(0.01, 0.97), (0.04, 0.02), (0.95, 0.01)]
    levels = tuple(Level(name=n, m=m, u=u, related=u) for n, (m, u) in zip(LEVELS["phone"], shares, strict=True))
    return Model(
        name="table",
        prior=Prior(matches_per_record=1, related_per_record=1),
        blocking=Blocking(fields=("phone",)),
        comparison=(Comparison(field="phone", kind="phone", levels=levels),),
        rule=(Rule(name="twin_suspicion", about="Twins, unless a steward knows better.", effect="apart"),),
        policy={"balanced": Policy(link_bits=4.0, review_bits=1.0)},
    )


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A folder as ``boroughlink link`` writes it; the file's record ids were numbers."""
    folder = tmp_path / "linked"
    folder.mkdir()
    links = pa.Table.from_pylist([row(*pair) for pair in PAIRS])
    as_numbers = {
        name: links[name].cast(pa.int64()) if name.startswith("record_id") else links[name]
        for name in links.column_names
    }
    pq.write_table(pa.table(as_numbers), folder / "links.parquet")
    members = {"record_id": [int(record) for record in PERSONS], "person_id": list(PERSONS.values())}
    pq.write_table(pa.table(members), folder / "clusters.parquet")
    save_model(small_model(), folder / "model.toml")
    (folder / "metrics.json").write_text(json.dumps({"policy": "balanced", "model": small_model().stamp}))
    return folder


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A home with a publication whose records have values."""
    current = tmp_path / "home" / "published" / "current"
    write_table(current / "links" / "part-0.parquet", pa.Table.from_pylist([row(*pair) for pair in PAIRS]), LINKS)
    own = {
        "forename": [SECRET[0]],
        "surname": [SECRET[1]],
        "date_of_birth": date.fromisoformat(SECRET[2]),
        "phone": SECRET[3],
    }
    rows = [{**least(RECORDS), **own, "record_id": record, "person_id": person} for record, person in PERSONS.items()]
    write_table(current / "records" / "part-0.parquet", pa.Table.from_pylist(rows), RECORDS)
    (current / "manifest.json").write_text(json.dumps({"model": "person-1:gone", "policy": "strict"}))
    return tmp_path / "home"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(APP, arguments, env={"COLUMNS": "160"})


def explained(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_a_pair_that_a_steward_parted_says_so_and_does_not_wait(linked: Path) -> None:
    facts = explained("2", "8", "--in", str(linked))
    assert (facts["verdict"], facts["headline"]) == ("parted", "Parted by a steward: two persons")
    assert "A steward decided that they are two persons" in facts["reason"]
    person = run("1", "--in", str(linked))
    assert "parted by a steward: 1 pair with person P8" in person.output
    assert "waits: 1 pair with person P8" in person.output


def test_a_linked_pair_is_told_with_every_part_of_its_weight(linked: Path) -> None:
    result = run("2", "1", "--in", str(linked))
    assert result.exit_code == 0
    assert "Linked: one person" in result.output
    for part in ("before comparing", "-10.00", "forename", "+5.00", "phone", "+19.00", "relatives", "-2.00", "+12.00"):
        assert part in result.output
    assert "the same" in result.output
    assert "linked from 4 bits" in result.output


def test_the_json_of_a_pair_sums_to_its_match_weight(linked: Path) -> None:
    for left, right, weight, *_ in PAIRS:
        pair = explained(left, right, "--in", str(linked))["pair"]
        assert sum(step["bits"] for step in pair["steps"]) == pytest.approx(weight)
        assert pair["match_weight"] == pytest.approx(weight)


def test_the_order_of_the_two_records_does_not_matter(linked: Path) -> None:
    assert explained("1", "2", "--in", str(linked)) == explained("2", "1", "--in", str(linked))


def test_two_records_without_a_pair_of_their_own_are_joined_by_the_strongest_chain(linked: Path) -> None:
    facts = explained("1", "4", "--in", str(linked))
    assert (facts["verdict"], facts["pair"]) == ("by_others", None)
    assert [(e["record_id_l"], e["record_id_r"]) for e in facts["path"]] == [("1", "2"), ("2", "3"), ("3", "4")]
    assert facts["path_weakest_bits"] == 8.0
    shown = run("1", "4", "--in", str(linked)).output
    assert "by way of other records" in shown
    assert "weakest" in shown


def test_a_weak_pair_of_one_person_is_told_with_the_chain_that_is_stronger(linked: Path) -> None:
    facts = explained("1", "3", "--in", str(linked))
    assert facts["verdict"] == "linked"
    assert len(facts["path"]) == 2
    assert "chain of other records" in facts["reason"]


def test_a_pair_that_a_rule_forbids_waits_and_names_the_rule(linked: Path) -> None:
    result = run("4", "7", "--in", str(linked))
    assert "a steward decides" in result.output
    assert "rule twin_suspicion (apart): Twins, unless a steward knows better." in result.output


def test_a_rule_is_said_to_keep_apart_only_a_pair_whose_weight_would_be_enough(linked: Path) -> None:
    assert explained("4", "7", "--in", str(linked))["reason"] == "A rule keeps the machine from linking them."
    assert explained("7", "8", "--in", str(linked))["reason"].startswith("The weight alone is not enough to link them")


def test_a_pair_between_the_thresholds_waits_for_want_of_weight(linked: Path) -> None:
    facts = explained("1", "8", "--in", str(linked))
    assert facts["verdict"] == "waits"
    assert "not enough to link" in facts["reason"]


def test_records_that_nothing_joins_are_plainly_two_persons(linked: Path) -> None:
    facts = explained("1", "9", "--in", str(linked))
    assert (facts["verdict"], facts["pair"], facts["path"]) == ("apart", None, None)
    assert "No scored pair" in facts["reason"]


def test_a_pair_of_a_publication_is_said_to_be_as_its_night_left_it(published: Path, linked: Path) -> None:
    words = "what stewards have decided since counts from the next night on"
    assert words in run("4", "7", "--home", str(published)).output
    assert words not in run("4", "7", "--in", str(linked)).output


def test_levels_in_a_publication_are_named_by_the_model_that_its_run_kept(published: Path) -> None:
    assert (
        "levels are not named: the model person-1:gone is not at hand" in run("1", "2", "--home", str(published)).output
    )
    of_run = published / "runs" / "current"
    of_run.mkdir(parents=True)
    save_model(small_model(), of_run / "model.toml")
    shown = run("1", "2", "--home", str(published)).output
    assert "levels are not named" not in shown
    assert "the same" in shown


def test_links_of_stewards_that_the_run_kept_are_named_and_are_not_where_a_person_is_weak(published: Path) -> None:
    decided = [{"record_id_l": "3", "record_id_r": "4", "constraint": "must_link", "decision_ids": ["d"]}]
    path = RunFolder(published / "runs" / "current").table("link", "decided_pairs")
    write_table(path, pa.Table.from_pylist(decided), DECIDED_PAIRS)
    facts = explained("P1", "--home", str(published))
    assert (facts["weakest_bridge"]["match_weight"], facts["linked_by_stewards"]) == (9.0, [["3", "4"]])
    assert "linked by a steward: 3 - 4" in run("P1", "--home", str(published)).output


def test_a_person_is_told_by_its_id_or_by_one_of_its_records(linked: Path) -> None:
    facts = explained("P1", "--in", str(linked))
    assert facts == explained("3", "--in", str(linked))
    assert (facts["n_records"], facts["n_pairs"]) == (4, 4)
    assert facts["weakest_bridge"]["match_weight"] == 8.0
    assert facts["weakest_bridge"]["smaller_half"] == ["4"]
    assert [rule["rule"] for rule in facts["rules"]] == ["name_only"]
    assert {person["person_id"] for person in facts["waiting"]} == {"P7", "P8"}
    shown = run("P1", "--in", str(linked)).output
    assert "this pair alone joins 1 of its records" in shown
    assert "rule name_only: 1 pair inside" in shown


def test_the_picture_of_a_pair_is_a_png_and_holds_no_text_of_the_records(published: Path, tmp_path: Path) -> None:
    picture = tmp_path / "out[1]" / "[x]pair.png"
    picture.parent.mkdir()
    plain = run("1", "2", "--home", str(published), "--png", str(picture))
    assert plain.exit_code == 0
    assert f"picture {picture}" in plain.output
    without = picture.read_bytes()
    assert without.startswith(b"\x89PNG\r\n\x1a\n")
    run("1", "2", "--home", str(published), "--png", str(picture), "--values")
    assert picture.read_bytes() == without


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize("ids", [("1", "2"), ("1", "4"), ("1", "9"), ("P1",)])
def test_no_value_is_told_unless_values_are_asked_for(
    published: Path, ids: tuple[str, ...], form: tuple[str, ...]
) -> None:
    result = run(*ids, *form, "--home", str(published))
    assert result.exit_code == 0
    assert not [value for value in SECRET if value in result.output]


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_values_are_told_where_they_are_asked_for(published: Path, form: tuple[str, ...]) -> None:
    result = run("1", "2", *form, "--values", "--home", str(published))
    assert all(value in result.output for value in SECRET)


def test_a_publication_whose_model_is_gone_is_still_explained_without_levels(published: Path) -> None:
    result = run("1", "2", "--home", str(published))
    assert "levels are not named: the model person-1:gone" in result.output
    assert "+12.00" in result.output


def test_a_model_file_of_other_levels_does_not_stop_the_explanation(linked: Path) -> None:
    (linked / "model.toml").write_text("name = 'of another time'\n")
    assert explained("1", "2", "--in", str(linked))["pair"]["match_weight"] == 12.0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("1", "404"), "record 404: is not in"),
        (("404",), "person 404: is not in"),
        (("1", "1"), "record 1: is given twice"),
        (("1", "2", "--values"), "keeps no values"),
        (("1", "9", "--png", "x.png"), "no scored pair to draw"),
        (("P1", "--png", "x.png"), "is for a pair of records"),
    ],
)
def test_what_cannot_be_explained_is_one_clear_message(linked: Path, arguments: tuple[str, ...], problem: str) -> None:
    result = run(*arguments, "--in", str(linked))
    assert isinstance(result.exception, SettingsError)
    assert problem in str(result.exception)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = run("1", "2", "--in", str(tmp_path / "nowhere"))
    assert isinstance(result.exception, SettingsError)
    assert "nowhere: holds no links and persons." in str(result.exception)
