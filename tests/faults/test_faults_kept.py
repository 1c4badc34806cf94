"""A night works on what is new or changed, and publishes what a full rebuild would; where it cannot go on, it says why."""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.compute as pc
import pytest
import yaml
from small_london import ROWS, London, ended, forked, plain_night, published_tables
from stewards_say import said

from flows.continuing.kept import damage
from flows.doctor.examination import examine
from flows.night.decisions import open_decisions
from flows.stages import linking
from flows.stages.linking import why_full
from flows.stewards.expunging import expunge
from pipeline.core.parquet import read_table
from pipeline.core.places import MODELS, SAMPLE, Home
from pipeline.persons import golden_records
from pipeline.publish.publication import point_at, read_current
from schemas.settings import RunSettings

pytestmark = pytest.mark.slow
FIRST, SECOND, THIRD = "2026-11-20-1", "2026-11-21-1", "2026-11-22-1"


def run(london: London, home: Path, day: str, *, full: bool = False, refresh: bool = False) -> None:
    def work() -> None:
        night = replace(london.night(home, day), is_full=full, is_refresh=refresh)
        plain_night(night, fresh=full or refresh)

    assert ended(forked(work, london.place / "out")) == 0, (london.place / "out").read_text()


def reason(london: London, home: Path, run_id: str) -> str | None:
    return why_full(replace(london.night(home), run_id=run_id))


NUMBER, RECORDED, BORN, ADDRESS, PHONE = 0, 2, 8, 13, 15
"""Columns of the exports of crimes"""


def ask_more(london: London) -> None:
    """Suites ask what hangs on other rows and on the day, too, and come back to a column; no feed is held for what they reject."""
    asked = [
        ("be_unique", {"column": "phone"}),
        ("be_between", {"column": "recorded_days_ago", "min_value": 1}),
        ("be_between", {"column": "age_years", "max_value": 60}),
        ("not_match_regex", {"column": "phone", "regex": "[05]$"}),
    ]
    path = london.place / "expectations" / "std_records.json"
    suite = json.loads(path.read_text("utf-8"))
    suite["expectations"] += [
        {"type": f"expect_column_values_to_{kind}", "kwargs": kwargs, "meta": {"severity": "row"}}
        for kind, kwargs in asked
    ]
    path.write_text(json.dumps(suite), "utf-8")
    for path in (london.place / "contracts").iterdir():
        said = yaml.safe_load(path.read_text("utf-8"))
        path.write_text(yaml.safe_dump({**said, "limits": {"max_rejected_share": 1}}), "utf-8")
    london.say(publish_limits={"rejected_share": None})


def change(london: London, chance: random.Random, day: dt.date) -> None:
    """Rows leave, are corrected or numbered anew, come in again, move to another borough, and say what others or another day make of them."""
    paths = [london.exports / "cris" / f"{borough}.csv" for borough in ("camden", "hackney")]
    files = [list(csv.reader(path.read_text("utf-8").splitlines())) for path in paths]
    rows, others = (file[1:] for file in files)
    others.append(rows.pop(chance.randrange(len(rows))))
    for _ in range(4):
        row, other = chance.sample(rows, 2)
        soon = (day + dt.timedelta(days=chance.choice([-2, -1, 0, 1, 2]))).strftime("%d/%m/%y")
        place, value = chance.choice(
            [(RECORDED, soon), (BORN, soon), (PHONE, other[PHONE] or "020 7946 0000"), (ADDRESS, "1 Elm Road")]
        )
        row[place] = value
    repeated = chance.choice(rows)
    rows += [list(repeated), [*repeated[:ADDRESS], "2 Elm Road", *repeated[ADDRESS + 1 :]]]
    rows += [[f"{chance.randrange(10**7)}/26", *repeated[1:]] for _ in range(chance.choice([1, 10]))]
    row, other, numbered_anew = chance.sample(rows, 3)
    row[NUMBER], other[NUMBER] = other[NUMBER], row[NUMBER]
    numbered_anew[NUMBER] = f"{chance.randrange(10**7)}/27"
    del rows[chance.randrange(len(rows))]
    chance.shuffle(rows)
    for path, file, changed_rows in zip(paths, files, (rows, others), strict=True):
        with path.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([file[0], *changed_rows])


