"""The analysts' tables, case by case: ``tests/cases/marts.yaml``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from few_people import few_people

from pipeline.marts.build import build_marts
from schemas.marts import MARTS
from schemas.settings import AnalysisSettings
from schemas.tables import QUARANTINE, REVIEW_QUEUE, SOURCE_STATUS

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "marts.yaml").read_text("utf-8"))
AS_OF = dt.date(2026, 11, 20)


def marts_of(folder: Path, case: dict[str, Any]) -> dict[str, pa.Table]:
    few_people(folder, case.get("people", {}), case.get("records", ()), case.get("events", ()))
    settings = AnalysisSettings(**case.get("settings", {}))
    made = build_marts(folder, f"{AS_OF}-1", settings, folder / "spill")
    return {mart.name: rows for mart, rows in made}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["it"])
def test_the_analysts_tables_say_of_a_few_people(case: dict[str, Any], tmp_path: Path) -> None:
    marts = marts_of(tmp_path, case)
    for name, expected in case["expect"].items():
        rows = marts[name].to_pylist()
        told = [{column: row[column] for column in wanted} for row, wanted in zip(rows, expected, strict=False)]
        assert told == [as_published(row) for row in expected], name
        assert len(rows) == len(expected), rows
        assert all((row["as_of"], row["run_id"]) == (AS_OF, "2026-11-20-1") for row in rows)


def as_published(row: dict[str, Any]) -> dict[str, Any]:
    """Numbers of events as their ids."""
    return {
        column: [f"e{number:02}" for number in value]
        if column.endswith("event_ids")
        else f"e{value:02}"
        if column == "event_id"
        else value
        for column, value in row.items()
    }


def test_every_table_is_expected_of_somebody_but_the_one_of_feeds() -> None:
    assert {mart.name for mart in MARTS} - {name for case in CASES for name in case["expect"]} == {"dq_borough"}


def test_a_feed_is_told_by_what_is_wrong_with_it(tmp_path: Path) -> None:
    night, before = (dt.datetime(2026, 11, day, tzinfo=dt.UTC) for day in (20, 18))
    wrong = [
        {"field": "pnc_id", "raw": "x", "reason": "invalid_check"},
        {"field": "date_of_birth", "raw": "x", "reason": "default_birthday"},
        {"field": "sex", "raw": "x", "reason": "not_stated"},
    ]
    records = [
        {
            "of": "Ann",
            "feed_id": "custody",
            "date_of_birth": dt.date(2010, 5, 1),
            "pnc_id": "2003/0011985X",
            "postcode": "E8 1AA",
        },
        {"of": "Bob", "feed_id": "custody", "nulled": wrong},
        {"of": "Bob", "feed_id": "cris.camden", "date_of_birth": dt.date(1990, 5, 1)},
    ]
    rejected = {"feed_id": "custody", "file": "a.csv", "reason_code": "no_identity"}
    others = {
        SOURCE_STATUS: [
            {"feed_id": "cris.camden", "source": "cris", "borough": "Camden", "state": "fresh", "export_date": night.date(), "newest_record_at": night},
            {"feed_id": "custody", "source": "custody", "state": "held", "reason_code": "unknown_heading", "export_date": before.date(), "newest_record_at": before},
        ],
        QUARANTINE: [
            {**rejected, "row_number": 2}, {**rejected, "row_number": 2, "reason_code": "bad_value"}, {**rejected, "row_number": 3, "reason_code": "duplicate_row"},
        ],
        REVIEW_QUEUE: [
            {"review_id": "Q1", "review_type": "identifier_conflict", "record_id_l": "r01", "record_id_r": "r02", "opened_in": "2026-11-10-1"},
            {"review_id": "Q2", "review_type": "grey_pair", "record_id_l": "r01", "record_id_r": "r03", "opened_in": "2026-11-01-1"},
        ],
    }  # fmt: skip
    few_people(tmp_path, {"Ann": {"sure": 0.9}, "Bob": {"sure": 0.8}}, records, (), others)
    made = {
        mart.name: rows for mart, rows in build_marts(tmp_path, f"{AS_OF}-1", AnalysisSettings(), tmp_path / "spill")
    }
    camden, custody = made["dq_borough"].to_pylist()
    assert (camden["state"], camden["days_old"], camden["records"], camden["rejected"], camden["open_questions"]) == (
        "fresh",
        0,
        1,
        0,
        1,
    )
    assert (camden["open_conflicts"], camden["valid_pnc_share"], camden["valid_postcode_share"]) == (0, None, 0.0)
    assert (custody["state"], custody["reason_code"], custody["days_old"], custody["days_since_newest"]) == (
        "held",
        "unknown_heading",
        2,
        2,
    )
    assert (custody["records"], custody["rejected"], custody["duplicates"]) == (2, 2, 1)
    assert (custody["valid_birthday_share"], custody["valid_postcode_share"], custody["valid_pnc_share"]) == (
        0.5,
        0.5,
        0.5,
    )
    assert (custody["default_birthdays"], custody["values_not_understood"]) == (1, 1)
    assert (custody["open_questions"], custody["open_conflicts"], custody["oldest_conflict_days"]) == (2, 1, 10)
    assert custody["link_confidence"] == 0.85
