"""Until when a table tells of people: no clock is asked, so that one table always gives the same."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.standardise.date_order import DATES, rows_of_orders
from pipeline.standardise.lenient_values import date_reader, pnc_id
from pipeline.standardise.reference import Reference
from schemas.fields import ColumnUse
from schemas.usual_headings import BIRTH_PARTS

UNTOLD = dt.date(2029, 12, 31)
"""Where nothing tells it: until then spreadsheets take a year of two digits for one of this century"""
LONG_AGO = dt.date(1000, 1, 1)
"""So read, a year of two digits is one that is not believed: such a date does not tell its century"""
BELIEVED = re.compile(r"^(?:1[5-9]|20)\d{2}")
LAST_YEAR = 2099
FEW = 100
"""One day of so many may be a slip of the pen, if it is by itself"""
APART_YEARS = 20
ISO, FLOAT_TAIL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]", r"\.0$"


def latest_day(raw: pa.Table, uses: Sequence[ColumnUse], reference: Reference) -> dt.date:
    """The newest day that a date or a PNC ID with a whole year names; of a year alone its last day; ``UNTOLD`` without any.

    The newest hundredth of the days does not count as far as it is more than 20 years after all others: a birth in 2058 is
    one in 1958.

    Args:
        raw: the columns of ``uses`` as text or lists of text and, of several lists, that of the date orders.
        uses: what each holds.
        reference: what stands for nothing.
    """
    days = sorted({day for use in uses for day in _days_of(raw, use, reference)})
    if not days:
        return UNTOLD
    usual = days[len(days) - 1 - len(days) // FEW]
    return max(day for day in days if day.year - usual.year <= APART_YEARS)


def _days_of(raw: pa.Table, use: ColumnUse, reference: Reference) -> Iterator[dt.date]:
    if use.kind in (*DATES, BIRTH_PARTS[0]):
        column = raw.column(use.column).combine_chunks()
        rows_of = rows_of_orders(raw, use)
        for order, rows in rows_of.items():
            read = date_reader(order, frozenset(), reference, LONG_AGO)
            for text in _distinct(column if len(rows_of) == 1 else column.take(pa.array(rows))):
                if BELIEVED.match(written := str(read(text) or "")):
                    yield from _day(written)
    elif use.field == "pnc_id":
        for text in _distinct(raw.column(use.column).combine_chunks()):
            year = (pnc_id(text, LAST_YEAR) or "")[:4]
            if year and text.lstrip().startswith(year):
                yield dt.date(int(year), 12, 31)


def _distinct(column: pa.Array) -> list[str]:
    """The different texts of a column, of times their days."""
    texts = pc.list_flatten(column) if pa.types.is_list(column.type) else column
    different = texts.unique().cast(pa.string()).drop_null()
    days = pc.if_else(pc.match_substring_regex(different, ISO), pc.utf8_slice_codeunits(different, 0, 10), different)
    listed: list[str] = pc.replace_substring_regex(days, FLOAT_TAIL, "").unique().to_pylist()
    return listed


def _day(written: str) -> Iterator[dt.date]:
    """The day; of a year alone the last; none where the calendar has no such day."""
    try:
        yield dt.date(int(written[:4]), 12, 31) if written.endswith("-00-00") else dt.date.fromisoformat(written)
    except ValueError:
        return
