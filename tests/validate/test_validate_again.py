"""Validating only rows that say something new gives what validating all of them gives."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from pipeline.core.places import EXPECTATIONS, SAMPLE, SOURCES
from pipeline.read.feed import FeedRead, read_feed
from pipeline.standardise.feed import standardise_feed
from pipeline.standardise.reference import Reference
from pipeline.validate.exports import EarlierOutcomes, Export, Reader
from pipeline.validate.source import FeedValidated, validate_source
from pipeline.validate.suites import Suites
from pipeline.validate.views import RECORD_VIEW
from schemas.contract import Contract, load_contract
from schemas.tables import STD_RECORDS

NIGHTS = (dt.date(2026, 11, 18), dt.date(2026, 11, 20), dt.date(2026, 12, 3))
SOON = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
SPOILT: list[dict[str, object]] = [
    {"sex": "Q"},
    {"phone": "abc"},
    {"postcode": "nowhere"},
    {"pnc_id": "1"},
    {"role": "nobody"},
    {"surname": ["TEST"]},
    {"recorded_at": dt.datetime(2025, 1, 1, tzinfo=dt.UTC), "date_of_birth": dt.date(2025, 6, 28)},
    {"record_id": "0" * 32},
    {"recorded_at": SOON},
    {"recorded_at": None, "date_of_birth": dt.date(1916, 11, 25)},
]
"""The last three pass or fail by what other rows say, or by the day; a birthday soon after the record only where a source's suite says so"""


@pytest.fixture(scope="module")
def suites() -> Suites:
    return Suites(EXPECTATIONS)


@pytest.fixture(scope="module", params=["cris", "merlin_mis"])
def contract(request: pytest.FixtureRequest) -> Contract:
    """Of boroughs, and of the whole force; the second one's suite comes back to a column after another one."""
    return load_contract(SOURCES / f"{request.param}.yaml")


@pytest.fixture(scope="module")
def feeds(contract: Contract) -> list[tuple[FeedRead, pa.Table, pa.Table]]:
    """Up to two: raw, standard records and events."""
    exports, reference = [], Reference.load()
    for feed in list(contract.all_feeds())[:2]:
        read = read_feed(contract, feed, str(SAMPLE / "exports"), {})
        standard = standardise_feed(read.records, contract, reference, NIGHTS[0])
        exports.append((read, standard.std_records, standard.events))
    return exports


def spoilt(std_records: pa.Table, rows: set[int], rng: random.Random) -> pa.Table:
    """The records, those rows with a value that no suite lets pass, or not on every night."""
    values = std_records.to_pylist()
    for row in rows:
        values[row] |= rng.choice(SPOILT)
    return pa.Table.from_pylist(values, std_records.schema)


def reader(table: pa.Table) -> Reader:
    return lambda columns=None: table.select(columns) if columns else table


def assert_same(left: FeedValidated, right: FeedValidated) -> None:
    for left_table, right_table in zip((*left.left(), left.quarantine), (*right.left(), right.quarantine), strict=True):
        assert left_table.equals(right_table)
    assert left.n_records == len(left.left()[0])
    key = [(name, "ascending") for name in ("record_id", "suite", "place")]
    assert left.failed.sort_by(key).to_pylist() == right.failed.sort_by(key).to_pylist()
    assert (left.breaches, left.findings) == (right.breaches, right.findings)


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_nights_validate_as_if_each_were_the_first(suites: Suites, contract: Contract, feeds, share: float) -> None:
    rng = random.Random(5)
    records = [std for _, std, _ in feeds]
    earlier_results: list[EarlierOutcomes | None] = [None for _ in feeds]
    for as_of in NIGHTS:
        earlier_records = records
        rows = [{at for at in range(len(std)) if rng.random() < share} for std in records]
        records = [spoilt(std, changed_rows, rng) for std, changed_rows in zip(records, rows, strict=True)]
        earlier_outcomes = [
            EarlierOutcomes(np.array([at not in changed_rows for at in range(len(std))]), was.failed) if was else None
            for std, changed_rows, was in zip(earlier_records, rows, earlier_results, strict=True)
        ]
        exports = [
            Export(feed.feed_id, reader(std), reader(events), reader(read.records), read.rows_read, 0, None)
            for feed, std, (read, _, events) in zip(contract.all_feeds(), records, feeds, strict=False)
        ]
        plain = validate_source(contract, exports, suites, as_of)
        known_exports = [
            replace(export, earlier=earlier) for export, earlier in zip(exports, earlier_outcomes, strict=True)
        ]
        validated = validate_source(contract, known_exports, suites, as_of)
        for first, second in zip(validated, plain, strict=True):
            assert_same(first, second)
        earlier_results = list(validated)  # type: ignore[arg-type]


def test_an_age_reads_the_same_whether_another_row_has_none_or_not() -> None:
    lineage = {"feed_id": "f", "source": "s", "file": "f", "file_sha256": "0", "row_number": 1, "part": 1}
    said = {**lineage, "role": "subject", "basis": "fact", "contract_version": "1"}
    rows = [{**said, "record_id": str(number), "age_low": age} for number, age in enumerate([14, None])]
    table = pa.Table.from_pylist(rows, STD_RECORDS.arrow_schema())
    texts = [RECORD_VIEW.frame(part, NIGHTS[0])["age_low"].astype(str)[0] for part in (table, table.slice(0, 1))]
    assert texts[0] == texts[1]
