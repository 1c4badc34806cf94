"""Middle names that stand behind forenames, where no column is for them: whether they tell one person from another."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

FEWEST = 0.05
"""Share of records that have middle names, from which on these are compared"""
MOST_SWAPPED = 0.01
"""Share of those that are found with forename and middle name in each other's place, too, by more than chance"""


def tell_persons(table: pa.Table) -> bool:
    """Whether enough records have middle names, and these stand in their order.

    Where who is called Ali Hassan Khan in one record is Hassan Ali Khan in another, both given names seem to be others, as a
    twin's are: there the forename alone counts.

    Input: the linkage table; forename and surname may be lists.
    """
    if not {"forename", "middle_names", "surname"} <= set(table.column_names):
        return False
    forename, middle_names, surname = (
        table.column(name).combine_chunks() for name in ("forename", "middle_names", "surname")
    )
    has_middle = pc.is_valid(middle_names)
    if len(table) - middle_names.null_count < max(FEWEST * len(table), 1):
        return False
    first, last = (_first(column).filter(has_middle) for column in (forename, surname))
    middle = pc.list_element(pc.split_pattern(middle_names.cast(pa.string()).filter(has_middle), " "), 0)
    return _swapped(first, middle, last) <= MOST_SWAPPED


def _first(column: pa.Array) -> pa.Array:
    """The first value of each row, null where it has none."""
    if not pa.types.is_list(column.type):
        return column.cast(pa.string())
    rows = pc.list_slice(column, 0, 1, return_fixed_size_list=True)
    return pc.list_flatten(rows).cast(pa.string())


def _swapped(first: pa.Array, middle: pa.Array, last: pa.Array) -> float:
    """Share of records whose two given names another one of their surname has in the other order, less what chance explains."""
    is_known = pc.and_(pc.and_(pc.greater(pc.utf8_length(middle), 1), pc.not_equal(first, middle)), pc.is_valid(last))
    first, middle, last = (names.filter(is_known) for names in (first, middle, last))
    if not len(first):
        return 0.0
    given = pa.chunked_array([first, middle]).combine_chunks().dictionary_encode()
    code, of = given.indices.to_numpy().astype(np.int64), len(given.dictionary)
    one, other = code[: len(first)] * of, code[len(first) :] * of
    surname = last.dictionary_encode().indices.to_numpy().astype(np.int64) * of * of
    told = one + code[len(first) :] + surname
    swapped, by_chance = (
        other + code[: len(first)] + of_surname for of_surname in (surname, np.roll(surname, len(first) // 2))
    )
    return float(np.isin(swapped, told).mean() - np.isin(by_chance, told).mean())
