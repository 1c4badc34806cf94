"""A table as a pandas frame: one column a field, each cell the tuple of the record's values as text."""

from __future__ import annotations

import functools
from collections import defaultdict
from itertools import product

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.engines.birth import birth_days
from pipeline.engines.frequency import Frequencies, NamePairs, frequencies, name_pairs
from pipeline.engines.local.names import MOST_NAMINGS
from pipeline.engines.spellings import NO_GROUPS, name_groups
from pipeline.engines.tokens import Groups, alias_words
from schemas.model import NAME_KINDS, Model

NAMES = "names"  # column of the ways a record is named: (forename or None, surname or None)
BORN = "born"  # column of the first and last possible birthday, days since 1970
Values = tuple[str, ...]
Bins = dict[str, defaultdict[str, int]]
"""Of each field: value, or name of a group of spellings, to its bin"""


def frame_of(table: pa.Table, model: Model) -> pd.DataFrame:
    """One row a record, in the table's order."""
    columns: dict[str, list[object]] = {}
    for comparison in model.comparison:
        main, alternative = (_values(table, name) for name in (comparison.field, f"{comparison.field}_alt"))
        columns[comparison.field] = [a + b for a, b in zip(main, alternative, strict=True)]
    empty: list[Values] = [()] * len(table)
    fields = {comparison.kind: comparison.field for comparison in model.comparison}
    forenames, surnames = (columns.get(fields.get(kind, ""), empty) for kind in ("forename", "surname"))
    aliases = _values(table, "alias") if {"forename", "surname"} & set(fields) else empty
    columns[NAMES] = [_namings(*names) for names in zip(forenames, surnames, aliases, strict=True)]  # type: ignore[arg-type]
    columns[BORN] = list(zip(*(days.tolist() for days in birth_days(table)), strict=True))
    return pd.DataFrame(columns, index=pd.RangeIndex(len(table), name="row"))


def _values(table: pa.Table, name: str) -> list[Values]:
    if name not in table.column_names:
        return [()] * len(table)
    out = []
    for value in table.column(name).to_pylist():
        several = value if isinstance(value, list) else [value]
        out.append(tuple(str(one) for one in several if one is not None and str(one)))
    return out


def _namings(forenames: Values, surnames: Values, aliases: Values) -> tuple[tuple[str | None, str | None], ...]:
    plain = product(forenames or (None,), surnames or (None,)) if forenames or surnames else ()
    alias_names = [named for alias in aliases if (named := alias_words(alias))]
    from_aliases = [(words[0], words[-1] if len(words) > 1 else None) for words in alias_names]
    return tuple([*plain, *from_aliases][:MOST_NAMINGS])


def frequencies_of(frame: pd.DataFrame, model: Model, groups: Groups) -> tuple[tuple[Frequencies, ...], Bins, Bins]:
    """Frequencies of each comparison's values in these records, each value's bin, and that of each group of spellings."""
    field_frequencies, bins, spelling_bins = [], {}, {}
    for comparison in model.comparison:
        occurrences = frame[comparison.field].explode().dropna()
        codes, values = pd.factorize(occurrences)
        named = name_groups(list(values), groups) if comparison.kind in NAME_KINDS else NO_GROUPS
        of_field = frequencies(comparison.kind, np.asarray(codes), len(values), len(frame), named)
        field_frequencies.append(of_field)
        value_bins = zip(values, of_field.bin.tolist(), strict=True)
        bins[comparison.field] = defaultdict(functools.partial(int, of_field.unseen_bin), value_bins)
        of_groups = of_field.spellings
        group_bins = zip(named.names, of_groups.bin.tolist(), strict=True)
        spelling_bins[comparison.field] = defaultdict(functools.partial(int, of_groups.unseen_bin), group_bins)
    return tuple(field_frequencies), bins, spelling_bins


def name_pairs_of(frame: pd.DataFrame, model: Model, bins: Bins) -> NamePairs:
    """How forenames and surnames go together in the first way each record is named."""
    fields = {comparison.kind: comparison.field for comparison in model.comparison}
    if not {"forename", "surname"} <= set(fields):
        none = np.empty(0, np.int32)
        return name_pairs(none, none, (none, none))
    first_namings = [namings[0] for namings in frame[NAMES] if namings]
    codes, bin_of = [], []
    for side, field in enumerate((fields["forename"], fields["surname"])):
        code, values = pd.factorize(pd.Series([naming[side] for naming in first_namings], dtype=object))
        codes.append(np.asarray(code))
        bin_of.append(np.array([bins[field][value] for value in values], np.int8))
    return name_pairs(codes[0], codes[1], (bin_of[0], bin_of[1]))
