"""Synthetic London: the same for a seed, every format, valid identifiers, and a truth that joins."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import resource
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import python_calamine
from hypothesis import given
from hypothesis import strategies as st
from stdnum.gb import nhs, upn

from pipeline.core.places import SAMPLE, SOURCES
from pipeline.read.feed import FeedRead, read_feed
from pipeline.synth import identifiers as ids
from pipeline.synth.generate import AS_OF, SynthSummary, generate
from pipeline.synth.households import households
from pipeline.synth.lives import CRO_PRIME, PNC_PRIME, events_of
from schemas.boroughs import BOROUGHS, slug
from schemas.contract import Contract, load_contracts
from schemas.settings import RunSettings

NOT_REPEATABLE = ("merton.xlsx",)  # the salt of its encryption is random
CONTRACTS = load_contracts(SOURCES)
VICTIM, OFFENDER = {"VIC", "at_risk"}, {"SUS", "ACC", "detainee", "offender"}


@pytest.fixture(scope="module")
def london(tmp_path_factory: pytest.TempPathFactory) -> SynthSummary:
    return generate(3_000, 5, tmp_path_factory.mktemp("london"))


@pytest.fixture(scope="module")
def feeds(london: SynthSummary) -> dict[str, FeedRead]:
    """Every feed as its contract reads it; a heading that no contract knows would raise."""
    password = (london.out / "passwords" / "merton").read_text("utf-8").strip()
    secrets = {"BOROUGHLINK_MERTON_PASSWORD": password}
    return {
        feed.feed_id: read_feed(contract, feed, str(london.out / "exports"), secrets)
        for contract in CONTRACTS
        for feed in contract.all_feeds()
    }


@pytest.fixture(scope="module")
def truth(london: SynthSummary) -> pd.DataFrame:
    """Every row with the person it is of."""
    records = pd.read_parquet(london.out / "truth" / "records.parquet")
    persons = pd.read_parquet(london.out / "truth" / "persons.parquet")
    return records.merge(persons, on="true_person_id")


def digests(out: Path) -> dict[str, str]:
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in NOT_REPEATABLE
    }


def values(feeds: dict[str, FeedRead], source: str, field: str) -> Iterator[str]:
    for feed_id, read in feeds.items():
        if feed_id.split(".")[0] == source:
            yield from (value for value in read.records.column(field).to_pylist() if value)


def test_the_same_seed_gives_the_same_files(london: SynthSummary, tmp_path: Path) -> None:
    generate(3_000, 5, tmp_path)
    assert digests(london.out) == digests(tmp_path)


def test_another_seed_gives_other_people(london: SynthSummary, tmp_path: Path) -> None:
    generate(300, 6, tmp_path)
    one, other = (pq.read_table(out / "truth" / "persons.parquet") for out in (london.out, tmp_path))
    assert one.column("surname").to_pylist()[:50] != other.column("surname").to_pylist()[:50]


def test_more_people_are_the_same_people_and_others(london: SynthSummary, tmp_path: Path) -> None:
    generate(6_000, 5, tmp_path)
    few, many = (pq.read_table(out / "truth" / "persons.parquet").to_pylist() for out in (london.out, tmp_path))
    assert few[:2_900] == many[:2_900]


def test_every_borough_has_its_exports_in_every_format(london: SynthSummary) -> None:
    exports = london.out / "exports"
    for borough in BOROUGHS:
        assert (exports / "cris" / f"{slug(borough)}.csv").is_file()
        assert (exports / "la" / f"{slug(borough)}.xlsx").is_file()
        assert len(list((exports / "cse").glob(f"{slug(borough)}.*"))) == 1
    endings = {path.suffix for path in exports.rglob("*") if path.is_file()}
    assert endings == {".csv", ".xlsx", ".xls", ".ods", ".jsonl", ".sqlite"}
    assert not list(exports.glob(".*")), "nothing that only waited is left"


def test_every_heading_is_known_and_every_feed_has_rows(feeds: dict[str, FeedRead]) -> None:
    assert len(feeds) == 3 * 33 + 6
    assert [feed_id for feed_id, read in feeds.items() if read.rows_read == 0] == []


def test_every_feed_has_rows_of_the_last_days(london: SynthSummary, feeds: dict[str, FeedRead]) -> None:
    for contract in (c for c in CONTRACTS if c.source != "visor"):
        for feed in contract.all_feeds():
            started = feeds[feed.feed_id].records.column("started").to_pylist()
            days = (pd.to_datetime(text, dayfirst=text[4] != "-", format="mixed").date() for text in started if text)
            assert (AS_OF - max(days)).days <= 7, feed.feed_id


def test_the_truth_and_the_readers_name_the_same_rows(feeds: dict[str, FeedRead], truth: pd.DataFrame) -> None:
    columns = ["feed_id", "file", "sheet", "row_number", "part"]
    known = {tuple(row.values()) for row in truth[columns].to_dict("records")}
    read = {tuple(row.values()) for feed in feeds.values() for row in feed.records.select(columns).to_pylist()}
    assert read == known


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.source)
def test_the_truth_knows_who_a_row_is_of(contract: Contract, feeds: dict[str, FeedRead], truth: pd.DataFrame) -> None:
    columns = ["feed_id", "file", "sheet", "row_number", "part"]
    rows = pd.concat([feeds[feed.feed_id].records.to_pandas() for feed in contract.all_feeds()])
    both = rows.merge(truth, on=columns, suffixes=("", "_true"))
    assert len(both) == len(rows)
    names = both.surname.fillna("") + " " + both.full_name.fillna("")
    held = [true.split()[-1].upper() in said.upper() for said, true in zip(names, both.surname_true, strict=True)]
    assert sum(held) / len(held) > 0.72, "the rest are typing slips, married names, false names, lost accents"


def test_a_cell_of_a_workbook_holds_the_persons_name(london: SynthSummary, truth: pd.DataFrame) -> None:
    for feed_id, column in (("la_children.hackney", 1), ("borough_cse.harrow", 0), ("borough_cse.sutton", 0)):
        own = truth[(truth.feed_id == feed_id) & (truth.part == 1)]
        book = python_calamine.CalamineWorkbook.from_path(str(london.out / "exports" / own.file.iloc[0]))
        same = 0
        for row in own.itertuples():
            cell = book.get_sheet_by_name(row.sheet).to_python(skip_empty_area=False)[row.row_number - 1][column]
            same += row.surname.casefold() in str(cell).casefold()
        assert same >= len(own) * 0.6 > 0, feed_id


def test_a_line_of_a_csv_holds_the_persons_name(london: SynthSummary, truth: pd.DataFrame) -> None:
    own = truth[(truth.feed_id == "cris.barnet") & truth.surname.map(str.isascii)]
    lines = (london.out / "exports" / "cris" / "barnet.csv").read_text("cp1252").split("\n")
    assert sum(row.surname in lines[row.row_number - 1] for row in own.itertuples()) > len(own) * 0.8


def test_there_are_twins_parents_siblings_namesakes_and_homes() -> None:
    kinds = set(pd.read_parquet(SAMPLE / "truth" / "relations.parquet").kind)
    assert kinds == {"twin", "sibling", "parent", "namesake", "carers_home"}


def test_one_or_two_in_a_hundred_victims_are_suspects_too() -> None:
    victims = both = 0
    for number, household in enumerate(households(20_000, 3, AS_OF)):
        roles: dict[str, set[str]] = {}
        for event in events_of(household, random.Random(number), AS_OF):
            roles.setdefault(event.person.person_id, set()).add(event.role)
        victims += sum(bool(own & VICTIM) for own in roles.values())
        both += sum(bool(own & VICTIM and own & OFFENDER) for own in roles.values())
    assert 0.008 < both / victims < 0.025


def test_most_people_with_records_have_some_and_hostels_are_full(truth: pd.DataFrame) -> None:
    assert 2.5 < len(truth) / truth.true_person_id.nunique() < 4.0
    assert len({person.person_id for home in households(20_000, 3, AS_OF) for person in home.people}) == 20_000
    assert max(len(home.people) for home in households(20_000, 3, AS_OF)) >= 8


def test_the_dirt_of_real_exports_is_there(feeds: dict[str, FeedRead]) -> None:
    cris = list(values(feeds, "cris", "surname"))
    assert any(name.upper() in ("MALE", "FEMALE") or name.startswith("UNKNOWN ") for name in cris)
    assert any(set(name) & set("ÅÄÃ") for name in cris), "mojibake"
    assert any("-" in age for age in values(feeds, "cris", "age"))
    assert any(len(phone) == 10 for phone in values(feeds, "borough_cse", "phone")), "a leading zero lost"
    assert any(born.isdigit() and len(born) == 5 for born in values(feeds, "borough_cse", "date_of_birth")), "serials"
    assert any(name.endswith((", Baby", ", Unborn")) for name in values(feeds, "merlin_pac", "full_name"))
    notes = feeds["borough_cse.hackney"].records.column("attributes").to_pylist()
    assert any(text.startswith("=") or "<b>" in text for row in notes for name, text in row if name == "notes")
    marks = {mark for read in feeds.values() for row in read.records.column("marks").to_pylist() for mark in row or []}
    assert {"hidden", "strikethrough", "colour:FF0000", "colour:FFFF00", "colour:FFC000"} <= marks
    assert any(read.records.column("part").to_pylist().count(2) for read in feeds.values()), "siblings in one cell"


def test_a_crime_has_victims_and_suspects(feeds: dict[str, FeedRead]) -> None:
    roles: dict[str, set[str]] = {}
    for feed_id, read in feeds.items():
        if feed_id.startswith("cris."):
            for row in read.records.select(["event_ref", "role"]).to_pylist():
                roles.setdefault(row["event_ref"], set()).add(row["role"])
    assert sum(len(own) > 1 for own in roles.values()) > 10


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (ids.pnc_id(2003, 11985), "2003/0011985X"),
        (ids.pnc_id(1979, 163001), "1979/0163001B"),
        (ids.cro_number(2021, 265416), "265416/21G"),
        (ids.asn(2011, "ZD", 448754), "11/01ZD/01/448754K"),
        (ids.upn(801, 2000, 5, 1)[1:], "801200005001"),
    ],
)
def test_identifiers_have_the_check_letters_of_the_published_examples(made: str, expected: str) -> None:
    assert made == expected


@given(st.integers(1, 5_000_000))
def test_nhs_numbers_are_valid(number: int) -> None:
    assert nhs.is_valid(ids.nhs_number(number))


def test_two_people_never_share_an_identifier() -> None:
    numbers = range(1, 200_001)
    assert len({ids.nhs_number(number) for number in numbers}) == len(numbers)
    assert len({ids.serial(number, PNC_PRIME) for number in numbers}) == len(numbers)
    assert max(ids.serial(number, CRO_PRIME) for number in numbers) < 1_000_000


def test_identifiers_in_the_files_are_valid_but_for_the_dirt(feeds: dict[str, FeedRead]) -> None:
    pnc = list(values(feeds, "custody", "pnc_id"))
    good = [text == ids.pnc_id(int(text[:4]), int(text[5:12])) for text in pnc]
    assert 0.9 < sum(good) / len(good) < 1
    assert all(nhs.is_valid(text) for text in values(feeds, "la_children", "nhs_number"))
    assert all(upn.is_valid(text) for text in values(feeds, "la_children", "upn"))


def test_memory_does_not_grow_with_london(tmp_path: Path) -> None:
    generate(2_000, 1, tmp_path / "small")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    generate(20_000, 1, tmp_path / "large")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000, "kilobytes"


def test_progress_reaches_its_end(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    generate(500, 1, tmp_path, dt.date(2025, 3, 1), lambda *step: told.append(step))
    assert told[-1][1] == told[-1][2]
    assert ("people", 500, 500) in told


def test_a_night_on_a_synthetic_london_has_its_home_beside_it(london: SynthSummary) -> None:
    assert RunSettings.load(london.out / "run.yaml").home == london.out.resolve() / "home"


def test_the_committed_sample_is_small_and_whole() -> None:
    size = sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file())
    assert size < 10_000_000
    assert len(pq.read_table(SAMPLE / "truth" / "persons.parquet")) == 3_000


def test_the_readme_names_the_command_that_made_the_sample(tmp_path: Path) -> None:
    assert "--people 3000 --seed 7" in (SAMPLE / "README.md").read_text("utf-8")
    generate(3_000, 7, tmp_path)
    said = (tmp_path / "run.yaml").read_text("utf-8")
    (tmp_path / "run.yaml").write_text(said.replace("home: home\n", ""), "utf-8")  # the sample's home is the default
    made, committed = digests(tmp_path), digests(SAMPLE)
    assert made == {name: digest for name, digest in committed.items() if name != "README.md"}
