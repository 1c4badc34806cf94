"""Validating only rows that say something new gives what validating all of them gives."""

from __future__ import annotations

import datetime as dt
import random

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
from schemas.contract import load_contract

CONTRACT = load_contract(SOURCES / "cris.yaml")
NIGHTS = (dt.date(2026, 11, 18), dt.date(2026, 11, 20), dt.date(2026, 12, 3))
SOON = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
SPOILT: list[dict[str, object]] = [
    {"sex": "Q"},
    {"phone": "abc"},
    {"postcode": "nowhere"},
    {"pnc_id": "1"},
    {"role": "nobody"},
    {"surname": ["TEST"]},
    {"record_id": "0" * 32},
    {"recorded_at": SOON},
    {"recorded_at": None, "date_of_birth": dt.date(1916, 11, 25)},
]
"""The last three pass or fail by what other rows say, or by the day"""


@pytest.fixture(scope="module")
def suites() -> Suites:
    return Suites(EXPECTATIONS)


@pytest.fixture(scope="module")
def feeds() -> list[tuple[FeedRead, pa.Table, pa.Table]]:
    """Two boroughs: raw, standard records and events."""
    found, reference = [], Reference.load()
    for feed in list(CONTRACT.all_feeds())[:2]:
        read = read_feed(CONTRACT, feed, str(SAMPLE / "exports"), {})
        standard = standardise_feed(read.records, CONTRACT, reference, NIGHTS[0])
        found.append((read, standard.std_records, standard.events))
    return found


def spoilt(std_records: pa.Table, rows: set[int], chance: random.Random) -> pa.Table:
    """The records, those rows with a value that no suite lets pass, or not on every night."""
    values = std_records.to_pylist()
    for at in rows:
        values[at] |= chance.choice(SPOILT)
    return pa.Table.from_pylist(values, std_records.schema)


def reader(table: pa.Table) -> Reader:
    return lambda columns=None: table.select(columns) if columns else table


def assert_same(one: FeedValidated, other: FeedValidated) -> None:
    for own, its in zip((*one.left(), one.quarantine), (*other.left(), other.quarantine), strict=True):
        assert own.equals(its)
    assert one.n_records == len(one.left()[0])
    key = [(name, "ascending") for name in ("record_id", "suite", "place")]
    assert one.failed.sort_by(key).to_pylist() == other.failed.sort_by(key).to_pylist()
    assert (one.breaches, one.findings) == (other.breaches, other.findings)


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_nights_validate_as_if_each_were_the_first(suites: Suites, feeds, share: float) -> None:
    chance = random.Random(5)
    records = [std for _, std, _ in feeds]
    known: list[EarlierOutcomes | None] = [None, None]
    for as_of in NIGHTS:
        before = records
        rows = [{at for at in range(len(std)) if chance.random() < share} for std in records]
        records = [spoilt(std, own, chance) for std, own in zip(records, rows, strict=True)]
        again = [
            EarlierOutcomes(np.array([at not in own for at in range(len(std))]), was.failed) if was else None
            for std, own, was in zip(before, rows, known, strict=True)
        ]
        exports = [
            Export(feed.feed_id, reader(std), reader(events), reader(read.records), read.rows_read, 0, None)
            for feed, std, (read, _, events) in zip(CONTRACT.all_feeds(), records, feeds, strict=False)
        ]
        plain = validate_source(CONTRACT, exports, suites, as_of)
        told = [
            Export(e.feed_id, e.std_records, e.events, e.raw_records, e.rows_read, 0, None, own)
            for e, own in zip(exports, again, strict=True)
        ]
        found = validate_source(CONTRACT, told, suites, as_of)
        for one, other in zip(found, plain, strict=True):
            assert_same(one, other)
        known = list(found)  # type: ignore[arg-type]
