"""Rows of an export as they become raw records: one a person named, each with where it came from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import pyarrow as pa

from pipeline.core.parquet import conform
from pipeline.read.sheets import BadRow, Cell, Row
from schemas.contract import Contract
from schemas.tables import ATTRIBUTE, MERGED, MERGED_BLOCK, QUARANTINE, RAW_RECORDS

CHUNK = 50_000
NAMES = {"full_name", "forename", "surname"}
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
    people = [
        person for found in _found_in_text(contract, filled) for person in _split_people(contract, {**found, **filled})
    ]
    for part, person in enumerate(people, start=1):
        attributes = [
            (field.removeprefix(ATTRIBUTE), cell) for field, cell in person.items() if field.startswith(ATTRIBUTE)
        ]
        yield {
            **{field: cell for field, cell in person.items() if not field.startswith(ATTRIBUTE)},
            "sheet": sheet,
            "row_number": row.number,
            "attributes": attributes or None,
            "marks": marks or None,
            "part": part,
        }


def _found_in_text(contract: Contract, filled: Mapping[str, Cell]) -> list[dict[str, str]]:
    """Fields that the contract's patterns find in running text, once for each person named there; of several finds of one field the first.

    Who a column of its own names is the one whom the row is about, whoever the text names.
    """
    if not contract.found_in_text:
        return [{}]
    texts = {column: [filled.get(column) or ""] for column in contract.found_in_text}
    if not NAMES & set(filled):
        texts = {column: _texts_of_people(text, contract.found_in_text[column]) for column, (text,) in texts.items()}
    people = []
    for position in range(max(map(len, texts.values()), default=1)):
        found: dict[str, str] = {}
        for column, patterns in contract.found_in_text.items():
            text = texts[column][min(position, len(texts[column]) - 1)]
            finds = (re.search(pattern, text) for pattern in patterns)
            for field, value in (item for find in finds if find for item in find.groupdict().items()):
                if value and value.strip():
                    found.setdefault(field, value.strip())
        people.append(found)
    return people


def _texts_of_people(text: str, patterns: Sequence[str]) -> list[str]:
    """The text, parted before each further name that the first pattern to find one finds."""
    for pattern in map(re.compile, patterns):
        groups = NAMES & set(pattern.groupindex)
        first_found: dict[tuple[str, ...], int] = {}
        for find in pattern.finditer(text):
            name = " ".join(find[group] or "" for group in sorted(groups)).casefold().split()
            if name:
                first_found.setdefault(tuple(name), find.start())
        if first_found:
            return [text[begin:end] for begin, end in pairwise([0, *list(first_found.values())[1:], len(text)])]
    return [text]


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
