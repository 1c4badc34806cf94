"""Compare pairs: the levels of all fields, packed into one number a pair, and the weight where there are weights.

A pattern holds the level of comparison c in its bits shift[c] .. shift[c + 1]. Comparisons run in ``order``, the cheap
and telling ones first; names, the dearest, last. With weights, a pair is dropped as soon as the best it could still
reach is under the floor.
"""

from __future__ import annotations

import numpy as np
from numba import uint64

from pipeline.engines.birth import UNKNOWN
from pipeline.engines.local import levels as lv
from pipeline.engines.local.blocks import fellows
from pipeline.engines.local.kernel import inner, kernel
from pipeline.engines.local.plan import CACHE_BITS
from pipeline.engines.local.values import KIND_CODE, NONE, SEVERAL
from schemas.model import LEVELS

(FORENAME, SURNAME, DATE, POSTCODE, ADDRESS, PHONE, EMAIL, IDENTIFIER, CATEGORY, ETHNICITY, AGE) = KIND_CODE.values()
EXACT = np.array([len(levels) for levels in LEVELS.values()], np.int64)


@inner
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


@inner
def _rarity(c, x, values):
    return values.rarity[values.rarity_start[c] + x]


@inner
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


@inner
def _rank(level_f, level_s):
    """How good two ways agree, to choose the best: exact counts most, null between else and similar."""
    f = min(level_f, lv.FORENAME_EXACT)
    s = min(level_s, lv.SURNAME_EXACT)
    rank = (1.5 if f == 0 else np.float64(f)) + (1.5 if s == 0 else np.float64(s))
    return rank + 5.0 if f == lv.FORENAME_SWAPPED else rank


@inner
def _name_levels(i, j, plan, values, records, keys, found):
    """Levels of forename and surname together: the best agreement over all ways both records are named."""
    f, s, g, t = records.name[i, 0], records.name[i, 1], records.name[j, 0], records.name[j, 1]
    if SEVERAL not in (f, g):
        return _ways_level(f, s, g, t, plan, values, keys, found)
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


@inner
def _value_level(c, kind, x, y, values):
    if x == y:
        return EXACT[kind] + _rarity(c, x, values)
    if kind == DATE:
        return lv.date_level(values.packed[x], values.packed[y])
    if kind == POSTCODE:
        return lv.postcode_level(x, y, values)
    if kind == ADDRESS:
        return lv.address_level(x, y, values)
    if kind in (PHONE, IDENTIFIER):
        return lv.spelling_level(x, y, values)
    if kind == EMAIL:
        return lv.email_level(x, y, values)
    if kind == ETHNICITY:
        return lv.part_level(x, y, values)
    return lv.category_level(x, y, values)


@inner
def _age_level(i, j, records):
    """Level of two spans of birth dates, where at least one record has no birthday; 0 where one has no span at all."""
    i0, i1, j0, j1 = records.born_from[i], records.born_to[i], records.born_from[j], records.born_to[j]
    if min(i0, j0) == UNKNOWN or (i0 == i1 and j0 == j1):
        return np.int64(0)
    gap = max(i0, j0) - min(i1, j1)
    if gap <= 0:
        return np.int64(3)
    return np.int64(2) if gap <= 366 else np.int64(1)


@inner
def _field_level(i, j, c, plan, values, records):
    """Best level over all values that the two records have in comparison c; 0 where one has none."""
    if plan.kind[c] == AGE:
        return _age_level(i, j, records)
    a, b = records.first[i, c], records.first[j, c]
    if NONE in (a, b):
        return np.int64(0)
    if a >= 0 and b >= 0:
        return np.int64(_value_level(c, plan.kind[c], a, b, values))
    fields = plan.kind.shape[0]
    best = np.int64(0)
    for x in range(records.start[i * fields + c], records.start[i * fields + c + 1]):
        for y in range(records.start[j * fields + c], records.start[j * fields + c + 1]):
            level = _value_level(c, plan.kind[c], records.value[x], records.value[y], values)
            best = max(best, np.int64(level))
    return best


@inner
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


@kernel
def patterns_of(left, right, plan, values, records, keys, found, out):
    """Write the patterns of the given pairs of records."""
    for q in range(left.shape[0]):
        out[q] = _pattern(left[q], right[q], plan, values, records, keys, found)


