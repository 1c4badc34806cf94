"""A table of records, encoded for the kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.engines.birth import birth_days
from pipeline.engines.frequency import Frequencies, NamePairs, frequencies, name_pairs
from pipeline.engines.frequency_table import FrequencyTable
from pipeline.engines.groups import group_codes
from pipeline.engines.local.columns import (
    I32,
    Column,
    Vocabulary,
    aliases,
    by_record,
    column_or_none,
    first_values,
    read_column,
)
from pipeline.engines.local.describe import describe
from pipeline.engines.local.names import alternatives
from pipeline.engines.local.record_tokens import record_tokens
from pipeline.engines.local.values import NONE, SEVERAL, Encoded, Records, Tokens
from pipeline.engines.tokens import Groups, domain
from schemas.model import BlockingRule, Model


@dataclass(frozen=True, slots=True)
class Read:
    """The fields of a table as codes, and the ways its records are named."""

    vocabularies: dict[str, Vocabulary]
    """by domain"""
    columns: dict[str, Column]
    """by field"""
    names: tuple[np.ndarray, np.ndarray, np.ndarray]
    """As ``alternatives`` gives them"""


def read_values(table: pa.Table, model: Model) -> Read:
    """Read the fields that the model compares."""
    n = len(table)
    kinds = {comparison.field: comparison.kind for comparison in model.comparison}
    vocabularies: dict[str, Vocabulary] = {}
    columns: dict[str, Column] = {}
    for field, kind in kinds.items():
        vocabulary = vocabularies.setdefault(domain(kind, field), Vocabulary(kind))
        columns[field] = read_column(table, field, vocabulary)
    of_kind = {kind: field for field, kind in kinds.items()}
    names = alternatives(
        n,
        *column_or_none(columns, of_kind.get("forename"), n),
        *column_or_none(columns, of_kind.get("surname"), n),
        *aliases(table, vocabularies.get("name"), n),
    )
    return Read(vocabularies, columns, names)


def columns_read(table: pa.Table, model: Model) -> list[str]:
    """Columns of the table that encoding looks at."""
    fields = [comparison.field for comparison in model.comparison]
    more = ("alias", "date_of_birth", "age_low", "age_high", "recorded_at", model.blocking.across)
    wanted = {*fields, *(f"{field}_alt" for field in fields), *more}
    return [name for name in table.column_names if name in wanted]


def frequencies_of(read: Read, model: Model, n: int) -> list[Frequencies]:
    """Of the values that the first n records have, for each comparison."""
    found = []
    for comparison in model.comparison:
        own, vocabulary = read.columns[comparison.field], read.vocabularies[domain(comparison.kind, comparison.field)]
        found.append(frequencies(comparison.kind, own.code[: own.start[n]], len(vocabulary), n))
    return found


def tokens_of(read: Read, n: int, model: Model, groups: Groups, rules: Sequence[BlockingRule] | None) -> Tokens:
    """The tokens of those fields that give keys, as ``record_tokens`` tells."""
    return record_tokens(n, model, read.columns, read.vocabularies, read.names, groups, rules)


def encode(
    table: pa.Table, read: Read, model: Model, groups: Groups, frequency_table: FrequencyTable | None
) -> Encoded:
    """Encode the fields that the model compares.

    Input: std_records or a table like it: a column a field (text, list of text, or date), and ``alias`` where it has one;
        and what was read of it. How common its values are it says itself, where no frequency table does.
    """
    n = len(table)
    vocabularies, columns, names = read.vocabularies, read.columns, read.names
    fields = tuple(comparison.field for comparison in model.comparison)
    kinds = {comparison.field: comparison.kind for comparison in model.comparison}
    of_kind = {kind: field for field, kind in kinds.items()}
    first, total = {}, 0
    for name, vocabulary in vocabularies.items():
        first[name] = total
        total += len(vocabulary)
    base = {field: first[domain(kinds[field], field)] for field in fields}
    spread = frequencies_of(read, model, n)
    values = describe(
        vocabularies, groups, n, names, _given(spread, vocabularies, model, frequency_table), [base[f] for f in fields]
    )
    name_base = first.get("name", 0)
    if frequency_table is not None and "name" in vocabularies:
        is_known = frequency_table.is_established(vocabularies["name"].texts)
        values.is_established[name_base : name_base + len(is_known)] = is_known
    forename, surname = (np.where(part >= 0, part + name_base, -1).astype(I32) for part in names[1:])
    based = [(columns[field], base[field]) for field in fields]
    values_of = first_values(n, based)
    start, value = by_record(based) if (values_of == SEVERAL).any() else (np.empty(0, I32), np.empty(0, I32))
    named = np.diff(names[0])
    for kind, code in (("forename", forename), ("surname", surname)):
        if kind in of_kind:
            values_of[:, fields.index(of_kind[kind])] = _one_way(named, names[0], code)
    born_from, born_to = birth_days(table) if "age" in kinds.values() else (np.empty(0, I32), np.empty(0, I32))
    records = Records(
        values_of, start, value, names[0], forename, surname, born_from, born_to, group_codes(table, model)
    )
    return Encoded(n, fields, values, records, tuple(spread), name_pairs_of(model, names, spread, n))


def _given(
    spread: list[Frequencies], vocabularies: Mapping[str, Vocabulary], model: Model, table: FrequencyTable | None
) -> list[Frequencies]:
    """The same with the bins that the frequency table gives, if there is one."""
    if table is None:
        return spread
    texts = {name: vocabulary.texts for name, vocabulary in vocabularies.items()}
    return [
        own._replace(bin=table.bins(c, texts[domain(comparison.kind, comparison.field)]))
        for c, (comparison, own) in enumerate(zip(model.comparison, spread, strict=True))
    ]


def _one_way(named: np.ndarray, start: np.ndarray, code: np.ndarray) -> np.ndarray:
    """(records,) the name of a record that is named in one way, NONE without one, SEVERAL of one named in more."""
    out = np.where(named > 1, SEVERAL, NONE).astype(I32)
    out[named == 1] = code[start[:-1][named == 1]]
    return out


def name_pairs_of(model: Model, names: tuple[np.ndarray, ...], spread: list[Frequencies], n: int) -> NamePairs:
    """How forenames and surnames go together in the first way each of the first n records is named."""
    at = {comparison.kind: k for k, comparison in enumerate(model.comparison)}
    if not {"forename", "surname"} <= set(at):
        return name_pairs(np.empty(0, I32), np.empty(0, I32), (np.empty(0, np.int8), np.empty(0, np.int8)))
    start, forename, surname = names[0][: n + 1], *names[1:]
    first = start[:-1][np.diff(start) > 0]
    return name_pairs(forename[first], surname[first], (spread[at["forename"]].bin, spread[at["surname"]].bin))
