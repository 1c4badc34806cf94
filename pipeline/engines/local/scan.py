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
from pipeline.engines.port import MOVED, NEW
from schemas.model import LEVELS

(FORENAME, SURNAME, DATE, POSTCODE, ADDRESS, PHONE, EMAIL, IDENTIFIER, CATEGORY, ETHNICITY, AGE) = KIND_CODE.values()
EXACT = np.array([len(levels) for levels in LEVELS.values()], np.int64)


@inner
def _cached_name_level(x, y, values, cache):
    if x > y:
        x, y = y, x
    key = (np.int64(x) << 32) | y
    slot = (uint64(key) * uint64(0x9E3779B97F4A7C15)) >> uint64(64 - CACHE_BITS)
    if cache.keys[slot] == key:
        return np.int64(cache.found[slot])
    level = lv.name_level(x, y, values)
    cache.keys[slot] = key
    cache.found[slot] = level
    return np.int64(level)


@inner
def _rarity(c, x, values):
    return values.rarity[values.rarity_start[c] + x]


@inner
def _ways_level(f, s, g, t, plan, values, cache):
    """Levels of two ways of being named, (forename f, surname s) against (g, t); also the cross match of lone names."""
    cf, cs = plan.forename, plan.surname
    if f >= 0 and s >= 0 and g >= 0 and t >= 0 and f != g and s != t and (f == t or s == g):
        crossed = (f == t or _cached_name_level(f, t, values, cache) > lv.SIMILAR) and (
            s == g or _cached_name_level(s, g, values, cache) > lv.SIMILAR
        )
        if crossed:
            return lv.FORENAME_SWAPPED, 0
    if cs >= 0 and cf >= 0:
        lone, other, full = -1, -1, -1
        if s < 0 and f >= 0 and t >= 0:
            lone, other, full = f, t, g
        elif t < 0 and g >= 0 and s >= 0:
            lone, other, full = g, s, f
        unlike = lone >= 0 and (full < 0 or (full != lone and _cached_name_level(lone, full, values, cache) <= 2))
        if unlike:
            if lone == other:
                return 0, lv.SURNAME_EXACT + _rarity(cs, lone, values)
            if _cached_name_level(lone, other, values, cache) in (lv.CLOSE, lv.NAME_VARIANT):
                return 0, lv.CLOSE
    level_f, level_s = 0, 0
    if cf >= 0 and f >= 0 and g >= 0:
        level_f = lv.FORENAME_EXACT + _rarity(cf, f, values) if f == g else _cached_name_level(f, g, values, cache)
    if cs >= 0 and s >= 0 and t >= 0:
        level_s = lv.SURNAME_EXACT + _rarity(cs, s, values) if s == t else _cached_name_level(s, t, values, cache)
    return level_f, level_s


@inner
def _rank(level_f, level_s):
    """How good two ways agree, to choose the best: exact counts most, null between else and similar."""
    f = min(level_f, lv.FORENAME_EXACT)
    s = min(level_s, lv.SURNAME_EXACT)
    rank = (1.5 if f == 0 else np.float64(f)) + (1.5 if s == 0 else np.float64(s))
    return rank + 5.0 if f == lv.FORENAME_SWAPPED else rank


@inner
def _names(i, j, plan, records):
    """Forename and surname of both records, NONE where the model does not compare them."""
    f = s = g = t = np.int32(NONE)
    if plan.forename >= 0:
        f, g = records.first[i, plan.forename], records.first[j, plan.forename]
    if plan.surname >= 0:
        s, t = records.first[i, plan.surname], records.first[j, plan.surname]
    return f, s, g, t


@kernel
def _best_way(i, j, plan, values, records, cache):
    """Levels of the best agreement over all ways both records are named."""
    best_f, best_s, best = 0, 0, -1.0
    for x in range(records.name_start[i], records.name_start[i + 1]):
        for y in range(records.name_start[j], records.name_start[j + 1]):
            f, s = records.forename[x], records.surname[x]
            g, t = records.forename[y], records.surname[y]
            level_f, level_s = _ways_level(f, s, g, t, plan, values, cache)
            rank = _rank(level_f, level_s)
            if rank > best:
                best_f, best_s, best = level_f, level_s, rank
    return best_f, best_s


@inner
def _name_levels(i, j, plan, values, records, cache):
    """Levels of forename and surname together. Of records named in one way, which most are, nothing need be looked up."""
    f, s, g, t = _names(i, j, plan, records)
    if SEVERAL in (f, s, g, t):
        return _best_way(i, j, plan, values, records, cache)
    return _ways_level(f, s, g, t, plan, values, cache)


@inner
def _value_level(c, kind, x, y, values):
    if x == y:
        if kind == DATE and lv.is_first_of_january(values.packed[x]):
            return lv.DATE_BOTH_JANUARY
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


