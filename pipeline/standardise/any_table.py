"""Any table of people made comparable, column by column, each distinct text once.

Lenient where exports of the boroughs are strict: see ``lenient_values``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.standardise.date_order import order_of
from pipeline.standardise.lenient_values import Standard, date_reader, value_reader
from pipeline.standardise.names import NameCells, Names, read_names
from pipeline.standardise.reference import Reference
from schemas.fields import AGE, BIRTH_PARTS, ColumnUse

TEXT, TEXTS = pa.string(), pa.list_(pa.string())
WHOLE_BIRTHDAY = "birthday of its parts"  # no column of a file is called so
BRITISH = "^[A-Z][A-HJ-Y]?[0-9][A-Z0-9]? [0-9][A-Z]{2}$"


class Plain(NamedTuple):
    """Which upper-case texts of a column are their own standard values, so that most need not be looked at one by one."""

    pattern: str
    """RE2, matches the whole text"""
    besides: frozenset[str]
    """texts that match and stand for something else"""


def standardise_any(raw: pa.Table, uses: Sequence[ColumnUse], reference: Reference) -> pa.Table:
    """The linkage table: record_id, source where there is one, and a column a compared field, in the order of the rows.

    Input: the columns of ``uses`` as text or lists of text. Several columns of one field become lists of its values.
    """
    columns: dict[str, pa.Array] = {}
    raw, uses = _with_whole_birthdays(raw, uses)
    for use in uses:
        array = raw.column(use.column).combine_chunks()
        for field, values in _standard(use, array, reference).items():
            columns[field] = _values_of_both(columns[field], values) if field in columns else values
    return pa.table({field: values for field, values in columns.items() if field not in AGE} | _ages(columns))


def _with_whole_birthdays(raw: pa.Table, uses: Sequence[ColumnUse]) -> tuple[pa.Table, Sequence[ColumnUse]]:
    """Year, month and day of birth in columns of their own as one column of birthdays; an unknown month or day is 00."""
    column_of = {use.kind: use.column for use in uses if use.kind in BIRTH_PARTS}
    if not column_of:
        return raw, uses
    parts = [
        _number_texts(raw.column(column_of[kind]).cast(TEXT)) if kind in column_of else pa.nulls(len(raw), TEXT)
        for kind in BIRTH_PARTS
    ]
    year, month, day = parts[0], *(pc.utf8_lpad(part.fill_null(""), 2, "0") for part in parts[1:])
    birthday = pc.binary_join_element_wise(year, month, day, "-")
    whole = ColumnUse(WHOLE_BIRTHDAY, "date_of_birth", "date_of_birth")
    others = [use for use in uses if use.kind not in BIRTH_PARTS]
    return raw.append_column(whole.column, birthday), [*others, whole]


def _number_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without blanks around and the ".0" that whole numbers get where other cells are empty; null where nothing is left."""
    trimmed = pc.replace_substring_regex(pc.utf8_trim_whitespace(column), r"\.0$", "")
    return pc.if_else(pc.equal(trimmed, ""), None, trimmed)


def _standard(use: ColumnUse, array: pa.Array, reference: Reference) -> dict[str, pa.Array]:
    match use.kind:
        case "record_id" | "source":
            return {use.kind: pc.utf8_trim_whitespace(array)}
        case "carried":
            return {use.field: array}
        case "full_name" | "alias" | "forename" | "surname":
            return _names(use, array, reference)
        case "date_of_birth":
            default_birthdays = frozenset(day.isoformat() for day in reference.default_birthdays)
            plain = Plain("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", default_birthdays)
            read = date_reader(order_of(_texts(array)), default_birthdays, reference)
            return {use.field: _distinct(array, read, plain=plain)}
        case "postcode":
            plain = Plain(BRITISH, reference.placeholders_of("postcode"))
            return {use.field: _distinct(array, value_reader(use, reference), plain=plain)}
        case _:
            return {use.field: _distinct(array, value_reader(use, reference))}


def _names(use: ColumnUse, array: pa.Array, reference: Reference) -> dict[str, pa.Array]:
    match use.kind:
        case "full_name":
            read = functools.cache(lambda text: _names_of(NameCells(full_name=text), reference))
            return {
                "forename": _distinct(array, lambda text: list(read(text).forename), TEXTS),
                "surname": _distinct(array, lambda text: list(read(text).surname), TEXTS),
            }
        case "alias":
            return {
                "alias": _distinct(array, lambda text: list(_names_of(NameCells(alias=text), reference).alias), TEXTS)
            }
        case _:
            plain = Plain("^[A-Z]+$", _words_that_are_no_names(reference))
            return {use.field: _distinct(array, _name(use.kind, reference), TEXTS, plain)}


def _words_that_are_no_names(reference: Reference) -> frozenset[str]:
    """Words that stand among names and are none, or only part of one."""
    word_lists = (reference.titles, reference.suffixes, reference.joined_particles, reference.joined_surname_particles)
    further_words = {"NEE", "AKA", "ALIAS", "BABY", "UNBORN", "INFANT", "UNKNOWN", "UNNAMED"}
    return frozenset().union(*word_lists) | further_words | reference.placeholders_of("name")


def _name(kind: str, reference: Reference) -> Callable[[str], list[str]]:
    """Names as the nightly run reads them."""

    def read(text: str) -> list[str]:
        if kind == "forename":
            return list(_names_of(NameCells(forename=text), reference).forename)
        return list(_names_of(NameCells(surname=text), reference).surname)

    return read


def _names_of(cells: NameCells, reference: Reference) -> Names:
    return read_names(cells, "forename_first", reference)


def _texts(array: pa.Array) -> pa.Array:
    return pc.list_flatten(array) if pa.types.is_list(array.type) else array


def _distinct(array: pa.Array, standard: Standard, kind: pa.DataType = TEXT, plain: Plain | None = None) -> pa.Array:
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


def _values_of_both(first: pa.Array, second: pa.Array) -> pa.Array:
    """Two columns of one field as lists of distinct values."""
    sides = [array if pa.types.is_list(array.type) else _as_list(array) for array in (first, second)]
    row_values = zip(*(side.to_pylist() for side in sides), strict=True)
    return pa.array([list(dict.fromkeys([*(a or ()), *(b or ())])) for a, b in row_values], TEXTS)


def _as_list(array: pa.Array) -> pa.Array:
    ends = np.cumsum(np.concatenate([[0], array.is_valid().to_numpy(zero_copy_only=False).astype(np.int32)]))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), array.drop_null())


def _ages(columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    if not set(AGE) <= set(columns):
        return {}
    low, high = (pc.cast(columns[name], pa.int16(), safe=False) for name in AGE[:2])
    return {AGE[0]: low, AGE[1]: high, AGE[2]: pc.cast(columns[AGE[2]], pa.timestamp("us"))}
