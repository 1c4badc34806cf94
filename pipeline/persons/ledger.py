"""The ledger of persons: a span for each time in which an id stood with the same records, and what ended it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.errors import SettingsError
from pipeline.core.parquet import conform
from pipeline.core.run_ids import run_order
from pipeline.persons.again import replace_persons
from pipeline.persons.causes import Cause
from pipeline.persons.departures import departures
from pipeline.persons.successors import NOTHING_NEW, Successors
from schemas.tables import IDENTITY_LEDGER


@dataclass(frozen=True, slots=True)
class Spans:
    """The ledger as it was, and the spans of persons to whom something happened."""

    before: pa.Table
    touched: pa.Array
    touched_spans: pa.Table
    """All spans of touched persons, in the order of the key"""

    def parts(self) -> Iterator[pa.Table]:
        """The whole ledger, in the order of the key."""
        return replace_persons([self.before], self.touched, self.touched_spans)

    def merged(self) -> pa.Table:
        """Spans that ended in another person."""
        spans_before, touched_spans = (
            table.filter(pc.is_valid(table.column("merged_into"))) for table in (self.before, self.touched_spans)
        )
        return pa.concat_tables(
            [spans_before.filter(pc.invert(pc.is_in(spans_before.column("person_id"), self.touched))), touched_spans]
        )


def empty_ledger() -> pa.Table:
    """The ledger before the first night."""
    return IDENTITY_LEDGER.arrow_schema().empty_table()


def ledger_of(published: pa.Table) -> pa.Table:
    """A published ledger in tonight's form: a column that an older version did not write is null."""
    return conform(published, IDENTITY_LEDGER)


def check_order(ledger: pa.Table, run_id: str) -> None:
    """Check that the run is later than every run in the ledger.

    Raises:
        SettingsError: If it does not.
    """
    runs = pc.unique(pa.concat_arrays([ledger.column(n).combine_chunks() for n in ("valid_from", "valid_to")]))
    latest = max((run for run in runs.to_pylist() if run), key=run_order, default="")
    if latest and run_order(latest) >= run_order(run_id):
        raise SettingsError(
            f"run {run_id}",
            f"is not later than {latest}, which the ledger of persons already has.",
            "Give a later date (--as-of, or as_of in the run file), or go back first: `boroughlink runs rollback RUN`.",
        )


def span_of(
    person: str, run_id: str, records: tuple[str, ...], cause: Cause, split_from: str | None = None
) -> dict[str, Any]:
    """A span that begins."""
    return {
        "person_id": person,
        "valid_from": run_id,
        "valid_to": None,
        "merged_into": None,
        "split_from": split_from,
        "cause": cause.word,
        "ended_by": None,
        "record_ids": records,
        "records_given_away": None,
        "records_withdrawn": None,
    }


def update_ledger(
    ledger: pa.Table,
    closing: Mapping[str, tuple[str | None, Cause]],
    beginning: list[dict[str, Any]],
    run_id: str,
    known_by: Successors = NOTHING_NEW,
) -> Spans:
    """End the spans of changed persons and begin new ones; all others are carried over as they are.

    Only where a record returned as somebody else, the span that it left is told so: nothing that the id once meant leads there.

    Args:
        ledger: as it was.
        closing: person whose span ends, to who takes it over and why.
        beginning: rows of ``span_of``.
        run_id: tonight's run.
        known_by: records that speak of somebody else from tonight on, and records that are gone.
    """
    schema = IDENTITY_LEDGER.arrow_schema()
    is_ending = pc.and_(
        pc.is_null(ledger.column("valid_to")), pc.is_in(ledger.column("person_id"), pa.array(closing, pa.string()))
    )
    ended = ledger.filter(is_ending).to_pylist()
    for span in ended:
        taker, cause = closing[span["person_id"]]
        given_away = [record for record in span["record_ids"] if record in known_by.replaced] or None
        withdrawn = [
            {"record_id": record, "who": known_by.left[record]}
            for record in span["record_ids"]
            if record in known_by.left
        ]
        span.update(valid_to=run_id, merged_into=taker, ended_by=cause.word, records_given_away=given_away)
        span.update(records_withdrawn=withdrawn or None)
    is_left, left_spans = _spans_left(ledger, known_by.replaced)
    rows = pa.Table.from_pylist([*ended, *left_spans, *beginning], schema)
    touched = pc.unique(rows.column("person_id").combine_chunks())
    staying = pc.and_(pc.is_in(ledger.column("person_id"), touched), pc.invert(pc.or_(is_ending, is_left)))
    touched_spans = pa.concat_tables([ledger.filter(staying), rows]).sort_by(
        [(name, "ascending") for name in IDENTITY_LEDGER.key]
    )
    return Spans(ledger, touched, touched_spans)


def _spans_left(ledger: pa.Table, replaced: Iterable[str]) -> tuple[pa.Array, list[dict[str, Any]]]:
    """Whether each span is one that a replaced record had left by being withdrawn, and those spans, told that it is given away."""
    row_of = {record: left.row for record, left in departures(ledger, pa.array(sorted(replaced), pa.string())).items()}
    rows = sorted(set(row_of.values()))
    is_left = np.zeros(len(ledger), np.bool_)
    is_left[rows] = True
    spans = ledger.take(pa.array(rows, pa.int64())).to_pylist()
    for row, span in zip(rows, spans, strict=True):
        given_away = {record for record, row_left in row_of.items() if row_left == row}
        span["records_given_away"] = sorted(given_away.union(span["records_given_away"] or ()))
    return pa.array(is_left), spans
