"""Persons of whom nothing changed are those of the last publication; the others are made anew.

A person is made of its records, their events, the confidence of its cluster and its open questions. Where all of these are as
they were, and the rules are, so is the person: taking it over gives what making it anew would give.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.parquet import read_parts

ROWS_A_PIECE = 64
OF_A_PERSON = ("person_id", "cluster_confidence", "n_open_questions")
"""Columns of ``persons`` by which it is told who is to be made anew, besides the records"""


@dataclass(frozen=True, slots=True)
class PersonsBefore:
    """Tables of the publication that tonight goes on from; made by the rules of tonight."""

    records: pa.Table
    """record_id, cluster_id, person_id, and what ``content`` tells, in the order of their ids"""
    persons: pa.Table
    """Columns ``OF_A_PERSON``, in the order of their ids"""
    golden: Path
    """The file of all their columns"""
    person_fields: FieldsSince


@dataclass(frozen=True, slots=True)
class FieldsSince:
    """The table ``person_fields``, by far the longest: a file of one night, and what takes the place of some of its rows since.

    So the file can go from night to night as it is, while few persons change.
    """

    path: Path
    """Rows in the order of the key"""
    touched: pa.Array
    """Persons whose rows in the file do not count"""
    made: pa.Table
    """Rows that these persons have"""

    def going_on(self, touched: pa.Array, made: pa.Table) -> FieldsSince:
        """The table a night later, which made some persons anew."""
        rows = pa.concat_tables(taken_over([self.made], touched, made)).combine_chunks()
        return FieldsSince(self.path, pc.unique(pa.concat_arrays([self.touched, touched])), rows)

    @property
    def n_rows(self) -> int:
        """How many rows there are; the person of each is read for it."""
        return sum(map(len, self.parts(["person_id"])))

    def parts(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """All rows in the order of the key, some at a time; columns with the person's first, or all."""
        made = self.made.select(list(columns)) if columns else self.made
        return taken_over(read_parts(self.path, columns), self.touched, made)


def of_persons(table: pa.Table, persons: pa.Array) -> pa.Table:
    """Rows of these persons."""
    return table.filter(pc.is_in(table.column("person_id"), persons))


def taken_over(then: Iterable[pa.Table], touched: pa.Array, made: pa.Table) -> Iterator[pa.Table]:
    """A table whose key begins with the person, in parts: rows of touched persons made anew, all others as they were.

    Args:
        then: parts of the table before, one after the other in the order of the key.
        touched: persons whose rows before do not count.
        made: rows of touched persons, in the order of the key.

    Cost: a few steps for each touched person; rows that stay together are one piece of the table, where pieces are worth it.
    """
    gone = np.sort(np.asarray(touched.to_pylist(), object))
    own = _Runs(made)
    done = 0  # touched persons who came already
    for part in then:
        runs = _Runs(part.cast(made.schema))
        if not len(part):
            continue
        if done and gone[done - 1] == runs.ids[0]:  # the rows of one who began in the part before
            runs = _Runs(runs.table.slice(runs.bounds[1]))
        upto = int(np.searchsorted(gone, part.column("person_id")[-1].as_py(), "right"))
        yield _merged(runs, own, gone[done:upto])
        done = upto
    yield _merged(_Runs(made.slice(0, 0)), own, gone[done:])


def _merged(then: _Runs, made: _Runs, touched: np.ndarray) -> pa.Table:
    """Rows before, with those of touched persons replaced; of ``made`` only theirs are taken."""
    (begin, end), (new, new_end) = then.rows_of(touched), made.rows_of(touched)
    if len(touched) * ROWS_A_PIECE > len(then.table):
        return _picked(then.table, (begin, end), made.table, (new, new_end))
    if len(touched):  # persons between whom no other one stands are replaced together
        is_apart = begin[1:] != end[:-1]
        begin, new = (np.append(rows[:1], rows[1:][is_apart]) for rows in (begin, new))
        end, new_end = (np.append(rows[:-1][is_apart], rows[-1:]) for rows in (end, new_end))
    pieces, at = [], 0
    for first, last, own, own_last in zip(*(rows.tolist() for rows in (begin, end, new, new_end)), strict=True):
        pieces += [then.table.slice(at, first - at), made.table.slice(own, own_last - own)]
        at = last
    pieces.append(then.table.slice(at))
    return pa.concat_tables(pieces)


def _picked(
    then: pa.Table, gone: tuple[np.ndarray, np.ndarray], made: pa.Table, given: tuple[np.ndarray, np.ndarray]
) -> pa.Table:
    """The same row by row: pieces of few rows would cost more than a copy of all."""
    change = np.zeros(len(then) + 1, np.int64)
    for rows, step in zip(gone, (1, -1), strict=True):
        np.add.at(change, rows, step)
    kept = np.flatnonzero(change[:-1].cumsum() == 0)
    new = np.arange(given[0][0], given[1][-1]) if len(given[0]) else np.empty(0, np.int64)
    place = np.searchsorted(kept, np.repeat(gone[0], given[1] - given[0]))
    rows = pa.array(np.insert(kept, place, len(then) + new))
    return pa.concat_tables([then, made]).combine_chunks().take(rows)


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
        """Where the rows of each person begin and end; where they would stand, for one that has none."""
        first, last = (np.searchsorted(self.ids, persons, side) for side in ("left", "right"))
        return self.bounds[first], self.bounds[last]