@pytest.mark.parametrize("seed", [11, 12])
def test_nights_of_changes_publish_what_full_nights_publish(
    london: London, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(linking, "GROWN", 1)  # so few records soon make a tenth
    chance = random.Random(seed)
    ask_more(london)
    for day in range(21, 25):
        change(london, chance, dt.date(2026, 11, day))
        decide(home, chance)
        twin = tmp_path / f"twin-{day}"
        shutil.copytree(home, twin, symlinks=True)
        run(london, home, f"2026-11-{day}")
        run(london, twin, f"2026-11-{day}", full=True)
        assert reason(london, twin, f"2026-11-{day}-1") == "it was asked for"
        assert published_tables(home) == published_tables(twin)
        if day > 21:
            assert reason(london, home, f"2026-11-{day}-1") is None
            told = measures(home, f"2026-11-{day}-1")
            assert 0 < told["persons_rebuilt"] < measures(twin, f"2026-11-{day}-1")["persons_rebuilt"]


def test_persons_are_the_same_however_few_are_made_at_a_time(
    london: London, home: Path, undisturbed: dict[str, object]
) -> None:
    def work() -> None:
        golden_records.PERSONS_AT_ONCE = 7
        plain_night(replace(london.night(home, "2026-11-21"), is_full=True))

    assert ended(forked(work, london.place / "out")) == 0
    assert published_tables(home) == undisturbed


@pytest.mark.parametrize("most_touched", [0, 1])
def test_persons_who_changed_are_the_same_made_by_twos_or_with_all_others(
    london: London, home: Path, tmp_path: Path, most_touched: int
) -> None:
    def work() -> None:
        golden_records.PERSONS_AT_ONCE = 2
        golden_records.MOST_TOUCHED = most_touched
        plain_night(london.night(home, "2026-11-21"))

    run(london, home, "2026-11-21")
    change(london, random.Random(5), dt.date(2026, 11, 22))
    twin = tmp_path / "twin"
    shutil.copytree(home, twin, symlinks=True)
    run(london, twin, "2026-11-21")
    assert ended(forked(work, london.place / "out")) == 0
    assert published_tables(home) == published_tables(twin)
    is_all = measures(home, "2026-11-21-2")["persons_rebuilt"] > measures(twin, "2026-11-21-2")["persons_rebuilt"] > 2
    assert is_all is (most_touched == 0)


def test_a_feed_that_was_held_is_published_as_a_full_night_would(london: London, home: Path, tmp_path: Path) -> None:
    path = london.exports / "cris" / "camden.csv"
    head, *rows = path.read_text("utf-8").splitlines()
    others = [row.replace("Avenue", "Lane") for row in rows]
    path.write_text("\n".join([head, *others[:2]]) + "\n", "utf-8")
    run(london, home, "2026-11-21")
    path.write_text("\n".join([head, *others]) + "\n", "utf-8")
    twin = tmp_path / "twin"
    shutil.copytree(home, twin, symlinks=True)
    run(london, home, "2026-11-22")
    run(london, twin, "2026-11-22", full=True)
    assert states(home, SECOND)["cris.camden"] == "held"
    assert states(home, THIRD)["cris.camden"] == "fresh"
    assert published_tables(home) == published_tables(twin)


def test_rows_that_did_not_change_are_asked_what_a_suite_says_that_now_has_the_name_of_their_source(
    london: London, home: Path, tmp_path: Path
) -> None:
    result = read_current(Home(home))
    assert result is not None
    one = result.table("records").filter(pc.field("source") == "custody").column("record_id")[0].as_py()
    expectation = {
        "type": "expect_column_values_to_not_be_in_set",
        "kwargs": {"column": "record_id", "value_set": [one]},
        "meta": {"severity": "row"},
    }
    suite = london.place / "expectations" / "custody.json"
    suite.with_stem("custodian").write_text(json.dumps({"expectations": [expectation]}), "utf-8")
    suite.unlink()
    run(london, home, "2026-11-21")
    suite.with_stem("custodian").rename(suite)
    twin = tmp_path / "twin"
    shutil.copytree(home, twin, symlinks=True)
    run(london, home, "2026-11-22")
    run(london, twin, "2026-11-22", full=True)
    assert published_tables(home) == published_tables(twin)


def states(home: Path, run_id: str) -> dict[str, str]:
    """The state of each feed in a night."""
    status = read_table(Home(home).published / run_id / "source_status")
    return dict(zip(*(status.column(name).to_pylist() for name in ("feed_id", "state")), strict=True))


def decide(home: Path, chance: random.Random) -> None:
    """A steward links two records, or parts them."""
    result = read_current(Home(home))
    assert result is not None
    ids = result.table("records").column("record_id").to_pylist()
    with open_decisions(RunSettings(), Home(home), {}) as store:
        store.decide(said(*chance.sample(ids, 2), chance.choice(["link", "unlink"])))


def measures(home: Path, run_id: str) -> dict[str, float]:
    result = json.loads((home / "runs" / run_id / "metrics.json").read_text("utf-8"))
    return {name: value for stage, name, value, _ in result if stage in ("night", "read")}


def rows(home: Path, run_id: str) -> dict[str, float]:
    """What was standardised, taken over and not even read."""
    return {name: value for name, value in measures(home, run_id).items() if "rows" in name or "feeds" in name}


def test_an_export_that_is_the_same_is_not_read_and_one_that_is_not_only_where_it_differs(
    london: London, home: Path
) -> None:
    path = london.exports / "cris" / "camden.csv"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([lines[0], *lines[:1:-1], lines[1].replace("a", "e")]) + "\n", "utf-8")
    run(london, home, "2026-11-21")
    result = rows(home, SECOND)
    assert result["feeds_unchanged"] == 3
    assert result["rows_standardised"] < 10 < result["rows_again"]
    assert min(measures(home, SECOND)[f"{part}_cpu_seconds"] for part in ("reading", "standardise")) > 0


