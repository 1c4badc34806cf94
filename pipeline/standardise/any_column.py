"""A column of any table made comparable, each distinct text once; what is written otherwise and says the same is one value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.standardise.lenient_values import Standard

TEXT, TEXTS = pa.string(), pa.list_(pa.string())


class Plain(NamedTuple):
    """Which upper-case texts of a column are their own standard values, so that most need not be looked at one by one."""

    pattern: str
    """RE2, matches the whole text"""
    besides: frozenset[str]
    """texts that match and stand for something else"""


def read_distinct(
    array: pa.Array, standard: Standard, kind: pa.DataType = TEXT, plain: Plain | None = None
) -> pa.Array:
    """The column with each distinct text standardised once; lists give lists, a list of one value is that value."""
    encoded = _texts(array).dictionary_encode()
    codes, upper, special = encoded.indices, *_split(encoded.dictionary, plain)
    read = [standard(text) for text in encoded.dictionary.take(special).to_pylist()]
    lists = [value if isinstance(value, list) else [] if value is None else [value] for value in read]
    if pa.types.is_list(array.type):
        return _lists_of_rows(array, codes, _all_lists(upper, special, lists))
    if kind == TEXTS and any(len(values) > 1 for values in lists):
        return pa.array(_all_lists(upper, special, lists), TEXTS).take(codes)
    first_values = pa.array([values[0] if values else None for values in lists], TEXT)
    single = pc.replace_with_mask(upper, _is_in(special, len(upper)), first_values)
    if single.null_count:  # a null among the values would count as one of them: the rows are null instead
        codes = pc.if_else(single.is_null().take(codes), pa.scalar(None, codes.type), codes)
    values = single.fill_null(
        ""
    ).dictionary_encode()  # texts of one value, such as Smith and SMITH, are one from here on
    return pa.DictionaryArray.from_arrays(values.indices.take(codes), values.dictionary)


def _texts(array: pa.Array) -> pa.Array:
    return pc.list_flatten(array) if pa.types.is_list(array.type) else array


def _split(texts: pa.Array, plain: Plain | None) -> tuple[pa.Array, np.ndarray]:
    """The texts in upper case, and the rows of those that are not plain."""
    if plain is None:
        return texts, np.arange(len(texts))
    upper = pc.utf8_upper(pc.utf8_trim_whitespace(texts))
    besides = pa.array(sorted(plain.besides), TEXT)
    is_plain = pc.and_not(pc.match_substring_regex(upper, plain.pattern), pc.is_in(upper, besides))
    return upper, np.flatnonzero(~is_plain.to_numpy(zero_copy_only=False))


def _is_in(rows: np.ndarray, size: int) -> pa.Array:
    mask = np.zeros(size, np.bool_)
    mask[rows] = True
    return pa.array(mask)


def _all_lists(upper: pa.Array, special: np.ndarray, lists: Sequence[list[Any]]) -> list[list[Any]]:
    """Standard values of every distinct text: its own upper case where it is plain."""
    every = [[text] for text in upper.to_pylist()]
    for row, values in zip(special.tolist(), lists, strict=True):
        every[row] = values
    return every


def _lists_of_rows(array: pa.Array, codes: pa.Array, lists: Sequence[list[Any]]) -> pa.Array:
    """Lists of the distinct standard values of each row's list."""
    owner = pc.list_parent_indices(array).to_numpy(zero_copy_only=False)
    gathered: list[list[str]] = [[] for _ in range(len(array))]
    for row, code in zip(owner.tolist(), codes.to_pylist(), strict=True):
        if code is not None:
            gathered[row] += [value for value in lists[code] if value not in gathered[row]]
    return pa.array(gathered, TEXTS)
