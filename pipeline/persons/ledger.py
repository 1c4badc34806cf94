"""The ledger of persons: a span for each time in which an id stood with the same records, and what ended it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.errors import SettingsError
from pipeline.core.parquet import conform
from pipeline.core.run_ids import run_order
from pipeline.persons.again import replace_persons
from pipeline.persons.causes import Cause
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
    }


def update_ledger(
    ledger: pa.Table,
    closing: Mapping[str, tuple[str | None, Cause]],
    beginning: list[dict[str, Any]],
    run_id: str,
    replaced: Collection[str] = (),
) -> Spans:
    """End the spans of changed persons and begin new ones; all others are carried over as they are.

    Args:
        ledger: as it was.
        closing: person whose span ends, to who takes it over and why.
        beginning: rows of ``span_of``.
        run_id: tonight's run.
        replaced: records that speak of somebody else from tonight on.
    """
    schema = IDENTITY_LEDGER.arrow_schema()
    is_ending = pc.and_(
        pc.is_null(ledger.column("valid_to")), pc.is_in(ledger.column("person_id"), pa.array(closing, pa.string()))
    )
    ended = ledger.filter(is_ending).to_pylist()
    for span in ended:
        taker, cause = closing[span["person_id"]]
        given_away = [record for record in span["record_ids"] if record in replaced] or None
        span.update(valid_to=run_id, merged_into=taker, ended_by=cause.word, records_given_away=given_away)
    rows = pa.Table.from_pylist([*ended, *beginning], schema)
    touched = pc.unique(rows.column("person_id").combine_chunks())
    staying = pc.and_(pc.is_in(ledger.column("person_id"), touched), pc.invert(is_ending))
    touched_spans = pa.concat_tables([ledger.filter(staying), rows]).sort_by(
        [(name, "ascending") for name in IDENTITY_LEDGER.key]
    )
    return Spans(ledger, touched, touched_spans)
