"""Compare pairs: the levels of all fields, packed into one number a pair, and the weight where there are weights.

A pattern holds the level of comparison c in its bits shift[c] .. shift[c + 1]. Comparisons run in ``order``, the cheap
and telling ones first; names, the dearest, last. With weights, a pair is dropped as soon as the best it could still
reach is under the floor.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, uint64

from pipeline.engines.birth import UNKNOWN
from pipeline.engines.local import levels as lv
from pipeline.engines.local.blocks import fellows
from pipeline.engines.local.values import KIND_CODE
from schemas.model import FREQUENCY_BINS, LEVELS, Model

(FORENAME, SURNAME, DATE, POSTCODE, ADDRESS, PHONE, EMAIL, IDENTIFIER, CATEGORY, ETHNICITY, AGE) = KIND_CODE.values()
MOST_LEVELS = 32
CACHE_BITS = 16
EXACT = np.array([len(LEVELS[kind]) for kind in LEVELS], np.int64)
CHEAP_FIRST = (
    "identifier",
    "phone",
    "email",
    "category",
    "ethnicity",
    "age",
    "date",
    "postcode",
    "address",
    "surname",
    "forename",
)


class Plan(NamedTuple):
    """The comparisons as kernels read them."""

    kind: np.ndarray
    shift: np.ndarray
    order: np.ndarray
    """Comparisons other than names, in the order they are made"""
    forename: int
    surname: int
    """Which comparisons are names; -1 where the model has none"""


class Weights(NamedTuple):
    """Bits of every level: (comparisons, MOST_LEVELS) float32; level 0 (null) is 0."""

    match: np.ndarray
    related: np.ndarray
    prior_match: float
    prior_related: float
    floor: float


def make_plan(model: Model) -> Plan:
    """The order, and the place of every comparison in a pattern."""
    kinds = [comparison.kind for comparison in model.comparison]
    sizes = [int(len(LEVELS[kind]) + FREQUENCY_BINS[kind][0]).bit_length() for kind in kinds]
    order = sorted(
        (c for c, kind in enumerate(kinds) if kind not in ("forename", "surname")),
        key=lambda c: CHEAP_FIRST.index(kinds[c]),
    )
    shift = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    if shift[-1] > 63:
        raise ValueError("too many comparisons for one pattern")
    place = {kind: c for c, kind in enumerate(kinds)}
    codes = np.array([KIND_CODE[kind] for kind in kinds], np.int64)
    return Plan(codes, shift, np.array(order, np.int64), place.get("forename", -1), place.get("surname", -1))


def unpack(patterns: np.ndarray, plan: Plan) -> np.ndarray:
    """(patterns, comparisons) uint8 levels, frequency bins above the exact level included."""
    out = np.empty((len(patterns), len(plan.kind)), np.uint8)
    for c in range(len(plan.kind)):
        out[:, c] = (patterns >> plan.shift[c]) & ((1 << (plan.shift[c + 1] - plan.shift[c])) - 1)
    return out


@njit(inline="always")
def _cached_name_level(x, y, values, keys, found):
    if x > y:
        x, y = y, x
    key = (np.int64(x) << 32) | y
    slot = (uint64(key) * uint64(0x9E3779B97F4A7C15)) >> uint64(64 - CACHE_BITS)
    if keys[slot] == key:
        return np.int64(found[slot])
    level = lv.name_level(x, y, values)
    keys[slot] = key
    found[slot] = level
    return np.int64(level)


@njit(inline="always")
def _rarity(c, x, values):
    return values.rarity[values.rarity_start[c] + x]


@njit(cache=True, nogil=True)
def _ways_level(f, s, g, t, plan, values, keys, found):
    """Levels of two ways of being named, (forename f, surname s) against (g, t); also the cross match of lone names."""
    cf, cs = plan.forename, plan.surname
    if f >= 0 and s >= 0 and g >= 0 and t >= 0 and f != g and s != t and (f == t or s == g):
        crossed = (f == t or _cached_name_level(f, t, values, keys, found) > lv.SIMILAR) and (
            s == g or _cached_name_level(s, g, values, keys, found) > lv.SIMILAR
        )
        if crossed:
            return lv.FORENAME_SWAPPED, 0
    if cs >= 0 and cf >= 0:
        lone, other, full = -1, -1, -1
        if s < 0 and f >= 0 and t >= 0:
            lone, other, full = f, t, g
        elif t < 0 and g >= 0 and s >= 0:
            lone, other, full = g, s, f
        unlike = lone >= 0 and (full < 0 or (full != lone and _cached_name_level(lone, full, values, keys, found) <= 2))
        if unlike:
            if lone == other:
                return 0, lv.SURNAME_EXACT + _rarity(cs, lone, values)
            if _cached_name_level(lone, other, values, keys, found) in (lv.CLOSE, lv.NAME_VARIANT):
                return 0, lv.CLOSE
    level_f, level_s = 0, 0
    if cf >= 0 and f >= 0 and g >= 0:
        level_f = (
            lv.FORENAME_EXACT + _rarity(cf, f, values) if f == g else _cached_name_level(f, g, values, keys, found)
        )
    if cs >= 0 and s >= 0 and t >= 0:
        level_s = lv.SURNAME_EXACT + _rarity(cs, s, values) if s == t else _cached_name_level(s, t, values, keys, found)
    return level_f, level_s


@njit(inline="always")
def _rank(level_f, level_s):
    """How good two ways agree, to choose the best: exact counts most, null between else and similar."""
    f = min(level_f, lv.FORENAME_EXACT)
    s = min(level_s, lv.SURNAME_EXACT)
    rank = (1.5 if f == 0 else np.float64(f)) + (1.5 if s == 0 else np.float64(s))
    return rank + 5.0 if f == lv.FORENAME_SWAPPED else rank


@njit(cache=True, nogil=True)
def _name_levels(i, j, plan, values, records, keys, found):
    """Levels of forename and surname together: the best agreement over all ways both records are named."""
    best_f, best_s, best = 0, 0, -1.0
    for x in range(records.name_start[i], records.name_start[i + 1]):
        for y in range(records.name_start[j], records.name_start[j + 1]):
            f, s = _ways_level(
                records.forename[x],
                records.surname[x],
                records.forename[y],
                records.surname[y],
                plan,
                values,
                keys,
                found,
            )
            rank = _rank(f, s)
            if rank > best:
                best_f, best_s, best = f, s, rank
    return best_f, best_s


@njit(cache=True, nogil=True)
def _value_level(c, kind, x, y, values):
    if x == y:
        return EXACT[kind] + _rarity(c, x, values)
    if kind == DATE:
        return lv.date_level(x, y, values)
    if kind == POSTCODE:
        return lv.postcode_level(x, y, values)
    if kind == ADDRESS:
        return lv.address_level(x, y, values)
    if kind in (PHONE, IDENTIFIER):
        return lv.spelling_level(x, y, values)
    if kind in (EMAIL, ETHNICITY):
        return lv.part_level(x, y, values)
    return lv.ELSE


@njit(inline="always")
def _age_level(i, j, records):
    """Level of two spans of birth dates, where at least one record has no birthday; 0 where one has no span at all."""
    i0, i1, j0, j1 = records.born_from[i], records.born_to[i], records.born_from[j], records.born_to[j]
    if min(i0, j0) == UNKNOWN or (i0 == i1 and j0 == j1):
        return np.int64(0)
    gap = max(i0, j0) - min(i1, j1)
    if gap <= 0:
        return np.int64(3)
    return np.int64(2) if gap <= 366 else np.int64(1)


@njit(inline="always")
def _field_level(i, j, c, plan, values, records):
    """Best level over all values that the two records have in comparison c; 0 where one has none."""
    if plan.kind[c] == AGE:
        return _age_level(i, j, records)
    fields = plan.kind.shape[0]
    best = np.int64(0)
    for x in range(records.start[i * fields + c], records.start[i * fields + c + 1]):
        for y in range(records.start[j * fields + c], records.start[j * fields + c + 1]):
            level = _value_level(c, plan.kind[c], records.value[x], records.value[y], values)
            best = max(best, np.int64(level))
    return best


@njit(cache=True, nogil=True)
def _pattern(i, j, plan, values, records, keys, found):
    pattern = np.int64(0)
    for c in plan.order:
        pattern |= _field_level(i, j, c, plan, values, records) << plan.shift[c]
    level_f, level_s = _name_levels(i, j, plan, values, records, keys, found)
    if plan.forename >= 0:
        pattern |= np.int64(level_f) << plan.shift[plan.forename]
    if plan.surname >= 0:
        pattern |= np.int64(level_s) << plan.shift[plan.surname]
    return pattern


@njit(cache=True, nogil=True)
def patterns_of(left, right, plan, values, records):
    """Patterns of the given pairs of records."""
    keys, found = np.full(1 << CACHE_BITS, -1, np.int64), np.zeros(1 << CACHE_BITS, np.int8)
    out = np.empty(left.shape[0], np.int64)
    for q in range(left.shape[0]):
        out[q] = _pattern(left[q], right[q], plan, values, records, keys, found)
    return out


@njit(cache=True, nogil=True)
def most_fellows(n, block_sets, cap):
    """No record has more later fellows than this."""
    most = 0
    for i in range(n):
        own = 0
        for block in block_sets:
            own += block.own_start[i + 1] - block.own_start[i]
        most = max(most, own)
    return min(most * cap, n) + 1


@njit(cache=True, nogil=True)
def sample_patterns(thread, threads, step, n, block_sets, room, plan, values, records, capacity):
    """Patterns of the candidate pairs of every step-th record; the second value counts also those past capacity."""
    keys, found = np.full(1 << CACHE_BITS, -1, np.int64), np.zeros(1 << CACHE_BITS, np.int8)
    stamp, near = np.full(n, -1, np.int32), np.empty(room, np.int32)
    out = np.empty(capacity, np.int64)
    count = 0
    for i in range(n):
        if i % step or (i // step) % threads != thread:
            continue
        size = 0
        for block in block_sets:
            size = fellows(i, block, stamp, near, size)
        for y in range(size):
            if count < capacity:
                out[count] = _pattern(i, near[y], plan, values, records, keys, found)
            count += 1
    return out[: min(count, capacity)], count


@njit(cache=True, nogil=True)
def _name_bound(i, j, plan, values, records, match, best):
    """No name levels of the pair are worth more than this, told from codes alone, without reading a letter."""
    x, y = records.name_start[i], records.name_start[j]
    if records.name_start[i + 1] - x != 1 or records.name_start[j + 1] - y != 1:
        return best[0]
    f, s, g, t = records.forename[x], records.surname[x], records.forename[y], records.surname[y]
    if min(f, s, g, t) < 0 or f == t or s == g:
        return best[0]
    first = match[plan.forename, lv.FORENAME_EXACT + _rarity(plan.forename, f, values)] if f == g else best[1]
    return first + (match[plan.surname, lv.SURNAME_EXACT + _rarity(plan.surname, s, values)] if s == t else best[2])


@njit(cache=True, nogil=True)
def _best_names(plan, match):
    """Highest weight of both names together, and of a forename and of a surname that differ; 0 at least."""
    best = np.zeros(3)
    if plan.forename >= 0:
        best[0] += max(match[plan.forename].max(), 0.0)
        best[1] = max(match[plan.forename, : lv.FORENAME_EXACT].max(), 0.0)
    if plan.surname >= 0:
        best[0] += max(match[plan.surname].max(), 0.0)
        best[2] = max(match[plan.surname, : lv.SURNAME_EXACT].max(), 0.0)
    return best


@njit(inline="always")
def _finish(total, related, weights):
    """Weight of a pair: match against random or related."""
    return total - np.log2(1.0 + 2.0 ** min(related, 60.0))


@njit(cache=True, nogil=True)
def score_pairs(thread, threads, n, block_sets, room, plan, values, records, weights, capacity):
    """Candidate pairs of one thread's records whose weight reaches the floor.

    Returns: left, right, pattern, weight, how many there are (more than the arrays hold where capacity was too small),
        and how many candidate pairs were looked at.
    """
    keys, found = np.full(1 << CACHE_BITS, -1, np.int64), np.zeros(1 << CACHE_BITS, np.int8)
    stamp, near = np.full(n, -1, np.int32), np.empty(room, np.int32)
    left, right = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
    pattern_of, weight_of = np.empty(capacity, np.int64), np.empty(capacity, np.float32)
    kept, seen = 0, 0
    steps = plan.order.shape[0]
    reach = np.zeros(steps + 1)
    for q in range(steps - 1, -1, -1):
        reach[q] = reach[q + 1] + max(weights.match[plan.order[q]].max(), 0.0)
    best = _best_names(plan, weights.match)
    has_both = plan.forename >= 0 and plan.surname >= 0
    for i in range(n):
        if (i >> 9) % threads != thread:
            continue
        size = 0
        for block in block_sets:
            size = fellows(i, block, stamp, near, size)
        seen += size
        for y in range(size):
            j = near[y]
            total, related, pattern = weights.prior_match, weights.prior_related, np.int64(0)
            is_hopeless = False
            for q in range(steps):
                if total + reach[q] + best[0] < weights.floor:
                    is_hopeless = True
                    break
                c = plan.order[q]
                level = _field_level(i, j, c, plan, values, records)
                total += weights.match[c, level]
                related += weights.related[c, level]
                pattern |= level << plan.shift[c]
            if is_hopeless or total + best[0] < weights.floor:
                continue
            if has_both and total + _name_bound(i, j, plan, values, records, weights.match, best) < weights.floor:
                continue
            level_f, level_s = _name_levels(i, j, plan, values, records, keys, found)
            if plan.forename >= 0:
                total += weights.match[plan.forename, level_f]
                related += weights.related[plan.forename, level_f]
                pattern |= np.int64(level_f) << plan.shift[plan.forename]
            if plan.surname >= 0:
                total += weights.match[plan.surname, level_s]
                related += weights.related[plan.surname, level_s]
                pattern |= np.int64(level_s) << plan.shift[plan.surname]
            if total < weights.floor:
                continue
            weight = _finish(total, related, weights)
            if weight >= weights.floor:
                if kept < capacity:
                    left[kept], right[kept], pattern_of[kept], weight_of[kept] = i, j, pattern, weight
                kept += 1
    size = min(kept, capacity)
    return left[:size], right[:size], pattern_of[:size], weight_of[:size], kept, seen
