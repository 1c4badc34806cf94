"""Any CSV of people: its encoding, its delimiter and its headings found out, every cell as the text that stood there."""

from __future__ import annotations

import codecs
import csv as plain_csv
import functools
import itertools
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pipeline.core.errors import SourceError
from pipeline.core.spreadsheet import delimiter_of
from pipeline.read.delimited import BYTE_ORDER_MARKS, MOST_LINES, SAYS_DELIMITER, swallows_rows
from schemas.fields import CANONICAL_KEYS
from schemas.usual_headings import heading_key

ROWS_ABOVE_HEADINGS = 5
TEXT = pa.string()
CODED = pa.dictionary(pa.int32(), TEXT)


@dataclass(frozen=True, slots=True)
class _Form:
    """How a CSV is written."""

    path: Path
    encoding: str
    delimiter: str
    lines_before: int
    """That say how it is written, and are no rows"""

    def rows(self) -> Iterator[tuple[list[str], list[str]]]:
        """The lines of each row, and its cells, read leniently and slowly."""
        plain_csv.field_size_limit(1 << 30)
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as file:
            lines: list[str] = []

            def read() -> Iterator[str]:
                for line in itertools.islice(file, self.lines_before, None):
                    lines.append(line)
                    yield line

            for cells in plain_csv.reader(read(), delimiter=self.delimiter):
                yield lines.copy(), cells
                lines.clear()


def csv_headings(path: Path) -> list[str]:
    """The column names; none where nothing stands in the file.

    Raises:
        SourceError: not_text, or heading_below, where the headings stand under a title or a row of groups.
    """
    form = _form(path)
    line = form.lines_before
    top: list[tuple[int, list[str]]] = []
    for lines, cells in form.rows():
        line += len(lines)
        top += [(line, cells)] if cells else []
        if len(top) > ROWS_ABOVE_HEADINGS:
            break
    names = [name.removeprefix("\ufeff") for _, cells in top[:1] for name in cells]
    if any("\x00" in name for name in names):
        problem = "has NUL characters in its headings: it is no text, or UTF-16 without the mark that says so."
        raise SourceError("not_text", str(path), problem, "Save it as CSV (UTF-8) or Parquet.")
    for line, cells in top[1:]:
        if _n_canonical(cells) > max(_n_canonical(names), 1):
            problem = f"has its headings on line {line}, and a row above them."
            raise SourceError("heading_below", str(path), problem, "Delete the rows above the headings.")
    return names


def first_csv_rows(path: Path, n: int) -> list[dict[str, str]]:
    """The first rows below the headings, at most n, by column name; read leniently."""
    filled = (cells for _, cells in _form(path).rows() if cells)
    names = [name.removeprefix("\ufeff") for name in next(filled, [])]
    return [dict(zip(names, cells, strict=False)) for cells in itertools.islice(filled, n)]


def _n_canonical(cells: Sequence[str]) -> int:
    return len({heading_key(cell) for cell in cells} & CANONICAL_KEYS.keys())


