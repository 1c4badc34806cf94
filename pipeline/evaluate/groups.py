"""Groups of records by which quality is told apart: of the record itself, or of the person it is about."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.evaluate.origins import name_origins

OF_RECORD = ("source", "role", "borough")
ETHNICITY = {"A": "Asian", "B": "Black", "M": "mixed", "O": "other", "W": "white", "N": "not stated"}
SEX = {"M": "male", "F": "female", "I": "indeterminate"}
AGES = (0, 5, 10, 14, 18, 25, 40, 60)
ORIGIN, OTHER_ORIGIN, UNKNOWN = "name origin", "other", "not recorded"
MOST_VALUES = 40
"""A column of a file with more values than this does not group anybody."""


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """One way to part records: such as by source."""

    name: str
    labels: tuple[str, ...]
    code: np.ndarray
    """(records,) number of the record's label"""


def groupings(
    records: pa.Table, person: np.ndarray, as_of_year: int | None, also: tuple[str, ...] = ()
) -> list[Grouping]:
    """All groupings that the columns allow.

    Source, role and borough are those of a record. Sex, ethnicity, age and name origin are a person's: what most of the
    person's records say counts for all of them, so that a slip or a gap on one record moves nobody into another group.

    Args:
        records: standard records, or what is known of them.
        person: (records,) code of the person.
        as_of_year: year in which ages are counted; without it decades of birth are told.
        also: further columns of a file that group persons.
    """
    all_groupings = [_of_record(records, name) for name in OF_RECORD if name in records.column_names]
    all_groupings += [_of_person(name, labels, person) for name, labels in _of_persons(records, as_of_year, also)]
    return [
        grouping
        for grouping in all_groupings
        if len(np.unique(grouping.code)) > 1 and len(grouping.labels) <= MOST_VALUES
    ]


def _of_persons(records: pa.Table, as_of_year: int | None, also: tuple[str, ...]) -> Iterator[tuple[str, pa.Array]]:
    names = records.column_names
    if "sex" in names:
        yield "sex", _in_words(_text(records, "sex"), SEX)
    if "ethnicity" in names:
        yield "ethnicity group", _in_words(pc.utf8_slice_codeunits(_text(records, "ethnicity"), 0, 1), ETHNICITY)
    if {"forename", "surname"} & set(names):
        yield ORIGIN, pc.utf8_title(_with_spaces(name_origins(records)))
    if "date_of_birth" in names:
        year = _year(records)
        yield ("decade of birth", _decades(year)) if as_of_year is None else ("age", _ages(year, as_of_year))
    for name in also:
        yield name, _text(records, name)


def _of_record(records: pa.Table, name: str) -> Grouping:
    return _grouping(name, _with_spaces(_text(records, name)), UNKNOWN)


def _of_person(name: str, labels: pa.Array, person: np.ndarray) -> Grouping:
    """What most of a person's records say; the first of the alphabet where as many say one thing as another."""
    of_records = _grouping(name, labels, OTHER_ORIGIN if name == ORIGIN else UNKNOWN)
    silent = len(of_records.labels) - 1
    says = of_records.code < silent
    commonest = np.full(int(person.max(initial=-1)) + 1, silent, np.int64)
    answers, counts = np.unique(person[says] * len(of_records.labels) + of_records.code[says], return_counts=True)
    order = np.lexsort((-answers, counts))  # what is written last stays
    commonest[answers[order] // len(of_records.labels)] = answers[order] % len(of_records.labels)
    return Grouping(name, of_records.labels, commonest[person])


def _grouping(name: str, labels: pa.Array, silent: str) -> Grouping:
    """Records by label; the last label is that of records which have none."""
    values = sorted(labels.drop_null().unique().to_pylist())
    code = pc.index_in(labels, pa.array(values, pa.string())).fill_null(len(values))
    return Grouping(name, (*values, silent), code.to_numpy(zero_copy_only=False).astype(np.int64))


def _text(records: pa.Table, name: str) -> pa.Array:
    """The column as text, the first value of a list; null where it is empty."""
    column = records.column(name).combine_chunks()
    if pa.types.is_list(column.type):
        column = pc.list_element(
            pc.if_else(pc.greater(pc.list_value_length(column), 0), column, pa.scalar([None], column.type)), 0
        )
    text = column.cast(pa.string())
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _in_words(codes: pa.Array, words: Mapping[str, str]) -> pa.Array:
    return pc.if_else(pc.is_in(codes, pa.array(list(words))), _looked_up(codes, words), codes)


def _looked_up(codes: pa.Array, words: Mapping[str, str]) -> pa.Array:
    return pa.array(list(words.values()), pa.string()).take(pc.index_in(codes, pa.array(list(words), pa.string())))


def _with_spaces(labels: pa.Array) -> pa.Array:
    return pc.replace_substring(labels, "_", " ")


def _year(records: pa.Table) -> pa.Array:
    digits = pc.utf8_slice_codeunits(_text(records, "date_of_birth"), 0, 4)
    return pc.if_else(pc.match_substring_regex(digits, r"^\d{4}$"), digits, pa.scalar(None, pa.string())).cast(
        pa.int64()
    )


def _decades(year: pa.Array) -> pa.Array:
    decade = pc.multiply(pc.divide(year, 10), 10).cast(pa.string())
    return pc.binary_join_element_wise(decade, pa.scalar("s"), "")


def _ages(year: pa.Array, as_of_year: int) -> pa.Array:
    """Bands of the age reached in the year of the linkage."""
    age = pc.subtract(as_of_year, year)
    names = [f"{low:>2} to {high - 1}" for low, high in itertools.pairwise(AGES)] + [f"{AGES[-1]} and over"]
    place = np.searchsorted(AGES, age.fill_null(0).to_numpy(zero_copy_only=False), side="right") - 1
    return pa.array(names, pa.string()).take(
        pa.array(np.maximum(place, 0), mask=age.is_null().to_numpy(zero_copy_only=False))
    )
