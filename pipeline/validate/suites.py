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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from pipeline.validate.without_spark import without_spark

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when it is imported: nothing is ever sent
os.environ.setdefault("TQDM_DISABLE", "1")
with warnings.catch_warnings(), without_spark():
    warnings.simplefilter("ignore")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.exceptions.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from pipeline.core.errors import SettingsError
from pipeline.validate.glance import BETWEEN, BY_VALUE, NOT_NULL, UNIQUE, is_met_by_all
from pipeline.validate.views import AGE, DAILY, EVENT_TEXT, RECORD_TEXT, Wanted

SEVERITIES = ("row", "feed", "warn")
NULLS = frozenset({NOT_NULL, "expect_column_values_to_be_null"})
"""Expectations that look at rows without a value"""
DependsOn = Literal["row", "undated", "later", "others", "night"]
NIGHT: DependsOn = "night"
"""What the outcome on a row may depend on besides the row: ``row`` on nothing; ``undated`` on the day, where the record has no day of recording;
``later``: one that failed may pass on a later day; ``others`` on rows with the same text; ``night`` on anything."""
HELP = "See expectations/README.md."
PLACE = "place"
"""What an expectation's meta tells besides: where it stands in its suite"""
_ONE_AT_A_TIME = threading.Lock()  # its context and Python's warning filters are the process's, not a thread's


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one expectation found."""

    suite: str
    expectation: str
    column: str | None
    severity: str
    about: str
    mostly: float
    """Share of rows that must meet it"""
    failing: np.ndarray
    """Places of what fails, in order"""

    def between(self, first: int, end: int) -> np.ndarray:
        """The failing places from one up to another."""
        return self.failing[slice(*np.searchsorted(self.failing, (first, end)))]


class Suites:
    """All suites of a folder, and one Great Expectations context that writes nothing."""

    def __init__(self, folder: Path) -> None:
        for name in ("great_expectations", "great_expectations.data_context.types.base"):
            logging.getLogger(name).setLevel(logging.ERROR)
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        asset = context.data_sources.add_pandas("night").add_dataframe_asset("rows")
        self._batches = asset.add_batch_definition_whole_dataframe("all")
        self._suites = {path.stem: _load(path) for path in sorted(folder.glob("*.json"))}
        self._depends_on = {name: [_depends_on(config) for config in configs] for name, configs in self._suites.items()}
        if not self._suites:
            raise SettingsError(str(folder), "holds no suite of expectations", "Put <source>.json files there.")

    def __contains__(self, name: str) -> bool:
        return name in self._suites

    def depends_on(self, name: str) -> list[DependsOn]:
        """(expectations,) what each outcome depends on."""
        return self._depends_on[name]

    def columns(self, name: str) -> list[str | None]:
        """(expectations,) the column that each looks at."""
        return [_column(config) for config in self._suites[name]]

    def wanted(self, name: str, places: Sequence[int]) -> Wanted | None:
        """Columns that these expectations of a suite look at; None, for all, where a condition may name any."""
        configs = [self._suites[name][place] for place in places]
        if any("row_condition" in config.kwargs for config in configs):
            return None
        unique = {config.kwargs["column"] for config in configs if config.type == UNIQUE}
        texts_of_others = {
            text
            for config in configs
            if config.type != UNIQUE
            for value in config.kwargs.values()
            for text in _texts(value)
        }
        return Wanted(frozenset(unique | texts_of_others), frozenset(unique - texts_of_others))

    def unfailing(self, name: str, places: Sequence[int]) -> list[Outcome]:
        """Outcomes of some expectations of a suite where no row fails."""
        none = np.zeros(0, np.int64)
        return [_outcome_of(name, self._suites[name][place], none) for place in places]

    def run(
        self,
        name: str,
        frame: pd.DataFrame,
        parameters: Mapping[str, object],
        places: Sequence[int],
        *,
        with_glance: bool = False,
    ) -> list[Outcome]:
        """Outcomes of some expectations of a suite on a frame.

        Args:
            name: of the suite.
            frame: a view's columns.
            parameters: of the expectations.
            places: of the expectations in the suite.
            with_glance: leave out what a glance shows to be met by all rows: worth it where only some rows are new.

        Raises:
            SettingsError: If an expectation cannot be evaluated, as where it names a column that is not there.
        """
        frame = frame.reset_index(drop=True)
        configs = [self._suites[name][place] for place in places]
        is_asked = [not (with_glance and is_met_by_all(config.type, config.kwargs, frame)) for config in configs]
        asked = list(compress(configs, is_asked))
        results = iter(self._ask(f"{name} in part", frame, asked, parameters))
        none = np.zeros(0, np.int64)
        return [
            _outcome(name, next(results)) if is_open else _outcome_of(name, config, none)
            for config, is_open in zip(configs, is_asked, strict=True)
        ]

    def _ask(
        self,
        name: str,
        frame: pd.DataFrame,
        configs: Sequence[ExpectationConfiguration],
        parameters: Mapping[str, object],
    ) -> list[gx.core.ExpectationValidationResult]:
        """What Great Expectations finds, in the order of the expectations: it answers column by column."""
        if not configs:
            return []
        suite = gx.ExpectationSuite(name=name)
        for config in configs:
            suite.add_expectation(config.to_domain_obj())
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = self._batches.get_batch({"dataframe": frame}).validate(
                suite, result_format="COMPLETE", expectation_parameters=dict(parameters)
            )
        return sorted(result.results, key=_number)


def _load(path: Path) -> list[ExpectationConfiguration]:
    """The expectations of a suite's file, each with its place among them."""
    try:
        listed = [ExpectationConfiguration(**each) for each in json.loads(path.read_text("utf-8"))["expectations"]]
    except (ValueError, KeyError, TypeError, GreatExpectationsError) as error:
        raise SettingsError(path.name, f"is not a suite ({type(error).__name__})", HELP) from None
    configs: list[ExpectationConfiguration] = []
    for number, config in enumerate(listed, start=1):
        if problem := _problem_of(config) or _repeated(config, configs):
            raise SettingsError(path.name, f"its expectation {number} ({config.type}) {problem}", HELP)
        configs.append(config.to_domain_obj().configuration)
        configs[-1].meta = {**(config.meta or {}), PLACE: number - 1}
    return configs


