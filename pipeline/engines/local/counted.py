"""The frequency table of a table of records."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.engines.counted_rows import counted_rows
from pipeline.engines.frequency import Frequencies
from pipeline.engines.frequency_table import FrequencyTable
from pipeline.engines.groups import comparable_pairs, group_codes
from pipeline.engines.local.coded import read_values
from pipeline.engines.local.describe import are_established
from pipeline.engines.local.encode import frequencies_of, name_pairs_of
from pipeline.engines.tokens import domain
from schemas.model import Model


def frequency_table(table: pa.Table, model: Model) -> FrequencyTable:
    """How common the values of these records are.

    Input: as an engine loads. With the table that this gives, the records weigh as they do without one.
    """
    n = len(table)
    coded = read_values(table, model)
    rows = counted_rows(table, model)
    field_frequencies = frequencies_of(coded, model, rows)
    values = []
    for comparison, of_field in zip(model.comparison, field_frequencies, strict=True):
        texts = coded.vocabularies[domain(comparison.kind, comparison.field)].texts
        is_common = of_field.bin != of_field.unseen_bin
        values.append((texts.filter(pa.array(is_common)), of_field.bin[is_common]))
    name_texts = coded.vocabularies["name"].texts if "name" in coded.vocabularies else pa.array([], pa.string())
    is_common_name = are_established("forename", len(name_texts), n, coded.names)
    return FrequencyTable(
        n,
        comparable_pairs(group_codes(table, model)) / max(n, 1),
        tuple(Frequencies(np.zeros(0, np.int8), *of_field[1:]) for of_field in field_frequencies),
        tuple(values),
        name_pairs_of(model, coded.names, field_frequencies, rows),
        name_texts.filter(pa.array(is_common_name)),
    )
