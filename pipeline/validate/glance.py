"""Expectations that no row fails, found by a look at the column as a whole, so that Great Expectations is asked only about the others.

It takes its time over each expectation, however few the rows are, and most are met by all of them. So a glance comes first on nights
that only look at what is new or changed; an export that is looked at whole is Great Expectations' alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

NOT_NULL = "expect_column_values_to_not_be_null"
UNIQUE = "expect_column_values_to_be_unique"
BETWEEN = "expect_column_values_to_be_between"
BY_VALUE = frozenset(
    f"expect_column_values_to_{check}"
    for check in (
        "be_between",
        "be_in_set",
        "not_be_in_set",
        "match_regex",
        "not_match_regex",
        "match_regex_list",
        "not_match_regex_list",
        "match_strftime_format",
    )
)
"""Expectations that look at each value by itself, and pass over rows without one"""


def is_met_by_all(kind: str, arguments: Mapping[str, object], frame: pd.DataFrame) -> bool:
    """Whether no row of a frame fails an expectation; False too where a look at the column cannot tell.

    Args:
        kind: of the expectation.
        arguments: as its suite writes them.
        frame: a view's columns.
    """
    column = frame.get(arguments.get("column"))
    if column is None or "row_condition" in arguments:
        return False
    values = column.dropna()
    if kind == NOT_NULL:
        return len(values) == len(column)
    if not len(values):
        return kind in (*BY_VALUE, UNIQUE)
    names, holds = GLANCES.get(kind, ((), None))
    is_known = arguments.keys() <= {"column", "mostly", *names}
    return holds is not None and is_known and holds(values, *map(arguments.get, names))


def _are_unique(values: pd.Series) -> bool:
    return bool(values.is_unique)


def _are_between(values: pd.Series, least: object, most: object) -> bool:
    if not pd.api.types.is_numeric_dtype(values):
        return False
    is_above = least is None or (isinstance(least, int | float) and values.min() >= least)
    return bool(is_above and (most is None or (isinstance(most, int | float) and values.max() <= most)))


def _are_in_set(values: pd.Series, allowed: object) -> bool:
    return isinstance(allowed, list) and set(values.unique()) <= set(allowed)


def _match(values: pd.Series, regex: object) -> bool:
    matches = _matches(values, regex)
    return bool(matches) and all(matches)


def _match_not(values: pd.Series, regex: object) -> bool:
    matches = _matches(values, regex)
    return bool(matches) and not any(matches)


def _matches(values: pd.Series, regex: object) -> list[bool]:
    """Of each distinct text, whether an expression is found in it; empty where that cannot be known."""
    try:
        search = re.compile(regex).search  # type: ignore[call-overload]
        return [search(text) is not None for text in values.unique()]
    except (re.error, TypeError):
        return []


GLANCES: Mapping[str, tuple[Sequence[str], Callable[..., bool]]] = {
    UNIQUE: ((), _are_unique),
    BETWEEN: (("min_value", "max_value"), _are_between),
    "expect_column_values_to_be_in_set": (("value_set",), _are_in_set),
    "expect_column_values_to_match_regex": (("regex",), _match),
    "expect_column_values_to_not_match_regex": (("regex",), _match_not),
}
"""The arguments of a kind that is known, and whether all values meet it; one with other arguments too is not looked at"""
