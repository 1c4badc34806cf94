"""A table of records, encoded for the kernels."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.engines.birth import birth_days
from pipeline.engines.frequency import frequencies
from pipeline.engines.local.columns import I32, Column, Vocabulary, aliases, by_record, column_or_none, read_column
from pipeline.engines.local.describe import describe
from pipeline.engines.local.names import alternatives
from pipeline.engines.local.record_tokens import record_tokens
from pipeline.engines.local.values import Encoded, Records
from pipeline.engines.tokens import Groups, domain
from schemas.model import Model


def encode(table: pa.Table, model: Model, groups: Groups) -> Encoded:
    """Encode the fields that the model compares.

    Input: std_records or a table like it, sorted by record id: a column a field (text, list of text, or date), and
        ``alias`` where it has one.
    """
    n = len(table)
    fields = tuple(comparison.field for comparison in model.comparison)
    kinds = {comparison.field: comparison.kind for comparison in model.comparison}
    vocabularies: dict[str, Vocabulary] = {}
    columns: dict[str, Column] = {}
    for field in fields:
        vocabulary = vocabularies.setdefault(domain(kinds[field], field), Vocabulary(kinds[field]))
        columns[field] = read_column(table, field, vocabulary)
    of_kind = {kind: field for field, kind in kinds.items()}
    names = alternatives(
        n, *column_or_none(columns, of_kind.get("forename"), n), *column_or_none(columns, of_kind.get("surname"), n),
        *aliases(table, vocabularies.get("name"), n),
    )  # fmt: skip
    first, total = {}, 0
    for name, vocabulary in vocabularies.items():
        first[name] = total
        total += len(vocabulary.code)
    base = {field: first[domain(kinds[field], field)] for field in fields}
    spread = [
        frequencies(
            comparison.kind,
            columns[comparison.field].code,
            len(vocabularies[domain(comparison.kind, comparison.field)].code),
            n,
        )
        for comparison in model.comparison
    ]
    values = describe(vocabularies, groups, n, names, spread, [base[field] for field in fields])
    name_base = first.get("name", 0)
    forename, surname = (np.where(part >= 0, part + name_base, -1).astype(I32) for part in names[1:])
    start, value = by_record(n, [(columns[field], base[field]) for field in fields])
    born_from, born_to = birth_days(table)
    records = Records(start, value, names[0], forename, surname, born_from, born_to)
    return Encoded(
        n,
        fields,
        values,
        records,
        tuple(spread),
        *record_tokens(n, model, columns, vocabularies, names, groups),
    )
