"""``boroughlink train``: a frozen model from a publication, with stewards' decisions, and what is told of it."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_line import NightOnSample, boroughlink
from table_of_records import table_of

from benchmarks.population import SHAPES, write_population
from flows.any_table.standalone import LinkOptions, link_files
from flows.stewards.decision_file import read_decisions
from pipeline.core.errors import SourceError
from pipeline.core.places import MODELS
from pipeline.report.page import COLUMNS as TOLD
from pipeline.report.page import NightStory, render_report
from pipeline.synth.names import communities, pick
from schemas.model import load_model

PEOPLE = 1_200
COLUMNS = {
    "unique_id": "record_id",
    "first_name": "forename",
    "surname": "surname",
    "dob": "date_of_birth",
    "postcode": "postcode",
    "gender": "category",
    "birth_place": "category",
    "occupation": "category",
    "street": "address",
    "town": "category",
    "phone": "phone",
}


def rows() -> list[dict[str, object]]:
    """Two records of each person, the second with a slip of the pen now and then; ids tell who is who."""
    chance = random.Random(5)
    found: list[dict[str, object]] = []
    for k in range(PEOPLE):
        own = chance.choices(communities(), [c.share for c in communities()])[0]
        born = dt.date(1960, 1, 1) + dt.timedelta(days=chance.randrange(20_000))
        person = {
            "forename": [pick(chance, own.male).upper()],
            "surname": [pick(chance, own.last, 25).upper()],
            "sex": chance.choice("MF"),
            "date_of_birth": born,
            "postcode": f"E{chance.randint(1, 18)} {chance.randint(1, 9)}{chance.choice('ABDE')}{chance.choice('ABDEFGH')}",
        }
        slip = (
            {"postcode": None}
            if chance.random() < 0.3
            else {"date_of_birth": born + dt.timedelta(days=chance.choice([0, 0, 1]))}
        )
        found += [{**person, "record_id": f"{k:05}a"}, {**person, **slip, "record_id": f"{k:05}b"}]
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose publication is the records alone."""
    place = tmp_path_factory.mktemp("home")
    folder = place / "published" / "2026-11-20-1"
    (folder / "records").mkdir(parents=True)
    pq.write_table(table_of(rows()), folder / "records" / "part-0.parquet")
    (folder / "manifest.json").write_text(json.dumps({"run_id": folder.name}), "utf-8")
    (place / "published" / "current").symlink_to(folder.name)
    return place


def decisions(path: Path, *lines: str, heading: str = "record_id_l,record_id_r,decision") -> Path:
    path.write_text("\n".join([heading, *lines, ""]), "utf-8")
    return path


def test_a_model_is_trained_and_says_how_it_went(home: Path, tmp_path: Path) -> None:
    done = boroughlink("train", "--home", str(home), "--out", str(tmp_path / "model.toml"), "--json")
    assert done.code == 0, done.err
    said = done.said
    assert said["has_converged"]
    assert said["records"] == 2 * PEOPLE
    assert said["starts_at_best"] == len(said["starts"])
    assert said["expected_matches"] == pytest.approx(PEOPLE, rel=0.1)
    model = load_model(tmp_path / "model.toml")
    assert model.stamp == said["model"]
    assert [rule.name for rule in model.rule] == [rule.name for rule in load_model(MODELS / "person.toml").rule]
    assert model.reference
    assert set(model.policy) == {"balanced", "strict"}


def test_decisions_of_a_file_are_trained_with(home: Path, tmp_path: Path) -> None:
    lines = [f"{k:05}a,{k:05}b,link" for k in range(60)] + [f"{k:05}a,{k + 1:05}a,unlink" for k in range(0, 60, 2)]
    file = decisions(tmp_path / "decisions.csv", *lines, "00001a,00009b,unsure", "00001a,nobody,link")
    out = tmp_path / "model.toml"
    done = boroughlink("train", "--home", str(home), "--decisions", str(file), "--out", str(out), "--json")
    assert done.code == 0, done.err
    agreement = done.said["decisions"]
    assert (agreement["used"], agreement["unsure"], agreement["unknown_records"], agreement["links"]) == (90, 1, 1, 60)
    assert max(agreement[name]["log_loss"] for name in ("before", "after", "unseen")) < 0.05
    assert agreement["after"]["expected_links"] == pytest.approx(60, abs=3)
    assert sum(measure["pairs"] for measure in agreement["unseen"]["bins"]) == 90
    trained = load_model(out).trained
    assert trained
    assert trained.decided_pairs == 90
    said = boroughlink("train", "--home", str(home), "--decisions", str(file), "--out", str(out)).out
    assert "90 decided pairs used, 1 left open, 1 with records that are not there" in said
    assert "log loss" in said


