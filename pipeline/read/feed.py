"""One export to raw records: every value as text, every row with its file, sheet and number."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from pipeline.core.errors import SourceError
from pipeline.core.parquet import conform
from pipeline.read.databases import read_query
from pipeline.read.delimited import read_csv, read_jsonl
from pipeline.read.fetch import check_unchanged, fetch
from pipeline.read.headings import match_headings
from pipeline.read.sheets import BadRow, Cell, Fetched, Row, Sheet
from pipeline.read.workbooks import read_workbook
from schemas.contract import Contract, Feed
from schemas.tables import ATTRIBUTE, QUARANTINE, RAW_RECORDS

CHUNK = 50_000
TOTALS = re.compile(r"(grand |sub ?)?totals?\b.*|(number|no\.?) of \w+.*|end of (sheet|report|list).*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FeedRead:
    """What one export held."""

    records: pa.Table
    quarantine: pa.Table
    rows_read: int
    file: str
    file_sha256: str


def read_feed(contract: Contract, feed: Feed, root: str, passwords: Mapping[str, str]) -> FeedRead:
    """Read tonight's export of a feed.

    Output: raw_records, one row a person named; quarantine, the rows that could not be read, with reasons.

    Raises:
        SourceError: If the export as a whole cannot be read as its contract says.
    """
    if feed.format == "sql":
        sheet, sha256 = read_query(root, feed.location, feed.query or "", feed.feed_id)
        return _records(contract, feed, _without_secret(feed.location), sha256, [sheet])
    fetched = fetch(root, feed.location)
    try:
        found = _records(contract, feed, fetched.file, fetched.sha256, _sheets(contract, feed, fetched, passwords))
    except SourceError:
        check_unchanged(root, feed.location, fetched)  # half a file may break its contract in any way
        raise
    check_unchanged(root, feed.location, fetched)
    return found


def _records(contract: Contract, feed: Feed, file: str, sha256: str, sheets: Iterable[Sheet]) -> FeedRead:
    lineage = {
        "feed_id": feed.feed_id,
        "source": feed.source,
        "borough": feed.borough,
        "file": file,
        "file_sha256": sha256,
        "contract_version": contract.stamp,
    }
    good, bad = _Rows(lineage), _Bad(lineage)
    rows_read = 0
    for sheet in _begun(sheets):
        columns = match_headings(sheet, contract, feed, file)
        for row in columns.rows:
            rows_read += 1
            if isinstance(row, BadRow):
                bad.add(sheet.name, row)
            elif _is_total(row):
                rows_read -= 1
            else:
                _add(good, contract, sheet.name, row, columns.fields)
    return FeedRead(good.table(), bad.table(), rows_read, file, sha256)


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
            yield Sheet(sheet.name, itertools.chain([first], sheet.rows))
    if blank and not n_begun:
        yield blank


def export_sha256(feed: Feed, root: str) -> str:
    """Hash of the feed's export as it is now: of the file's bytes, or of what the query gives.

    Raises:
        SourceError: If it cannot be reached.
    """
    if feed.format == "sql":
        return read_query(root, feed.location, feed.query or "", feed.feed_id)[1]
    return fetch(root, feed.location).sha256


def _sheets(contract: Contract, feed: Feed, fetched: Fetched, passwords: Mapping[str, str]) -> list[Sheet]:
    if feed.format == "csv":
        last = feed.header.row + feed.header.rows - 1 if isinstance(feed.header.row, int) else 20
        return [read_csv(fetched, feed.encoding, feed.delimiter, last)]
    if feed.format == "jsonl":
        return [read_jsonl(fetched, feed.encoding)]
    password = passwords.get(feed.password_env) if feed.password_env else None
    wants_marks = bool(contract.colours or contract.strikethrough)
    return read_workbook(fetched, feed.format, feed.sheets, password, feed.password_env, wants_marks=wants_marks)


def _without_secret(url: str) -> str:
    """A database URL without user and password."""
    return re.sub(r"//[^/@]*@", "//", url)


def _is_total(row: Row) -> bool:
    """A line of totals or the end of a list: few cells, and the first says so."""
    filled = [cell for cell in row.cells if cell]
    return 0 < len(filled) <= 3 and TOTALS.fullmatch(filled[0]) is not None


def _add(good: _Rows, contract: Contract, sheet: str | None, row: Row, fields: tuple[str | None, ...]) -> None:
    filled = {field: cell for field, cell in zip(fields, row.cells, strict=False) if field and cell is not None}
    attributes = {field: cell for field, cell in filled.items() if field.startswith(ATTRIBUTE)}
    values = {field: cell for field, cell in filled.items() if field not in attributes} if attributes else filled
    if not filled:
        return
    own = {
        "sheet": sheet,
        "row_number": row.number,
        "attributes": [(field.removeprefix(ATTRIBUTE), cell) for field, cell in attributes.items()] or None,
        "marks": list(row.marks) or None,
    }
    for part, person in enumerate(_people(contract, values), start=1):
        good.add({**person, **own, "part": part})


def _people(contract: Contract, values: Mapping[str, Cell]) -> Iterator[dict[str, Cell]]:
    """One value set a person: cells that name several are split, a cell with one value belongs to all."""
    if contract.split_people is None:
        yield dict(values)
        return
    pattern = "|".join(f"(?:{separator})" for separator in contract.split_people.separators)
    parts = {
        name: [text.strip() for text in re.split(pattern, values[name] or "") if text and text.strip()]
        for name in contract.split_people.columns
        if values.get(name)
    }
    people = max((len(own) for own in parts.values()), default=1)
    for at in range(people):
        own = dict(values)
        for name, texts in parts.items():
            own[name] = texts[0] if len(texts) == 1 else texts[at] if at < len(texts) else None
        yield own


class _Rows:
    """Raw records as they come, kept as Arrow in chunks so that memory stays bounded."""

    def __init__(self, lineage: Mapping[str, str | None]) -> None:
        self._lineage = lineage
        self._rows: list[dict[str, object]] = []
        self._chunks: list[pa.Table] = []

    def add(self, row: Mapping[str, object]) -> None:
        self._rows.append({**self._lineage, **row})
        if len(self._rows) >= CHUNK:
            self._close()

    def table(self) -> pa.Table:
        self._close()
        return conform(pa.concat_tables(self._chunks), RAW_RECORDS)

    def _close(self) -> None:
        self._chunks.append(pa.Table.from_pylist(self._rows, RAW_RECORDS.arrow_schema()))
        self._rows = []


class _Bad:
    """Rows that could not be read."""

    def __init__(self, lineage: Mapping[str, str | None]) -> None:
        self._lineage = lineage
        self._rows: list[dict[str, object]] = []

    def add(self, sheet: str | None, row: BadRow) -> None:
        own = {
            "sheet": sheet,
            "row_number": row.number,
            "part": 1,
            "stage": "read",
            "reason_code": row.code,
            "reason": row.reason,
            "raw_row": row.raw or json.dumps(None),
        }
        self._rows.append({**self._lineage, **own})

    def table(self) -> pa.Table:
        return conform(pa.Table.from_pylist(self._rows, QUARANTINE.arrow_schema()), QUARANTINE)