def test_only_the_feeds_of_a_changed_contract_are_standardised_again(london: London, home: Path) -> None:
    path = london.place / "contracts" / "custody.yaml"
    said = yaml.safe_load(path.read_text("utf-8"))
    path.write_text(yaml.safe_dump({**said, "title": "Another title"}), "utf-8")
    run(london, home, "2026-11-21")
    result = rows(home, SECOND)
    assert result["feeds_unchanged"] == 3
    assert result["rows_standardised"] == ROWS


def test_an_export_whose_tables_were_damaged_is_read_again(london: London, home: Path) -> None:
    path = home / "runs" / FIRST / "standardise" / "custody" / "std_records.arrow"
    path.write_bytes(path.read_bytes()[:-1])
    run(london, home, "2026-11-21")
    result = rows(home, SECOND)
    assert (result["feeds_unchanged"], result["rows_standardised"]) == (3, ROWS)


def test_only_the_current_publication_has_kept_state(london: London, home: Path) -> None:
    run(london, home, "2026-11-21")
    assert [path.name for path in (home / "kept").iterdir()] == [SECOND]
    assert damage(Home(home), SECOND) is None


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("pairs.arrow", f"the pairs kept of {FIRST} are damaged"),
        ("records.arrow", f"the pairs kept of {FIRST} are damaged"),
        ("frequencies.arrow", f"nothing usable is kept of {FIRST}"),
        ("kept.json", f"nothing usable is kept of {FIRST}"),
    ],
)
def test_damaged_state_makes_a_full_night_of_it(london: London, home: Path, file: str, why: str) -> None:
    path = home / "kept" / FIRST / "link" / file
    result = bytearray(path.read_bytes())
    result[len(result) // 2] ^= 1
    path.write_bytes(bytes(result) if file != "kept.json" else b"{")
    assert damage(Home(home), FIRST) == "link is damaged, or of another version"
    run(london, home, "2026-11-21")
    assert reason(london, home, SECOND) == why
    run(london, home, "2026-11-22")
    assert reason(london, home, THIRD) is None


def test_doctor_says_whether_the_next_night_can_go_on(london: London, home: Path) -> None:
    def said() -> tuple[str, str]:
        result = examine(RunSettings.load(london.run_file), Home(home), is_deep=False)
        return next((own.state, own.found) for own in result if own.check == "kept state")

    assert said() == ("ok", f"the next night goes on from {FIRST}.")
    shutil.rmtree(home / "kept")
    assert said() == ("warning", f"of {FIRST}: there is none for it.")
    london.say(engine="recordlinkage")
    assert said()[0] == "ok"


def test_after_a_rollback_nothing_is_taken_from_the_night_that_was_taken_back(london: London, home: Path) -> None:
    run(london, home, "2026-11-21")
    point_at(Home(home), FIRST)
    assert damage(Home(home), FIRST) == "there is none for it"
    run(london, home, "2026-11-22")
    assert reason(london, home, THIRD) == f"nothing usable is kept of {FIRST}"


def test_what_is_kept_is_gone_after_an_expunge(london: London, home: Path) -> None:
    result = read_current(Home(home))
    assert result is not None
    record = result.table("records").column("record_id")[0].as_py()
    expunge(RunSettings.load(london.run_file), Home(home), [record], "dpo", "order 1")
    assert not list(home.glob("kept/*"))
    run(london, home, "2026-11-21")
    assert reason(london, home, SECOND) == f"nothing usable is kept of {FIRST}"


def test_another_model_or_an_old_frequency_table_makes_a_full_night_of_it(london: London, home: Path) -> None:
    run(london, home, "2026-11-22", refresh=True)
    assert reason(london, home, THIRD) == "a new frequency table was asked for"
    run(london, home, "2026-12-19")
    assert reason(london, home, "2026-12-19-1") is None
    run(london, home, "2026-12-20")
    assert reason(london, home, "2026-12-20-1") == "the frequency table is 28 days old"
    model = (MODELS / "person.toml").read_text("utf-8")
    (london.place / "model.toml").write_text(model.replace("matches_per_record = 1.8", "matches_per_record = 1.9"))
    london.say(model="model.toml")
    run(london, home, "2026-12-21")
    assert reason(london, home, "2026-12-21-1") == "the model changed"


def test_many_new_records_make_a_new_frequency_table(london: London, home: Path) -> None:
    shutil.copy(SAMPLE / "exports" / "custody" / "custody.csv", london.exports / "custody" / "custody.csv")
    run(london, home, "2026-11-21")
    assert str(reason(london, home, SECOND)).startswith("the frequency table was made of")
