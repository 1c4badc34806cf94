"""Which comparison level a field's bits come from, in words that a steward reads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from schemas.model import LEVELS, SPELLING_BITS, Comparison, Dependence, Kind, Model, first_alike

ROUNDED = 2e-6  # links carry bits with six decimals
NOT_FIELDS = ("mw_prior", "mw_related")
SAME, DIFFERENT = "the same", "different"
WORDS: Mapping[Kind, Mapping[str, str]] = {
    "forename": {
        "similar": "similar",
        "part": "one is part of the other",
        "close": "one slip apart",
        "variant": "nickname or other spelling",
        "swapped": "forename and surname swapped",
    },
    "surname": {
        "similar": "similar",
        "part": "one is part of the other",
        "close": "one slip apart",
        "variant": "other spelling of one name",
    },
    "middle_names": {
        "similar": "similar",
        "part": "one is part of the other",
        "close": "one slip apart",
        "variant": "nickname or other spelling",
    },
    "date": {
        "far": "years apart",
        "same_year": "same year only",
        "part": "two of day, month, year agree, or years alone are about the same",
        "first_of_january": "1 January of that year, or the year alone",
        "both_first_of_january": "both 1 January, perhaps given for want of the day",
        "close": "one digit off, day and month swapped, or years alone one apart",
    },
    "postcode": {"area": "same area", "district": "same district", "sector": "same sector", "close": "one slip apart"},
    "address": {"some_words": "some words agree", "close": "one slip apart", "most_words": "most words agree"},
    "phone": {"close": "one slip apart"},
    "email": {"similar": "similar", "same_local_part": "same before the @", "close": "one slip apart"},
    "identifier": {"conflict": DIFFERENT, "close": "one slip apart"},
    "category": {"close": "one slip apart"},
    "ethnicity": {"same_group": "same group"},
    "age": {"apart": "ages do not fit", "near": "ages nearly fit", "overlap": "ages fit"},
}


def level_words(model: Model, fields: Mapping[str, float]) -> dict[str, str]:
    """Field to its comparison level in words, for every field whose bits tell the level."""
    kinds = {comparison.field: comparison.kind for comparison in model.comparison}
    return {field: words_of(kinds[field], level) for field, level in _levels(model, fields).items() if level}


def levels_of(row: Mapping[str, Any], model: Model | None) -> dict[str, str]:
    """Field to comparison level of a row of links, by its bits; where they tell no level, whether they agree or differ."""
    fields = {
        name.removeprefix("mw_"): bits
        for name, bits in row.items()
        if name.startswith("mw_") and name not in NOT_FIELDS and bits
    }
    known = _levels(model, fields) if model else {}
    return {field: known.get(field) or ("agrees" if bits > 0 else "differs") for field, bits in fields.items()}


def _levels(model: Model, fields: Mapping[str, float]) -> dict[str, str | None]:
    """Field to the level that gives its bits.

    None where several could, and of fields of a place: those count for what they say together.
    """
    comparisons = {comparison.field: comparison for comparison in model.comparison}
    levels: dict[str, str | None] = {place.field: None for place in (model.places.field if model.places else ())}

    def level(field: str) -> str | None:
        if field not in levels:
            comparison = comparisons[field]
            ties = [tie for tie in model.dependence if tie.field == field and fields.get(tie.on)]
            besides = [level(tie.beside) if tie.beside and fields.get(tie.beside) else "" for tie in ties]
            names = [level(tie.on) for tie in ties]
            times = [
                _times(tie, beside, comparisons)[LEVELS[comparisons[tie.on].kind].index(name)]
                for tie, beside, name in zip(ties, besides, names, strict=True)
                if beside is not None and name
            ]
            told_twice = [sum(map(math.log2, of_level)) for of_level in zip(*times, strict=True)]
            levels[field] = (
                level_of(comparison, fields[field], told_twice) if all(names) and None not in besides else None
            )
        return levels[field]

    return {field: level(field) for field in fields if field in comparisons}


def _times(tie: Dependence, beside: str | None, comparisons: Mapping[str, Comparison]) -> tuple[tuple[float, ...], ...]:
    """Which figures of a dependence hold where its third field is at this level; none or empty: it has none, or no value."""
    if not tie.beside or not beside:
        return tie.times
    kind = comparisons[tie.beside].kind
    return tie.times_beside if LEVELS[kind].index(beside) >= first_alike(kind) else tie.times


def level_of(comparison: Comparison, bits: float, told_twice: Sequence[float] = ()) -> str | None:
    """The level that gives these bits; None where several could, or a side has no value.

    Every level but the exact one has the same bits in all pairs, variant one for each bin of how rare a name is with all its
    spellings; an exact agreement counts by how rare the value is, and is what is left.

    Args:
        comparison: of the field.
        bits: of the field.
        told_twice: bits of each level that fields on which it hangs have told already; none: it hangs on no other.
    """
    if not comparison.levels or bits == 0:
        return None
    *fixed, exact = comparison.levels
    taken_off = told_twice or [0.0] * len(comparison.levels)
    worth = {
        level.name: min(math.log2(level.m / level.u), comparison.max_bits) - less
        for level, less in zip(fixed, taken_off, strict=False)
    }
    fitting = [name for name, level_bits in worth.items() if _gives(comparison, name, level_bits, bits)]
    if not fitting:
        return exact.name
    is_capped = abs(bits - comparison.max_bits) <= ROUNDED  # then a rare exact agreement gives the same bits
    return fitting[0] if len(fitting) == 1 and not is_capped else None


def _gives(comparison: Comparison, level: str, level_bits: float, bits: float) -> bool:
    """Whether a level that is usually worth so many bits may give these."""
    rarer = [0.0]
    if level == "variant" and comparison.usual_rarity is not None:
        rarer = [rarity - comparison.usual_rarity for rarity in SPELLING_BITS]
    return any(abs(level_bits + more - bits) <= ROUNDED for more in rarer)


def words_of(kind: Kind, level: str) -> str:
    """A level in words."""
    if level == "exact":
        return SAME
    return WORDS.get(kind, {}).get(level) or (DIFFERENT if level == "else" else level.replace("_", " "))
