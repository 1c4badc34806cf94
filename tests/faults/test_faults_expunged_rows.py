"""What an expunged record said stays out, also where its row stands twice in an export, or is rejected before it is a record."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from home_bytes import own_values, traces
from small_london import London, ended, forked, plain_night

from flows.stewards.expunging import expunge
from pipeline.core.places import Home
from pipeline.publish.publication import read_current
from schemas.settings import RunSettings

pytestmark = pytest.mark.slow
IDENTITY = ("Name", "DOB", "PNC", "CRO")


def run(london: London, home: Path, day: str) -> None:
    out = london.place / "out"
    assert ended(forked(lambda: plain_night(london.night(home, day)), out)) == 0, out.read_text()


def test_a_copy_of_an_expunged_row_and_one_that_comes_to_name_nobody_bring_nothing_back(
    london: London, home: Path
) -> None:
    path = london.exports / "custody" / "custody.csv"
    head, row, *others = list(csv.reader(path.read_text("utf-8").splitlines()))

    def write(*rows: list[str]) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *rows, *others])

    current = read_current(Home(home))
    assert current is not None
    records = current.table("records").to_pylist()
    record = next(own for own in records if (own["source"], own["row_number"]) == ("custody", 2))
    nameless = ["" if name in IDENTITY else cell for name, cell in zip(head, row, strict=True)]
    secrets = {*own_values(Home(home), [record]), record["record_id"]}
    assert len({cell for cell in nameless if cell in secrets}) > 1
    write(row, row)
    run(london, home, "2026-11-21")
    expunge(RunSettings.load(london.run_file), Home(home), [record["record_id"]], "dpo", "order 1")
    assert traces(Home(home), secrets) == []
    run(london, home, "2026-11-22")
    assert traces(Home(home), secrets) == []
    write(nameless, nameless)
    run(london, home, "2026-11-23")
    assert traces(Home(home), secrets) == []
