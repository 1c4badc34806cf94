"""Outcomes of unchanged rows, reused from the export before where they depend on nothing but the row.

Only records that are looked at go to Great Expectations: new and changed ones, and known ones whose outcome may be another tonight,
because it depends on the day or on other rows (``Suites.depends_on``). Expectations that depend on anything see every row each night.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.validate.exports import RECORD_ID, Records
from pipeline.validate.suites import NIGHT, Outcome, Suites
from pipeline.validate.views import EVENT_VIEW, RECORD_VIEW, View
from schemas.tables import FAILED_ROWS

EVENTS = "events"
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SourceNight:
    """What all suites of a source share."""

    suites: Suites
    records: Records
    as_of: dt.date
    failed: pa.Table
    """Contract ``failed_rows`` of the exports before"""


def outcomes_of(night: SourceNight, name: str) -> list[Outcome]:
    """Outcomes of a suite in its order; what fails are places of records."""
    records = night.records
    if not len(records.ids):
        return []
    depends_on = night.suites.depends_on(name)
    places = list(range(len(depends_on)))
    if not records.is_unchanged.any():
        return _outcomes(night, name, places, np.ones(len(records.ids), bool))
    earlier_failing = _earlier_failing(night, name)
    is_looked_at = _records_to_look_at(night, name, earlier_failing)
    lasting = [place for place in places if depends_on[place] != NIGHT]
    nightly = [place for place in places if depends_on[place] == NIGHT]
    outcome_at = dict(zip(nightly, _outcomes(night, name, nightly, np.ones(len(is_looked_at), bool)), strict=True))
    for place, outcome in zip(lasting, _outcomes(night, name, lasting, is_looked_at), strict=True):
        still_failing = earlier_failing.get(place, np.zeros(0, np.int64))
        outcome_at[place] = replace(
            outcome, failing=np.union1d(outcome.failing, still_failing[~is_looked_at[still_failing]])
        )
    return [outcome_at[place] for place in places]


def _outcomes(night: SourceNight, name: str, places: Sequence[int], is_looked_at: NDArray[np.bool_]) -> list[Outcome]:
    """Outcomes of some expectations of a suite on the records that are looked at."""
    if not places or not is_looked_at.any():
        return night.suites.unfailing(name, places)
    view, wanted = _view(name), night.suites.wanted(name, places)
    rows = night.records.rows(view.table, is_looked_at, view.columns(wanted))
    frame, has_unchanged = view.frame(rows, night.as_of, wanted), bool(night.records.is_unchanged.any())
    outcomes = night.suites.run(name, frame, {"as_of_year": night.as_of.year}, places, with_glance=has_unchanged)
    return [
        replace(outcome, failing=_of_records(night.records, rows, outcome.failing, view, is_looked_at))
        for outcome in outcomes
    ]


def _of_records(
    records: Records, rows: pa.Table, failing: Places, view: View, is_looked_at: NDArray[np.bool_]
) -> Places:
    """Places of the records that some rows belong to."""
    if view is RECORD_VIEW:
        return np.flatnonzero(is_looked_at)[failing]
    return np.unique(records.places(rows.column(RECORD_ID).take(pa.array(failing)).combine_chunks()))


def _earlier_failing(night: SourceNight, name: str) -> dict[int, Places]:
    """Known records that failed an expectation of the suite in the export before, by its place in the suite."""
    failed = night.failed.filter(pc.equal(night.failed.column("suite"), name))
    record, places = night.records.places(failed.column(RECORD_ID)), failed.column("place").to_numpy()
    is_known = np.append(night.records.is_unchanged, False)[record]
    return {int(place): np.unique(record[is_known & (places == place)]) for place in np.unique(places)}


def _records_to_look_at(night: SourceNight, name: str, earlier_failing: Mapping[int, Places]) -> NDArray[np.bool_]:
    """(records,) whether a suite's outcome on it may be another than in the export before, or was not known."""
    records = night.records
    is_looked_at = ~records.is_unchanged
    for place, (dependence, column) in enumerate(
        zip(night.suites.depends_on(name), night.suites.columns(name), strict=True)
    ):
        still_failing = earlier_failing.get(place, np.zeros(0, np.int64))
        if dependence == "undated":
            is_looked_at |= records.is_undated
        elif dependence == "later":
            is_looked_at[still_failing] = True
        elif dependence == "others" and column:
            seeds = ~records.is_unchanged
            seeds[still_failing] = True
            is_looked_at |= _alike(records, _view(name), column, seeds)
    return is_looked_at


def _alike(records: Records, view: View, column: str, seeds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(records,) whether it has a row that says in a column what a row of one of some records says."""
    if not seeds.any():
        return seeds
    if view is RECORD_VIEW and column == RECORD_ID:
        return records.among(records.ids.filter(pa.array(seeds)))
    rows = records.rows(view.table, np.ones(len(seeds), bool), sorted({RECORD_ID, column}))
    is_of_seeds = pc.is_in(rows.column(RECORD_ID), records.ids.filter(pa.array(seeds)))
    texts = rows.column(column).filter(is_of_seeds).drop_null().combine_chunks()
    return records.among(rows.column(RECORD_ID).filter(pc.is_in(rows.column(column), texts)).combine_chunks())


def _view(name: str) -> View:
    return EVENT_VIEW if name == EVENTS else RECORD_VIEW


def failed_rows(
    outcomes_of_suite: Mapping[str, Sequence[Outcome]], suites: Suites, records: Records, number: int
) -> pa.Table:
    """Contract ``failed_rows`` of an export: what the next night may take over."""
    first, end = records.first[number : number + 2]
    parts = [FAILED_ROWS.arrow_schema().empty_table()]
    for name, outcomes in outcomes_of_suite.items():
        for place, (outcome, dependence) in enumerate(zip(outcomes, suites.depends_on(name), strict=False)):
            failing = outcome.between(first, end)
            if dependence != NIGHT and len(failing):
                columns = [
                    records.ids.take(pa.array(failing)),
                    pa.repeat(name, len(failing)),
                    pa.repeat(pa.scalar(place, pa.int32()), len(failing)),
                ]
                parts.append(pa.table(columns, schema=FAILED_ROWS.arrow_schema()))
    return pa.concat_tables(parts).combine_chunks()
