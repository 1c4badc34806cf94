"""Any CSV or Parquet of people, whole, every cell as the text that stood there."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from pipeline.core.errors import SourceError
from pipeline.core.spreadsheet import delimiter_of
from pipeline.read.fetch import no_file

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
TEXT = pa.string()
CODED = pa.dictionary(pa.int32(), TEXT)


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
        names = pq.read_schema(path).names if _is_parquet(path) else _csv_headings(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(
            "broken_file", str(path), f"cannot be read ({type(error).__name__}).", "Export it again."
        ) from None
    names = [
        name for name in names if name.strip()
    ]  # a spreadsheet's empty columns at the end, a data frame's row numbers
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
    table = _parquet(path, columns, repeating) if _is_parquet(path) else _csv(path, columns, repeating)
    if not len(table):
        raise _empty(path)
    return table


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _empty(path: Path) -> SourceError:
    return SourceError("empty_file", str(path), "has no rows.", "Give a file with a heading and at least one record.")


def _csv_headings(path: Path) -> list[str]:
    encoding = _encoding(path)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        first = file.readline().removeprefix("\ufeff")
    if "\x00" in first:
        raise SourceError("not_text", str(path), "is neither text nor Parquet.", "Save it as CSV (UTF-8) or Parquet.")
    parse = csv.ParseOptions(delimiter=delimiter_of(first))
    return csv.read_csv(pa.py_buffer(first.encode()), parse_options=parse).column_names


def _csv(path: Path, columns: Sequence[str], repeating: Sequence[str]) -> pa.Table:
    encoding = _encoding(path)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        delimiter = delimiter_of(file.readline())
    wrong: list[csv.InvalidRow] = []

    def refuse(row: csv.InvalidRow) -> str:
        wrong.append(row)
        return "skip"

    try:
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(
                encoding=encoding, use_threads=False
            ),  # with one thread a bad row has its number
            parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse),
            convert_options=csv.ConvertOptions(
                include_columns=list(columns),
                column_types=dict.fromkeys(columns, TEXT) | dict.fromkeys(repeating, CODED),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowException, UnicodeDecodeError) as error:
        problem = f"cannot be read as {encoding} text ({type(error).__name__})."
        raise SourceError("broken_file", str(path), problem, "Save it as CSV (UTF-8) or Parquet.") from None
    if wrong:
        row = wrong[0]
        where = f"{path}, row {row.number}" if row.number else str(path)
        problem = f"has {row.actual_columns} cells where the heading has {row.expected_columns}"
        problem += f"; {len(wrong):,} rows are like that." if len(wrong) > 1 else "."
        raise SourceError(
            "broken_row", where, problem, f"A {delimiter!r} inside a value needs quotes around the value."
        )
    return table


def _encoding(path: Path) -> str:
    """UTF-8 unless a mark says otherwise, or a byte shows that it cannot be."""
    with path.open("rb") as file:
        start = file.read(1 << 16)
        for mark, name in MARKS:
            if start.startswith(mark):
                return name
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while start:
                decoder.decode(start)
                start = file.read(1 << 24)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _parquet(path: Path, columns: Sequence[str], repeating: Sequence[str]) -> pa.Table:
    try:
        texts = [field.name for field in pq.read_schema(path) if field.name in repeating and _is_text(field.type)]
        table = pq.read_table(path, columns=list(columns), partitioning=None, read_dictionary=texts)
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(
            "broken_file", str(path), f"cannot be read ({type(error).__name__}).", "Export it again."
        ) from None
    return pa.table({name: _as_text(path, name, table.column(name), name in repeating) for name in columns})


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _as_text(path: Path, name: str, column: pa.ChunkedArray, is_coded: bool) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind) and is_coded and pa.types.is_string(kind.value_type):
        return column.cast(CODED)
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz))
    wanted = pa.list_(TEXT) if pa.types.is_list(kind) or pa.types.is_large_list(kind) else TEXT
    try:
        return column.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        problem = f"holds {kind}; expected text, numbers, dates or lists of text."
    raise SourceError("wrong_type", f"{path}, column {name}", problem, "Leave the column out, or write it as text.")
