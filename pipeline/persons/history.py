"""The history of a person_id or a record in the ledger: spans, merges and splits, with runs, dates and causes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.run_ids import run_order
from pipeline.persons.lineage import Span, kept_records, resolve, spans_of, spans_where

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
class Onward:
    """Where records of a person that was merged away went from there, when others parted them again or took them over."""

    from_run: str
    from_date: str
    to_run: str | None
    to_date: str | None
    person_id: str
    """Whose they are from then on"""
    came_from: tuple[str, ...]
    """Whose they were until then"""
    cause: str
    record_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonHistory:
    """What became of one person_id."""

    person_id: str
    state: State
    present: tuple[str, ...]
    """Whom the id stands for today"""
    chapters: tuple[Chapter, ...]
    onward: tuple[Onward, ...]
    """After the id had ended: what led its last records from the person that took them over to those who have them today"""


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
    onward = _onward(ledger, spans) if state == "merged" else ()
    return PersonHistory(person_id, state, resolve(ledger, person_id), tuple(chapters), onward)


def record_history(ledger: pa.Table, record_id: str) -> tuple[RecordStay, ...]:
    """The persons that a record was of, in time; a stay goes on while the person's id stays the same."""
    stays: list[RecordStay] = []
    for span in _spans_with(ledger, [record_id]):
        begun = (span.valid_from, span.valid_from[:DAY])
        if stays and stays[-1].person_id == span.person_id and stays[-1].to_run == span.valid_from:
            begun = (stays[-1].from_run, stays[-1].from_date)
            stays.pop()
        stays.append(RecordStay(span.person_id, *begun, span.valid_to, _day(span.valid_to)))
    return tuple(stays)


def _spans_with(ledger: pa.Table, record_ids: Sequence[str]) -> list[Span]:
    """Spans that hold any of the records, in time."""
    held = ledger.column("record_ids").combine_chunks()
    is_wanted = pc.is_in(held.flatten(), pa.array(record_ids, pa.string()))
    rows = np.unique(pc.list_parent_indices(held).filter(is_wanted).to_numpy())
    return sorted(spans_of(ledger.take(pa.array(rows))), key=lambda span: run_order(span.valid_from))


def _onward(ledger: pa.Table, spans: Sequence[Span]) -> tuple[Onward, ...]:
    """Where the last records of a person that was merged away went from the one that took them over."""
    ended, last = spans[-1], next((span for span in reversed(spans) if span.record_ids), spans[-1])
    records = kept_records(ledger, last)
    later = [
        span
        for span in _spans_with(ledger, sorted(records))
        if run_order(span.valid_from) >= run_order(ended.valid_to or "")
    ]
    owner = dict.fromkeys(records, ended.merged_into or "")
    onward = []
    for span in later:
        arrived = sorted(record for record in records.intersection(span.record_ids) if owner[record] != span.person_id)
        if arrived:
            came_from = tuple(sorted({owner[record] for record in arrived}))
            until = _until(span.person_id, arrived, later)
            begun = (span.valid_from, span.valid_from[:DAY])
            onward.append(Onward(*begun, until, _day(until), span.person_id, came_from, span.cause, tuple(arrived)))
            owner |= dict.fromkeys(arrived, span.person_id)
    return tuple(onward)


def _until(person_id: str, records: Sequence[str], spans: Sequence[Span]) -> str | None:
    """Until when a person has any of the records; None: to this day."""
    ends = [
        span.valid_to for span in spans if span.person_id == person_id and set(records).intersection(span.record_ids)
    ]
    closed = [end for end in ends if end is not None]
    return max(closed, key=run_order) if len(closed) == len(ends) else None


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
