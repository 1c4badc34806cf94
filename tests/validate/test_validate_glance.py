"""What a glance tells of a column is what Great Expectations finds of its rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.validate.glance import is_met_by_all
from pipeline.validate.suites import Suites

TEXTS = {
    "all": ["A1", "B2", "A1"],
    "once": ["A1", "B2", "C3"],
    "some": ["A1", None, "b"],
    "none": [None, None, None],
    "line": ["A1\n", "x", "٣"],
}
NUMBERS = {"small": [0.0, 5.0, np.nan], "large": [5.0, 10.0, 11.0], "empty": [np.nan] * 3, "whole": [1, 2, 3]}
OF_TEXT: dict[str, list[dict[str, Any]]] = {
    "not_be_null": [{}],
    "be_null": [{}],
    "be_unique": [{}],
    "be_in_set": [{"value_set": ["A1", "B2"]}, {"value_set": []}],
    "not_be_in_set": [{"value_set": ["A1"]}],
    "match_regex": [{"regex": r"^[A-Z]\d$"}, {"regex": r"\d"}],
    "not_match_regex": [{"regex": "b"}, {"regex": r"\d"}],
}
OF_NUMBERS: dict[str, list[dict[str, Any]]] = {
    "not_be_null": [{}],
    "be_unique": [{}],
    "be_between": [
        {"min_value": 0, "max_value": 10},
        {"min_value": 5},
        {"max_value": 5},
        {"max_value": 5, "strict_max": True},
    ],
    "be_in_set": [{"value_set": [1, 2, 3, 5.0]}],
}
FRAME = pd.DataFrame({**TEXTS, **NUMBERS})
ASKED = [
    (kind, {"column": column, **said})
    for columns, kinds in ((TEXTS, OF_TEXT), (NUMBERS, OF_NUMBERS))
    for column in columns
    for kind, many in kinds.items()
    for said in many
]


def name_of(at: int) -> str:
    return f"own_{at}"


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Suites:
    folder = tmp_path_factory.mktemp("expectations")
    for at, (kind, kwargs) in enumerate(ASKED):
        said = {"type": f"expect_column_values_to_{kind}", "kwargs": kwargs, "meta": {"severity": "row"}}
        (folder / f"{name_of(at)}.json").write_text(json.dumps({"expectations": [said]}), "utf-8")
    return Suites(folder)


def failing(suites: Suites, *, with_glance: bool) -> list[list[int]]:
    return [
        suites.run(name_of(at), FRAME, {}, [0], with_glance=with_glance)[0].failing.tolist() for at in range(len(ASKED))
    ]


def test_rows_fail_the_same_with_a_glance_and_without(suites: Suites) -> None:
    assert failing(suites, with_glance=True) == failing(suites, with_glance=False)


def test_most_of_what_no_row_fails_is_told_at_a_glance(suites: Suites) -> None:
    told = [is_met_by_all(f"expect_column_values_to_{kind}", kwargs, FRAME) for kind, kwargs in ASKED]
    met = [not rows for rows in failing(suites, with_glance=False)]
    unseen = {kind for (kind, _), is_met, is_told in zip(ASKED, met, told, strict=True) if is_met and not is_told}
    assert unseen == {"be_null", "not_be_in_set", "be_between"}  # the last one with strict bounds


@pytest.mark.parametrize(
    "said",
    [
        {"column": "small", "row_condition": "large > 5", "max_value": 10},
        {"column": "gone", "max_value": 10},
        {"max_value": 10},
        {"column": "all", "regex": "("},
    ],
)
def test_a_glance_tells_nothing_of_what_it_does_not_understand(said: dict[str, Any]) -> None:
    for kind in ("be_between", "match_regex"):
        assert not is_met_by_all(f"expect_column_values_to_{kind}", said, FRAME)


def test_outcomes_come_in_the_order_of_their_suite_though_its_expectations_go_to_and_fro_between_columns(
    tmp_path: Path,
) -> None:
    columns = ["code", "age", "code", "name", "age", "code"]
    said = [
        {
            "type": "expect_column_values_to_not_be_null" if at < 2 else "expect_column_values_to_match_regex",
            "kwargs": {"column": column} | ({} if at < 2 else {"regex": f"^{at}"}),
            "meta": {"severity": "row", "about": f"{at}"},
        }
        for at, column in enumerate(columns)
    ]
    (tmp_path / "to_and_fro.json").write_text(json.dumps({"expectations": said}), "utf-8")
    frame = pd.DataFrame({"code": ["2", "5", "x"], "age": ["4", "x", "x"], "name": ["3", None, "x"]})
    outcomes = Suites(tmp_path).run("to_and_fro", frame, {}, range(len(columns)))
    assert [(outcome.about, outcome.column) for outcome in outcomes] == [(f"{at}", of) for at, of in enumerate(columns)]
    assert [outcome.failing.tolist() for outcome in outcomes] == [[], [], [1, 2], [2], [1, 2], [0, 2]]
