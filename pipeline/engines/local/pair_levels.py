"""Levels of a pair of records: one for each comparison, and all of them packed into one number, the pair's pattern.

A pattern holds the level of comparison c in its bits shift[c] .. shift[c + 1]. Records of a pair are its left and its
right one (``row_l``, ``row_r``), and so are their values and names. Rows are int64 and codes of values int32 wherever
they come from: for every other pair of types all of this is compiled once more.
"""

from __future__ import annotations

import numpy as np
from numba import uint64

from pipeline.engines.birth import UNKNOWN
from pipeline.engines.local import levels as lv
from pipeline.engines.local.kernel import inner, kernel
from pipeline.engines.local.plan import CACHE_BITS
from pipeline.engines.local.values import KIND_CODE, NONE, SEVERAL
from schemas.model import LEVELS

(FORENAME, SURNAME, DATE, POSTCODE, ADDRESS, PHONE, EMAIL, IDENTIFIER, _, ETHNICITY, AGE, MIDDLE_NAMES) = (
    KIND_CODE.values()
)
EXACT = np.array([len(levels) for levels in LEVELS.values()], np.int64)


@inner
def _cached_name_level(value_l, value_r, values, cache):
    if value_l > value_r:
        value_l, value_r = value_r, value_l
    key = (np.int64(value_l) << 32) | value_r
    slot = (uint64(key) * uint64(0x9E3779B97F4A7C15)) >> uint64(64 - CACHE_BITS)
    if cache.keys[slot] == key:
        return np.int64(cache.level[slot])
    level = lv.name_level(value_l, value_r, values)
    cache.keys[slot] = key
    cache.level[slot] = level
    return np.int64(level)


@inner
def rarity_of(comparison, value, values):
    """Frequency bin of a value."""
    return values.rarity[values.rarity_start[comparison] + value]


@inner
def _is_swapped(forename_l, surname_l, forename_r, surname_r, values, cache):
    """Whether the forename of each is the surname of the other; one of the two may be spelt differently."""
    if forename_l < 0 or surname_l < 0 or forename_r < 0 or surname_r < 0:
        return False
    if forename_l == forename_r or surname_l == surname_r or (forename_l != surname_r and surname_l != forename_r):
        return False
    return (forename_l == surname_r or _cached_name_level(forename_l, surname_r, values, cache) > lv.SIMILAR) and (
        surname_l == forename_r or _cached_name_level(surname_l, forename_r, values, cache) > lv.SIMILAR
    )


@inner
def _lone_name_level(forename_l, surname_l, forename_r, surname_r, surname, values, cache):
    """Surname level where one record's only name, a forename, is the other's surname; 0 where it is not."""
    lone = opposite = full = np.int32(NONE)
    if surname_l < 0 and forename_l >= 0 and surname_r >= 0:
        lone, opposite, full = forename_l, surname_r, forename_r
    elif surname_r < 0 and forename_r >= 0 and surname_l >= 0:
        lone, opposite, full = forename_r, surname_l, forename_l
    if lone < 0 or (full >= 0 and (full == lone or _cached_name_level(lone, full, values, cache) > lv.SIMILAR)):
        return 0
    if lone == opposite:
        return lv.SURNAME_EXACT + rarity_of(surname, lone, values)
    return lv.CLOSE if _cached_name_level(lone, opposite, values, cache) in (lv.CLOSE, lv.NAME_VARIANT) else 0


@inner
def _one_name_level(comparison, exact, value_l, value_r, values, cache):
    """Level of two forenames, or of two surnames; 0 where the model has no such comparison, or a record no such name."""
    if comparison < 0 or value_l < 0 or value_r < 0:
        return 0
    if value_l == value_r:
        return exact + rarity_of(comparison, value_l, values)
    level = _cached_name_level(value_l, value_r, values, cache)
    return lv.index_of_variant(comparison, exact, value_l, value_r, values) if level == lv.NAME_VARIANT else level


@inner
def _naming_levels(forename_l, surname_l, forename_r, surname_r, plan, values, cache):
    """Forename and surname level of two ways of being named; also the cross match of swapped and of lone names."""
    if _is_swapped(forename_l, surname_l, forename_r, surname_r, values, cache):
        return lv.FORENAME_SWAPPED, 0
    if plan.surname >= 0 and plan.forename >= 0:
        level = _lone_name_level(forename_l, surname_l, forename_r, surname_r, plan.surname, values, cache)
        if level > 0:
            return 0, level
    level_f = _one_name_level(plan.forename, lv.FORENAME_EXACT, forename_l, forename_r, values, cache)
    level_s = _one_name_level(plan.surname, lv.SURNAME_EXACT, surname_l, surname_r, values, cache)
    return level_f, level_s


@inner
def _rank(level_f, level_s):
    """How good two ways agree, to choose the best: exact counts most, null between else and similar."""
    forename, surname = lv.plain_level(level_f, lv.FORENAME_EXACT), lv.plain_level(level_s, lv.SURNAME_EXACT)
    rank = (1.5 if forename == 0 else np.float64(forename)) + (1.5 if surname == 0 else np.float64(surname))
    return rank + 5.0 if forename == lv.FORENAME_SWAPPED else rank


@inner
def names_of(row_l, row_r, plan, records):
    """Forename and surname of both records, NONE where the model does not compare them."""
    forename_l = surname_l = forename_r = surname_r = np.int32(NONE)
    if plan.forename >= 0:
        forename_l, forename_r = records.first[row_l, plan.forename], records.first[row_r, plan.forename]
    if plan.surname >= 0:
        surname_l, surname_r = records.first[row_l, plan.surname], records.first[row_r, plan.surname]
    return forename_l, surname_l, forename_r, surname_r


