"""Files whose columns are called otherwise, brought to one set of columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.errors import SettingsError
from pipeline.standardise.date_order import LIST
from schemas.fields import NOT_COMPARED, ColumnUse

TEXT = pa.string()
NO_SOURCE = "no source"


def common_uses(uses_of_files: Sequence[Sequence[ColumnUse]]) -> list[ColumnUse]:
    """The columns of all files together: those of the first, and what others have more, each under a name of its own."""
    uses = list(uses_of_files[0])
    for other_uses in uses_of_files[1:]:
        places = dict(_places(uses))
        for place, use in _places(other_uses):
            if place not in places:
                is_known = use.column in {other.column for other in uses}
                uses.append(replace(use, column=f"{use.column} ({use.field})") if is_known else use)
    return uses


def in_one_naming(uses_of_files: Sequence[Sequence[ColumnUse]]) -> list[list[ColumnUse]]:
    """The first of a file's several phones, addresses and the like as the one that other files have of them."""
    named = [list(uses) for uses in uses_of_files]
    for kind in ("postcode", "address", "phone", "email"):
        is_single = [use.field == kind for uses in named for use in uses if use.kind == kind]
        for uses in named:
            own = [number for number, use in enumerate(uses) if use.kind == kind]
            if any(is_single) and own and kind not in {uses[number].field for number in own}:
                uses[own[0]] = replace(uses[own[0]], field=kind)
    return named


def of_some_files(titles: Sequence[str], uses_of_files: Sequence[Sequence[ColumnUse]]) -> dict[str, tuple[str, ...]]:
    """The fields that not every file fills, and the titles of those that do."""
    titles_of: dict[str, list[str]] = {}
    for title, uses in zip(titles, uses_of_files, strict=True):
        for field in dict.fromkeys(_filled(uses)):
            titles_of.setdefault(field, []).append(title)
    return {field: tuple(some) for field, some in titles_of.items() if len(some) < len(titles)}


def of_one_file(
    some_files: Mapping[str, Sequence[str]], uses_of_files: Sequence[Sequence[ColumnUse]]
) -> tuple[str, ...]:
    """Those fields of which no two files can compare anything; an age is compared with a birthday.

    Raises:
        SettingsError: If the files have no field in common.
    """
    filled = [set(_filled(uses)) for uses in uses_of_files]
    birth_files = sum(bool(fields & {"age", "date_of_birth"}) for fields in filled)
    alone = tuple(
        field
        for field, titles in some_files.items()
        if len(titles) == 1 and not (field in ("age", "date_of_birth") and birth_files > 1)
    )
    if not set().union(*filled) - set(alone):
        raise SettingsError(
            "the files",
            "have no column in common that could be compared.",
            "Say with --field COLUMN=KIND what they hold.",
        )
    return alone


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
    has_sources = any("source" in part.column_names for part in parts)
    if len(parts) == 1 and not has_sources:
        return list(parts)
    for title, part in zip(titles, parts, strict=True):
        own_name = pa.repeat(title, len(part))
        if "source" in part.column_names:
            sources = part.column("source").fill_null(NO_SOURCE)
            names = pc.binary_join_element_wise(title, sources, ", ") if len(parts) > 1 else sources
            named.append(part.append_column(LIST, names))
        else:
            with_source = part.append_column("source", own_name) if has_sources else part
            named.append(with_source.append_column(LIST, own_name))
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
    """The fields that the columns fill; what is not compared need not be there."""
    for use in uses:
        if use.kind == "full_name":
            yield from ("forename", "surname")
        elif use.kind not in NOT_COMPARED:
            yield use.field


def _places(uses: Sequence[ColumnUse]) -> Iterator[tuple[tuple[str, str, int], ColumnUse]]:
    """Each use with what it holds, the field it fills, and which column of that field it is."""
    counted: dict[tuple[str, str], int] = {}
    for use in uses:
        key = (use.kind, use.field)
        counted[key] = counted.get(key, 0) + 1
        yield (*key, counted[key]), use
