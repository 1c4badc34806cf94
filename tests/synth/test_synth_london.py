"""Synthetic London: the same for a seed, every format, valid identifiers, and a truth that joins."""

from __future__ import annotations

import hashlib
import random
import resource
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from stdnum.gb import nhs

from pipeline.core.places import SAMPLE, SOURCES
from pipeline.read.feed import read_feed
from pipeline.synth import identifiers as ids
from pipeline.synth.generate import SynthSummary, generate
from schemas.boroughs import BOROUGHS, slug
from schemas.contract import load_contracts

NOT_REPEATABLE = ("merton.xlsx", "sutton.ods")  # a random salt; a time stamp in the archive


@pytest.fixture(scope="module")
def london(tmp_path_factory: pytest.TempPathFactory) -> SynthSummary:
    return generate(1_200, 5, tmp_path_factory.mktemp("london"))


def digests(out: Path) -> dict[str, str]:
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in NOT_REPEATABLE
    }


def test_the_same_seed_gives_the_same_files(london: SynthSummary, tmp_path: Path) -> None:
    generate(1_200, 5, tmp_path)
    assert digests(london.out) == digests(tmp_path)


def test_another_seed_gives_other_people(london: SynthSummary, tmp_path: Path) -> None:
    generate(1_200, 6, tmp_path)
    one, other = (pq.read_table(out / "truth" / "persons.parquet") for out in (london.out, tmp_path))
    assert one.column("surname") != other.column("surname")


def test_every_borough_has_its_exports_in_every_format(london: SynthSummary) -> None:
    exports = london.out / "exports"
    for borough in BOROUGHS:
        assert (exports / "cris" / f"{slug(borough)}.csv").is_file()
        assert (exports / "la" / f"{slug(borough)}.xlsx").is_file()
        assert len(list((exports / "cse").glob(f"{slug(borough)}.*"))) == 1
    endings = {path.suffix for path in exports.rglob("*") if path.is_file()}
    assert endings == {".csv", ".xlsx", ".xls", ".ods", ".jsonl", ".sqlite"}


def test_the_truth_names_every_row_that_is_read(london: SynthSummary) -> None:
    truth = pd.read_parquet(london.out / "truth" / "records.parquet")
    known = set(truth[["feed_id", "file", "row_number", "part"]].itertuples(index=False, name=None))
    password = (london.out / "passwords" / "merton").read_text("utf-8").strip()
    for contract in load_contracts(SOURCES):
        for feed in contract.all_feeds():
            read = read_feed(contract, feed, str(london.out / "exports"), {"BOROUGHLINK_MERTON_PASSWORD": password})
            for row in read.records.select(["feed_id", "file", "row_number", "part"]).to_pylist():
                assert tuple(row.values()) in known


def test_the_truth_knows_who_a_row_is_of(london: SynthSummary) -> None:
    truth = pd.read_parquet(london.out / "truth" / "records.parquet").query("feed_id == 'visor'")
    persons = pd.read_parquet(london.out / "truth" / "persons.parquet").set_index("true_person_id")
    contract = next(contract for contract in load_contracts(SOURCES) if contract.source == "visor")
    rows = read_feed(contract, next(contract.all_feeds()), str(london.out / "exports"), {}).records.to_pandas()
    joined = rows.merge(truth, on="row_number").join(persons, on="true_person_id", rsuffix="_true")
    assert (joined.surname == joined.surname_true).mean() > 0.8
    assert (joined.date_of_birth == joined.date_of_birth_true.astype(str)).mean() > 0.9


def test_there_are_twins_parents_siblings_namesakes_and_homes() -> None:
    kinds = set(pd.read_parquet(SAMPLE / "truth" / "relations.parquet").kind)
    assert {"twin", "sibling", "parent", "namesake", "carers_home"} <= kinds


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (ids.pnc_id(2003, 11985), "2003/0011985X"),
        (ids.pnc_id(1979, 163001), "1979/0163001B"),
        (ids.cro_number(2021, 265416), "265416/21G"),
        (ids.asn(2011, "ZD", 448754), "11/01ZD/01/448754K"),
    ],
)
def test_identifiers_have_the_check_letters_of_the_published_examples(made: str, expected: str) -> None:
    assert made == expected


def test_nhs_numbers_are_valid() -> None:
    chance = random.Random(1)
    assert all(nhs.is_valid(ids.nhs_number(chance)) for _ in range(200))


def test_memory_does_not_grow_with_london(tmp_path: Path) -> None:
    generate(500, 1, tmp_path / "small")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    generate(8_000, 1, tmp_path / "large")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000, "kilobytes"


def test_the_committed_sample_is_small_and_whole() -> None:
    size = sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file())
    assert size < 10_000_000
    assert len(pq.read_table(SAMPLE / "truth" / "persons.parquet")) == 3_000
