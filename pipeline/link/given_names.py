"""Given names that tell brothers, sisters and twins apart, where all else that is compared agrees."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jellyfish
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.reference import given_names, name_groups
from schemas.model import NameClash

ALIKE = 0.88  # Jaro-Winkler: middle names may be misspelt
BETWEEN = "\x1f"  # stands in no name


def clash(kind: NameClash, table: pa.Table, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(pairs,) whether the given names of two records clash in this way; nowhere in a table without such columns.

    Each two texts are looked at once. A record whose forename has alternatives clashes only with all of them.
    """
    columns = {"middle_names": ("forename", "middle_names"), "two_names": ("forename",)}[kind]
    if not set(columns) <= set(table.column_names):
        return np.zeros(len(left), bool)
    asked = np.arange(len(left)) if kind == "two_names" else _with_middle_names(table, left, right)
    sides = [_texts(table.select(columns).take(pa.array(rows[asked]))) for rows in (left, right)]
    texts = pa.concat_arrays(sides).dictionary_encode()
    words = texts.dictionary.to_pylist()
    first, second = np.sort(texts.indices.to_numpy().astype(np.int64).reshape(2, -1), axis=0)
    distinct, of = np.unique(first * len(words) + second, return_inverse=True)
    is_clash = _TESTS[kind]
    answers = [is_clash(words[pair // len(words)], words[pair % len(words)]) for pair in distinct.tolist()]
    result = np.zeros(len(left), bool)
    result[asked] = np.array(answers, bool)[of] if len(distinct) else False
    return result


def _with_middle_names(table: pa.Table, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The pairs of which both have some."""
    has_some = table.column("middle_names").is_valid().to_numpy()
    return np.flatnonzero(has_some[left] & has_some[right])


def _texts(names: pa.Table) -> pa.Array:
    """Forenames, and middle names where they are asked for, as one text a row."""
    columns = [
        pc.binary_join(column, " ") if pa.types.is_list(column.type) else column for column in names.itercolumns()
    ]
    whole = pc.binary_join_element_wise(*columns, BETWEEN, null_handling="replace", null_replacement="")
    return whole.combine_chunks()


@functools.lru_cache(maxsize=1 << 16)
def middle_names_clash(text_l: str, text_r: str) -> bool:
    """Whether no middle name of either fits any given name of the other: equal, a variant, an initial, or misspelt."""
    (forenames_l, middle_l), (forenames_r, middle_r) = (
        [part.split() for part in text.split(BETWEEN)] for text in (text_l, text_r)
    )
    if not (middle_l and middle_r):
        return False
    crossed = [(middle_l, [*middle_r, *forenames_r]), (middle_r, [*middle_l, *forenames_l])]
    return not any(_fits(name, other) for names, others in crossed for name in names for other in others)


@functools.lru_cache(maxsize=1 << 16)
def are_two_names(text_l: str, text_r: str) -> bool:
    """Whether all forenames of both are listed, and none of one side is or stands for one of the other."""
    forenames_l, forenames_r = text_l.split(), text_r.split()
    if not (forenames_l and forenames_r) or not _listed().issuperset((*forenames_l, *forenames_r)):
        return False
    return not any(_is_same(name, other) for name in forenames_l for other in forenames_r)


_TESTS: dict[NameClash, Callable[[str, str], bool]] = {"middle_names": middle_names_clash, "two_names": are_two_names}


def _fits(name: str, other: str) -> bool:
    if _is_same(name, other) or name.startswith(other) or other.startswith(name):
        return True
    return (
        jellyfish.damerau_levenshtein_distance(name, other) <= 1
        or jellyfish.jaro_winkler_similarity(name, other) >= ALIKE
    )


def _is_same(name: str, other: str) -> bool:
    groups = _groups()
    return name == other or not groups.get(name, frozenset()).isdisjoint(groups.get(other, ()))


@functools.cache
def _groups() -> dict[str, frozenset[str]]:
    """Nickname and variant groups of forenames."""
    return {
        name: frozenset(group for group in groups if ":forename:" in group) for name, groups in name_groups().items()
    }


@functools.cache
def _listed() -> frozenset[str]:
    return given_names()
