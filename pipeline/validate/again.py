"""Outcomes of rows that say what they said in the export before: taken over where they can hang on nothing else.

An expectation is lasting where it looks at each row by itself, at a column that does not count days from the night, and with
no parameter of the night. All others are evaluated on every row each night.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.validate.suites import Outcome, Suites
from pipeline.validate.views import View
from schemas.tables import FAILED_ROWS


@dataclass(frozen=True, slots=True)
class Again:
    """What is known of a feed's rows from the export before."""

    is_known: NDArray[np.bool_]
    """(records,) whether its row says what it said"""
    failed: pa.Table
    """Contract ``failed_rows`` of the export before"""


def outcomes_of(
    suites: Suites,
    name: str,
    view: View,
    record_ids: pa.Array,
    parameters: Mapping[str, object],
    is_known: NDArray[np.bool_],
    failed: pa.Table,
) -> list[Outcome]:
    """Outcomes of a suite on all rows, in its order.

    Args:
        suites: all of them.
        name: the suite.
        view: makes its frame of some rows.
        record_ids: (rows,) the record of each row.
        parameters: of the night.
        is_known: (rows,) whether the row says what it said in the export before.
        failed: contract ``failed_rows`` of the exports before.
    """
    if not len(record_ids):
        return []
    lasting = suites.lasting(name)
    if not is_known.any():
        return suites.run(name, view.frame(), parameters)
    fresh = np.flatnonzero(~is_known)
    some, every = np.flatnonzero(lasting), np.flatnonzero(~lasting)
    found = dict(zip(every.tolist(), suites.run(name, view.frame(None, suites.wanted(name, every)), parameters, every), strict=True))  # fmt: skip
    of_fresh = suites.run(name, view.frame(fresh), parameters, some) if len(fresh) else suites.unfailing(name, some)
    failed = failed.filter(pc.equal(failed.column("suite"), name))
    place = failed.column("place").to_numpy()
    ids = failed.column("record_id").combine_chunks()
    there = np.flatnonzero(is_known & pc.is_in(record_ids, ids).to_numpy(zero_copy_only=False))
    at_there = pc.index_in(ids, record_ids.take(pa.array(there))).fill_null(-1).to_numpy(zero_copy_only=False)
    row = np.append(there, -1)[at_there]
    for at, outcome in zip(some.tolist(), of_fresh, strict=True):
        kept = row[(place == at) & (row >= 0)]
        found[at] = replace(outcome, failing=np.union1d(fresh[outcome.failing], kept).astype(np.int64))
    return [found[at] for at in range(len(lasting))]


def failed_rows(
    outcomes: Mapping[str, Sequence[Outcome]], suites: Suites, record_ids: Mapping[str, pa.Array]
) -> pa.Table:
    """Contract ``failed_rows`` of all rows: what the next night may take over.

    Args:
        outcomes: of each suite, in its order.
        suites: all of them.
        record_ids: (rows,) the record of each row that a suite saw.
    """
    parts = [FAILED_ROWS.arrow_schema().empty_table()]
    for name, found in outcomes.items():
        for at in np.flatnonzero(suites.lasting(name)) if found else ():
            ids = record_ids[name].take(pa.array(found[int(at)].failing))
            columns = [ids, pa.array([name] * len(ids), pa.string()), pa.array([int(at)] * len(ids), pa.int32())]
            parts.append(pa.table(columns, schema=FAILED_ROWS.arrow_schema()))
    return pa.concat_tables(parts).combine_chunks()
