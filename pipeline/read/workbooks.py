"""Workbooks kept by hand: xlsx (also encrypted), xls and ods, every cell as text."""

from __future__ import annotations

import codecs
import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence

import msoffcrypto
import openpyxl
import python_calamine
from openpyxl.cell.cell import Cell as StyledCell
from openpyxl.reader.workbook import WorkbookParser
from openpyxl.utils.cell import column_index_from_string

from pipeline.core.errors import SourceError
from pipeline.read.sheets import BadRow, Cell, Fetched, Row, Sheet

MOST_UNPACKED = 1 << 30
MOST_RATIO = 200
MOST_CELLS = 50_000_000
BOOK, HEAD = "xl/workbook.xml", 4_096
DIMENSION = re.compile(rb'<dimension ref="(?:[A-Z]+\d+:)?([A-Z]{1,3})(\d+)"')
"""The last cell of a sheet, which stands in the first bytes of its part"""
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_workbook(
    fetched: Fetched, kind: str, sheets: str, password: str | None, password_env: str | None, *, wants_marks: bool
) -> list[Sheet]:
    """The sheets whose whole name matches the pattern, in the workbook's order.

    Args:
        fetched: the file.
        kind: xlsx, xls or ods.
        sheets: pattern of sheet names.
        password: of an encrypted workbook.
        password_env: the variable it should have come from, for the message.
        wants_marks: fill colours, strikethrough and hidden rows are wanted too (xlsx only; slower).

    Raises:
        SourceError: encrypted, zip_bomb, too_large, truncated_file, not_a_workbook or no_sheet.
    """
    data = _open(fetched, kind, password, password_env)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = [name for name in book.sheet_names if re.fullmatch(sheets, name)]
        if not names:
            found = ", ".join(printable(name) for name in book.sheet_names[:12])
            problem = f"has no sheet whose name matches {sheets!r}; it has {found}."
            raise SourceError("no_sheet", fetched.file, problem, "Correct `sheets` in the contract.")
        if kind == "xlsx":
            _check_extent(fetched.file, data, names)
        marks = _marks(data, names) if wants_marks and kind == "xlsx" else {}
        return [Sheet(name, _rows(book, name, marks.get(name, {}), fetched.file)) for name in names]
    except SourceError:
        raise
    except Exception as error:
        raise _broken(fetched.file, error) from None


def _open(fetched: Fetched, kind: str, password: str | None, password_env: str | None) -> bytes:
    data = fetched.data
    if kind == "xlsx" and data.startswith(OLE):
        data = _decrypt(fetched, password, password_env)
    if kind == "xls":
        if not data.startswith(OLE):
            raise _not_a_workbook(fetched.file, kind, data)
        return data
    if not data.startswith(b"PK"):
        raise _not_a_workbook(fetched.file, kind, data)
    _check_zip(fetched.file, data)
    return data


def _decrypt(fetched: Fetched, password: str | None, password_env: str | None) -> bytes:
    what = (
        f"Put its password into the environment variable {password_env}."
        if password_env
        else ("Name the variable with its password as `password_env` in the contract.")
    )
    if not password:
        raise SourceError("encrypted", fetched.file, "is protected by a password, and none was given.", what)
    out = io.BytesIO()
    try:
        office = msoffcrypto.OfficeFile(io.BytesIO(fetched.data))
        office.load_key(password=password)
        office.decrypt(out)
    except Exception:
        raise SourceError("encrypted", fetched.file, "does not open with the password given.", what) from None
    return out.getvalue()


