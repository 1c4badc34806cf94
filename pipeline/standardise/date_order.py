"""In which order the dates of a column are written: what one date leaves open, the others of its list tell."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.fields import ColumnUse

SEPARATED = re.compile(r"^(\d{1,2})[-/. ](\d{1,2})[-/. ]\d{2,4}$")
YEAR_FIRST = re.compile(r"^(?:1[5-9]|20)\d{2}(?:0[1-9]|1[0-2])\d{2}$")
YEAR_LAST = re.compile(r"^([0-3]\d)([0-3]\d)(?:1[5-9]|20)\d{2}$")
IN_NUMBERS = r"^\s*([0-9]{1,2}[-/. ]|[0-9]{8}\s*$)"
LIST = "list of the record"  # no column of a file is called so
ToldBy = Literal["own", "others", "usage"]
"""Its own dates, those of all lists together, or nothing: then it is what is usual in Britain"""


class DateOrder(NamedTuple):
    """How the numbers of a date stand."""

    is_day_first: bool
    """31/12/2009 rather than 12/31/2009"""
    is_year_last: bool
    """of eight digits in a row: 31122009 or 12312009 rather than 20091231"""


DATES = ("date_of_birth", "recorded_at")
USUAL = DateOrder(is_day_first=True, is_year_last=False)


class Evidence(NamedTuple):
    """How many different dates of a column can only be read with the day first, only with the month first, and either way."""

    day_first: int
    month_first: int
    either: int
    is_year_last: bool
    """As in ``DateOrder``"""

    @property
    def tells(self) -> bool:
        """Whether one order has more to say for it."""
        return self.day_first != self.month_first

    @property
    def is_day_first(self) -> bool:
        """What most dates can only be; so it is where they leave it open."""
        return self.day_first >= self.month_first


class FoundOrder(NamedTuple):
    """How the dates of a column are written in one list, and what told it."""

    column: str
    list_name: str | None
    """None where there is one list"""
    order: DateOrder
    told_by: ToldBy
    evidence: Evidence


def date_orders(raw: pa.Table, uses: Sequence[ColumnUse]) -> list[FoundOrder]:
    """The order of each column of dates in each list that writes them in numbers.

    A list whose dates leave it open is read as all lists together are. Input: the columns of ``uses`` and, of several lists,
    the column ``LIST``.
    """
    found: list[FoundOrder] = []
    for column in [use.column for use in uses if use.kind in DATES and use.column in raw.column_names]:
        texts_of_lists = dict(_numbers_of_lists(raw, column))
        together = evidence_of({text for texts in texts_of_lists.values() for text in texts})
        for list_name, texts in texts_of_lists.items():
            evidence = evidence_of(texts)
            if not any(evidence):
                continue
            told_by: ToldBy = "own" if evidence.tells else "others" if together.tells else "usage"
            teller = together if told_by == "others" else evidence
            order = DateOrder(teller.is_day_first, evidence.is_year_last)
            found.append(FoundOrder(column, list_name, order, told_by, evidence))
    return found


def evidence_of(texts: Collection[str]) -> Evidence:
    """What dates in numbers tell of their order."""
    year_last = [parts for text in texts if (parts := YEAR_LAST.match(text))]
    is_year_last = len(year_last) > sum(YEAR_FIRST.match(text) is not None for text in texts)
    separated = [parts for text in texts if (parts := SEPARATED.match(text))]
    numbers = [(int(parts[1]), int(parts[2])) for parts in separated + (year_last if is_year_last else [])]
    day_first = sum(first > 12 >= second for first, second in numbers)
    month_first = sum(second > 12 >= first for first, second in numbers)
    return Evidence(day_first, month_first, len(numbers) - day_first - month_first, is_year_last)


def _numbers_of_lists(raw: pa.Table, column: str) -> Iterator[tuple[str | None, list[str]]]:
    """Each list and its different dates in numbers, both in order."""
    dates = raw.column(column).combine_chunks()
    lists = raw.column(LIST).combine_chunks() if LIST in raw.column_names else None
    if pa.types.is_list(dates.type):
        lists = None if lists is None else lists.take(pc.list_parent_indices(dates))
        dates = pc.list_flatten(dates)
    encoded = dates.dictionary_encode()
    is_in_numbers = pc.match_substring_regex(encoded.dictionary, IN_NUMBERS).take(encoded.indices).fill_null(False)
    names = pa.nulls(len(dates), pa.string()) if lists is None else lists.cast(pa.string())
    written = pa.table({"list": names, "text": pc.utf8_trim_whitespace(dates.cast(pa.string()))}).filter(is_in_numbers)
    different = written.group_by(["list", "text"]).aggregate([]).sort_by([("list", "ascending"), ("text", "ascending")])
    texts_of_list: dict[str | None, list[str]] = {}
    for name, text in zip(*(each.to_pylist() for each in different.columns), strict=True):
        texts_of_list.setdefault(name, []).append(text)
    yield from texts_of_list.items()


def rows_of_orders(raw: pa.Table, use: ColumnUse) -> dict[DateOrder, NDArray[np.int64]]:
    """Each order in which a column's dates are written, and the rows in which they are."""
    order_of_list = {each.list_name: each.order for each in date_orders(raw, [use])}
    orders = list(dict.fromkeys(order_of_list.values()))
    if len(orders) < 2:
        return {order: np.arange(len(raw)) for order in orders or [USUAL]}
    list_of_row = pc.index_in(raw.column(LIST).combine_chunks(), pa.array(order_of_list, pa.string())).fill_null(-1)
    order_of_row = np.array([*map(orders.index, order_of_list.values()), 0])[list_of_row]
    return {order: np.flatnonzero(order_of_row == number) for number, order in enumerate(orders)}
