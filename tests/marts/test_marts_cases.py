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
