"""Tables on disk: one way to write them and to read them, always against their written contract.

Parquet is for people and lasts. What one stage of a run hands to the next is an Arrow IPC file (``.arrow``): the same rows, written
and read in a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import ipc

from pipeline.core.durable import replacing_own
from pipeline.core.errors import ContractError
from pipeline.core.lookup import in_one
from schemas.tables import Table

if TYPE_CHECKING:
    import pandas as pd

ROW_GROUP_ROWS = 131_072
ARROW = ".arrow"
AT_ONCE = 2  # columns that are put in order, tables that are written at a time
SAMPLED = 16_384  # values of a column that are looked at to see whether they repeat


def conform(frame: pd.DataFrame | pa.Table, table: Table) -> pa.Table:
    """The rows with exactly the table's columns, in its order and types; a missing nullable column becomes null.

    Raises:
        ContractError: If a column is unknown, a needed one is missing or null, or a value has another type.
    """
    names = set(_names(frame))
    if unknown := sorted(names.difference(table.names)):
        raise ContractError(table.name, f"has columns that its contract does not know: {unknown}")
    rows = len(frame)
    arrays = []
    for column in table.columns:
        if column.name not in names:
            if not column.nullable:
                raise ContractError(table.name, f"lacks the column {column.name}")
            arrays.append(pa.nulls(rows, column.type))
            continue
        arrays.append(_as_type(frame, column.name, column.type, table.name))
        if not column.nullable and arrays[-1].null_count:
            raise ContractError(table.name, f"has nulls in {column.name}")
    return pa.Table.from_arrays(arrays, schema=table.arrow_schema())


def write_table(path: Path, frame: pd.DataFrame | pa.Table, table: Table) -> Path:
    """Write the rows in the table's sort order, whole or not at all (a temporary file, fsync, one rename).

    As Parquet, or as Arrow IPC where the name ends in ``.arrow``.
    """
    data = in_order(conform(frame, table), table.key)
    replace_rows(path, data)
    return path


def write_all(tables: Iterable[tuple[Path, pa.Table, Table]]) -> None:
    """``write_table`` of each, several at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda table: write_table(*table), tables))


def replace_rows(path: Path, data: pa.Table) -> None:
    """Write the rows as they are, whole or not at all; the file is its owner's only."""
    if path.suffix == ARROW:
        replace_parts(path, [data], data.schema)
        return
    with replacing_own(path) as temporary:
        write_parquet(temporary, in_groups([data]), data.schema)


def replace_parts(path: Path, parts: Iterable[pa.Table], schema: pa.Schema) -> int:
    """Write the rows of all parts as they are to an Arrow file, whole or not at all; returns how many. No part is held longer."""
    options, rows = ipc.IpcWriteOptions(compression="lz4"), 0
    with (
        replacing_own(path) as temporary,
        pa.OSFile(str(temporary), "wb") as out,
        ipc.new_file(out, schema, options=options) as writer,
    ):
        for group in in_groups(parts):
            writer.write_table(group)
            rows += len(group)
    return rows


