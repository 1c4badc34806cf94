"""The exports of a source as they come to validation: their records one after the other, read as far as they are looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

RECORD_ID = "record_id"


class Reader(Protocol):
    """Reads a table, or some of its columns."""

    def __call__(self, columns: Sequence[str] | None = None, /) -> pa.Table:
        """The rows."""


@dataclass(frozen=True, slots=True)
class EarlierOutcomes:
    """What is known of a feed's rows from the export before."""

    is_unchanged: NDArray[np.bool_]
    """(records,) whether its row is as it was"""
    failed: pa.Table
    """Contract ``failed_rows`` of the export before"""


@dataclass(frozen=True, slots=True)
class Export:
    """One feed's export as it comes to validation."""

    feed_id: str
    std_records: Reader
    events: Reader
    raw_records: Reader
    """Only asked where a row is rejected"""
    rows_read: int
    rows_rejected: int
    """Rows that reading and standardising have sent to quarantine"""
    last_good_rows: int | None
    """Records of the last good export; None where there is none"""
    earlier: EarlierOutcomes | None = None
    """What is known of its rows from the export before"""
    notices: Sequence[tuple[str, int]] = ()
    """What reading says of rows that it read nevertheless, and of how many"""
    losses: Sequence[tuple[str, str]] = ()
    """Code and reason of what is gone that its last good export had"""


@dataclass(frozen=True)
class Records:
    """The records of all exports of a source, one after the other; a record's place among them is its number."""

    exports: Sequence[Export]

    @cached_property
    def _keys(self) -> list[pa.Table]:
        return [export.std_records([RECORD_ID, "recorded_at"]) for export in self.exports]

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """(exports + 1,) place of each export's first record, and how many there are."""
        return np.concatenate([[0], np.cumsum([len(keys) for keys in self._keys])]).astype(np.int64)

    @cached_property
    def ids(self) -> pa.Array:
        """(records,)."""
        return pa.concat_tables(self._keys).column(RECORD_ID).combine_chunks()

    @cached_property
    def is_undated(self) -> NDArray[np.bool_]:
        """(records,) whether it has no day of recording."""
        is_undated: NDArray[np.bool_] = pa.concat_tables(self._keys).column("recorded_at").is_null().to_numpy()
        return is_undated

    @cached_property
    def is_unchanged(self) -> NDArray[np.bool_]:
        """(records,) whether its row is as it was in the export before."""
        sizes = np.diff(self.first)
        return np.concatenate(
            [
                export.earlier.is_unchanged if export.earlier else np.zeros(size, bool)
                for export, size in zip(self.exports, sizes, strict=True)
            ]
        )

    def newest(self, number: int) -> dt.datetime | None:
        """When the newest record of an export was recorded."""
        newest: dt.datetime | None = pc.max(self._keys[number].column("recorded_at")).as_py()
        return newest

    def among(self, ids: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
        """(records,) whether it is one of some."""
        if not len(ids):
            return np.zeros(len(self.ids), bool)
        is_among: NDArray[np.bool_] = pc.is_in(self.ids, ids).to_numpy(zero_copy_only=False)
        return is_among

    def places(self, ids: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
        """(ids,) place of each record, -1 of one that is not there."""
        present = np.flatnonzero(self.among(ids))
        position = pc.index_in(ids, self.ids.take(pa.array(present))).fill_null(-1).to_numpy(zero_copy_only=False)
        return np.append(present, -1)[position]

    def rows(self, table: str, is_looked_at: NDArray[np.bool_], columns: Sequence[str] | None) -> pa.Table:
        """Rows of ``std_records`` or ``events`` that are of some records, at least one, in order; nothing is read of an export with none of them."""
        parts: list[pa.Table] = []
        for number, export in enumerate(self.exports):
            of_export = slice(*self.first[number : number + 2])
            if not is_looked_at[of_export].any():
                continue
            part = getattr(export, table)(columns)
            if not is_looked_at[of_export].all():
                wanted = pa.array(is_looked_at[of_export])
                is_of_records = table == "std_records"  # whose rows are the records
                part = part.filter(
                    wanted if is_of_records else pc.is_in(part.column(RECORD_ID), self.ids[of_export].filter(wanted))
                )
            parts.append(part)
        return pa.concat_tables(parts)
