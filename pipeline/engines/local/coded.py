"""The fields of a table, read as codes: what both encoding and blocking start from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.engines.local.columns import Column, Vocabulary, aliases, column_or_none, read_column
from pipeline.engines.local.names import alternatives
from pipeline.engines.tokens import domain
from schemas.model import Model


@dataclass(frozen=True, slots=True)
class CodedTable:
    """The fields of a table as codes, and the ways its records are named."""

    vocabularies: dict[str, Vocabulary]
    """by domain"""
    columns: dict[str, Column]
    """by field"""
    names: tuple[np.ndarray, np.ndarray, np.ndarray]
    """As ``alternatives`` gives them"""


def read_values(table: pa.Table, model: Model) -> CodedTable:
    """Read the fields that the model compares."""
    n = len(table)
    kinds = {comparison.field: comparison.kind for comparison in model.comparison}
    vocabularies: dict[str, Vocabulary] = {}
    columns: dict[str, Column] = {}
    for field, kind in kinds.items():
        vocabulary = vocabularies.setdefault(domain(kind, field), Vocabulary(kind))
        columns[field] = read_column(table, field, vocabulary)
    field_of_kind = {kind: field for field, kind in kinds.items()}
    names = alternatives(
        n,
        *column_or_none(columns, field_of_kind.get("forename"), n),
        *column_or_none(columns, field_of_kind.get("surname"), n),
        *aliases(table, vocabularies.get("name"), n),
    )
    return CodedTable(vocabularies, columns, names)


def columns_read(table: pa.Table, model: Model) -> list[str]:
    """Columns of the table that encoding looks at."""
    fields = [comparison.field for comparison in model.comparison]
    more = ("alias", "date_of_birth", "age_low", "age_high", "recorded_at", model.blocking.across)
    wanted = {*fields, *(f"{field}_alt" for field in fields), *more}
    return [name for name in table.column_names if name in wanted]
