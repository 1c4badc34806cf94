"""In which order the dates of a column are written: what one date leaves open, the others of its column tell."""

from __future__ import annotations

import re
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

SEPARATED = re.compile(r"^(\d{1,2})[-/. ](\d{1,2})[-/. ]\d{2,4}$")
YEAR_FIRST = re.compile(r"^(?:1[5-9]|20)\d{2}(?:0[1-9]|1[0-2])\d{2}$")
YEAR_LAST = re.compile(r"^([0-3]\d)([0-3]\d)(?:1[5-9]|20)\d{2}$")


class DateOrder(NamedTuple):
    """How the numbers of a date stand."""

    is_day_first: bool
    """31/12/2009 rather than 12/31/2009"""
    is_year_last: bool
    """of eight digits in a row: 31122009 or 12312009 rather than 20091231"""


def order_of(texts: pa.Array) -> DateOrder:
    """The order that most of a column's dates can only have; the day first where they leave it open."""
    written = texts.dictionary_encode().dictionary
    digits = written.filter(pc.match_substring_regex(written, "^[0-9]{8}$")).to_pylist()
    year_last = [parts for text in digits if (parts := YEAR_LAST.match(text))]
    is_year_last = len(year_last) > sum(YEAR_FIRST.match(text) is not None for text in digits)
    others = written.filter(pc.match_substring_regex(written, "^[0-9]{1,2}[-/. ]")).to_pylist()
    separated = [parts for text in others if (parts := SEPARATED.match(text))]
    numbers = [(int(parts[1]), int(parts[2])) for parts in separated + (year_last if is_year_last else [])]
    n_days_first = sum(first > 12 for first, _ in numbers)
    n_months_first = sum(second > 12 for _, second in numbers)
    return DateOrder(n_days_first >= n_months_first, is_year_last)
