"""The frequency table of a table of records."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.engines.frequency import Frequencies
from pipeline.engines.frequency_table import FrequencyTable
from pipeline.engines.groups import comparable_pairs, group_codes
from pipeline.engines.local.describe import established
from pipeline.engines.local.encode import frequencies_of, name_pairs_of, read_values
from pipeline.engines.tokens import domain
from schemas.model import Model


def frequency_table(table: pa.Table, model: Model) -> FrequencyTable:
    """How common the values of these records are.

    Input: as an engine loads. With the table that this gives, the records weigh as they do without one.
    """
    n = len(table)
    read = read_values(table, model)
    spread = frequencies_of(read, model, n)
    values = []
    for comparison, own in zip(model.comparison, spread, strict=True):
        texts = read.vocabularies[domain(comparison.kind, comparison.field)].texts
        is_common = own.bin != own.unseen_bin
        values.append((texts.filter(pa.array(is_common)), own.bin[is_common]))
    names = read.vocabularies["name"].texts if "name" in read.vocabularies else pa.array([], pa.string())
    is_known = established("forename", len(names), n, read.names)
    return FrequencyTable(
        n,
        comparable_pairs(group_codes(table, model)) / max(n, 1),
        tuple(Frequencies(np.zeros(0, np.int8), *own[1:]) for own in spread),
        tuple(values),
        name_pairs_of(model, read.names, spread, n),
        names.filter(pa.array(is_known)),
    )
