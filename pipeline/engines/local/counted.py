"""The frequency table of a table of records."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.engines.counted_rows import counted_rows
from pipeline.engines.frequency_table import FrequencyTable
from pipeline.engines.groups import comparable_pairs, group_codes
from pipeline.engines.local.coded import read_values
from pipeline.engines.local.describe import are_established
from pipeline.engines.local.encode import frequencies_of, groups_of, name_pairs_of, names_of
from pipeline.engines.tokens import Groups, domain
from schemas.model import Model

NONE = np.zeros(0, np.int8)


def frequency_table(table: pa.Table, model: Model, groups: Groups) -> FrequencyTable:
    """How common the values of these records are.

    Input: as an engine loads. With the table that this gives, the records weigh as they do without one.
    """
    n = len(table)
    coded = read_values(table, model)
    rows = counted_rows(table, model)
    named = groups_of(coded, groups)
    field_frequencies = frequencies_of(coded, model, rows, named)
    values, spelled = [], []
    for comparison, of_field in zip(model.comparison, field_frequencies, strict=True):
        texts = coded.vocabularies[domain(comparison.kind, comparison.field)].texts
        values.append(_common(texts, of_field.bin, of_field.unseen_bin))
        of_groups = of_field.spellings
        names = named.names if len(of_groups.bin) else ()
        spelled.append(_common(pa.array(names, pa.string()), of_groups.bin, of_groups.unseen_bin))
    name_texts = names_of(coded)
    is_common_name = are_established("forename", len(name_texts), n, coded.names)
    return FrequencyTable(
        n,
        comparable_pairs(group_codes(table, model)) / max(n, 1),
        tuple(
            of_field._replace(bin=NONE, spellings=of_field.spellings._replace(bin=NONE, usual_rarity=None))
            for of_field in field_frequencies
        ),
        tuple(values),
        tuple(spelled),
        name_pairs_of(model, coded.names, field_frequencies, rows),
        name_texts.filter(pa.array(is_common_name)),
    )


def _common(texts: pa.Array, bins: np.ndarray, unseen_bin: int) -> tuple[pa.Array, np.ndarray]:
    """Those that are commoner than one seen once, and the bin of each."""
    is_common = bins != unseen_bin
    return texts.filter(pa.array(is_common)), bins[is_common]
