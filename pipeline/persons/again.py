"""Persons of whom nothing changed are taken from the last publication; the others are made anew.

A person is made of its records, their events, the confidence of its cluster and its open questions. Where all of these
are as they were, and the rules are, so is the person: taking it over gives what making it anew would give.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.parquet import count_rows, read_parts

ROWS_A_PIECE = 64
OF_A_PERSON = ("person_id", "cluster_confidence", "n_open_questions")
"""Columns of ``persons`` by which it is told who is to be made anew, besides the records"""


@dataclass(frozen=True, slots=True)
class PersonsBefore:
    """Tables of the publication that tonight goes on from, if they were made by tonight's rules."""

    records: pa.Table
    """record_id, cluster_id, person_id, and what ``content`` tells, in the order of their ids"""
    persons: pa.Table
    """Columns ``OF_A_PERSON``, in the order of their ids"""
    golden: Path
    """The file of all their columns"""
    person_fields: FieldsSince


@dataclass(frozen=True, slots=True)
class FieldsSince:
    """The table ``person_fields``, by far the longest: one night's file, and the rows that have replaced some of it since.

    So the file can go from night to night as it is, while few persons change.
    """

    path: Path
    """Rows in the order of the key"""
    touched: pa.Array
    """Persons whose rows in the file do not count"""
    new_rows: pa.Table
    """Rows that these persons have"""

    def next_night(self, touched: pa.Array, new_rows: pa.Table) -> FieldsSince:
        """The table a night later, which made some persons anew."""
        rows = pa.concat_tables(replace_persons([self.new_rows], touched, new_rows)).combine_chunks()
        return FieldsSince(self.path, pc.unique(pa.concat_arrays([self.touched, touched])), rows)

    @property
    def n_rows(self) -> int:
        """How many rows there are; reads the persons of all of them where some were replaced."""
        return count_rows(self.path) - self._n_replaced() + len(self.new_rows)

    def _n_replaced(self) -> int:
        if not len(self.touched):
            return 0
        parts = (part.column("person_id") for part in read_parts(self.path, ["person_id"]))
        return sum(pc.sum(pc.is_in(persons, self.touched)).as_py() or 0 for persons in parts)

    def parts(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """All rows in the order of the key, some at a time; columns with the person's first, or all."""
        new_rows = self.new_rows.select(list(columns)) if columns else self.new_rows
        return replace_persons(read_parts(self.path, columns), self.touched, new_rows)


def of_persons(table: pa.Table, persons: pa.Array) -> pa.Table:
    """Rows of these persons."""
    return table.filter(pc.is_in(table.column("person_id"), persons))


def replace_persons(parts_before: Iterable[pa.Table], touched: pa.Array, new_rows: pa.Table) -> Iterator[pa.Table]:
    """Replace the rows of touched persons in a table that is sorted by person and comes in parts.

    Args:
        parts_before: parts of the table before, one after the other in the order of the key.
        touched: persons whose rows before do not count.
        new_rows: rows of touched persons, in the order of the key.

    Cost: a few steps for each touched person; rows that stay together are one piece of the table, where pieces are
        worth it.
    """
    touched_ids = np.sort(np.asarray(touched.to_pylist(), object))
    new_runs = _Runs(new_rows)
    done = 0  # touched persons who came already
    for part in parts_before:
        runs = _Runs(part.cast(new_rows.schema))
        if not len(part):
            continue
        if done and touched_ids[done - 1] == runs.ids[0]:  # the rows of one who began in the part before
            runs = _Runs(runs.table.slice(runs.bounds[1]))
        upto = int(np.searchsorted(touched_ids, part.column("person_id")[-1].as_py(), "right"))
        yield _merged(runs, new_runs, touched_ids[done:upto])
        done = upto
    yield _merged(_Runs(new_rows.slice(0, 0)), new_runs, touched_ids[done:])


def _merged(runs_before: _Runs, new_runs: _Runs, touched: np.ndarray) -> pa.Table:
    """The rows before with those of touched persons replaced; nothing else of ``new_runs`` is used."""
    (begin, end), (new_begin, new_end) = runs_before.rows_of(touched), new_runs.rows_of(touched)
    if len(touched) * ROWS_A_PIECE > len(runs_before.table):
        return _merge_by_row(runs_before.table, (begin, end), new_runs.table, (new_begin, new_end))
    if len(touched):  # persons between whom no other one stands are replaced together
        is_apart = begin[1:] != end[:-1]
        begin, new_begin = (np.append(rows[:1], rows[1:][is_apart]) for rows in (begin, new_begin))
        end, new_end = (np.append(rows[:-1][is_apart], rows[-1:]) for rows in (end, new_end))
    pieces, position = [], 0
    for first, last, new_first, new_last in zip(
        *(rows.tolist() for rows in (begin, end, new_begin, new_end)), strict=True
    ):
        pieces += [
            runs_before.table.slice(position, first - position),
            new_runs.table.slice(new_first, new_last - new_first),
        ]
        position = last
    pieces.append(runs_before.table.slice(position))
    return pa.concat_tables(pieces)


def _merge_by_row(
    before: pa.Table,
    ranges_before: tuple[np.ndarray, np.ndarray],
    new_rows: pa.Table,
    ranges_new: tuple[np.ndarray, np.ndarray],
) -> pa.Table:
    """As ``_merged``, row by row: where pieces would be short, a copy of all rows costs less."""
    n_open = np.zeros(len(before) + 1, np.int64)
    for rows, step in zip(ranges_before, (1, -1), strict=True):
        np.add.at(n_open, rows, step)
    rows_kept = np.flatnonzero(n_open[:-1].cumsum() == 0)
    rows_added = np.arange(ranges_new[0][0], ranges_new[1][-1]) if len(ranges_new[0]) else np.empty(0, np.int64)
    place = np.searchsorted(rows_kept, np.repeat(ranges_before[0], ranges_new[1] - ranges_new[0]))
    rows = pa.array(np.insert(rows_kept, place, len(before) + rows_added))
    return pa.concat_tables([before, new_rows]).combine_chunks().take(rows)


class _Runs:
    """The persons of a table in which each one's rows stand together, in the order of their ids."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        ids = table.column("person_id").combine_chunks()
        begins = (
            np.flatnonzero(
                pc.not_equal(ids.slice(1), ids.slice(0, max(len(ids) - 1, 0))).to_numpy(zero_copy_only=False)
            )
            + 1
        )
        starts = np.concatenate([[0], begins]) if len(ids) else np.empty(0, int)
        self.ids = ids.take(pa.array(starts)).to_numpy(zero_copy_only=False)
        self.bounds = np.append(starts, len(ids))

    def rows_of(self, persons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the rows of each person begin and end; for a person without rows, where they would be."""
        first, last = (np.searchsorted(self.ids, persons, side) for side in ("left", "right"))
        return self.bounds[first], self.bounds[last]
