"""Comparison levels of two values: 0 null, then as ``schemas.model.LEVELS`` names them, from 1 (else) upwards.

Codes are compared first; letters only where codes differ, and the letter masks of two values often settle that they
cannot be alike before any letter is read.
"""

from __future__ import annotations

import numpy as np
from numba import uint32

from pipeline.engines.local.kernel import inner, kernel
from pipeline.engines.local.letters import (
    bits_set,
    has_same_digits,
    has_shared_word,
    is_close,
    is_one_edit,
    jaro_winkler,
    shared_words,
    similarity_bound,
)
from pipeline.engines.spellings import GROUPS
from schemas.model import FREQUENCY_BINS

ELSE, SIMILAR, PART, CLOSE = 1, 2, 3, 4
NAME_VARIANT, FORENAME_SWAPPED, FORENAME_EXACT, SURNAME_EXACT = 5, 6, 7, 6
NAME_BINS = FREQUENCY_BINS["forename"][0]  # of every kind of name
DATE_FAR, DATE_ELSE, DATE_YEAR, DATE_PART, DATE_JANUARY, DATE_BOTH_JANUARY, DATE_CLOSE = 1, 2, 3, 4, 5, 6, 7
GENERATION = 12  # years: further apart, two birthdays are those of parent and child rather than a slip
POSTCODE_AREA, POSTCODE_DISTRICT, POSTCODE_SECTOR, POSTCODE_CLOSE = 2, 3, 4, 5
ADDRESS_SOME, ADDRESS_CLOSE, ADDRESS_MOST = 2, 3, 4
EMAIL_SIMILAR, EMAIL_LOCAL, EMAIL_CLOSE = 2, 3, 4


@kernel
def name_level(value_l, value_r, values):
    """Level of two different names. Two established names that differ by a letter are two names, not a slip."""
    for group_l in range(GROUPS):
        if values.group[value_l, group_l] >= 0:
            for group_r in range(GROUPS):
                if values.group[value_l, group_l] == values.group[value_r, group_r]:
                    return NAME_VARIANT
    text, length_l, length_r = values.text, values.length[value_l], values.length[value_r]
    shorter = min(length_l, length_r)
    prefix = 0
    while prefix < shorter and text[value_l, prefix] == text[value_r, prefix]:
        prefix += 1
    n_words = (
        values.word_start[value_l + 1]
        - values.word_start[value_l]
        + values.word_start[value_r + 1]
        - values.word_start[value_r]
    )
    is_part = prefix == shorter or (n_words > 0 and has_shared_word(value_l, value_r, values))
    is_near = length_l > 3 and length_r > 3 and is_one_edit(text, value_l, length_l, value_r, length_r)
    if not is_near and not is_part and similarity_bound(value_l, value_r, values) < 0.8:
        return ELSE
    score = jaro_winkler(text, value_l, length_l, value_r, length_r)
    if (is_near or score >= 0.92) and not (values.is_established[value_l] and values.is_established[value_r]):
        return CLOSE
    if is_part:
        return PART
    return SIMILAR if is_near or score >= 0.8 else ELSE


@inner
def index_of_variant(comparison, exact, value_l, value_r, values):
    """Index of two spellings of one name: its bins come above those of equal names. Of several groups the commonest counts."""
    spelling_bin = np.int64(127)
    for group_l in range(GROUPS):
        for group_r in range(GROUPS):
            group = values.group[value_l, group_l]
            if group >= 0 and group == values.group[value_r, group_r]:
                spelling_bin = min(spelling_bin, np.int64(values.spelling[comparison, group]))
    return exact + NAME_BINS + spelling_bin


@inner
def is_equal(index, exact):
    """Whether an index is that of equal names."""
    return exact <= index < exact + NAME_BINS


@inner
def plain_level(index, exact):
    """The level of a name that an index stands for."""
    return min(index, exact) if index < exact + NAME_BINS else NAME_VARIANT


@inner
def standing(index, exact):
    """Orders indexes of one comparison from weak agreement to strong: two spellings of a name come below equal names."""
    return 64 * index if index < exact + NAME_BINS else 64 * NAME_VARIANT + index


@inner
def is_first_of_january(packed):
    """A packed date that is often given to those whose birthday is not known."""
    return (packed & uint32(0xFFFF)) == uint32(0x0101)


@inner
def _year(packed):
    """The year of a packed date."""
    year = 0
    for shift in (28, 24, 20, 16):
        year = 10 * year + int((packed >> uint32(shift)) & uint32(15))
    return year


@inner
def _years_level(date_l, date_r):
    """Level of two packed dates that have nothing in common."""
    return DATE_FAR if abs(_year(date_l) - _year(date_r)) > GENERATION else DATE_ELSE


@inner
def _known_years_level(date_l, date_r):
    """Level of two different dates, of one of which the year alone is known.

    Ages are a year or two out more often than a digit is wrong, and one wrong digit of four is mostly another year.
    """
    year_l, year_r = _year(date_l), _year(date_r)
    if year_l == year_r:
        return DATE_JANUARY
    if abs(year_l - year_r) == 1 or (
        year_l // 100 == year_r // 100 and year_l % 10 == year_r // 10 % 10 and year_r % 10 == year_l // 10 % 10
    ):
        return DATE_CLOSE
    differing = (date_l ^ date_r) >> uint32(16)
    digits = differing | (differing >> uint32(1))
    digits |= digits >> uint32(2)
    is_one_digit = bits_set(digits & uint32(0x1111)) == 1
    if abs(year_l - year_r) == 2 or is_one_digit:
        return DATE_PART
    return _years_level(date_l, date_r)