@kernel
def most_fellows(n, block_sets, cap):
    """No record has more later fellows than this."""
    most = 0
    for i in range(n):
        own = 0
        for block in block_sets:
            own += block.own_start[i + 1] - block.own_start[i]
        most = max(most, own)
    return min(most * cap, n) + 1


@kernel
def sample_patterns(thread, threads, step, n, block_sets, scratch, plan, values, records, out):
    """Write the patterns of the candidate pairs of every step-th record; returns how many, past the room too."""
    count = 0
    for i in range(n):
        if i % step or (i // step) % threads != thread:
            continue
        size = 0
        for block in block_sets:
            size = fellows(i, block, records.group, scratch.stamp, scratch.near, size)
        for y in range(size):
            if count < out.shape[0]:
                out[count] = _pattern(i, scratch.near[y], plan, values, records, scratch.keys, scratch.found)
            count += 1
    return count


@inner
def _name_bound(i, j, plan, values, records, weights):
    """No name levels of the pair are worth more than this, told from codes alone, without reading a letter."""
    f, s, g, t = records.name[i, 0], records.name[i, 1], records.name[j, 0], records.name[j, 1]
    if min(f, s, g, t) < 0 or f == t or s == g:
        return weights.best_names[0]
    first, second = weights.best_names[1], weights.best_names[2]
    if f == g:
        first = np.float64(weights.match[plan.forename, lv.FORENAME_EXACT + _rarity(plan.forename, f, values)])
    if s == t:
        second = np.float64(weights.match[plan.surname, lv.SURNAME_EXACT + _rarity(plan.surname, s, values)])
    return first + second


@inner
def _against(pattern, lift, plan, weights):
    """Bits that the classes of relatives take off a pair."""
    total = 1.0
    for k in range(weights.relatives.shape[0]):
        odds = weights.prior_relatives[k] - (lift if k == weights.namesakes else 0.0)
        for c in range(plan.kind.shape[0]):
            level = (pattern >> plan.shift[c]) & ((np.int64(1) << (plan.shift[c + 1] - plan.shift[c])) - 1)
            odds += weights.relatives[k, c, level]
        total += 2.0 ** min(odds, 60.0)
    return np.log2(total)


@kernel
def score_pairs(
    thread, threads, n, block_sets, scratch, plan, values, records, weights, left, right, pattern_of, weight_of
):
    """Write the candidate pairs of one thread's records whose weight reaches the floor.

    Returns: how many there are (more than the arrays hold where they are too small), and how many pairs were looked at.
    """
    kept, seen = 0, 0
    steps = plan.order.shape[0]
    has_both = plan.forename >= 0 and plan.surname >= 0
    for i in range(n):
        if (i >> 9) % threads != thread:
            continue
        size = 0
        for block in block_sets:
            size = fellows(i, block, records.group, scratch.stamp, scratch.near, size)
        seen += size
        for y in range(size):
            j = scratch.near[y]
            total, pattern = weights.prior_match, np.int64(0)
            short = weights.floor - weights.best_names[0]
            for q in range(steps):
                if total + weights.reach[q] < short:
                    break
                c = plan.order[q]
                level = _field_level(i, j, c, plan, values, records)
                total += weights.match[c, level]
                pattern |= level << plan.shift[c]
            if total < short:
                continue
            if has_both and total + _name_bound(i, j, plan, values, records, weights) < weights.floor:
                continue
            level_f, level_s = _name_levels(i, j, plan, values, records, scratch.keys, scratch.found)
            if plan.forename >= 0:
                total += weights.match[plan.forename, level_f]
                pattern |= np.int64(level_f) << plan.shift[plan.forename]
            if plan.surname >= 0:
                total += weights.match[plan.surname, level_s]
                pattern |= np.int64(level_s) << plan.shift[plan.surname]
            lift = 0.0
            if has_both and level_f >= lv.FORENAME_EXACT and level_s >= lv.SURNAME_EXACT:
                lift = weights.name_lift[level_f - lv.FORENAME_EXACT + level_s - lv.SURNAME_EXACT]
                total -= lift
            if total < weights.floor:
                continue
            weight = total - _against(pattern, lift, plan, weights)
            if weight >= weights.floor:
                if kept < left.shape[0]:
                    left[kept], right[kept], pattern_of[kept], weight_of[kept] = i, j, pattern, weight
                kept += 1
    return kept, seen