def in_groups(parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rows of all parts in groups of one size, each in one piece: what is written does not depend on how the rows came."""
    held: list[pa.Table] = []
    for part in parts:
        first = 0
        while first < len(part):
            held.append(part.slice(first, ROW_GROUP_ROWS - sum(map(len, held))))
            first += len(held[-1])
            if sum(map(len, held)) == ROW_GROUP_ROWS:
                yield pa.concat_tables(held).combine_chunks()
                held = []
    if held:
        yield pa.concat_tables(held).combine_chunks()


def write_parquet(path: Path, groups: Iterable[pa.Table], schema: pa.Schema, first_key: str | None = None) -> None:
    """Write groups of rows as Parquet; the same rows give the same bytes.

    Args:
        path: the file.
        groups: the rows, as ``in_groups`` gives them.
        schema: of the rows.
        first_key: the column that the rows are in order by. A reader can pass over a group by its least and greatest value
            only in this column, so only its are written; None writes those of every column.
    """
    waiting = iter(groups)
    first = next(waiting, None)
    distinct = _mostly_distinct(first) if first is not None else []
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=[leaf for field in schema for leaf in _leaves(field) if leaf not in distinct],
        column_encoding=dict.fromkeys(distinct, "DELTA_LENGTH_BYTE_ARRAY"),
        write_statistics=True if first_key is None else [first_key],
    ) as writer:
        for group in chain([] if first is None else [first], waiting):
            writer.write_table(group)


def _mostly_distinct(group: pa.Table) -> list[str]:
    """Columns of text whose values mostly differ: a dictionary of them would be built, and then be larger than they are."""
    names = []
    for field in group.schema:
        sample = group.column(field.name).slice(0, SAMPLED)
        values = len(sample) - sample.null_count
        if field.type == pa.string() and 2 * pc.count_distinct(sample).as_py() > values > 0:
            names.append(field.name)
    return names


def _leaves(field: pa.Field, above: str = "") -> list[str]:
    """Columns of a Parquet file that hold a field."""
    name, kind = f"{above}{field.name}", field.type
    if pa.types.is_map(kind):
        return [leaf for inner in (kind.key_field, kind.item_field) for leaf in _leaves(inner, f"{name}.key_value.")]
    if pa.types.is_list(kind):
        return _leaves(pa.field("element", kind.value_type), f"{name}.list.")
    if pa.types.is_struct(kind):
        return [leaf for inner in kind for leaf in _leaves(inner, f"{name}.")]
    return [name]


def in_order(data: pa.Table, key: Sequence[str]) -> pa.Table:
    """The rows sorted by the key, nulls last; the same table where they are already, which costs a hundredth of sorting."""
    if not key or len(data) < 2 or _is_in_order(data, key):
        return data
    place = pc.sort_indices(data, [(name, "ascending") for name in key])
    with ThreadPoolExecutor(AT_ONCE) as pool:
        columns = list(pool.map(lambda column: column.take(place), data.columns))
    return pa.Table.from_arrays(columns, schema=data.schema)


def has_each_once(data: pa.Table, key: Sequence[str]) -> bool:
    """Whether the rows are in order by the key, its columns without nulls, and no key comes twice."""
    return len(data) < 2 or _is_in_order(data, key, is_strict=True)


def _is_in_order(data: pa.Table, key: Sequence[str], *, is_strict: bool = False) -> bool:
    follows = (
        None  # whether each row and the next are in order by what follows in the key; equal ones are, unless strict
    )
    compare = pc.less if is_strict else pc.less_equal
    for name in reversed(key):
        column = in_one(data.column(name))
        if column.null_count == len(column) and not is_strict:
            continue
        if column.null_count:
            return False
        earlier, later = column.slice(0, len(column) - 1), column.slice(1)
        is_tie = None if follows is None else pc.and_(pc.equal(earlier, later), follows)
        follows = compare(earlier, later) if is_tie is None else pc.or_(pc.less(earlier, later), is_tie)
    return follows is None or bool(pc.all(follows).as_py())


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of one file, types as written."""
    if path.suffix != ARROW:
        return pq.read_table(path, columns=list(columns) if columns else None)
    with pa.memory_map(str(path)) as source:
        rows = ipc.open_file(source, options=_reading(source, columns)).read_all()
        return rows.select(list(columns)) if columns else rows


def read_schema(path: Path) -> pa.Schema:
    """Names and types of a file's columns; reads none of its rows."""
    if path.suffix != ARROW:
        return pq.read_schema(path)
    with pa.memory_map(str(path)) as source:
        return ipc.open_file(source).schema


def _reading(source: pa.MemoryMappedFile, columns: Sequence[str] | None) -> ipc.IpcReadOptions:
    """Options that leave the other columns of a file where they are; None: all are read."""
    if not columns:
        return ipc.IpcReadOptions()
    schema = ipc.open_file(source).schema
    return ipc.IpcReadOptions(included_fields=[schema.get_field_index(name) for name in columns])


def read_parts(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The rows of an Arrow file, some at a time."""
    with pa.memory_map(str(path)) as source, ipc.open_file(source, options=_reading(source, columns)) as reader:
        for number in range(reader.num_record_batches):
            part = pa.Table.from_batches([reader.get_batch(number)])
            yield part.select(list(columns)) if columns else part


def count_rows(path: Path) -> int:
    """How many rows a file has; reads none of them."""
    if path.suffix != ARROW:
        return int(pq.read_metadata(path).num_rows)
    with pa.memory_map(str(path)) as source:
        return int(ipc.open_file(source).count_rows())


def concat(paths: Sequence[Path], table: Table) -> pa.Table:
    """All rows of several files of one table; no files give the empty table."""
    schema = table.arrow_schema()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return pa.concat_tables([schema.empty_table(), *pool.map(lambda path: read_table(path).cast(schema), paths)])


def _names(frame: pd.DataFrame | pa.Table) -> list[str]:
    return list(frame.column_names) if isinstance(frame, pa.Table) else [str(name) for name in frame.columns]


def _as_type(frame: pd.DataFrame | pa.Table, name: str, kind: pa.DataType, table: str) -> pa.Array:
    try:
        if isinstance(frame, pa.Table):
            column = frame.column(name)
            return column if column.type == kind else column.combine_chunks().cast(kind)
        column = frame[name]
        if type(column.dtype).__name__ == "ArrowDtype":
            return pa.chunked_array(pa.array(column)).combine_chunks().cast(kind)
        return pa.array(column, type=kind, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        problem = f"{name} does not fit its type {kind} ({type(error).__name__})"
    raise ContractError(table, problem)