def _check_zip(file: str, data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = 0
            for part in archive.infolist():
                unpacked += part.file_size
                if part.file_size > MOST_RATIO * max(part.compress_size, 1) and part.file_size > 50_000_000:
                    raise _bomb(file)
            if unpacked > MOST_UNPACKED:
                raise _bomb(file)
            for part in archive.infolist():
                _drain(file, archive, part)
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise _broken(file, error) from None


def _check_extent(file: str, data: bytes, names: Sequence[str]) -> None:
    """That no sheet reaches so far that its grid would fill the memory, as one stray cell at the end of a sheet makes it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if BOOK not in archive.namelist():
            return
        book = WorkbookParser(archive, BOOK, keep_links=False)
        book.parse()
        for sheet, part in book.find_sheets():
            if sheet.name not in names:
                continue
            with archive.open(part.target) as stream:
                last = DIMENSION.search(stream.read(HEAD))
            if last and column_index_from_string(last[1].decode()) * int(last[2]) > MOST_CELLS:
                problem = f"reaches to cell {last[1].decode()}{int(last[2])}, far beyond a list of people."
                what_to_do = "Ask the borough to delete the rows and columns behind the list, and what stands there."
                raise SourceError("too_large", f"{file}, sheet {printable(sheet.name)}", problem, what_to_do)


def _drain(file: str, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Unpack one part and forget it: the directory's sizes may lie, the bytes cannot."""
    read = 0
    with archive.open(part) as stream:
        while block := stream.read(1 << 20):
            read += len(block)
            if read > max(part.file_size, 1 << 20):
                raise _bomb(file)


def _bomb(file: str) -> SourceError:
    return SourceError(
        "zip_bomb", file, "would unpack to far more than a workbook holds.", "Treat it as hostile; ask who sent it."
    )


def _broken(file: str, error: Exception) -> SourceError:
    problem = f"breaks off or is damaged ({type(error).__name__})."
    return SourceError("truncated_file", file, problem, "Ask the borough to send it again.")


def _not_a_workbook(file: str, kind: str, data: bytes) -> SourceError:
    """A file of another kind: as a rule the export is spoilt, not the contract; a kind that the readers know may be meant."""
    if known := _other_kind(data):
        problem = f"is not {kind}: its first bytes are those of {known}."
        what_to_do = f"Ask the borough for an export as {kind}; if they send {known} from now on, say so in `format` of the contract."
    else:
        problem = f"is not {kind}, nor of any kind that is known: it is damaged, or encrypted by something else."
        what_to_do = "Ask the borough for a good export."
    return SourceError("not_a_workbook", file, problem, what_to_do)


def _other_kind(data: bytes) -> str | None:
    """What a file is by its first bytes: another kind of workbook, or text."""
    if data.startswith(OLE):
        return "xls"
    if data.startswith(b"PK"):
        return "xlsx"
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(data[:4_096])
    except UnicodeDecodeError:
        return None
    return "text, such as csv" if all(sign.isprintable() or sign in "\r\n\t\ufeff" for sign in text) else None


def _rows(
    book: python_calamine.CalamineWorkbook, name: str, marks: Mapping[int, tuple[str, ...]], file: str
) -> Iterator[Row | BadRow]:
    try:
        sheet = book.get_sheet_by_name(name)
        grid = sheet.to_python(skip_empty_area=False)
    except Exception as error:
        raise _broken(file, error) from None
    for number, values in enumerate(grid, start=1):
        cells = [cell_text(value) for value in values]
        if any(cell is not None for cell in cells):
            yield Row(number, cells, marks.get(number, ()))


def cell_text(value: object) -> Cell:
    """A workbook's value as text: dates as ISO, whole numbers without a point, space trimmed."""
    text = str(value)
    match value:
        case None:
            text = ""
        case bool():
            text = text.upper()
        case dt.datetime():
            text = value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "minutes")
        case dt.time():
            text = value.isoformat("minutes")
        case float() if value.is_integer():
            text = str(int(value))
    return text.strip() or None


def _marks(data: bytes, names: list[str]) -> dict[str, dict[int, tuple[str, ...]]]:
    """Formatting of each row: fill colours, strikethrough, hidden."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    found: dict[str, dict[int, tuple[str, ...]]] = {}
    for name in names:
        sheet = book[name]
        own = found.setdefault(name, {})
        for cells in sheet.iter_rows():
            number = cells[0].row
            marks = {mark: None for cell in cells if isinstance(cell, StyledCell) for mark in _cell_marks(cell)}
            if number is not None and sheet.row_dimensions[number].hidden:
                marks["hidden"] = None
            if marks and number is not None:
                own[number] = tuple(marks)
    return found


def _cell_marks(cell: StyledCell) -> Iterator[str]:
    if not cell.has_style:
        return
    fill = cell.fill
    if fill is not None and fill.fill_type == "solid" and isinstance(fill.fgColor.rgb, str):
        yield f"colour:{fill.fgColor.rgb[-6:].upper()}"
    if cell.value is not None and cell.font is not None and cell.font.strike:
        yield "strikethrough"


def printable(text: str) -> str:
    """A heading or sheet name as a message may show it: printable, at most 60 characters."""
    return "".join(letter for letter in text if letter.isprintable())[:60]
