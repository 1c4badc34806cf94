"""Suites of expectations: JSON files that a steward can read and change; the only module that talks to Great Expectations.

Each expectation's meta says its severity: ``row`` sends failing rows to quarantine, ``feed`` holds a feed whose share of
failing rows passes what ``mostly`` allows, ``warn`` is only counted. ``meta.about`` is the reason that people read.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when it is imported: nothing is ever sent
os.environ.setdefault("TQDM_DISABLE", "1")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from pipeline.core.errors import SettingsError
from pipeline.validate.views import DAILY, Wanted

SEVERITIES = ("row", "feed", "warn")
BY_ITSELF = frozenset(
    f"expect_column_values_to_{own}"
    for own in (
        "not_be_null", "be_null", "be_between", "be_in_set", "not_be_in_set", "match_regex", "not_match_regex", "match_regex_list",
        "not_match_regex_list", "match_strftime_format",
    )
)  # fmt: skip
"""Expectations that look at each row by itself"""
UNIQUE = "expect_column_values_to_be_unique"
_ONE_AT_A_TIME = threading.Lock()  # its context and Python's warning filters are the process's, not a thread's


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one expectation found in one batch."""

    suite: str
    expectation: str
    column: str | None
    severity: str
    about: str
    mostly: float
    """Share of rows that must meet it"""
    failing: np.ndarray
    """Positions of failing rows in the batch"""


class Suites:
    """All suites of a folder, and one Great Expectations context that writes nothing."""

    def __init__(self, folder: Path) -> None:
        self._suites = {path.stem: _load(path) for path in sorted(folder.glob("*.json"))}
        if not self._suites:
            raise SettingsError(str(folder), "holds no suite of expectations", "Put <source>.json files there.")
        for name in ("great_expectations", "great_expectations.data_context.types.base"):
            logging.getLogger(name).setLevel(logging.ERROR)
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        asset = context.data_sources.add_pandas("night").add_dataframe_asset("rows")
        self._batches = asset.add_batch_definition_whole_dataframe("all")

    def __contains__(self, name: str) -> bool:
        return name in self._suites

    def lasting(self, name: str) -> np.ndarray:
        """(expectations,) bool: what a row does to it hangs on the row alone, not on other rows or the day of the night."""
        return np.array([_is_lasting(own.configuration) for own in self._suites[name].expectations], np.bool_)

    def wanted(self, name: str, places: np.ndarray) -> Wanted | None:
        """Columns that these expectations of a suite look at; None, for all, where a condition may name any."""
        configs = [self._suites[name].expectations[at].configuration for at in places]
        if any("row_condition" in config.kwargs for config in configs):
            return None
        unique = {config.kwargs["column"] for config in configs if config.type == UNIQUE}
        others = {
            text for config in configs if config.type != UNIQUE for value in config.kwargs.values() for text in _texts(value)
        }  # fmt: skip
        return Wanted(frozenset(unique | others), frozenset(unique - others))

    def unfailing(self, name: str, places: np.ndarray) -> list[Outcome]:
        """Outcomes of these expectations of a suite where no row fails."""
        none = np.zeros(0, np.int64)
        return [_outcome_of(name, self._suites[name].expectations[at].configuration, none) for at in places]

    def run(
        self, name: str, frame: pd.DataFrame, parameters: Mapping[str, object], places: np.ndarray | None = None
    ) -> list[Outcome]:
        """Outcomes of a suite, or of some of its expectations, on a frame, in the suite's order; none for an empty frame.

        Raises:
            SettingsError: If an expectation cannot be evaluated, as where it names a column that is not there.
        """
        if not len(frame) or (places is not None and not len(places)):
            return []
        frame = frame.reset_index(drop=True)
        suite = self._suites[name]
        if places is not None:
            some = [suite.expectations[at].configuration for at in places]
            suite = gx.ExpectationSuite(name=f"{name} in part")
            for config in some:
                suite.add_expectation_configuration(config)
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = self._batches.get_batch({"dataframe": frame}).validate(
                suite, result_format="COMPLETE", expectation_parameters=dict(parameters)
            )
        return [_outcome(name, found) for found in result.results]


def _load(path: Path) -> gx.ExpectationSuite:
    try:
        said = json.loads(path.read_text("utf-8"))["expectations"]
        suite = gx.ExpectationSuite(name=path.stem)
        for each in said:
            suite.add_expectation_configuration(ExpectationConfiguration(**each))
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise SettingsError(
            path.name, f"is not a suite ({type(error).__name__})", "See expectations/README.md."
        ) from None
    except Exception as error:
        first = str(error).splitlines()[0][:200]
        raise SettingsError(path.name, f"has an expectation that does not exist or fit: {first}") from None
    if len(suite.expectations) != len(said):
        raise SettingsError(path.name, "has an expectation twice", "Remove one of the two.")
    for expectation in suite.expectations:
        if (expectation.meta or {}).get("severity") not in SEVERITIES:
            problem = f"{expectation.expectation_type} has no meta.severity of {', '.join(SEVERITIES)}"
            raise SettingsError(path.name, problem, "See expectations/README.md.")
    return suite


def _outcome(suite: str, found: gx.core.ExpectationValidationResult) -> Outcome:
    config = found.expectation_config
    if config is None:
        raise SettingsError(f"{suite}.json", "gave a result without its expectation")
    if found.exception_info.get("raised_exception") or "unexpected_index_list" not in found.result:
        column = config.kwargs.get("column") or config.kwargs.get("column_A")
        problem = f"{config.type} on {column} cannot be evaluated row by row"
        raise SettingsError(f"{suite}.json", problem, "Use a column expectation on a column of the validation view.")
    return _outcome_of(suite, config, np.asarray(found.result["unexpected_index_list"], dtype=np.int64))


def _outcome_of(suite: str, config: ExpectationConfiguration, failing: np.ndarray) -> Outcome:
    column = config.kwargs.get("column") or config.kwargs.get("column_A")
    meta = config.meta or {}
    return Outcome(
        suite, config.type, column, meta["severity"], meta.get("about", config.type), float(config.kwargs.get("mostly", 1.0)), failing,
    )  # fmt: skip


def _is_lasting(config: ExpectationConfiguration) -> bool:
    is_of_night = any("$PARAMETER" in str(value) for value in config.kwargs.values())
    is_by_itself = config.type in BY_ITSELF and "row_condition" not in config.kwargs
    return is_by_itself and config.kwargs.get("column") not in DAILY and not is_of_night


def _texts(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(own) for own in value] if isinstance(value, list) else []
