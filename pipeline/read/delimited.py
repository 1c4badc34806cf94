"""Text files: CSV in its many forms."""

from __future__ import annotations

import codecs
import csv
import functools
import io
import itertools
import json
import re
from collections.abc import Iterator, Sequence

from pipeline.core.errors import SourceError
from pipeline.read.sheets import BadRow, Cell, Fetched, Row, Sheet

MOST_CELL = 1_000_000
MOST_LINES = 200
"""Of one row: a quote that is never closed makes one cell of many rows"""
SEND_AGAIN = "Ask the borough to send it again."
KEPT_AS_TEXT = re.compile(r"""^="([^"]*)"$|^'(?=[\d+])(.*)$""", re.DOTALL)
"""A number, date or code as exports write it for a spreadsheet: ="0123", or '0123"""
SAYS_DELIMITER = re.compile(r'"?sep=(.)"?[^\S\r\n]*(?:\r\n?|\n|$)')
"""The first line, as Excel reads and some exports write it"""
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
NO_TEXT = {
    b"\x1f\x8b": ("is compressed by gzip.", "Unpack it."),
    b"PK\x03\x04": (
        "is an Excel workbook, or another zip archive.",
        "Save the sheet as CSV (UTF-8), or unpack the archive.",
    ),
    b"\xd0\xcf\x11\xe0": ("is an old Excel workbook, or one with a password.", "Save the sheet as CSV (UTF-8)."),
}
"""How a file begins that is no text, what it is, and what to do with one's own"""
BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_csv(fetched: Fetched, encoding: str, delimiter: str, header_rows: int) -> Sheet:
    """Rows of a CSV file; a row with more cells than the headings, or with control characters, is a bad row.

    A first line ``sep=;`` goes before the declared delimiter. It is no row, nor counted as one: Excel does not show it either.

    Raises:
        SourceError: not_text, or wrong_encoding, where the bytes are not in the declared encoding; while rows are taken, open_quote, where a
            quote takes many rows for one cell, and truncated_file, where the last row breaks off.
    """
    text = decode(fetched, encoding)
    if says := SAYS_DELIMITER.match(text):
        text, delimiter = text[says.end() :], says[1]
    return Sheet(None, _csv_rows(fetched.file, text, delimiter, header_rows))


def decode(fetched: Fetched, encoding: str) -> str:
    """The text of a file in its declared encoding, strictly.

    Raises:
        SourceError: not_text or wrong_encoding.
    """
    for mark, (problem, _) in NO_TEXT.items():
        if fetched.data.startswith(mark):
            raise SourceError("not_text", fetched.file, problem, "Ask the borough for it as plain text.")
    for mark, name in BYTE_ORDER_MARKS:
        if fetched.data.startswith(mark) and codecs.lookup(encoding).name.removesuffix("-sig") != name:
            raise _wrong_encoding(fetched.file, encoding, f"begins with the mark of {name}")
    try:
        text = fetched.data.decode(encoding)
    except UnicodeDecodeError as error:
        line = fetched.data.count(b"\n", 0, error.start) + 1
        raise _wrong_encoding(fetched.file, encoding, f"has a byte on line {line} that does not exist in it") from None
    if 4 * text[:10_000].count("\x00") > len(text[:10_000]):
        raise _wrong_encoding(fetched.file, encoding, "is full of NUL characters, as UTF-16 is when misread")
    return text.removeprefix("\ufeff")


def _wrong_encoding(file: str, encoding: str, problem: str) -> SourceError:
    return SourceError(
        "wrong_encoding",
        file,
        f"is not {encoding}: it {problem}.",
        "Correct `encoding` in the contract, or export it again.",
    )


def _csv_rows(file: str, text: str, delimiter: str, header_rows: int) -> Iterator[Row | BadRow]:
    """The rows in which anything stands, by the line on which they begin; as wide as the widest of the heading rows."""
    csv.field_size_limit(MOST_CELL)
    lines = io.StringIO(text, newline="")
    lines_of_text = functools.cache(lambda: io.StringIO(text, newline="").readlines())
    reader = csv.reader(lines, delimiter=delimiter)
    first_line, last_line, width, n_short = 0, 0, 0, 0
    cells: list[str] = []
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            _check_end(file, text, first_line, delimiter)
            if n_short == 1:
                _check_last_row(file, text, last_line, len(cells), width)
            return
        except csv.Error as error:
            if reader.line_num - last_line > MOST_LINES:
                raise _open_quote(file, last_line + 1, reader.line_num) from None
            yield BadRow(last_line + 1, "broken_row", f"Not CSV ({error}); expected one record. Correct the row.", "")
            last_line = reader.line_num
            continue
        first_line, last_line = last_line + 1, reader.line_num
        if last_line > first_line:
            is_long = last_line - first_line >= MOST_LINES
            if is_long or swallows_rows(lines_of_text()[first_line - 1 : last_line], delimiter, width or len(cells)):
                raise _open_quote(file, first_line, last_line)
        if first_line <= header_rows or not width:
            width = max(width, len(cells))
        if not any(cell.strip() for cell in cells):
            continue
        n_short += len(cells) < width
        yield _row(first_line, cells, width, delimiter)


def swallows_rows(lines: Sequence[str], delimiter: str, width: int) -> bool:
    """Whether the lines of one row were meant as a row each: a quote that was left open, closed by the next one that opens.

    Then something follows the closing quote, and there are as many delimiters as so many rows have.
    """
    if sum(line.count(delimiter) for line in lines) < (width - 1) * len(lines):
        return False
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return True
    return False


def _row(number: int, cells: list[str], width: int, delimiter: str) -> Row | BadRow:
    """The row of these cells, or why it is none."""
    if any(cell.strip() for cell in cells[width:]):
        reason = (
            f"Has {len(cells)} cells, expected {width}: a {delimiter!r} inside a value needs quotes. Correct the row."
        )
        return BadRow(number, "too_many_cells", reason, json.dumps(cells, ensure_ascii=False))
    if any(map(CONTROL.search, cells)):
        reason = "Has a control character in a value. Correct the row."
        return BadRow(number, "control_character", reason, json.dumps(cells, ensure_ascii=False))
    return Row(number, [as_cell(cell) for cell in cells[:width]])


def _check_end(file: str, text: str, first_line: int, delimiter: str) -> None:
    """That the last row, which begins on that line, closes the quotes that it opens; the reader itself lets the end do so."""
    if first_line == 0:
        return
    lines = itertools.islice(io.StringIO(text, newline=""), first_line - 1, None)
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise _open_quote(file, first_line, text.count("\n") + 1) from None


def _check_last_row(file: str, text: str, line: int, n_cells: int, width: int) -> None:
    """That the last row has not broken off, where it is the only one that is shorter than the headings."""
    if 1 < n_cells < width and not text.endswith(("\n", "\r")):
        problem = f"breaks off on line {line}: {n_cells} cells where the headings have {width}, and no end of line."
        raise SourceError("truncated_file", file, problem, SEND_AGAIN) from None


def _open_quote(file: str, first_line: int, last_line: int) -> SourceError:
    problem = (
        f"has a quote on line {first_line} that is not closed, so that all up to line {last_line} would be one row."
    )
    return SourceError("open_quote", file, problem, "Correct that line, or ask the borough to send it again.")


def as_cell(text: str) -> Cell:
    """A cell's text without outer space, and without what keeps a spreadsheet from counting with it; null where nothing is left."""
    text = text.strip()
    if text.startswith(("=", "'")):
        text = KEPT_AS_TEXT.sub(r"\1\2", text).strip()
    return text or None
