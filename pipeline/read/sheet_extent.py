"""How far the sheets of a workbook reach, by their cells.

A library lays a sheet out as a grid up to its last cell, and one stray cell at the end of a sheet makes a grid that fills the memory
and ends the process. What a sheet says of its extent (``dimension``) may be wrong or missing, so the cells themselves are looked at.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator
from typing import IO

from openpyxl.reader.workbook import WorkbookParser

from pipeline.core.errors import SourceError
from pipeline.read.ods_layout import ods_layouts
from pipeline.read.sheets import column_letter, printable

MOST_CELLS = 50_000_000
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""Of a sheet in any format"""
BOOK = "xl/workbook.xml"
CELL = re.compile(
    rb"""<(?:\w+:)?c\s            # a cell
    [^<>]*?\br\s*=\s*["']         # whose place
    ([A-Za-z]+)([0-9]+)["']       # is column and row
    [^<>]*(?<!/)>                 # and which is not empty: it does not end where it begins""",
    re.VERBOSE,
)
BLOCK = 1 << 20
MOST_TAG = 512  # bytes of a cell's tag, so that none is overlooked where a block ends


def check_extent(file: str, kind: str, data: bytes, names: Collection[str]) -> None:
    """That no sheet of these names reaches so far that its grid would fill the memory.

    Raises:
        SourceError: too_large.
    """
    extents: Iterable[tuple[str, int, int]] = ()  # an xls sheet cannot be that large
    if kind == "xlsx":
        extents = ((name, *_extent_of(stream)) for name, stream in sheet_parts(data, names))
    elif kind == "ods":  # all of them: the library lays out every sheet as it opens the file
        extents = ((name, layout.rows, layout.columns) for name, layout in ods_layouts(data).items())
    for name, rows, columns in extents:
        if rows * columns > MOST_CELLS or rows > MOST_ROWS or columns > MOST_COLUMNS:
            problem = f"reaches to cell {column_letter(columns - 1)}{rows}, far beyond a list of people."
            what_to_do = "Ask the borough to delete the rows and columns behind the list, and what stands there."
            raise SourceError("too_large", f"{file}, sheet {printable(name)}", problem, what_to_do)


def sheet_parts(data: bytes, names: Collection[str]) -> Iterator[tuple[str, IO[bytes]]]:
    """Each sheet of these names in an xlsx workbook, and the XML of its cells."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if BOOK not in archive.namelist():
            return
        book = WorkbookParser(archive, BOOK, keep_links=False)
        book.parse()
        for sheet, part in book.find_sheets():
            if sheet.name in names:
                with archive.open(part.target) as stream:
                    yield sheet.name, stream


def _extent_of(stream: IO[bytes]) -> tuple[int, int]:
    """Rows and columns of a sheet, as far as its cells with a value reach."""
    rows, columns = 0, 0
    tail = b""
    while block := stream.read(BLOCK):
        cells = CELL.findall(tail + block)
        rows = max([rows, *map(int, {row for _, row in cells})])
        columns = max([columns, *map(_column_number, {letters for letters, _ in cells})])
        tail = block[-MOST_TAG:]
    return rows, columns


def _column_number(letters: bytes) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - ord("A") + 1
    return number
