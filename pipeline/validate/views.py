"""What suites see: records and events as flat columns, with ages and dates as numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.calendar import LONDON_TIME, MONTH, YEAR, calendar_days
from schemas.tables import OFFICIAL

EPOCH = dt.date(1970, 1, 1)
RECORD_TEXT = (
    "record_id",
    "role",
    "basis",
    "borough",
    "sex",
    "ethnicity",
    "ethnicity_observed",
    "address",
    "postcode",
    "uprn",
    "phone",
    "email",
    *OFFICIAL,
    "source_key",
)
EVENT_TEXT = ("event_id", "record_id", "event_type", "event_ref", "role", "borough", "risk", "status", "place_postcode")


AGE = "age_years"
DAILY = frozenset({AGE, "recorded_days_ago", "started_days_ago"})
"""columns that depend on the day of the night; an age only where the record has no day of recording"""
MADE_OF = {
    AGE: ("date_of_birth", "recorded_at"),
    "recorded_days_ago": ("recorded_at",),
    "started_days_ago": ("started_at",),
    "duration_hours": ("started_at", "ended_at"),
}


Columns = dict[str, "pa.ChunkedArray | pd.Series"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which columns of a view are looked at."""

    columns: frozenset[str]
    only_compared: frozenset[str] = frozenset()
    """Those of which nothing counts but which rows have the same: numbers stand for their texts"""


@dataclass(frozen=True, slots=True)
class View:
    """How suites see a table."""

    table: str
    names: tuple[str, ...]
    """Its columns as suites name them"""
    make: Callable[[pa.Table, dt.date, Callable[[str], bool]], Columns]

    def columns(self, wanted: Wanted | None) -> list[str]:
        """Columns of the table that the frame is made of, its key among them."""
        names = self.names if wanted is None else [name for name in self.names if name in wanted.columns]
        return sorted({"record_id", *(column for name in names for column in MADE_OF.get(name, (name,)))})

    def frame(self, rows: pa.Table, as_of: dt.date, wanted: Wanted | None = None) -> pd.DataFrame:
        """The frame of some rows with all columns, or those that are wanted."""
        columns = self.make(rows, as_of, lambda name: wanted is None or name in wanted.columns)
        for name in wanted.only_compared if wanted else ():
            if name in columns:
                columns[name] = _numbered(columns[name])
        return pd.DataFrame(
            {
                name: column.to_pandas() if isinstance(column, pa.ChunkedArray) else column
                for name, column in columns.items()
            },
            index=pd.RangeIndex(len(rows)),
        )


def record_view(std_records: pa.Table, as_of: dt.date, is_wanted: Callable[[str], bool] = lambda _: True) -> Columns:
    """One row a record: texts, the first forename and surname, and numbers.

    age_years: age on London's day of recording (of the night, where the source gives no date), whole on birthdays, negative before
    birth; age_low, age_high as stated; recorded_days_ago: London's days from recorded_at to the
    night's, 0 on that day, negative in the future.
    """
    columns: Columns = {name: std_records.column(name) for name in RECORD_TEXT if is_wanted(name)}
    columns |= {name: _first(std_records.column(name)) for name in ("forename", "surname", "alias") if is_wanted(name)}
    stated = filter(is_wanted, ("age_low", "age_high"))  # as text, too, the same whether another row has none or not
    columns |= {name: std_records.column(name).cast(pa.float64()) for name in stated}
    if is_wanted(AGE):
        recorded = calendar_days(std_records.column("recorded_at").cast(LONDON_TIME)).to_pandas().astype(float)
        born = calendar_days(std_records.column("date_of_birth")).to_pandas().astype(float)
        columns[AGE] = (recorded.fillna(as_of.year * YEAR + as_of.month * MONTH + as_of.day) - born) / YEAR
    if is_wanted("recorded_days_ago"):
        columns["recorded_days_ago"] = _days_ago(std_records.column("recorded_at"), as_of)
    return columns


def event_view(events: pa.Table, as_of: dt.date, is_wanted: Callable[[str], bool] = lambda _: True) -> Columns:
    """One row an event: texts and numbers.

    started_days_ago: London's days from started_at to the night's, 0 on that day, negative in the future; duration_hours: negative
    where it ends before it starts.
    """
    columns: Columns = {name: events.column(name) for name in EVENT_TEXT if is_wanted(name)}
    if is_wanted("started_days_ago"):
        columns["started_days_ago"] = _days_ago(events.column("started_at"), as_of)
    if is_wanted("duration_hours"):
        start, end = (events.column(name).cast(pa.int64()).to_pandas() for name in ("started_at", "ended_at"))
        columns["duration_hours"] = (end - start) / 3_600_000_000
    return columns


def _numbered(column: pa.ChunkedArray | pd.Series) -> pa.ChunkedArray | pd.Series:
    """The same number for the same text, null for null."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return pa.chunked_array([column.combine_chunks().dictionary_encode().indices])


def _first(column: pa.ChunkedArray) -> pa.ChunkedArray:
    lengths = pc.fill_null(pc.list_value_length(column), 0)
    filled = pc.if_else(pc.greater(lengths, 0), column, pa.scalar([None], column.type))
    return pc.list_element(filled, 0)


def _days_ago(column: pa.ChunkedArray, as_of: dt.date) -> pd.Series:
    """London's days from each moment to the night: 0 on the night's own, 1 on the day before."""
    days = column.cast(LONDON_TIME).cast(pa.date32()).cast(pa.int32()).to_pandas().astype(float)
    return (as_of - EPOCH).days - days


RECORD_VIEW = View(
    "std_records",
    (*RECORD_TEXT, "forename", "surname", "alias", "age_low", "age_high", AGE, "recorded_days_ago"),
    record_view,
)
EVENT_VIEW = View("events", (*EVENT_TEXT, "started_days_ago", "duration_hours"), event_view)