def _problem_of(config: ExpectationConfiguration) -> str | None:
    try:
        config.to_domain_obj()
    except Exception as error:
        told = " ".join(str(error).split())
        return f"does not exist or fit: {told[:300]}"
    if (config.meta or {}).get("severity") not in SEVERITIES:
        return f"has no meta.severity of {', '.join(SEVERITIES)}"
    return None


def _repeated(config: ExpectationConfiguration, earlier: Sequence[ExpectationConfiguration]) -> str | None:
    is_same = [(config.type, config.kwargs) == (other.type, other.kwargs) for other in earlier]
    return f"says what expectation {is_same.index(True) + 1} says" if any(is_same) else None


def _number(result: gx.core.ExpectationValidationResult) -> int:
    config = result.expectation_config
    return int(config.meta[PLACE]) if config and config.meta else -1


def _outcome(suite: str, result: gx.core.ExpectationValidationResult) -> Outcome:
    config = result.expectation_config
    if config is None:
        raise SettingsError(f"{suite}.json", "gave a result without its expectation")
    if result.exception_info.get("raised_exception") or "unexpected_index_list" not in result.result:
        problem = f"{config.type} on {_column(config)} cannot be evaluated row by row"
        raise SettingsError(f"{suite}.json", problem, "Use a column expectation on a column of the validation view.")
    return _outcome_of(suite, config, np.unique(np.asarray(result.result["unexpected_index_list"], dtype=np.int64)))


def _outcome_of(suite: str, config: ExpectationConfiguration, failing: np.ndarray) -> Outcome:
    meta = config.meta or {}
    return Outcome(
        suite,
        config.type,
        _column(config),
        meta["severity"],
        meta.get("about", config.type),
        float(config.kwargs.get("mostly", 1.0)),
        failing,
    )


def _column(config: ExpectationConfiguration) -> str | None:
    column: str | None = config.kwargs.get("column") or config.kwargs.get("column_A")
    return column


def _depends_on(config: ExpectationConfiguration) -> DependsOn:
    column, is_daily = _column(config), _column(config) in DAILY
    if "row_condition" in config.kwargs or any("$PARAMETER" in str(value) for value in config.kwargs.values()):
        return "night"
    if config.type == UNIQUE:
        return "others" if column in (*RECORD_TEXT, *EVENT_TEXT) else "night"
    if config.type not in BY_VALUE | NULLS:
        return "night"
    if config.type in NULLS or not is_daily:
        return "row"
    if column == AGE:
        return "undated"
    is_at_least = config.type == BETWEEN and config.kwargs.get("max_value") is None
    return "later" if is_at_least else "night"


def _texts(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(part) for part in value] if isinstance(value, list) else []
