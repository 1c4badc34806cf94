"""A table of records, encoded for the kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from pipeline.engines.birth import birth_days
from pipeline.engines.counted_rows import counted_rows
from pipeline.engines.frequency import Frequencies, NamePairs, frequencies, name_pairs
from pipeline.engines.frequency_table import FrequencyTable
from pipeline.engines.groups import group_codes
from pipeline.engines.local.coded import CodedTable
from pipeline.engines.local.columns import I32, Vocabulary, by_record, first_values
from pipeline.engines.local.describe import describe
from pipeline.engines.local.values import NONE, SEVERAL, Encoded, Records
from pipeline.engines.spellings import NO_GROUPS, NameGroups, name_groups
from pipeline.engines.tokens import Groups, domain
from schemas.model import NAME_KINDS, Model


def names_of(coded: CodedTable) -> pa.Array:
    """The vocabulary of names."""
    return coded.vocabularies["name"].texts if "name" in coded.vocabularies else pa.array([], pa.string())


def groups_of(coded: CodedTable, groups: Groups) -> NameGroups:
    """The groups of these names."""
    return name_groups(names_of(coded).to_pylist(), groups)


def frequencies_of(coded: CodedTable, model: Model, rows: np.ndarray, named: NameGroups) -> list[Frequencies]:
    """Of the values that these records have, for each comparison."""
    field_frequencies = []
    for comparison in model.comparison:
        column = coded.columns[comparison.field]
        vocabulary = coded.vocabularies[domain(comparison.kind, comparison.field)]
        codes = _values_of(rows, column.start, column.code)
        of_names = named if comparison.kind in NAME_KINDS else NO_GROUPS
        field_frequencies.append(frequencies(comparison.kind, codes, len(vocabulary), len(rows), of_names))
    return field_frequencies


def _values_of(rows: np.ndarray, start: np.ndarray, code: np.ndarray) -> np.ndarray:
    """The values of these records, where record i has code[start[i]:start[i + 1]]."""
    size = start[rows + 1] - start[rows]
    if size.sum() == start[len(rows)] and (not len(rows) or rows[-1] == len(rows) - 1):  # all of the first records
        return code[: start[len(rows)]]
    nth = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    return code[np.repeat(start[rows], size) + nth]


def encode(
    table: pa.Table, coded: CodedTable, model: Model, groups: Groups, frequency_table: FrequencyTable | None
) -> Encoded:
    """Encode the fields that the model compares.

    Input: std_records or a table like it: a column a field (text, list of text, or date), and ``alias`` where it has one;
        and what was read of it. How common its values are it says itself, where no frequency table does.
    """
    n = len(table)
    first_code = _first_codes(coded.vocabularies)
    bases = [first_code[domain(comparison.kind, comparison.field)] for comparison in model.comparison]
    counted = np.arange(n) if frequency_table is not None else counted_rows(table, model)
    named = groups_of(coded, groups)
    field_frequencies = frequencies_of(coded, model, counted, named)
    bins = _with_table_bins(field_frequencies, coded.vocabularies, model, named, frequency_table)
    values = describe(coded.vocabularies, named, n, coded.names, bins, bases)
    name_base = first_code.get("name", 0)
    if frequency_table is not None and "name" in coded.vocabularies:
        is_established = frequency_table.is_established(names_of(coded))
        values.is_established[name_base : name_base + len(is_established)] = is_established
    records = _records(table, coded, model, bases, name_base)
    name_pairs = name_pairs_of(model, coded.names, field_frequencies, counted)
    fields = tuple(comparison.field for comparison in model.comparison)
    return Encoded(n, fields, values, records, tuple(field_frequencies), name_pairs, counted)


def _first_codes(vocabularies: Mapping[str, Vocabulary]) -> dict[str, int]:
    """The code of each domain's first value, where the values of all domains are numbered one after the other."""
    ends = np.cumsum([0, *map(len, vocabularies.values())]).tolist()
    return dict(zip(vocabularies, ends, strict=False))


def _records(table: pa.Table, coded: CodedTable, model: Model, bases: Sequence[int], name_base: int) -> Records:
    """Which values each record has; ``bases``: first code of each comparison's values."""
    n, number_of = len(table), {comparison.kind: number for number, comparison in enumerate(model.comparison)}
    columns = [(coded.columns[c.field], base) for c, base in zip(model.comparison, bases, strict=True)]
    first = first_values(n, columns)
    none = np.empty(0, I32)
    start, value = by_record(columns) if (first == SEVERAL).any() else (none, none)
    naming_start = coded.names[0]
    forename, surname = (np.where(codes >= 0, codes + name_base, -1).astype(I32) for codes in coded.names[1:])
    for kind, code in (("forename", forename), ("surname", surname)):
        if kind in number_of:
            first[:, number_of[kind]] = _single_naming(naming_start, code)
    born_from, born_to = birth_days(table) if "age" in number_of else (none, none)
    group = group_codes(table, model)
    return Records(first, start, value, naming_start, forename, surname, born_from, born_to, group)


def _with_table_bins(
    field_frequencies: list[Frequencies],
    vocabularies: Mapping[str, Vocabulary],
    model: Model,
    named: NameGroups,
    table: FrequencyTable | None,
) -> list[Frequencies]:
    """The same with the bins that the frequency table gives, if there is one."""
    if table is None:
        return field_frequencies
    texts = {name: vocabulary.texts for name, vocabulary in vocabularies.items()}
    group_names = pa.array(named.names, pa.string())
    return [
        of_field._replace(
            bin=table.bins(number, texts[domain(comparison.kind, comparison.field)]),
            spellings=of_field.spellings._replace(bin=table.spelling_bins(number, group_names)),
        )
        for number, (comparison, of_field) in enumerate(zip(model.comparison, field_frequencies, strict=True))
    ]


def _single_naming(start: np.ndarray, code: np.ndarray) -> np.ndarray:
    """(records,) the name of a record that is named in one way, NONE without one, SEVERAL of one named in more."""
    n_namings = np.diff(start)
    codes = np.where(n_namings > 1, SEVERAL, NONE).astype(I32)
    codes[n_namings == 1] = code[start[:-1][n_namings == 1]]
    return codes


def name_pairs_of(
    model: Model, names: tuple[np.ndarray, ...], field_frequencies: list[Frequencies], rows: np.ndarray
) -> NamePairs:
    """How forenames and surnames go together in the first way each of these records is named."""
    number = {comparison.kind: number_ for number_, comparison in enumerate(model.comparison)}
    if not {"forename", "surname"} <= set(number):
        return name_pairs(np.empty(0, I32), np.empty(0, I32), (np.empty(0, np.int8), np.empty(0, np.int8)))
    start, forename, surname = names
    first = start[rows][start[rows + 1] > start[rows]]
    return name_pairs(
        forename[first],
        surname[first],
        (field_frequencies[number["forename"]].bin, field_frequencies[number["surname"]].bin),
    )
