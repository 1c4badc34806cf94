"""Persons of many records: found although their blocks are larger than blocking rules allow.

Blocks are small, or pairs would be too many; the records of a child reported missing a hundred times all share the same
blocks, and none of these is small enough. Yet a name together with a birthday, or forename and surname together with a
place, phone or e-mail, stands on many records for one reason only.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.numbers import common_keys, distinct, mixed
from pipeline.engines.groups import group_codes
from pipeline.engines.port import LevelWeights, ScoredPairs, Workspace
from pipeline.link.more_pairs import keys_of, merge, missing_pairs, places
from pipeline.link.shared import pairs_of_groups
from schemas.model import Kind, Model

FEWEST = 8  # records that share such a combination, more than so many: of fewer, blocking rules find nearly all
MOST = 5_000  # and so many at most: what more share is a placeholder, and no person
WINDOWS = (500, 100, 20)  # each record is compared with so many of those behind it: the most that MOST_PAIRS allow
MOST_PAIRS = 5_000_000  # of one kind of combination
NAMES: tuple[Kind, ...] = ("forename", "surname")
PLACES: tuple[Kind, ...] = ("postcode", "address", "phone", "email")


class Occurrences(NamedTuple):
    """Combinations of values, one row for each record that has one."""

    row: np.ndarray
    """int64, ascending"""
    key: np.ndarray
    """uint64"""


def prolific_pairs(model: Model, table: pa.Table) -> np.ndarray:
    """(pairs,) comparable pairs of records that prolific persons may have, as ``pair_keys`` of their rows, ascending.

    Memory: some MOST_PAIRS for each kind of combination.
    """
    keys = [keys_of(rows, len(table)) for rows in map(_pairs_sharing, _combinations(model, table))]
    wanted = distinct(np.concatenate([np.empty(0, np.int64), *keys]))
    group = group_codes(table, model)
    left, right = group[wanted // len(table)], group[wanted % len(table)]
    return wanted[(left != right) | (left < 0)]


def with_prolific(
    workspace: Workspace, weights: LevelWeights, pairs: ScoredPairs, prolific: np.ndarray, floor: float
) -> ScoredPairs:
    """The weighed pairs, and with them those of ``prolific_pairs`` whose weight reaches the floor, bits.

    Input: pairs ordered by left and right; the workspace holds the table of both.
    """
    more = missing_pairs(workspace, weights, pairs, prolific)
    if more is None:
        return pairs
    is_likely = more.weight >= floor
    patterns = more.patterns.only(is_likely)
    likely = ScoredPairs(more.left[is_likely], more.right[is_likely], patterns, more.weight[is_likely], 0)
    return merge(pairs, likely, places(pairs, likely, workspace.n_records))


def _combinations(model: Model, table: pa.Table) -> Iterator[Occurrences]:
    """What a prolific person's records share: a name and a birthday, or both names and a place."""
    of_kind: dict[Kind, list[Occurrences]] = {}
    for comparison in model.comparison:
        if comparison.kind in (*NAMES, *PLACES, "date") and comparison.field in table.column_names:
            column = table.column(comparison.field).combine_chunks()
            occurrences = _whole_birthdays(column) if comparison.kind == "date" else _occurrences(column)
            of_kind.setdefault(comparison.kind, []).append(occurrences)
    names = [name for kind in NAMES for name in of_kind.get(kind, ())]
    for name, birthday in product(names, of_kind.get("date", ())):
        yield _together(name, birthday)
    places = [place for kind in PLACES for place in of_kind.get(kind, ())]
    if len(names) == len(NAMES) and places:
        full_name = _together(*names)
        for place in places:
            yield _together(full_name, place)


def _whole_birthdays(array: pa.Array) -> Occurrences:
    """Birthdays of which day and month are known: too many share a name and a year."""
    if pa.types.is_date(array.type) or pa.types.is_list(array.type):
        return _occurrences(array)
    is_part = pc.ends_with(array.cast(pa.string()), "-00")
    return _occurrences(pc.if_else(is_part, pa.scalar(None, pa.string()), array.cast(pa.string())))


def _occurrences(array: pa.Array) -> Occurrences:
    """Every value of every record, by the record's row."""
    if pa.types.is_list(array.type):
        row, values = pc.list_parent_indices(array).to_numpy(zero_copy_only=False), pc.list_flatten(array)
    else:
        row, values = np.arange(len(array)), array
    encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    code = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    is_value = code >= 0
    return Occurrences(row[is_value].astype(np.int64), mixed(code[is_value].astype(np.uint64)))


def _together(first: Occurrences, second: Occurrences) -> Occurrences:
    """Each combination of a value of the one and of the other that a record has."""
    n_rows = int(max(first.row.max(initial=-1), second.row.max(initial=-1))) + 1
    count = np.bincount(second.row, minlength=n_rows)
    begin = np.cumsum(count) - count
    times = count[first.row]
    nth = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    row = np.repeat(first.row, times)
    key = mixed(np.repeat(first.key, times)) ^ second.key[begin[row] + nth]
    return Occurrences(row, key)


def _pairs_sharing(combinations: Occurrences) -> np.ndarray:
    """(pairs, 2) rows that share a combination which more than FEWEST records have, and no more than MOST."""
    is_common = common_keys(combinations.key, FEWEST)
    row, key = combinations.row[is_common], combinations.key[is_common]
    order = np.lexsort((row, key))
    starts = np.flatnonzero(np.diff(key[order], prepend=~key[order][:1]))
    size = np.diff(starts, append=len(order))
    is_prolific = (size > FEWEST) & (size <= MOST)
    n_pairs = [int((size * np.minimum(size, window))[is_prolific].sum()) for window in WINDOWS]
    window = next((window for window, n in zip(WINDOWS, n_pairs, strict=True) if n <= MOST_PAIRS), WINDOWS[-1])
    followers = np.where(is_prolific, window, 0)
    rows = pairs_of_groups(row[order], starts, followers)
    return rows[rows[:, 0] != rows[:, 1]]
