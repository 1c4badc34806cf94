"""Given names that tell brothers, sisters and twins apart, where all else that is compared agrees."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence

import jellyfish
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.reference import given_names, name_groups
from pipeline.core.text_hash import UNIT_SEPARATOR
from schemas.model import NameClash

ALIKE = 0.88  # Jaro-Winkler: middle names may be misspelt
DOUBLED = re.compile(r"(.)\1+")  # Rebecca and Rebeca are one name


def clash(kind: NameClash, table: pa.Table, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(pairs,) whether the given names of two records clash in this way; each two texts are looked at once.

    A record whose forename has alternatives clashes only with all of them. Without middle names forenames can only be unlike.
    """
    columns = ("forename",) if kind == "two_names" else ("forename", "middle_names")
    result = np.full(len(left), kind == "unlike")
    if not set(columns) <= set(table.column_names):
        return result
    asked = np.flatnonzero(_may_tell(kind, table, left, right))
    sides = [_texts(table.select(columns).take(pa.array(rows[asked]))) for rows in (left, right)]
    texts = pa.concat_arrays(sides).dictionary_encode()
    words = texts.dictionary.to_pylist()
    first, second = np.sort(texts.indices.to_numpy().astype(np.int64).reshape(2, -1), axis=0)
    distinct, of = np.unique(first * len(words) + second, return_inverse=True)
    is_clash = _TESTS[kind]
    answers = [is_clash(words[pair // len(words)], words[pair % len(words)]) for pair in distinct.tolist()]
    result[asked] = np.array(answers, bool)[of]
    return result


def _may_tell(kind: NameClash, table: pa.Table, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(pairs,) whether the texts may tell: of middle names enough are there, and they are not the same."""
    if kind == "two_names":
        return np.ones(len(left), bool)
    middle_names = table.column("middle_names").combine_chunks().dictionary_encode().indices
    code = pc.fill_null(middle_names, -1).to_numpy(zero_copy_only=False)
    code_l, code_r = code[left], code[right]
    if kind == "unlike":
        return (code_l >= 0) | (code_r >= 0)
    return (code_l >= 0) & (code_r >= 0) & (code_l != code_r)


def _texts(names: pa.Table) -> pa.Array:
    """Forenames, and middle names where they are asked for, as one text a row."""
    columns = [
        pc.binary_join(column, " ") if pa.types.is_list(column.type) else column.cast(pa.string())
        for column in names.itercolumns()
    ]
    whole = pc.binary_join_element_wise(*columns, UNIT_SEPARATOR, null_handling="replace", null_replacement="")
    return whole.combine_chunks()


@functools.lru_cache(maxsize=1 << 16)
def middle_names_clash(text_l: str, text_r: str) -> bool:
    """Whether no middle name of either fits any given name of the other: equal, a variant, an initial, or misspelt."""
    (forenames_l, middle_l), (forenames_r, middle_r) = _parts(text_l), _parts(text_r)
    if not (middle_l and middle_r):
        return False
    return not (_any_fits(middle_l, [*middle_r, *forenames_r]) or _any_fits(middle_r, forenames_l))


@functools.lru_cache(maxsize=1 << 16)
def are_unlike(text_l: str, text_r: str) -> bool:
    """Whether no forename of either fits a middle name of the other."""
    (forenames_l, middle_l), (forenames_r, middle_r) = _parts(text_l), _parts(text_r)
    return not (_any_fits(forenames_l, middle_r) or _any_fits(forenames_r, middle_l))


@functools.lru_cache(maxsize=1 << 16)
def are_two_names(text_l: str, text_r: str) -> bool:
    """Whether all forenames of both are listed, and none of one side is or stands for one of the other."""
    forenames_l, forenames_r = text_l.split(), text_r.split()
    if not (forenames_l and forenames_r) or not _listed().issuperset((*forenames_l, *forenames_r)):
        return False
    return not any(_is_same(name, other) for name in forenames_l for other in forenames_r)


_TESTS: dict[NameClash, Callable[[str, str], bool]] = {
    "middle_names": middle_names_clash,
    "two_names": are_two_names,
    "unlike": are_unlike,
}


def _parts(text: str) -> tuple[list[str], list[str]]:
    """Forenames and middle names."""
    forenames, middle_names = text.split(UNIT_SEPARATOR)
    return forenames.split(), middle_names.split()


def _any_fits(names: Sequence[str], others: Sequence[str]) -> bool:
    return any(_fits(name, other) for name in names for other in others)


def _fits(name: str, other: str) -> bool:
    if _is_same(name, other) or name.startswith(other) or other.startswith(name):
        return True
    return (
        jellyfish.damerau_levenshtein_distance(name, other) <= 1
        or jellyfish.jaro_winkler_similarity(name, other) >= ALIKE
    )


def _is_same(name: str, other: str) -> bool:
    groups = _groups()
    return DOUBLED.sub(r"\1", name) == DOUBLED.sub(r"\1", other) or not groups.get(name, frozenset()).isdisjoint(
        groups.get(other, ())
    )


@functools.cache
def _groups() -> dict[str, frozenset[str]]:
    """Nickname and variant groups of forenames."""
    return {
        name: frozenset(group for group in groups if ":forename:" in group) for name, groups in name_groups().items()
    }


@functools.cache
def _listed() -> frozenset[str]:
    return given_names()
