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

SEVERITIES = ("row", "feed", "warn")
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

    def run(self, name: str, frame: pd.DataFrame, parameters: Mapping[str, object]) -> list[Outcome]:
        """Outcomes of a suite on a frame, in the suite's order; none for an empty frame.

        Raises:
            SettingsError: If an expectation cannot be evaluated, as where it names a column that is not there.
        """
        if frame.empty:
            return []
        frame = frame.reset_index(drop=True)
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = self._batches.get_batch({"dataframe": frame}).validate(
                self._suites[name], result_format="COMPLETE", expectation_parameters=dict(parameters)
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
    column = config.kwargs.get("column") or config.kwargs.get("column_A")
    meta = config.meta or {}
    if found.exception_info.get("raised_exception") or "unexpected_index_list" not in found.result:
        problem = f"{config.type} on {column} cannot be evaluated row by row"
        raise SettingsError(f"{suite}.json", problem, "Use a column expectation on a column of the validation view.")
    return Outcome(
        suite, config.type, column, meta["severity"], meta.get("about", config.type), float(config.kwargs.get("mostly", 1.0)),
        np.asarray(found.result["unexpected_index_list"], dtype=np.int64),
    )  # fmt: skip
