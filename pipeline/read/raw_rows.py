"""Rows of an export as they become raw records: one a person named, each with where it came from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

import pyarrow as pa

from pipeline.core.parquet import conform
from pipeline.read.sheets import BadRow, Cell, Row
from schemas.contract import Contract
from schemas.tables import ATTRIBUTE, MERGED, MERGED_BLOCK, QUARANTINE, RAW_RECORDS

CHUNK = 50_000
Fields = tuple[str | None, ...]
"""The field of each column; None where it is ignored"""


def persons_of(contract: Contract, sheet: str | None, row: Row, fields: Fields) -> Iterator[dict[str, object]]:
    """The raw records of a row, but for the lineage of its file; none where no column with a field is filled."""
    filled = {field: cell for field, cell in zip(fields, row.cells, strict=False) if field and cell is not None}
    if not filled:
        return
    marks = list(row.marks)
    for cell in row.merged:
        field = fields[cell.column]
        if field and cell.value is not None:
            filled[field] = cell.value
            marks.append(f"{MERGED_BLOCK if cell.is_block else MERGED}{field}")
    filled = {**_found_in_text(contract, filled), **filled}
    attributes = {field: cell for field, cell in filled.items() if field.startswith(ATTRIBUTE)}
    shared = {
        "sheet": sheet,
        "row_number": row.number,
        "attributes": [(field.removeprefix(ATTRIBUTE), cell) for field, cell in attributes.items()] or None,
        "marks": marks or None,
    }
    values = {field: cell for field, cell in filled.items() if field not in attributes}
    for part, person in enumerate(_split_people(contract, values), start=1):
        yield {**person, **shared, "part": part}


def _found_in_text(contract: Contract, filled: Mapping[str, Cell]) -> dict[str, str]:
    """Fields that the contract's patterns find in running text; of several finds of one field the first."""
    found: dict[str, str] = {}
    for column, patterns in contract.found_in_text.items():
        finds = (re.search(pattern, filled.get(column) or "") for pattern in patterns)
        for field, text in (item for find in finds if find for item in find.groupdict().items()):
            if text and text.strip():
                found.setdefault(field, text.strip())
    return found


def _split_people(contract: Contract, values: Mapping[str, Cell]) -> Iterator[dict[str, Cell]]:
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
    n_people = max(map(len, parts.values()), default=1)
    for position in range(n_people):
        person = dict(values)
        for name, texts in parts.items():
            person[name] = texts[0] if len(texts) == 1 else texts[position] if position < len(texts) else None
        yield person


class RawRows:
    """Raw records as they come, held as Arrow in chunks so that memory stays bounded."""

    def __init__(self, lineage: Mapping[str, str | None]) -> None:
        self._lineage = lineage
        self._rows: list[dict[str, object]] = []
        self._chunks: list[pa.Table] = []

    def add(self, row: Mapping[str, object]) -> None:
        """Add one raw record without its lineage."""
        self._rows.append({**self._lineage, **row})
        if len(self._rows) >= CHUNK:
            self._close_chunk()

    def table(self) -> pa.Table:
        """All of them, contract ``raw_records``."""
        self._close_chunk()
        return conform(pa.concat_tables(self._chunks), RAW_RECORDS)

    def _close_chunk(self) -> None:
        self._chunks.append(pa.Table.from_pylist(self._rows, RAW_RECORDS.arrow_schema()))
        self._rows = []


class QuarantinedRows:
    """Rows that could not be read."""

    def __init__(self, lineage: Mapping[str, str | None]) -> None:
        self._lineage = lineage
        self._rows: list[dict[str, object]] = []

    def add(self, sheet: str | None, row: BadRow) -> None:
        """Add one with its reason."""
        rejected = {
            "sheet": sheet,
            "row_number": row.number,
            "part": 1,
            "stage": "read",
            "reason_code": row.code,
            "reason": row.reason,
            "raw_row": row.raw or json.dumps(None),
        }
        self._rows.append({**self._lineage, **rejected})

    def table(self) -> pa.Table:
        """All of them, contract ``quarantine``."""
        return conform(pa.Table.from_pylist(self._rows, QUARANTINE.arrow_schema()), QUARANTINE)
