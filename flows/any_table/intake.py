"""Files of people taken in: any CSV or Parquet as one table that can be linked, and the model that compares it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from flows.any_table.columns import (
    common_uses,
    of_one_file,
    of_some_files,
    one_below_the_other,
    under_common_names,
    with_list_names,
)
from flows.any_table.record_ids import check_once, titles_of, with_unique_ids
from flows.any_table.told_columns import told_columns
from pipeline.core.errors import SettingsError
from pipeline.core.places import PERSON_MODEL
from pipeline.read.any_file import column_type, headings, read_any
from pipeline.standardise.any_table import standardise_any
from pipeline.standardise.date_order import LIST, FoundOrder, date_orders
from pipeline.standardise.latest_day import latest_day
from pipeline.standardise.middle_names import tell_persons
from pipeline.standardise.not_understood import not_understood
from pipeline.standardise.reference import Reference
from schemas.fields import AGE, NOT_COMPARED, ColumnUse, check_kinds
from schemas.model import Model
from schemas.plan import load_plan
from schemas.table_model import model_of

TRUTH = "truth of the record"  # no column of a file is called so
NAMED_BY_KIND = ("record_id", "source")


@dataclass(frozen=True, slots=True)
class People:
    """Files taken in: the linkage table in order of record id, its untrained model, and the truth where it is told."""

    table: pa.Table
    model: Model
    id_type: pa.DataType
    """What the file's own record ids are: numbers stay numbers in what is written"""
    truth: pa.Array | None
    held: Mapping[str, str]
    """Each used column of the files, and the field that it fills"""
    taken: Mapping[str, str]
    """Those of them that were taken unasked, by their usual headings and their values, and the kind of each"""
    some_files: Mapping[str, Sequence[str]]
    """Fields that not every file fills, and the titles of those that do"""
    alone: tuple[str, ...]
    """Those of them that are left out, because no two files can compare anything of them"""
    empty: tuple[str, ...]
    """Fields without one value"""
    lost: Mapping[str, int]
    """Columns in which something stands that could not be read, and in how many rows"""
    unused: tuple[str, ...]
    """Columns of the files that nothing was said of, and whose names do not tell what they hold"""
    likely: Mapping[str, str]
    """What those of them that can be told probably hold"""
    date_orders: tuple[FoundOrder, ...]
    """How each list writes its birthdays"""


def take_in(
    files: Sequence[Path],
    kinds_given: Mapping[str, str],
    truth: str | None,
    *,
    link_only: bool,
    canonical_only: bool = False,
) -> People:
    """The records of all files as one table; a field that a file lacks has no values there.

    Raises:
        SourceError: If a file cannot be read, or names a record twice.
        SettingsError: If the columns do not fit what was said of them, or a file is given twice.
    """
    headings_of_files = [headings(path) for path in files]
    check_once(files)
    names = list(dict.fromkeys(name for names in headings_of_files for name in names))
    check_kinds(names, kinds_given)
    for own_names in headings_of_files:
        if truth and truth not in own_names:
            columns_told = f"The columns are {', '.join(own_names)}."
            raise SettingsError(f"--truth {truth}", f"no column is called {truth}.", columns_told)
    told = told_columns(files, headings_of_files, kinds_given, truth, canonical_only=canonical_only)
    titles = titles_of(files)
    some_files = of_some_files(titles, told.uses_of_files)
    has_sources = any(use.kind == "source" for some in told.uses_of_files for use in some)
    alone = of_one_file(some_files, told.uses_of_files) if link_only and not has_sources else ()
    uses_of_files = [[use for use in some if use.field not in alone] for some in told.uses_of_files]
    uses = common_uses(uses_of_files)
    parts = [
        under_common_names(_read(path, own_uses, truth), _compared(own_uses), _compared(uses))
        for path, own_uses in zip(files, uses_of_files, strict=True)
    ]
    parts = with_list_names(titles, parts)
    if "source" not in parts[0].column_names and len(files) > 1:
        parts = [part.append_column("source", part.column(LIST)) for part in parts]
    id_columns = [next((use.column for use in some if use.kind == "record_id"), None) for some in uses_of_files]
    parts = with_unique_ids(files, titles, parts, id_columns)
    raw = one_below_the_other(parts)
    if link_only and ("source" not in raw.column_names or pc.count_distinct(raw.column("source")).as_py() < 2):
        raise SettingsError("--link-only", "there is only one source.", "Give several files, or --field COLUMN=source.")
    fixed = [ColumnUse(name, name, name) for name in ("record_id", "source") if name in raw.column_names]
    compared = _compared(uses)
    reference = Reference.load()
    table = standardise_any(raw, [*fixed, *compared], reference, latest_day(raw, compared, reference))
    if "middle_names" not in {use.field for use in uses} and tell_persons(table):
        uses = [*uses, ColumnUse("middle_names", "middle_names", "middle_names")]  # which stood behind forenames
    n_values = {use.field: _values(table.column(use.field)) for use in compared if use.kind == "category"}
    model = model_of(uses, n_values, load_plan(PERSON_MODEL).model, "source" if link_only else None)
    order = pc.sort_indices(table.column("record_id"))
    truth_values = raw.column(TRUTH).combine_chunks().take(order) if truth else None
    held = {
        use.column: use.kind if use.kind in NAMED_BY_KIND else use.field for some in told.uses_of_files for use in some
    }
    taken = {use.column: use.kind for some in told.uses_of_files for use in some if use.is_taken}
    unused = tuple(name for name in names if name not in held and name != truth)
    columns = {use.field: AGE[0] if use.field == "age" else use.field for use in compared}
    empty = tuple(
        field for field, name in columns.items() if name in table.column_names and _is_empty(table.column(name))
    )
    written = tuple(date_orders(raw, compared))
    likely = told.likely(unused, set(held.values()))
    lost = not_understood(raw, compared, table, reference)
    id_type = _id_type(files, uses)
    return People(
        table.take(order),
        model,
        id_type,
        truth_values,
        held,
        taken,
        some_files,
        alone,
        empty,
        lost,
        unused,
        likely,
        written,
    )


def _compared(uses: Sequence[ColumnUse]) -> list[ColumnUse]:
    """Those that do not say which record it is."""
    return [use for use in uses if use.kind not in NAMED_BY_KIND]


def _values(column: pa.ChunkedArray) -> int:
    """How many different values a column has."""
    array = column.combine_chunks()
    return len(array.dictionary if pa.types.is_dictionary(array.type) else pc.list_flatten(array).unique())


def _is_empty(column: pa.ChunkedArray) -> bool:
    values = pc.list_flatten(column) if pa.types.is_list(column.type) else column
    return values.null_count == len(values)


def _id_type(files: Sequence[Path], uses: Sequence[ColumnUse]) -> pa.DataType:
    """Whole numbers where the file's record ids are, else text."""
    column = next((use.column for use in uses if use.kind == "record_id"), None)
    if column is None or len(files) > 1:
        return pa.string()
    kind = column_type(files[0], column)
    return pa.int64() if pa.types.is_integer(kind) else pa.string()


def _read(path: Path, uses: Sequence[ColumnUse], truth: str | None) -> pa.Table:
    """The used columns under their own names; record_id and source under these."""
    wanted = [use.column for use in uses] + ([truth] if truth else [])
    repeating = [use.column for use in uses if use.kind not in NOT_COMPARED]
    table = read_any(path, list(dict.fromkeys(wanted)), repeating)
    columns = {use.kind if use.kind in NAMED_BY_KIND else use.column: table.column(use.column) for use in uses}
    return pa.table(columns | ({TRUTH: table.column(truth)} if truth else {}))
