"""One export to raw records: every value as text, every row with its file, sheet and number."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from pipeline.core.database_name import database_name
from pipeline.core.errors import SourceError
from pipeline.read.databases import read_query
from pipeline.read.delimited import read_csv
from pipeline.read.fetch import check_unchanged, fetch
from pipeline.read.headings import match_headings
from pipeline.read.json_lines import read_jsonl
from pipeline.read.lost_cells import lost_notices
from pipeline.read.merged_cells import MergedCellsRead
from pipeline.read.raw_rows import QuarantinedRows, RawRows, persons_of
from pipeline.read.sheets import BadRow, Fetched, Notice, Row, Sheet, sheet_place
from pipeline.read.short_rows import ShortRows
from pipeline.read.unheaded import UnheadedCells
from pipeline.read.workbook_bytes import check_password, is_encrypted
from pipeline.read.workbooks import read_workbook
from schemas.contract import Contract, Feed

TOTALS = re.compile(r"(grand |sub ?)?totals?\b.*|(number|no\.?) of \w+.*|end of (sheet|report|list).*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FeedRead:
    """What one export held."""

    records: pa.Table
    quarantine: pa.Table
    rows_read: int
    file: str
    file_sha256: str
    notices: tuple[Notice, ...] = ()
    """What the borough should put right in rows that were read nevertheless"""
    sheets: tuple[str, ...] = ()
    """Those of a workbook that the contract reads"""
    unread_sheets: tuple[str, ...] = ()
    """Those of a workbook that the contract neither reads nor names as known"""
    has_line_end: bool | None = None
    """Of a text, whether its last line is ended"""


def read_feed(contract: Contract, feed: Feed, root: str, passwords: Mapping[str, str]) -> FeedRead:
    """Read tonight's export of a feed.

    Output: raw_records, one row a person named; quarantine, the rows that could not be read, with reasons.

    Raises:
        SourceError: If the export as a whole cannot be read as its contract says.
    """
    if feed.format == "sql":
        sheet, sha256 = read_query(root, feed.location, feed.query or "", feed.feed_id, feed.encoding)
        return _records(contract, feed, database_name(feed.location), sha256, [sheet])
    fetched = fetch(root, feed.location)
    try:
        sheets, unread = _sheets(contract, feed, fetched, passwords)
        read = _records(contract, feed, fetched.file, fetched.sha256, sheets)
    except SourceError:
        check_unchanged(root, feed.location, fetched)  # half a file may break its contract in any way
        raise
    check_unchanged(root, feed.location, fetched)
    is_text = feed.format in ("csv", "jsonl")
    return replace(read, unread_sheets=unread, has_line_end=_has_line_end(fetched.data) if is_text else None)


def _has_line_end(data: bytes) -> bool:
    """Whether the last line of a text is ended, in whatever encoding."""
    return data.rstrip(b"\x00 \t").endswith((b"\n", b"\r"))


def _records(contract: Contract, feed: Feed, file: str, sha256: str, sheets: Sequence[Sheet]) -> FeedRead:
    lineage = {
        "feed_id": feed.feed_id,
        "source": feed.source,
        "borough": feed.borough,
        "file": file,
        "file_sha256": sha256,
        "contract_version": contract.stamp,
    }
    records, rejected = RawRows(lineage), QuarantinedRows(lineage)
    notices: list[Notice] = []
    rows_read = 0
    names = tuple(sheet.name for sheet in sheets if sheet.name)
    for sheet in _begun(sheets):
        columns = match_headings(sheet, contract, feed, file)
        short = ShortRows(sheet_place(file, sheet.name), columns.n_headings if feed.format == "csv" else 0)
        unheaded = UnheadedCells(sheet_place(file, sheet.name), columns.unheaded)
        merged = MergedCellsRead(sheet_place(file, sheet.name), columns.fields, columns.heading_row)
        for row in columns.rows:
            rows_read += 1
            if isinstance(row, BadRow):
                rejected.add(sheet.name, row)
            elif _is_total(row):
                rows_read -= 1
            else:
                unheaded.see(row)
                for person in persons_of(contract, sheet.name, short.of_row(merged.of_row(row)), columns.fields):
                    records.add(person)
        notices += [*short.notices(), *unheaded.notices(), *merged.notices()]
        notices += lost_notices(sheet_place(file, sheet.name), sheet.lost, columns.fields, columns.heading_row)
    return FeedRead(records.table(), rejected.table(), rows_read, file, sha256, tuple(notices), names)


def _begun(sheets: Iterable[Sheet]) -> Iterator[Sheet]:
    """The sheets in which anything stands, as none does in that of a month to come; the first one where none is."""
    blank: Sheet | None = None
    n_begun = 0
    for sheet in sheets:
        first = next(sheet.rows, None)
        if first is None:
            blank = blank or sheet
        else:
            n_begun += 1
            yield replace(sheet, rows=itertools.chain([first], sheet.rows))
    if blank and not n_begun:
        yield blank


def export_sha256(feed: Feed, root: str) -> str:
    """Hash of the feed's export as it is now: of the file's bytes, or of what the query gives.

    Raises:
        SourceError: If it cannot be reached.
    """
    if feed.format == "sql":
        return read_query(root, feed.location, feed.query or "", feed.feed_id, feed.encoding)[1]
    return fetch(root, feed.location).sha256


def is_same_export(feed: Feed, root: str, passwords: Mapping[str, str], sha256: str) -> bool:
    """Whether the feed's export still has this hash, and still opens.

    Raises:
        SourceError: If it cannot be reached, or its password is gone or another.
    """
    if feed.format == "sql":
        return export_sha256(feed, root) == sha256
    fetched = fetch(root, feed.location)
    if fetched.sha256 != sha256:
        return False
    if is_encrypted(fetched, feed.format):
        check_password(fetched, _password(feed, passwords), feed.password_env)
    return True


def _sheets(
    contract: Contract, feed: Feed, fetched: Fetched, passwords: Mapping[str, str]
) -> tuple[list[Sheet], tuple[str, ...]]:
    """The sheets that are read, and the names of those of which the contract knows nothing."""
    if feed.format == "csv":
        last = feed.header.row + feed.header.rows - 1 if isinstance(feed.header.row, int) else 20
        return [read_csv(fetched, feed.encoding, feed.delimiter, last)], ()
    if feed.format == "jsonl":
        return [read_jsonl(fetched, feed.encoding, contract.headings)], ()
    password = _password(feed, passwords)
    wants_marks = bool(contract.colours or contract.strikethrough)
    book = read_workbook(fetched, feed.format, feed.sheets, password, feed.password_env, wants_marks=wants_marks)
    return book.sheets, tuple(name for name in book.passed_over if not _is_known_sheet(name, contract, feed))


def _is_known_sheet(name: str, contract: Contract, feed: Feed) -> bool:
    """Whether the contract says that a sheet is no data, or gives it to another feed, as where one workbook has a sheet a borough."""
    of_others = (other.sheets for other in contract.all_feeds() if other.location == feed.location)
    is_ignored = any(re.fullmatch(pattern, name, re.IGNORECASE) for pattern in contract.ignore_sheets)
    return is_ignored or any(re.fullmatch(pattern, name) for pattern in of_others)


def _password(feed: Feed, passwords: Mapping[str, str]) -> str | None:
    return passwords.get(feed.password_env) if feed.password_env else None


def _is_total(row: Row) -> bool:
    """A line of totals or the end of a list: few cells, and the first says so."""
    filled = [cell for cell in row.cells if cell]
    return 0 < len(filled) <= 3 and TOTALS.fullmatch(filled[0]) is not None