@inner
def _known_months_level(date_l, date_r):
    """Level of two different dates, of one of which the day is not known: year and month are all there is to compare."""
    if date_l >> uint32(8) == date_r >> uint32(8):
        return DATE_PART
    if _year(date_l) != _year(date_r):
        return _years_level(date_l, date_r)
    return DATE_JANUARY if is_first_of_january(date_l) or is_first_of_january(date_r) else DATE_YEAR


@kernel
def date_level(date_l, date_r):
    """Level of two different dates, each packed into eight decimal digits; those of an unknown month or day are 0.

    Two first days of January in different years, which may be nobody's birthday, agree on nothing. Nor do days that nobody knows.
    """
    if is_first_of_january(date_l) and is_first_of_january(date_r):
        return _years_level(date_l, date_r)
    if (date_l & uint32(0xFF00)) == 0 or (date_r & uint32(0xFF00)) == 0:
        return _known_years_level(date_l, date_r)
    if (date_l & uint32(0xFF)) == 0 or (date_r & uint32(0xFF)) == 0:
        return _known_months_level(date_l, date_r)
    differing = date_l ^ date_r
    digits = differing | (differing >> uint32(1))
    digits |= digits >> uint32(2)
    n_wrong = bits_set(digits & uint32(0x11111111))
    is_same_year = (differing >> uint32(16)) == 0
    if n_wrong == 1:
        return DATE_CLOSE
    if n_wrong == 2:
        shift = uint32(0)
        while (differing >> shift) & uint32(15) == 0:
            shift += uint32(4)
        next_shift = shift + uint32(4)
        if (date_l >> shift) & uint32(15) == (date_r >> next_shift) & uint32(15) and (date_r >> shift) & uint32(15) == (
            date_l >> next_shift
        ) & uint32(15):
            return DATE_CLOSE
    day_l, month_l = date_l & uint32(255), (date_l >> uint32(8)) & uint32(255)
    day_r, month_r = date_r & uint32(255), (date_r >> uint32(8)) & uint32(255)
    if is_same_year and day_l == month_r and day_r == month_l:
        return DATE_CLOSE
    if is_same_year and (is_first_of_january(date_l) or is_first_of_january(date_r)):
        return DATE_JANUARY
    n_equal = int(is_same_year) + int(day_l == day_r) + int(month_l == month_r)
    if n_equal >= 2 or n_wrong == 2:
        return DATE_PART
    if is_same_year:
        return DATE_YEAR
    return _years_level(date_l, date_r)


@kernel
def postcode_level(value_l, value_r, values):
    """Level of two different postcodes."""
    is_near = bits_set(values.mask[value_l] ^ values.mask[value_r]) <= 2
    if is_near and is_one_edit(values.text, value_l, values.length[value_l], value_r, values.length[value_r]):
        return POSTCODE_CLOSE
    if values.part1[value_l] == values.part1[value_r]:
        return POSTCODE_SECTOR
    if values.part2[value_l] == values.part2[value_r]:
        return POSTCODE_DISTRICT
    return POSTCODE_AREA if values.part3[value_l] == values.part3[value_r] else ELSE


@kernel
def address_level(value_l, value_r, values):
    """Level of two different addresses: words in common over the words of the shorter and of the longer one."""
    n_words_l = values.word_start[value_l + 1] - values.word_start[value_l]
    n_words_r = values.word_start[value_r + 1] - values.word_start[value_r]
    n_shared = shared_words(value_l, value_r, values)
    if n_shared >= 2 and n_shared * 4 >= 3 * max(n_words_l, n_words_r):
        return ADDRESS_MOST
    if is_close(value_l, value_r, values, 0.92):
        return ADDRESS_CLOSE
    return ADDRESS_SOME if n_shared >= 2 and n_shared * 2 >= min(n_words_l, n_words_r) else ELSE


@kernel
def spelling_level(value_l, value_r, values):
    """Level of two different phone numbers or identifiers: one slip, or different."""
    is_near = is_one_edit(values.text, value_l, values.length[value_l], value_r, values.length[value_r])
    return 2 if is_near else ELSE


@kernel
def category_level(value_l, value_r, values):
    """Level of two different categories: the same word misspelt, or different."""
    return 2 if is_close(value_l, value_r, values, 0.92) else ELSE


@kernel
def email_level(value_l, value_r, values):
    """Level of two different e-mail addresses. Other digits are no slip: they tell people of one name apart."""
    if values.part1[value_l] == values.part1[value_r]:
        return EMAIL_LOCAL
    if is_close(value_l, value_r, values, 0.96) and has_same_digits(value_l, value_r, values):
        return EMAIL_CLOSE
    return EMAIL_SIMILAR if is_close(value_l, value_r, values, 0.88) else ELSE


@kernel
def part_level(value_l, value_r, values):
    """Level of two different ethnicities: the same coarser group, or different."""
    return 2 if values.part1[value_l] == values.part1[value_r] else ELSE
