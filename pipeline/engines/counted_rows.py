"""Which records count for how common values are: of very many records of one person only the first few.

A value is rare or common among people, not among their reports. Were all hundred reports of one missing child counted, her
own name would seem a common one, and the reports too little alike to be hers. But where names alone are known and many
people bear them, chance brings more of them together than one person has reports: so many count.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.numbers import common_keys, mixed
from pipeline.core.text_hash import UNIT_SEPARATOR
from schemas.model import Kind, Model

MOST_REPEATS = 8  # records with the same names and birthday that count, where chance does not bring more together
PERSONAL: tuple[Kind, ...] = ("forename", "surname", "date")
TELLING = 2  # of these must be known, or equal records may well be of different persons


def counted_rows(table: pa.Table, model: Model) -> np.ndarray:
    """(counted records,) their rows, ascending.

    Of records with equal names and birthday those beyond MOST_REPEATS are left out, where they are also more than there would
    be if names and birthdays were independent.
    """
    personal = [comparison.field for comparison in model.comparison if comparison.kind in PERSONAL]
    fields = [field for field in personal if field in table.column_names]  # names may stand among aliases alone
    key, n_known = np.zeros(len(table), np.uint64), np.zeros(len(table), np.int8)
    by_chance = np.full(len(table), float(len(table)))  # records that would have the same names and birthday
    for field in fields:
        code = _cell_codes(table.column(field).combine_chunks())
        key = mixed(key) ^ mixed(code.view(np.uint64))
        n_known += code > 0
        by_chance *= np.bincount(code)[code] / len(table)
    telling = np.flatnonzero(n_known >= TELLING)
    telling = telling[common_keys(key[telling], MOST_REPEATS)]
    order = telling[np.argsort(key[telling], kind="stable")]
    starts = np.flatnonzero(np.diff(key[order], prepend=~key[order][:1]))
    nth = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    is_counted = np.ones(len(table), np.bool_)
    is_counted[order[nth >= np.maximum(by_chance[order], MOST_REPEATS)]] = False
    return np.flatnonzero(is_counted)


def _cell_codes(array: pa.Array) -> np.ndarray:
    """(records,) int64 a number for each cell as a whole, 0 for one without a value."""
    if pa.types.is_list(array.type):
        joined = pc.binary_join(array, UNIT_SEPARATOR)
        array = pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    codes: np.ndarray = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
    return codes
