"""What changed tonight and why: the table ``link_changes``, made from the identities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.dataset as ds

from pipeline.core.parquet import conform
from pipeline.persons.causes import MODEL, STEWARD, Cause
from pipeline.persons.identity import Identities, PersonChange, RecordMove
from schemas.tables import LINK_CHANGES


@dataclass(frozen=True, slots=True)
class Blame:
    """The names of what is behind tonight's causes: decisions, models and feeds."""

    models: tuple[str, ...]
    """Model of last night, and tonight's."""
    decisions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Record to the stewards' decisions behind it"""
    feeds: Mapping[str, str] = field(default_factory=dict)
    """Record to the feed it came from"""

    def of(self, cause: Cause) -> list[str]:
        """Decisions, models or feeds behind the cause, sorted; nothing where other persons' data did it."""
        if cause.word == MODEL:
            return list(self.models)
        if cause.word == STEWARD:
            return sorted({decision for record in cause.record_ids for decision in self.decisions.get(record, ())})
        return sorted({self.feeds[record] for record in cause.record_ids if record in self.feeds})


def blamed_records(identities: Identities) -> pa.Array:
    """The records behind any of tonight's causes."""
    records = {record for change in identities.changes for record in change.cause.record_ids}
    return pa.array(sorted(records), pa.string())


def feeds_of(records: ds.Dataset, wanted: pa.Array) -> dict[str, str]:
    """The feed of each wanted record that the table has."""
    rows = records.to_table(["record_id", "feed_id"], filter=ds.field("record_id").isin(wanted))
    return dict(zip(*(column.to_pylist() for column in rows.columns), strict=True))


def link_changes(identities: Identities, blame: Blame, run_id: str) -> pa.Table:
    """One row a person that changed tonight, and one a record that went from one person to another."""
    rows = [_row(change, change.kind, None, blame, run_id) for change in identities.changes]
    rows += [_row(move, "record_moved", move.record_id, blame, run_id) for move in identities.moves]
    changes = conform(pa.Table.from_pylist(rows, LINK_CHANGES.arrow_schema()), LINK_CHANGES)
    return changes.sort_by([(name, "ascending") for name in LINK_CHANGES.key])


def _row(
    change: PersonChange | RecordMove, kind: str, record_id: str | None, blame: Blame, run_id: str
) -> dict[str, object]:
    return {
        "run_id": run_id,
        "kind": kind,
        "person_id_before": change.before,
        "person_id_after": change.after,
        "record_id": record_id,
        "cause": change.cause.word,
        "blamed_on": blame.of(change.cause),
        "n_records_before": change.n_before,
        "n_records_after": change.n_after,
    }