def read_csv(path: Path, columns: Sequence[str], repeating: Sequence[str]) -> pa.Table:
    """Some columns as text, null where a cell is empty; without rows of which all these cells are empty.

    Raises:
        SourceError: broken_row, open_quote, heading_again or broken_file.
    """
    form = _form(path)
    wrong: list[csv.InvalidRow] = []

    def refuse(row: csv.InvalidRow) -> str:
        wrong.append(row)
        return "skip"

    read = csv.ReadOptions(encoding=form.encoding, skip_rows=form.lines_before, use_threads=False)
    try:
        table = csv.read_csv(
            path,
            read_options=read,  # with one thread a bad row has its number
            parse_options=csv.ParseOptions(
                delimiter=form.delimiter, newlines_in_values=True, invalid_row_handler=refuse
            ),
            convert_options=csv.ConvertOptions(
                include_columns=list(columns),
                column_types=dict.fromkeys(columns, TEXT) | dict.fromkeys(repeating, CODED),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except (pa.ArrowException, UnicodeDecodeError) as error:
        _check_quotes(form)
        is_text = not isinstance(error, UnicodeDecodeError) and _is_text(
            form
        )  # then all but its length has been looked at
        problem = "has a row of more than a million bytes." if is_text else f"cannot be read as {form.encoding} text."
        raise SourceError("broken_file", str(path), problem, "Save it as CSV (UTF-8) or Parquet.") from None
    if _n_lines(path) > form.lines_before + 1 + len(table) + len(wrong):
        _check_quotes(form)
    if wrong:
        raise _broken_row(form, wrong)
    _check_headings_again(path, table)
    is_filled = functools.reduce(pc.or_, [pc.is_valid(column) for column in table.columns])
    return table if pc.all(is_filled).as_py() else table.filter(is_filled)


def _form(path: Path) -> _Form:
    encoding = _encoding(path)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        first = next((line for line in file if line.strip()), "")
    says = SAYS_DELIMITER.fullmatch(first.removeprefix("\ufeff"))
    return _Form(path, encoding, says[1] if says else delimiter_of(first), 1 if says else 0)


def _is_text(form: _Form) -> bool:
    try:
        with form.path.open(encoding=form.encoding, newline="") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _encoding(path: Path) -> str:
    """UTF-8 unless a mark says otherwise, or a byte shows that it cannot be."""
    with path.open("rb") as file:
        start = file.read(1 << 16)
        for mark, name in BYTE_ORDER_MARKS:
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


def _n_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(functools.partial(file.read, 1 << 24), b""))


def _check_quotes(form: _Form) -> None:
    """That no quote takes many lines for one cell: what is meant to be their records would be lost without a word."""
    last, width = form.lines_before, 0
    try:
        for lines, cells in form.rows():
            width = width or len(cells)
            first, last = last + 1, last + len(lines)
            is_long = len(lines) > MOST_LINES
            if is_long or (len(lines) > 1 and swallows_rows(lines, form.delimiter, width)):
                raise _open_quote(f"{form.path}, line {first:,}", f"up to line {last:,}")
    except plain_csv.Error:
        raise _open_quote(f"{form.path}, line {last + 1:,}", "to the end") from None


def _open_quote(place: str, reach: str) -> SourceError:
    problem = f"has a quote that is not closed, so that all {reach} would be one row."
    return SourceError("open_quote", place, problem, "Close the quote, or write two for one that belongs to the value.")


def _broken_row(form: _Form, wrong: Sequence[csv.InvalidRow]) -> SourceError:
    row = wrong[0]
    place = f"{form.path}, row {row.number}" if row.number else str(form.path)
    if row.text.count('"') % 2:
        return _open_quote(place, "that follows")
    problem = f"has {row.actual_columns} cells where the heading has {row.expected_columns}"
    problem += f"; {len(wrong):,} rows are like that." if len(wrong) > 1 else "."
    what_to_do = f"A {form.delimiter!r} inside a value needs quotes around the value."
    if row.actual_columns < row.expected_columns:
        what_to_do = "Write every cell of a row, empty ones too."
    return SourceError("broken_row", place, problem, what_to_do)


def _check_headings_again(path: Path, table: pa.Table) -> None:
    """That no row repeats the headings, as where exports were put one below the other."""
    is_same = [pc.equal(table.column(name).cast(TEXT), name).fill_null(False) for name in table.column_names[:2]]
    suspects = table.filter(functools.reduce(pc.and_, is_same)) if pc.any(is_same[0]).as_py() else table.slice(0, 0)
    n_again = sum(all(map(operator.eq, row.values(), row)) for row in suspects.to_pylist())
    if n_again:
        rows = "1 row repeats" if n_again == 1 else f"{n_again:,} rows repeat"
        raise SourceError("heading_again", str(path), f"{rows} the headings.", "Delete what is no record.")
