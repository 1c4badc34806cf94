"""The history of a person_id or a record in the ledger: spans, merges and splits, with runs, dates and causes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.run_ids import run_order
from pipeline.persons.lineage import Span, resolve, spans_of, spans_where

DAY = 10
State = Literal["standing", "merged", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Chapter:
    """One span of a person, and what it brought."""

    from_run: str
    from_date: str
    to_run: str | None
    to_date: str | None
    cause: str
    ended_by: str | None
    merged_into: str | None
    split_from: str | None
    took_over: tuple[str, ...]
    """Persons that were merged into it when the span began"""
    parted: tuple[str, ...]
    """Persons that were split from it when the span began"""
    record_ids: tuple[str, ...]
    joined: tuple[str, ...]
    """Records that it did not have in the span before"""
    left: tuple[str, ...]
    """Records of the span before that it no longer has"""


@dataclass(frozen=True, slots=True)
class PersonHistory:
    """What became of one person_id."""

    person_id: str
    state: State
    present: tuple[str, ...]
    """Whom the id stands for today"""
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True, slots=True)
class RecordStay:
    """The person of a record from one run to another."""

    person_id: str
    from_run: str
    from_date: str
    to_run: str | None
    to_date: str | None


def person_history(ledger: pa.Table, person_id: str) -> PersonHistory | None:
    """The story of a person_id, old or new; None where the ledger does not know it."""
    spans = spans_where(ledger, "person_id", person_id)
    if not spans:
        return None
    mergers = spans_where(ledger, "merged_into", person_id)
    parts = spans_where(ledger, "split_from", person_id)
    chapters, before = [], frozenset[str]()
    for span in spans:
        took_over = {merger.person_id for merger in mergers if merger.valid_to == span.valid_from}
        split = {part.person_id for part in parts if part.valid_from == span.valid_from}
        chapters.append(_chapter(span, before, took_over, split))
        before = frozenset(span.record_ids)
    last = spans[-1]
    state: State = "standing" if last.valid_to is None else "merged" if last.merged_into else "withdrawn"
    return PersonHistory(person_id, state, resolve(ledger, person_id), tuple(chapters))


def record_history(ledger: pa.Table, record_id: str) -> tuple[RecordStay, ...]:
    """The persons that a record was of, in time; a stay goes on while the person's id stays the same."""
    held = ledger.column("record_ids").combine_chunks()
    rows = np.unique(pc.list_parent_indices(held).filter(pc.equal(held.flatten(), record_id)).to_numpy())
    stays: list[RecordStay] = []
    for span in sorted(spans_of(ledger.take(pa.array(rows))), key=lambda span: run_order(span.valid_from)):
        begun = (span.valid_from, span.valid_from[:DAY])
        if stays and stays[-1].person_id == span.person_id and stays[-1].to_run == span.valid_from:
            begun = (stays[-1].from_run, stays[-1].from_date)
            stays.pop()
        stays.append(RecordStay(span.person_id, *begun, span.valid_to, _day(span.valid_to)))
    return tuple(stays)


def _chapter(span: Span, before: frozenset[str], took_over: set[str], split: set[str]) -> Chapter:
    now = frozenset(span.record_ids)
    return Chapter(
        span.valid_from,
        span.valid_from[:DAY],
        span.valid_to,
        _day(span.valid_to),
        span.cause,
        span.ended_by,
        span.merged_into,
        span.split_from,
        tuple(sorted(took_over)),
        tuple(sorted(split)),
        span.record_ids,
        tuple(sorted(now - before)),
        tuple(sorted(before - now)),
    )


def _day(run_id: str | None) -> str | None:
    return run_id[:DAY] if run_id else None
