"""Any CSV or Parquet of people, whole, every cell as the text that stood there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.core.errors import SourceError
from pipeline.read.any_csv import CODED, TEXT, csv_headings, first_csv_rows, read_csv
from pipeline.read.delimited import NO_TEXT
from pipeline.read.fetch import no_file

OTHER_KINDS = {
    **NO_TEXT,
    **dict.fromkeys((b"{", b"[{"), ("is JSON.", "Save it as CSV (UTF-8) or Parquet.")),
}
"""How a file begins that is no CSV or Parquet, what it is, and what to do"""


def headings(path: Path) -> list[str]:
    """The column names of a file, without those of columns that have none.

    Raises:
        SourceError: If it is not there, empty, of another kind, or names a column twice.
    """
    if not path.is_file():
        problem = f"is {no_file(path)}, and no file." if path.exists() else "is not there."
        raise SourceError("missing_file", str(path), problem, "Name a CSV or Parquet file.")
    if path.stat().st_size == 0:
        raise _empty(path)
    try:
        names = pq.read_schema(path).names if _is_parquet(path) else _text_headings(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise _broken(path, error) from None
    names = [
        name for name in names if name.strip()
    ]  # a spreadsheet's empty columns at the end, a data frame's row numbers
    if not names:
        raise _empty(path)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SourceError("heading_twice", str(path), f"names {twice[0]!r} twice.", "Rename one of the columns.")
    return names


def column_type(path: Path, column: str) -> pa.DataType:
    """The type of a column as the file declares it; in a CSV everything is text."""
    return pq.read_schema(path).field(column).type if _is_parquet(path) else TEXT


def read_any(path: Path, columns: Sequence[str], repeating: Sequence[str] = ()) -> pa.Table:
    """Some columns of a file as text, or lists of text where a Parquet file has lists; null where a cell is empty.

    Args:
        path: the file.
        columns: those wanted.
        repeating: those of them whose values repeat: text, but each distinct one is held once.

    Raises:
        SourceError: If a row has another number of cells than the heading, or the bytes are not text.
    """
    table = _parquet(path, columns, repeating) if _is_parquet(path) else read_csv(path, columns, repeating)
    if not len(table):
        raise _empty(path)
    return table


def first_texts(path: Path, columns: Sequence[str], n: int) -> dict[str, list[str]]:
    """Texts, numbers and days of some columns in the file's first rows, at most n; a column that holds anything else has none."""
    if not _is_parquet(path):
        rows = first_csv_rows(path, n)
        return {name: [row[name] for row in rows if name in row] for name in columns}
    file = pq.ParquetFile(path)
    kinds = {field.name: field.type for field in file.schema_arrow if field.name in columns}
    wanted = [name for name, kind in kinds.items() if _is_plain(kind)]
    first = next(file.iter_batches(n, columns=wanted), None)
    return {
        name: first.column(name).cast(TEXT).fill_null("").to_pylist() if first and name in wanted else []
        for name in columns
    }


def _is_plain(kind: pa.DataType) -> bool:
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    return _is_text(kind) or is_number or pa.types.is_temporal(kind)


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _text_headings(path: Path) -> list[str]:
    with path.open("rb") as file:
        begin = file.read(4)
    for mark, (problem, what_to_do) in OTHER_KINDS.items():
        if begin.startswith(mark):
            raise SourceError("not_text", str(path), problem, what_to_do)
    return csv_headings(path)


def _empty(path: Path) -> SourceError:
    return SourceError("empty_file", str(path), "has no rows.", "Give a file with a heading and at least one record.")


def _broken(path: Path, error: Exception) -> SourceError:
    return SourceError("broken_file", str(path), f"cannot be read ({type(error).__name__}).", "Export it again.")


def _parquet(path: Path, columns: Sequence[str], repeating: Sequence[str]) -> pa.Table:
    try:
        texts = [field.name for field in pq.read_schema(path) if field.name in repeating and _is_text(field.type)]
        table = pq.read_table(path, columns=list(columns), partitioning=None, read_dictionary=texts)
    except (pa.ArrowInvalid, OSError) as error:
        raise _broken(path, error) from None
    return pa.table({name: _as_text(path, name, table.column(name), name in repeating) for name in columns})


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _as_text(path: Path, name: str, column: pa.ChunkedArray, is_coded: bool) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind) and is_coded and pa.types.is_string(kind.value_type):
        return column.cast(CODED)
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz))
    wanted = pa.list_(TEXT) if _is_list(kind) else TEXT
    try:
        texts = column.cast(wanted)
        return pc.replace_substring_regex(texts, r"\.0+$", "") if pa.types.is_decimal(kind) else texts
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        problem = f"holds {kind}; expected text, numbers, dates or lists of text."
    raise SourceError("wrong_type", f"{path}, column {name}", problem, "Leave the column out, or write it as text.")
