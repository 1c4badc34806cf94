"""Outcomes of rows that say what they said in the export before: taken over where they can hang on nothing else.

Only records that are looked at go to Great Expectations: new and changed ones, and known ones whose outcome may be another tonight,
because it hangs on the day or on other rows (``Suites.hangs``). Expectations that hang on anything see every row each night.
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
class Night:
    """What all suites of a source share."""

    suites: Suites
    records: Records
    as_of: dt.date
    failed: pa.Table
    """Contract ``failed_rows`` of the exports before"""


def outcomes_of(night: Night, name: str) -> list[Outcome]:
    """Outcomes of a suite in its order; what fails are places of records."""
    records = night.records
    if not len(records.ids):
        return []
    hangs = night.suites.hangs(name)
    every = list(range(len(hangs)))
    if not records.is_known.any():
        return _asked(night, name, every, np.ones(len(records.ids), bool))
    kept = _kept(night, name)
    look = _looked_at(night, name, kept)
    lasting = [at for at in every if hangs[at] != NIGHT]
    nightly = [at for at in every if hangs[at] == NIGHT]
    found = dict(zip(nightly, _asked(night, name, nightly, np.ones(len(look), bool)), strict=True))
    for at, outcome in zip(lasting, _asked(night, name, lasting, look), strict=True):
        still = kept.get(at, np.zeros(0, np.int64))
        found[at] = replace(outcome, failing=np.union1d(outcome.failing, still[~look[still]]))
    return [found[at] for at in every]


def _asked(night: Night, name: str, places: Sequence[int], look: NDArray[np.bool_]) -> list[Outcome]:
    """Outcomes of some expectations of a suite on the records that are looked at."""
    if not places or not look.any():
        return night.suites.unfailing(name, places)
    view, wanted = _view(name), night.suites.wanted(name, places)
    rows = night.records.rows(view.table, look, view.columns(wanted))
    frame, is_again = view.frame(rows, night.as_of, wanted), bool(night.records.is_known.any())
    outcomes = night.suites.run(name, frame, {"as_of_year": night.as_of.year}, places, with_glance=is_again)
    return [replace(own, failing=_of_records(night.records, rows, own.failing, view, look)) for own in outcomes]


def _of_records(records: Records, rows: pa.Table, failing: Places, view: View, look: NDArray[np.bool_]) -> Places:
    """Places of the records that some rows belong to."""
    if view is RECORD_VIEW:
        return np.flatnonzero(look)[failing]
    return np.unique(records.places(rows.column(RECORD_ID).take(pa.array(failing)).combine_chunks()))


def _kept(night: Night, name: str) -> dict[int, Places]:
    """Known records that failed an expectation of the suite in the export before, by its place in the suite."""
    failed = night.failed.filter(pc.equal(night.failed.column("suite"), name))
    record, place = night.records.places(failed.column(RECORD_ID)), failed.column("place").to_numpy()
    is_known = np.append(night.records.is_known, False)[record]
    return {int(at): np.unique(record[is_known & (place == at)]) for at in np.unique(place)}


def _looked_at(night: Night, name: str, kept: Mapping[int, Places]) -> NDArray[np.bool_]:
    """(records,) whether a suite's outcome on it may be another than in the export before, or was not known."""
    records = night.records
    look = ~records.is_known
    for at, (why, column) in enumerate(zip(night.suites.hangs(name), night.suites.columns(name), strict=True)):
        still = kept.get(at, np.zeros(0, np.int64))
        if why == "undated":
            look |= records.is_undated
        elif why == "later":
            look[still] = True
        elif why == "others" and column:
            seeds = ~records.is_known
            seeds[still] = True
            look |= _alike(records, _view(name), column, seeds)
    return look


def _alike(records: Records, view: View, column: str, seeds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(records,) whether it has a row that says in a column what a row of one of some records says."""
    if not seeds.any():
        return seeds
    if view is RECORD_VIEW and column == RECORD_ID:
        return records.among(records.ids.filter(pa.array(seeds)))
    rows = records.rows(view.table, np.ones(len(seeds), bool), sorted({RECORD_ID, column}))
    own = pc.is_in(rows.column(RECORD_ID), records.ids.filter(pa.array(seeds)))
    said = rows.column(column).filter(own).drop_null().combine_chunks()
    return records.among(rows.column(RECORD_ID).filter(pc.is_in(rows.column(column), said)).combine_chunks())


def _view(name: str) -> View:
    return EVENT_VIEW if name == EVENTS else RECORD_VIEW


def failed_rows(found: Mapping[str, Sequence[Outcome]], suites: Suites, records: Records, at: int) -> pa.Table:
    """Contract ``failed_rows`` of an export: what the next night may take over."""
    first, end = records.first[at : at + 2]
    parts = [FAILED_ROWS.arrow_schema().empty_table()]
    for name, outcomes in found.items():
        for place, (outcome, why) in enumerate(zip(outcomes, suites.hangs(name), strict=False)):
            own = outcome.between(first, end)
            if why != NIGHT and len(own):
                columns = [
                    records.ids.take(pa.array(own)),
                    pa.repeat(name, len(own)),
                    pa.repeat(pa.scalar(place, pa.int32()), len(own)),
                ]
                parts.append(pa.table(columns, schema=FAILED_ROWS.arrow_schema()))
    return pa.concat_tables(parts).combine_chunks()
