"""Files whose columns are called otherwise, brought to one set of columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.errors import SourceError
from pipeline.standardise.date_order import LIST
from schemas.fields import ColumnUse

TEXT = pa.string()
NO_SOURCE = "no source"


def common_uses(files: Sequence[Path], uses_of_files: Sequence[Sequence[ColumnUse]]) -> list[ColumnUse]:
    """The columns of all files together: those of the first, and what a field has more of in another file.

    Raises:
        SourceError: If a file fills other fields than the first; a record id may be missing.
    """
    uses = list(uses_of_files[0])
    for path, other_uses in zip(files[1:], uses_of_files[1:], strict=True):
        _check_same(files[0], uses_of_files[0], path, other_uses)
        _check_same(path, other_uses, files[0], uses_of_files[0])
        places = dict(_places(uses))
        uses += [use for place, use in _places(other_uses) if place not in places]
    return uses


def _check_same(path: Path, uses: Sequence[ColumnUse], other: Path, other_uses: Sequence[ColumnUse]) -> None:
    if lacking := sorted(set(_filled(other_uses)) - set(_filled(uses))):
        problem = f"has no column for {', '.join(lacking)}, which {other.name} has."
        advice = "Say with --field which column holds it, or leave it out of both with --field COLUMN=ignore."
        raise SourceError("other_columns", str(path), problem, advice)


def under_common_names(table: pa.Table, uses: Sequence[ColumnUse], common: Sequence[ColumnUse]) -> pa.Table:
    """A file's columns under the names that they have in common, empty where it has none; other columns stay."""
    column_of = {place: use.column for place, use in _places(uses)}
    used = set(column_of.values())
    columns = {name: table.column(name) for name in table.column_names if name not in used}
    for place, use in _places(common):
        is_here = place in column_of
        columns[use.column] = table.column(column_of[place]) if is_here else _nulls(len(table))
    return pa.table(columns)


def _nulls(rows: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.nulls(rows, TEXT)])


def with_list_names(titles: Sequence[str], parts: Sequence[pa.Table]) -> list[pa.Table]:
    """The tables of all files with the list of each record: its file, its source, or both; of one list alone without."""
    named = []
    for title, part in zip(titles, parts, strict=True):
        sources = part.column("source").fill_null(NO_SOURCE) if "source" in part.column_names else None
        if len(parts) == 1 and sources is None:
            return list(parts)
        names = pa.repeat(title, len(part)) if sources is None else sources
        if len(parts) > 1 and sources is not None:
            names = pc.binary_join_element_wise(title, sources, ", ")
        named.append(part.append_column(LIST, names))
    return named


def one_below_the_other(parts: Sequence[pa.Table]) -> pa.Table:
    """The rows of all; a column that is a list in one file, or text that is kept otherwise, is of one type."""
    columns = [_of_one_type([part.column(name) for part in parts]) for name in parts[0].column_names]
    return pa.table(columns, parts[0].column_names).combine_chunks()


def _of_one_type(columns: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    kinds = {column.type for column in columns}
    if len(kinds) > 1:
        has_lists = any(pa.types.is_list(kind) for kind in kinds)
        columns = [_as_lists(column) if has_lists else column.cast(TEXT) for column in columns]
    return pa.chunked_array([chunk for column in columns for chunk in column.chunks], columns[0].type)


def _as_lists(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A text as a list of one, none as an empty one."""
    if pa.types.is_list(column.type):
        return column
    texts = column.cast(TEXT).combine_chunks()
    ends = np.cumsum([0, *texts.is_valid().to_pylist()])
    return pa.chunked_array([pa.ListArray.from_arrays(pa.array(ends, pa.int32()), texts.drop_null())])


def _filled(uses: Sequence[ColumnUse]) -> Iterator[str]:
    """The fields that the columns fill; a record id need not be there."""
    for use in uses:
        if use.kind == "full_name":
            yield from ("forename", "surname")
        elif use.kind != "record_id":
            yield use.field


def _places(uses: Sequence[ColumnUse]) -> Iterator[tuple[tuple[str, str, int], ColumnUse]]:
    """Each use with what it holds, the field it fills, and which column of that field it is."""
    counted: dict[tuple[str, str], int] = {}
    for use in uses:
        key = (use.kind, use.field)
        counted[key] = counted.get(key, 0) + 1
        yield (*key, counted[key]), use
