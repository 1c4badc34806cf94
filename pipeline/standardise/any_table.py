"""Any table of people made comparable, column by column, each distinct text once.

Lenient where exports of the boroughs are strict: see ``lenient_values``.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.standardise.address_lines import with_whole_addresses
from pipeline.standardise.any_column import TEXT, TEXTS, Plain, read_distinct
from pipeline.standardise.birth_parts import with_whole_birthdays
from pipeline.standardise.birthdays import read_age
from pipeline.standardise.date_order import DateOrder, rows_of_orders
from pipeline.standardise.lenient_values import date_reader, value_reader
from pipeline.standardise.name_words import generations, generations_alone
from pipeline.standardise.names import NameCells, Names, read_names
from pipeline.standardise.reference import Reference
from schemas.fields import AGE, ColumnUse
from schemas.usual_headings import names_suffixes

ONE_DAY = dt.datetime(2000, 1, 1)  # noqa: DTZ001  (any day will do)
"""On which all ages were stated, where a table does not say when"""
BEHIND_FORENAMES = "middle names behind forenames"
BRITISH = "^[A-Z][A-HJ-Y]?[0-9][A-Z0-9]? [0-9][A-Z]{2}$"


def standardise_any(raw: pa.Table, uses: Sequence[ColumnUse], reference: Reference, latest: dt.date) -> pa.Table:
    """The linkage table: record_id, source where there is one, and a column a compared field, in the order of the rows.

    Input: the columns of ``uses`` as text or lists of text. Several columns of one field become lists of its values. Middle names
    that stand behind forenames become a column, where there is none for them.

    Args:
        raw: the columns.
        uses: what each holds.
        reference: what stands for nothing, words and codes.
        latest: the day after which nothing is of which the table tells: a year of two digits is one up to then.
    """
    columns: dict[str, pa.Array] = {}
    raw, uses = with_whole_addresses(*with_whole_birthdays(raw, uses, latest), reference)
    for use in uses:
        for field, values in _standard(use, raw, reference, latest).items():
            is_again = field in columns and field not in AGE
            columns[field] = _values_of_both(columns[field], values) if is_again else values
    behind = columns.pop(BEHIND_FORENAMES, None)
    if behind is not None and "middle_names" not in columns and not pa.types.is_list(behind.type):
        columns["middle_names"] = behind
    columns = _with_generations(columns, raw, uses, reference)
    return pa.table({field: values for field, values in columns.items() if field not in AGE} | _ages(columns))


def _standard(use: ColumnUse, raw: pa.Table, reference: Reference, latest: dt.date) -> dict[str, pa.Array]:
    array = raw.column(use.column).combine_chunks()
    match use.kind:
        case "record_id" | "source":
            return {use.kind: pc.utf8_trim_whitespace(array)}
        case "carried":
            return {use.field: array}
        case "full_name" | "alias" | "forename" | "middle_names" | "surname":
            return _names(use, array, reference)
        case "age":
            return dict(zip(AGE, _stated_ages(array), strict=False))
        case "date_of_birth" | "recorded_at" as kind:
            days = _days(array, rows_of_orders(raw, use), reference, latest)
            return {use.field: days if kind == "date_of_birth" else _times(days)}
        case kind:
            plain = Plain(BRITISH, reference.placeholders_of("postcode")) if kind == "postcode" else None
            return {use.field: read_distinct(array, value_reader(use, reference, latest), plain=plain)}


def _times(days: pa.Array) -> pa.Array:
    """Days of the calendar as times, of a list the first; null for others."""
    if pa.types.is_list(days.type):
        days = pa.array([some_days[0] if some_days else None for some_days in days.to_pylist()], TEXT)
    return pc.strptime(days.cast(TEXT), "%Y-%m-%d", "us", error_is_null=True)


def _days(
    array: pa.Array, rows_of: Mapping[DateOrder, NDArray[np.int64]], reference: Reference, latest: dt.date
) -> pa.Array:
    """The column read, each row in the order in which its list writes dates."""
    default_birthdays = frozenset(day.isoformat() for day in reference.default_birthdays)
    plain = Plain("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", default_birthdays)
    parts = [
        read_distinct(
            array if len(rows_of) == 1 else array.take(pa.array(rows)),
            date_reader(order, default_birthdays, reference, latest),
            plain=plain,
        )
        for order, rows in rows_of.items()
    ]
    if len(parts) == 1:
        return parts[0]
    kind = TEXTS if pa.types.is_list(array.type) else TEXT
    in_turn = pa.chunked_array([part.cast(kind) for part in parts]).combine_chunks()
    birthdays = in_turn.take(pa.array(np.argsort(np.concatenate(list(rows_of.values())))))
    return birthdays if kind == TEXTS else birthdays.dictionary_encode()


def _names(use: ColumnUse, array: pa.Array, reference: Reference) -> dict[str, pa.Array]:
    """As the nightly run reads names; with the middle names that stand behind forenames."""

    def read(text: str) -> Names:
        return read_names(NameCells(**{use.kind: text}), "forename_first", reference)

    read_once = functools.cache(read) if use.kind in ("full_name", "forename") else read  # for several fields

    def values_of(name: str, text: str) -> list[str]:
        found = getattr(read_once(text), name)
        return [found] if isinstance(found, str) else list(found or ())

    def middle_names() -> dict[str, pa.Array]:
        return {BEHIND_FORENAMES: read_distinct(array, partial(values_of, "middle_names"))}

    match use.kind:
        case "full_name":
            whole = {name: read_distinct(array, partial(values_of, name), TEXTS) for name in ("forename", "surname")}
            return whole | middle_names()
        case "alias":
            return {"alias": read_distinct(array, partial(values_of, "alias"), TEXTS)}
        case name:
            plain = Plain("^[A-Z]+$", _words_that_are_no_names(reference))
            kind = TEXT if name == "middle_names" else TEXTS
            column = {use.field: read_distinct(array, partial(values_of, name), kind, plain)}
            return column | (middle_names() if name == "forename" else {})


def _with_generations(
    columns: dict[str, pa.Array], raw: pa.Table, uses: Sequence[ColumnUse], reference: Reference
) -> dict[str, pa.Array]:
    """With flags such as senior and junior, where names or a column of suffixes have them and the table has no flags of its own."""
    rows: list[int] = []
    flags: list[str] = []
    for use in uses:
        is_suffix = use.kind == "category" and names_suffixes(use.column)
        if (is_suffix or use.kind in ("full_name", "forename", "surname")) and "flags" not in columns:
            for row, text in _with_suffix(raw.column(use.column).combine_chunks(), reference):
                is_whole = use.kind == "full_name"
                found = (
                    generations_alone(text, reference) if is_suffix else generations(text, reference, is_whole=is_whole)
                )
                rows += [row] * len(found)
                flags += found
    if not flags:
        return columns
    in_order = np.argsort(rows, kind="stable")
    ends = np.searchsorted(np.array(rows)[in_order], np.arange(len(raw) + 1))
    listed = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(flags, TEXT).take(pa.array(in_order)))
    return columns | {"flags": listed}


def _with_suffix(array: pa.Array, reference: Reference) -> Iterator[tuple[int, str]]:
    """Row and text of each cell in which a suffix stands that tells namesakes apart."""
    is_list = pa.types.is_list(array.type)
    texts = pc.list_flatten(array) if is_list else array
    encoded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    suffix = rf"(?i)\b({'|'.join(sorted(reference.generations))})\b"
    has_suffix = pc.match_substring_regex(encoded.dictionary, suffix).take(encoded.indices).fill_null(False)
    places = np.flatnonzero(has_suffix)
    rows = pc.list_parent_indices(array).to_numpy()[places] if is_list else places
    yield from zip(rows.tolist(), encoded.take(pa.array(places)).to_pylist(), strict=True)


def _words_that_are_no_names(reference: Reference) -> frozenset[str]:
    """Words that stand among names and are none, or only part of one."""
    word_lists = (reference.titles, reference.suffixes, reference.joined_particles, reference.joined_surname_particles)
    further_words = {"NEE", "AKA", "ALIAS", "BABY", "UNBORN", "INFANT", "UNKNOWN", "UNNAMED"}
    return frozenset().union(*word_lists) | further_words | reference.placeholders_of("name")


def _values_of_both(first: pa.Array, second: pa.Array) -> pa.Array:
    """Two columns of one field as lists of distinct values."""
    sides = [array if pa.types.is_list(array.type) else _as_list(array) for array in (first, second)]
    row_values = zip(*(side.to_pylist() for side in sides), strict=True)
    return pa.array([list(dict.fromkeys([*(a or ()), *(b or ())])) for a, b in row_values], TEXTS)


def _as_list(array: pa.Array) -> pa.Array:
    ends = np.cumsum(np.concatenate([[0], array.is_valid().to_numpy(zero_copy_only=False).astype(np.int32)]))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), array.drop_null())


def _stated_ages(array: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Lowest and highest age that each text leaves open: 15, 16-17, 30s; a list of two is from one to the other."""
    texts = pc.binary_join(array, "-") if pa.types.is_list(array.type) else array
    coded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    ages = [read_age(text).ages for text in coded.dictionary.to_pylist()]
    low, high = (pa.array([getattr(age, end) for age in ages], pa.int16()) for end in ("low", "high"))
    return low.take(coded.indices), high.take(coded.indices)


def _ages(columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """The columns of AGE, where ages are stated."""
    if not set(AGE[:2]) <= set(columns):
        return {}
    low, high = (pc.cast(columns[name], pa.int16(), safe=False) for name in AGE[:2])
    recorded_at = columns.get(AGE[2], pa.repeat(ONE_DAY, len(low)))
    return {AGE[0]: low, AGE[1]: high, AGE[2]: pc.cast(recorded_at, pa.timestamp("us"))}
