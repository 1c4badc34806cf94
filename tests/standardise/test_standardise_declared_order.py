"""An export that writes its dates in another order than its contract says is refused, and a borough may have an order of its own."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.core.errors import SourceError
from pipeline.read.feed import read_feed
from pipeline.standardise.declared_order import check_date_order
from pipeline.standardise.feed import standardise_feed
from pipeline.standardise.reference import Reference
from schemas.contract import Contract

DAYS = [dt.date(2009, month, day) for month in range(1, 13) for day in (3, 14)]
TRIAL = {
    "source": "trial",
    "title": "Trial",
    "location": "{borough}.csv",
    "format": "csv",
    "event_type": "referral",
    "boroughs": ["Hackney", "Barnet"],
    "person": {"surname": ["Surname"], "date_of_birth": ["Born"]},
    "event": {"started": ["Seen"]},
    "constants": {"role": "subject"},
}
MONTH_FIRST = {"day_first": False}


def export(folder: Path, form: str, clock: str = "") -> None:
    lines = [f"Name{n},{day.strftime(form)},{day.strftime(form)}{clock}" for n, day in enumerate(DAYS)]
    for borough in ("hackney", "barnet"):
        (folder / f"{borough}.csv").write_text("\n".join(["Surname,Born,Seen", *lines, ""]), "utf-8")


def read(folder: Path, borough: str, **changes: object) -> tuple[pa.Table, Contract]:
    contract = Contract.model_validate({**TRIAL, **changes})
    [feed] = [feed for feed in contract.all_feeds() if feed.borough == borough]
    return read_feed(contract, feed, str(folder), {}).records, contract.as_written_by(feed)


@pytest.mark.parametrize("clock", ["", " 10:15", "T09.30"])
def test_an_export_with_the_month_first_is_refused_where_the_contract_says_day_first(
    tmp_path: Path, clock: str
) -> None:
    export(tmp_path, "%m/%d/%Y", clock)
    with pytest.raises(SourceError) as caught:
        check_date_order(*read(tmp_path, "Hackney"), "hackney.csv")
    assert caught.value.code == "wrong_date_order"
    assert str(caught.value).startswith(
        "hackney.csv: 12 different dates can only be read month first and 0 only day first, where the contract says day first."
    )
    assert "dates: { day_first: false }" in str(caught.value)


@pytest.mark.parametrize("dates", [MONTH_FIRST, {"formats": ["%m/%d/%Y"]}])
def test_an_export_with_the_day_first_is_refused_where_the_contract_says_month_first(
    tmp_path: Path, dates: dict[str, object]
) -> None:
    export(tmp_path, "%d/%m/%Y")
    with pytest.raises(SourceError, match="where the contract says month first"):
        check_date_order(*read(tmp_path, "Hackney", dates=dates), "hackney.csv")


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%Y-%m-%d", "%d %B %Y", "%d-%b-%y"])
def test_dates_that_the_contract_reads_rightly_pass(tmp_path: Path, form: str) -> None:
    export(tmp_path, form)
    assert not check_date_order(*read(tmp_path, "Hackney"), "hackney.csv")


def test_a_few_slips_among_dates_that_fit_refuse_no_export(tmp_path: Path) -> None:
    export(tmp_path, "%d/%m/%Y")
    with (tmp_path / "hackney.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"Slip{day},04/{day}/2009,\n" for day in range(13, 15))
    assert not check_date_order(*read(tmp_path, "Hackney"), "hackney.csv")


def test_an_export_of_which_a_part_has_another_order_is_told_with_its_rows(tmp_path: Path) -> None:
    export(tmp_path, "%d/%m/%Y")
    with (tmp_path / "hackney.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"Part{day},04/{day}/2009,04/{day}/2009 10:15\n" for day in range(11, 16))
    ((about, n_dates),) = check_date_order(*read(tmp_path, "Hackney"), "hackney.csv")
    assert n_dates == 3
    assert about.startswith(
        "hackney.csv: 6 dates, in rows 28 to 30, can only be read month first, where the contract says day first"
    )
    assert "2009" not in about


def test_one_borough_may_write_its_dates_otherwise(tmp_path: Path) -> None:
    export(tmp_path, "%m/%d/%Y")
    raw, contract = read(tmp_path, "Hackney", feeds={"hackney": {"dates": MONTH_FIRST}})
    check_date_order(raw, contract, "hackney.csv")
    standard = standardise_feed(raw, contract, Reference.load(), dt.date(2026, 11, 20)).std_records
    assert sorted(standard.column("date_of_birth").to_pylist()) == DAYS
    with pytest.raises(SourceError):
        check_date_order(*read(tmp_path, "Barnet", feeds={"hackney": {"dates": MONTH_FIRST}}), "barnet.csv")