def test_contradictory_decisions_end_with_one_message(home: Path, tmp_path: Path) -> None:
    file = decisions(tmp_path / "d.csv", "00001a,00001b,link", "00001b,00001a,unlink")
    out = tmp_path / "model.toml"
    done = boroughlink("train", "--home", str(home), "--decisions", str(file), "--out", str(out))
    assert done.code == 1
    assert "1 pairs are decided both link and unlink" in done.err
    assert "Traceback" not in done.err
    assert not out.exists()


@pytest.mark.parametrize(
    ("heading", "line", "told"),
    [
        ("record_id_l,decision", "a,link", "lacks record_id_r; it has record_id_l, decision"),
        ("record_id_l,record_id_r,said", "a,b,link", "lacks decision"),
        ("record_id_l,record_id_r,decision", "a,b,SMITH", "record 1: its decision is none of link, unlink, unsure"),
        ("record_id_l,record_id_r,decision,decided_at", "a,b,link,yesterday", "record 1: decided_at is no moment"),
    ],
)
def test_a_file_of_no_decisions_is_told_by_what_is_wrong(tmp_path: Path, heading: str, line: str, told: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_decisions(decisions(tmp_path / "d.csv", line, heading=heading))
    assert told in str(caught.value)
    assert "SMITH" not in str(caught.value)


def test_decisions_are_read_from_csv_and_parquet_alike(tmp_path: Path) -> None:
    heading = "record_id_l,record_id_r,verdict,decided_at,decided_by"
    csv = decisions(tmp_path / "d.csv", "a,b,Link,2026-11-20T14:05:00+01:00,one", "a,c,unsure,,one", heading=heading)
    found = read_decisions(csv)
    assert found.column("decision").to_pylist() == ["link", "unsure"]
    assert found.column("decided_at").to_pylist() == [dt.datetime(2026, 11, 20, 13, 5, tzinfo=dt.UTC), None]
    pq.write_table(found, tmp_path / "d.parquet")
    assert read_decisions(tmp_path / "d.parquet").equals(found)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_training_settles_on_every_shape_of_data(tmp_path: Path, shape: str) -> None:
    path = write_population(tmp_path / "people.parquet", 5_000, 3, shape)
    fields = {name: kind for name, kind in COLUMNS.items() if name in pq.read_schema(path).names}
    facts = link_files([path], tmp_path / "out", fields, LinkOptions(truth="entity_id"))
    assert facts["has_converged"]
    assert facts["quality"]["clusters"]["f1"] > (0.88 if shape == "movers" else 0.9)


def test_a_model_of_other_data_is_told_in_the_report(tmp_path: Path) -> None:
    path = write_population(tmp_path / "people.parquet", 3_000, 3, "city")
    fields = {name: kind for name, kind in COLUMNS.items() if name in pq.read_schema(path).names}
    own = link_files([path], tmp_path / "own", fields, LinkOptions())
    table = pq.read_table(path)
    half = pa.array([None if k % 2 else text for k, text in enumerate(table.column("postcode").to_pylist())])
    spoilt = table.set_column(table.column_names.index("postcode"), "postcode", half)
    pq.write_table(spoilt, tmp_path / "spoilt.parquet")
    model = LinkOptions(model=tmp_path / "own" / "model.toml")
    same = link_files([path], tmp_path / "same", fields, model)
    facts = link_files([tmp_path / "spoilt.parquet"], tmp_path / "other", fields, model)
    assert own["drift"] == same["drift"] == []
    assert (
        own["training"]["starts_at_best"]
        == own["training"]["has_converged"]
        == same["training"]["has_converged"]
        == 1.0
    )
    assert any(sentence.startswith("postcode: missing in 5") for sentence in facts["drift"])
    assert "The data has drifted from the model" in (tmp_path / "other" / "report.html").read_text("utf-8")
    assert "The data has drifted" not in (tmp_path / "same" / "report.html").read_text("utf-8")


@pytest.mark.flow
def test_the_report_of_a_night_says_what_has_drifted(sample_night: NightOnSample) -> None:
    tables = {name: pq.read_table(sample_night.current / name) for name in TOLD}
    sentence = "<postcode>: missing in 50% of the records"
    story = NightStory(tables, [], "2026-11-20-1", "2026-11-20", "m-1:0", has_before=False, drift=[sentence])
    page = render_report(story)
    assert "The data has drifted from the model." in page
    assert "&lt;postcode&gt;: missing in 50%" in page


@pytest.mark.flow
def test_a_night_measures_drift_and_the_sample_has_none(sample_night: NightOnSample) -> None:
    found = pq.read_table(sample_night.current / "run_metrics").to_pylist()
    index = {row["metric"]: row["value"] for row in found if row["stage"] == "drift"}
    assert index["is_measured"] == 1.0
    assert index["psi_nulls_postcode"] < 0.1
    assert "drifted from the model" not in (sample_night.run / "report.html").read_text("utf-8")
    log = [json.loads(line) for line in (sample_night.run / "run.log").read_text("utf-8").splitlines()]
    assert not [line for line in log if line["event"] == "model drifted"]
