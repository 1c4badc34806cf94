"""Ids by which the records of several files are told apart."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.errors import SettingsError, SourceError
from schemas.fields import IGNORE, field_options


def check_once(files: Sequence[Path]) -> None:
    """Refuse a file that is given twice, under one name or two.

    Raises:
        SettingsError: If there is one.
    """
    first: dict[Path, Path] = {}
    for path in files:
        place = path.resolve()
        if other := first.get(place):
            problem = "is given twice." if str(other) == str(path) else f"is the same file as {other}."
            raise SettingsError(str(path), problem, "Name each file once; one file alone is linked with itself.")
        first[place] = path


def titles_of(files: Sequence[Path]) -> list[str]:
    """What each file is called, and no other: its name without the ending, of namesakes with the file's number."""
    stems = [path.stem.strip() for path in files]
    times, taken = Counter(stems), set(stems)
    titles = []
    for number, stem in enumerate(stems, 1):
        numbered = (f"{stem}-{n}" for n in itertools.count(number))
        title = stem if times[stem] == 1 else next(name for name in numbered if name not in taken)
        taken.add(title)
        titles.append(title)
    return titles


def with_unique_ids(
    files: Sequence[Path], titles: Sequence[str], parts: Sequence[pa.Table], id_columns: Sequence[str | None]
) -> list[pa.Table]:
    """Each file's records with unique ids: their own or row numbers, behind the file's title where files share ids.

    Args:
        files: their paths.
        titles: what each is called.
        parts: their records.
        id_columns: what each calls the column of its ids; None where it has none.

    Raises:
        SourceError: If a file names a record twice, or leaves a record without an id.
    """
    named = [_named(part) for part in parts]
    for path, part, column in zip(files, named, id_columns, strict=True):
        if column is not None:
            _check_ids(path, column, part.column("record_id"))
    ids = pa.chunked_array([chunk for part in named for chunk in part.column("record_id").chunks], pa.string())
    if pc.count_distinct(ids).as_py() == len(ids):
        return named
    return [  # no title has a slash, so what stands before the first one is the title
        _with_ids(part, pc.binary_join_element_wise(title, part.column("record_id"), "/"))
        for title, part in zip(titles, named, strict=True)
    ]


def _named(part: pa.Table) -> pa.Table:
    """With ids, without the blanks around them."""
    has_ids = "record_id" in part.column_names
    ids = pc.utf8_trim_whitespace(part.column("record_id")) if has_ids else _row_numbers(len(part))
    return _with_ids(part, ids)


def _with_ids(part: pa.Table, ids: pa.ChunkedArray | pa.Array) -> pa.Table:
    if "record_id" not in part.column_names:
        return part.append_column("record_id", ids)
    return part.set_column(part.column_names.index("record_id"), "record_id", ids)


def _row_numbers(rows: int) -> pa.Array:
    return pa.array(np.arange(1, rows + 1)).cast(pa.string())


def _check_ids(path: Path, column: str, written: pa.ChunkedArray) -> None:
    ids = pc.if_else(pc.equal(written, ""), None, written)
    leave_out = field_options({column: IGNORE})[0]
    if ids.null_count:
        row = pc.index(pc.is_null(ids), True).as_py() + 1
        raise SourceError(
            "no_record_id",
            f"{path}, record {row:,}",
            f"has no record id in column {column}.",
            f"Give every record an id, or leave the column out with {leave_out}: then rows are numbered.",
        )
    ordered = ids.take(pc.sort_indices(ids))
    is_repeat = pc.equal(ordered.slice(1), ordered.slice(0, max(len(ids) - 1, 0)))
    if pc.any(is_repeat).as_py():
        first = ordered.slice(1).filter(is_repeat)[0]
        n_repeated = pc.count_distinct(ordered.slice(1).filter(is_repeat)).as_py()
        rows = np.flatnonzero(pc.equal(ids, first).to_numpy())[:2] + 1
        more = n_repeated - 1
        others = f", and {more:,} more {'id is' if more == 1 else 'ids are'} shared" if more else ""
        place = f"{path}, column {column}"
        problem = f"record ids must be unique, but records {rows[0]:,} and {rows[1]:,} share one{others}."
        advice = f"Choose another column as record_id, or leave it out with {leave_out}: then rows are numbered."
        raise SourceError("record_id_twice", place, problem, advice)
