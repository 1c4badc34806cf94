"""Many records, one column each: what differs from what most of them have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.review.cases.compare import FIELDS, UNMARKED, text_of
from pipeline.review.cases.marks import Parts, marked_parts


@dataclass(frozen=True, slots=True)
class RecordsRow:
    """One field of many records."""

    field: str
    cells: tuple[Parts | None, ...]
    """One a record, marked where it differs from what most of them have; None: masked"""
    n_values: int
    """Different values, where all should have the same"""


def records_rows(records: Sequence[Mapping[str, Any]]) -> list[RecordsRow]:
    """Every field that a record has, over all of them.

    Args:
        records: as their viewer may see them.
    """
    rows = []
    for field in (*FIELDS, "role"):
        texts = [None if row["is_masked"] else text_of(row, field) for row in records]
        counts = Counter(text for text in texts if text)
        if not counts:
            continue
        usual = counts.most_common(1)[0][0]
        is_marked = field not in UNMARKED
        cells = (None if text is None else marked_parts(text, usual if is_marked else text, field)[0] for text in texts)
        rows.append(RecordsRow(field, tuple(cells), len(counts) if is_marked else 1))
    return rows
