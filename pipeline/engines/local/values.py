"""What kernels read: every distinct value once, and which values a record has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipeline.engines.frequency import Frequencies, NamePairs
from schemas.model import LEVELS

WIDTH = 24  # bytes of a value that comparisons look at
KIND_CODE: dict[str, int] = {kind: code for code, kind in enumerate(LEVELS)}


class Values(NamedTuple):
    """What kernels know of each distinct value; row = value code."""

    text: np.ndarray
    """(values, WIDTH) uint8, ASCII, zero-padded"""
    length: np.ndarray
    mask: np.ndarray
    """uint32, one bit a letter that occurs"""
    packed: np.ndarray
    """uint32, a date as eight decimal digits, four bits each"""
    part1: np.ndarray
    part2: np.ndarray
    part3: np.ndarray
    """int32 codes of coarser parts: postcode sector, district, area; e-mail local part; ethnicity group"""
    group: np.ndarray
    """(values, GROUPS) int32, nickname and variant groups of a name, -1 none"""
    is_established: np.ndarray
    """bool, a name so common in the data that it is no mistyping of another"""
    word_start: np.ndarray
    word: np.ndarray
    """words of value v: word[word_start[v]:word_start[v + 1]], sorted"""
    rarity: np.ndarray
    rarity_start: np.ndarray
    """frequency bin of value v in comparison c: rarity[rarity_start[c] + v]"""
    spelling: np.ndarray
    """(comparisons, groups) int8 bin of each group in each comparison"""


NONE, SEVERAL = -1, -2


class Records(NamedTuple):
    """Which values a record has.

    Most records have one value a field: these stand side by side, so that a pair costs one look at either record.
    """

    first: np.ndarray
    """(records, fields) int32 code of the one value of field f; NONE, or SEVERAL that ``start`` and ``value`` list.

    Forename and surname: of a record named in one way; SEVERAL in both where it is named in more, aliases counted
    """
    start: np.ndarray
    value: np.ndarray
    """value[start[i * fields + f]:start[i * fields + f + 1]]; empty where no record has several values in a field"""
    name_start: np.ndarray
    """Ways the record is named: forename[k], surname[k] for k in name_start[i]:name_start[i + 1]; -1 is missing"""
    forename: np.ndarray
    surname: np.ndarray
    born_from: np.ndarray
    born_to: np.ndarray
    """Days since 1970 between which the person was born: equal where the birthday is known; UNKNOWN where nothing is"""
    group: np.ndarray
    """int32: two records of one code are not compared; -1 is compared with all"""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A table of records, ready for the kernels."""

    n: int
    fields: tuple[str, ...]
    values: Values
    records: Records
    frequencies: tuple[Frequencies, ...]
    name_pairs: NamePairs
    counted: np.ndarray
    """Rows that count for these"""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The blocking tokens of a table of records: needed until its blocks are found."""

    n: int
    token_start: np.ndarray
    token: np.ndarray
    token_field: np.ndarray
    """Tokens of record i: token[token_start[i]:token_start[i + 1]]; forename and surname tokens share a vocabulary"""
    token_count: np.ndarray
    """Occurrences of each token over all records"""
    kinds: tuple[str, ...]
    """Kinds of token, as ``tokens.token_kinds`` names them"""
    token_kind: np.ndarray
    """uint8 kind of each token"""
    token_key: np.ndarray
    """uint64 that stands for each token, the same in all data"""