@kernel
def _best_naming_levels(row_l, row_r, plan, values, records, cache):
    """Levels of the best agreement over all ways both records are named."""
    best_f, best_s, best_rank = 0, 0, -1.0
    for naming_l in range(records.name_start[row_l], records.name_start[row_l + 1]):
        for naming_r in range(records.name_start[row_r], records.name_start[row_r + 1]):
            forename_l, surname_l = records.forename[naming_l], records.surname[naming_l]
            forename_r, surname_r = records.forename[naming_r], records.surname[naming_r]
            level_f, level_s = _naming_levels(forename_l, surname_l, forename_r, surname_r, plan, values, cache)
            rank = _rank(level_f, level_s)
            if rank > best_rank:
                best_f, best_s, best_rank = level_f, level_s, rank
    return best_f, best_s


@inner
def name_levels(row_l, row_r, plan, values, records, cache):
    """Levels of forename and surname together. Of records named in one way, which most are, nothing need be looked up."""
    forename_l, surname_l, forename_r, surname_r = names_of(row_l, row_r, plan, records)
    if SEVERAL in (forename_l, surname_l, forename_r, surname_r):
        return _best_naming_levels(row_l, row_r, plan, values, records, cache)
    return _naming_levels(forename_l, surname_l, forename_r, surname_r, plan, values, cache)


@inner
def _value_level(comparison, kind, value_l, value_r, values):
    if value_l == value_r:
        if kind == DATE and lv.is_first_of_january(values.packed[value_l]):
            return lv.DATE_BOTH_JANUARY
        return EXACT[kind] + rarity_of(comparison, value_l, values)
    if kind == DATE:
        return lv.date_level(values.packed[value_l], values.packed[value_r])
    if kind == POSTCODE:
        return lv.postcode_level(value_l, value_r, values)
    if kind == ADDRESS:
        return lv.address_level(value_l, value_r, values)
    if kind in (PHONE, IDENTIFIER):
        return lv.spelling_level(value_l, value_r, values)
    if kind == EMAIL:
        return lv.email_level(value_l, value_r, values)
    if kind == MIDDLE_NAMES:
        level = lv.name_level(value_l, value_r, values)
        exact = EXACT[kind]
        return lv.index_of_variant(comparison, exact, value_l, value_r, values) if level == lv.NAME_VARIANT else level
    if kind == ETHNICITY:
        return lv.part_level(value_l, value_r, values)
    return lv.category_level(value_l, value_r, values)


@kernel
def _age_level(row_l, row_r, records):
    """Level of two spans of birth dates, where at least one record has no birthday; 0 where one has no span at all."""
    from_l, to_l, from_r, to_r = (
        records.born_from[row_l],
        records.born_to[row_l],
        records.born_from[row_r],
        records.born_to[row_r],
    )
    if min(from_l, from_r) == UNKNOWN or (from_l == to_l and from_r == to_r):
        return np.int64(0)
    gap = max(from_l, from_r) - min(to_l, to_r)
    if gap <= 0:
        return np.int64(3)
    return np.int64(2) if gap <= 366 else np.int64(1)


@kernel
def _best_value(row_l, row_r, comparison, plan, values, records):
    """Best level over all values that the two records have in a comparison."""
    fields, kind = plan.kind.shape[0], plan.kind[comparison]
    best = np.int64(0)
    for place_l in range(records.start[row_l * fields + comparison], records.start[row_l * fields + comparison + 1]):
        for place_r in range(
            records.start[row_r * fields + comparison], records.start[row_r * fields + comparison + 1]
        ):
            level = np.int64(_value_level(comparison, kind, records.value[place_l], records.value[place_r], values))
            if lv.standing(level, EXACT[kind]) > lv.standing(best, EXACT[kind]):
                best = level
    return best


@inner
def field_level(row_l, row_r, comparison, plan, values, records):
    """Level of a comparison; 0 where a record has no value. Of records of one value nothing need be looked up."""
    if plan.kind[comparison] == AGE:
        return _age_level(row_l, row_r, records)
    value_l, value_r = records.first[row_l, comparison], records.first[row_r, comparison]
    if NONE in (value_l, value_r):
        return np.int64(0)
    if value_l < 0 or value_r < 0:
        return _best_value(row_l, row_r, comparison, plan, values, records)
    return np.int64(_value_level(comparison, plan.kind[comparison], value_l, value_r, values))


@inner
def _pattern(row_l, row_r, plan, values, records, cache):
    pattern = np.int64(0)
    for comparison in plan.order:
        pattern |= field_level(row_l, row_r, comparison, plan, values, records) << plan.shift[comparison]
    level_f, level_s = name_levels(row_l, row_r, plan, values, records, cache)
    if plan.forename >= 0:
        pattern |= np.int64(level_f) << plan.shift[plan.forename]
    if plan.surname >= 0:
        pattern |= np.int64(level_s) << plan.shift[plan.surname]
    return pattern


@kernel
def patterns_of(left, right, plan, values, records, cache, patterns):
    """Write the patterns of the given pairs of records."""
    for pair in range(left.shape[0]):
        patterns[pair] = _pattern(np.int64(left[pair]), np.int64(right[pair]), plan, values, records, cache)
