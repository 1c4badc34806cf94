"""How the sheets of an ODS workbook are laid out: how far their cells reach, and which of them reach over several rows."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from xml.parsers import expat

CONTENT = "content.xml"
TABLE, ROW = "table:table", "table:table-row"
CELLS = ("table:table-cell", "table:covered-table-cell")
VALUE = "office:value-type"

Range = tuple[tuple[int, int], tuple[int, int]]
"""Row and column of its first cell and of its last one, from 0"""


@dataclass(slots=True)
class OdsLayout:
    """One sheet: rows and columns up to the last cell with a value, and its merged ranges."""

    rows: int = 0
    columns: int = 0
    merged: list[Range] = field(default_factory=list)


def ods_layouts(data: bytes) -> dict[str, OdsLayout]:
    """The layout of each sheet; nothing where the file has no content."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if CONTENT not in archive.namelist():
            return {}
        reader = _LayoutReader()
        with archive.open(CONTENT) as stream:
            reader.parser.ParseFile(stream)
    return reader.layouts


class _LayoutReader:
    """Follows the file from cell to cell; equal cells and rows that follow each other stand in it once, with their number."""

    def __init__(self) -> None:
        self.layouts: dict[str, OdsLayout] = {}
        self._layout = OdsLayout()
        self._depth = 0  # a cell may hold a sheet of its own, which is none of the workbook's
        self._row = self._column = self._repeats = 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == TABLE:
            self._depth += 1
            if self._depth == 1:
                self._row = 0
                self._layout = self.layouts.setdefault(attributes.get("table:name", ""), OdsLayout())
        elif self._depth == 1 and tag == ROW:
            self._column, self._repeats = 0, _number(attributes, "table:number-rows-repeated")
        elif self._depth == 1 and tag in CELLS:
            self._add_cell(attributes)

    def _add_cell(self, attributes: dict[str, str]) -> None:
        width = _number(attributes, "table:number-columns-repeated")
        if VALUE in attributes or "table:formula" in attributes:
            self._layout.rows = max(self._layout.rows, self._row + self._repeats)
            self._layout.columns = max(self._layout.columns, self._column + width)
        n_rows, n_columns = (_number(attributes, f"table:number-{name}-spanned") for name in ("rows", "columns"))
        if n_rows > 1:
            last = (self._row + n_rows - 1, self._column + n_columns - 1)
            self._layout.merged.append(((self._row, self._column), last))
        self._column += width

    def _end(self, tag: str) -> None:
        if tag == TABLE:
            self._depth -= 1
        elif self._depth == 1 and tag == ROW:
            self._row += self._repeats


def _number(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return int(text) if text.isdecimal() else 1