@kernel
def _age_level(i, j, records):
    """Level of two spans of birth dates, where at least one record has no birthday; 0 where one has no span at all."""
    i0, i1, j0, j1 = records.born_from[i], records.born_to[i], records.born_from[j], records.born_to[j]
    if min(i0, j0) == UNKNOWN or (i0 == i1 and j0 == j1):
        return np.int64(0)
    gap = max(i0, j0) - min(i1, j1)
    if gap <= 0:
        return np.int64(3)
    return np.int64(2) if gap <= 366 else np.int64(1)


@kernel
def _best_value(i, j, c, plan, values, records):
    """Best level over all values that the two records have in comparison c."""
    fields = plan.kind.shape[0]
    best = np.int64(0)
    for x in range(records.start[i * fields + c], records.start[i * fields + c + 1]):
        for y in range(records.start[j * fields + c], records.start[j * fields + c + 1]):
            level = _value_level(c, plan.kind[c], records.value[x], records.value[y], values)
            best = max(best, np.int64(level))
    return best


@inner
def _field_level(i, j, c, plan, values, records):
    """Level of comparison c; 0 where a record has no value. Of records of one value nothing need be looked up."""
    if plan.kind[c] == AGE:
        return _age_level(i, j, records)
    a, b = records.first[i, c], records.first[j, c]
    if NONE in (a, b):
        return np.int64(0)
    if a < 0 or b < 0:
        return _best_value(i, j, c, plan, values, records)
    return np.int64(_value_level(c, plan.kind[c], a, b, values))


@inner
def _pattern(i, j, plan, values, records, cache):
    pattern = np.int64(0)
    for c in plan.order:
        pattern |= _field_level(i, j, c, plan, values, records) << plan.shift[c]
    level_f, level_s = _name_levels(i, j, plan, values, records, cache)
    if plan.forename >= 0:
        pattern |= np.int64(level_f) << plan.shift[plan.forename]
    if plan.surname >= 0:
        pattern |= np.int64(level_s) << plan.shift[plan.surname]
    return pattern


@kernel
def patterns_of(left, right, plan, values, records, cache, out):
    """Write the patterns of the given pairs of records."""
    for q in range(left.shape[0]):
        out[q] = _pattern(left[q], right[q], plan, values, records, cache)


@inner
def _name_bound(i, j, plan, values, records, weights):
    """No name levels of the pair are worth more than this, told from codes alone, without reading a letter."""
    f, s, g, t = _names(i, j, plan, records)
    if min(f, s, g, t) < 0 or f == t or s == g:
        return weights.best_names[0]
    first, second = weights.best_names[1], weights.best_names[2]
    if f == g:
        first = np.float64(weights.match[plan.forename, lv.FORENAME_EXACT + _rarity(plan.forename, f, values)])
    if s == t:
        second = np.float64(weights.match[plan.surname, lv.SURNAME_EXACT + _rarity(plan.surname, s, values)])
    return first + second


@kernel
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


@inner
def _open(own, size, state, near):
    """Move the fellows with whom a record of this state makes an open pair to the front; returns how many."""
    many = 0
    for y in range(size):
        other = state[near[y]]
        if NEW in (own, other) or (own == MOVED and other == MOVED):
            near[many] = near[y]
            many += 1
    return many


@kernel
def count_open(n, blocks, group, state, scratch):
    """How many open pairs the blocks hold."""
    many = 0
    for i in range(n):
        many += _open(state[i], fellows(i, blocks, group, scratch.stamp, scratch.near), state, scratch.near)
    return many


@kernel
def score_pairs(
    thread,
    threads,
    n,
    blocks,
    state,
    scratch,
    cache,
    plan,
    values,
    records,
    weights,
    left,
    right,
    pattern_of,
    weight_of,
):
    """Write the candidate pairs of one thread's records whose weight reaches the floor; of open ones where there is a state.

    Returns: how many there are (more than the arrays hold where they are too small), how many candidate pairs were met, and
    how many of them were open.
    """
    kept, seen, scored = 0, 0, 0
    steps = plan.order.shape[0]
    has_both = plan.forename >= 0 and plan.surname >= 0
    for i in range(n):
        if (i >> 9) % threads != thread:
            continue
        size = fellows(i, blocks, records.group, scratch.stamp, scratch.near)
        seen += size
        if state.shape[0] > 0:
            size = _open(state[i], size, state, scratch.near)
        scored += size
        for y in range(size):
            j = scratch.near[y]
            total, pattern = weights.prior_match, np.int64(0)
            short = weights.floor - _name_bound(i, j, plan, values, records, weights)
            for q in range(steps):
                if total + weights.reach[q] < short:
                    break
                c = plan.order[q]
                level = _field_level(i, j, c, plan, values, records)
                total += weights.match[c, level]
                pattern |= level << plan.shift[c]
            if total < short:
                continue
            level_f, level_s = _name_levels(i, j, plan, values, records, cache)
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
    return kept, seen, scored
