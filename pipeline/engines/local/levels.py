"""Comparison levels of two values: 0 null, then as ``schemas.model.LEVELS`` names them, from 1 (else) upwards.

Codes are compared first; letters only where codes differ, and the letter masks of two values often settle that they
cannot be alike before any letter is read.
"""

from __future__ import annotations

from numba import uint32

from pipeline.engines.local.kernel import inner, kernel
from pipeline.engines.local.values import GROUPS

ELSE, SIMILAR, PART, CLOSE = 1, 2, 3, 4
NAME_VARIANT, FORENAME_SWAPPED, FORENAME_EXACT, SURNAME_EXACT = 5, 6, 7, 6
DATE_FAR, DATE_ELSE, DATE_YEAR, DATE_PART, DATE_JANUARY, DATE_BOTH_JANUARY, DATE_CLOSE = 1, 2, 3, 4, 5, 6, 7
GENERATION = 12  # years: further apart, two birthdays are those of parent and child rather than a slip
POSTCODE_AREA, POSTCODE_DISTRICT, POSTCODE_SECTOR, POSTCODE_CLOSE = 2, 3, 4, 5
ADDRESS_SOME, ADDRESS_CLOSE, ADDRESS_MOST = 2, 3, 4
EMAIL_SIMILAR, EMAIL_LOCAL, EMAIL_CLOSE = 2, 3, 4


@inner
def bits_set(x):
    """Population count of a uint32."""
    x = x - ((x >> uint32(1)) & uint32(0x55555555))
    x = (x & uint32(0x33333333)) + ((x >> uint32(2)) & uint32(0x33333333))
    x = (x + (x >> uint32(4))) & uint32(0x0F0F0F0F)
    return int(((x * uint32(0x01010101)) & uint32(0xFFFFFFFF)) >> uint32(24))


@kernel
def jaro_winkler(text, x, la, y, lb):
    """Jaro-Winkler similarity of rows x and y (Winkler 1990; prefix up to four letters, boost above 0.7)."""
    if la == 0 or lb == 0:
        return 0.0
    window = max(la, lb) // 2 - 1
    window = max(window, 0)
    taken_a, taken_b, matches = uint32(0), uint32(0), 0
    for i in range(la):
        for j in range(max(0, i - window), min(lb, i + window + 1)):
            if (taken_b >> uint32(j)) & uint32(1) == 0 and text[x, i] == text[y, j]:
                taken_a |= uint32(1) << uint32(i)
                taken_b |= uint32(1) << uint32(j)
                matches += 1
                break
    if matches == 0:
        return 0.0
    moved, k = 0, 0
    for i in range(la):
        if (taken_a >> uint32(i)) & uint32(1):
            while (taken_b >> uint32(k)) & uint32(1) == 0:
                k += 1
            if text[x, i] != text[y, k]:
                moved += 1
            k += 1
    score = (matches / la + matches / lb + (matches - moved // 2) / matches) / 3  # whole swaps, as in strcmp95
    if score > 0.7:
        prefix = 0
        while prefix < 4 and prefix < la and prefix < lb and text[x, prefix] == text[y, prefix]:
            prefix += 1
        score += prefix * 0.1 * (1 - score)
    return score


@kernel
def is_one_edit(text, x, la, y, lb):
    """At most one letter inserted, dropped, changed, or two neighbours swapped (optimal string alignment <= 1)."""
    if abs(la - lb) > 1:
        return False
    shorter = min(la, lb)
    head = 0
    while head < shorter and text[x, head] == text[y, head]:
        head += 1
    tail = 0
    while tail < shorter - head and text[x, la - 1 - tail] == text[y, lb - 1 - tail]:
        tail += 1
    rest_a, rest_b = la - head - tail, lb - head - tail
    if rest_a <= 1 and rest_b <= 1:
        return True
    return rest_a == 2 and rest_b == 2 and text[x, head] == text[y, head + 1] and text[x, head + 1] == text[y, head]


@kernel
def shared_words(x, y, values):
    """How many words two values have in common."""
    i, j = values.word_start[x], values.word_start[y]
    count = 0
    while i < values.word_start[x + 1] and j < values.word_start[y + 1]:
        if values.word[i] == values.word[j]:
            count += 1
            i += 1
            j += 1
        elif values.word[i] < values.word[j]:
            i += 1
        else:
            j += 1
    return count


@kernel
def has_shared_word(x, y, values):
    """A word in common, where one or both of the names have several; a name of one word is that word."""
    wx = values.word_start[x + 1] - values.word_start[x]
    wy = values.word_start[y + 1] - values.word_start[y]
    if wx > 0 and wy > 0:
        return shared_words(x, y, values) > 0
    if wx == 0 and wy == 0:
        return False
    if wx == 0:
        x, y = y, x
    return _holds_word(values.text, x, values.length[x], y, values.length[y])


@kernel
def _holds_word(text, x, length, y, size):
    at = 0
    while at + size <= length:
        same = True
        for k in range(size):
            if text[x, at + k] != text[y, k]:
                same = False
                break
        if same and (at + size == length or text[x, at + size] == 32):
            return True
        while at < length and text[x, at] != 32:
            at += 1
        at += 1
    return False


@kernel
def similarity_bound(x, y, values):
    """No less than the Jaro-Winkler similarity of two values: from their letters alone, and how they begin."""
    text, la, lb = values.text, values.length[x], values.length[y]
    alike = min(la - bits_set(values.mask[x] & ~values.mask[y]), lb - bits_set(values.mask[y] & ~values.mask[x]))
    if alike <= 0:
        return 0.0
    bound = (alike / la + alike / lb + 1) / 3
    prefix = 0
    while prefix < 4 and prefix < la and prefix < lb and text[x, prefix] == text[y, prefix]:
        prefix += 1
    return bound + prefix * 0.1 * (1 - bound)


@kernel
def name_level(x, y, values):
    """Level of two different names. Two established names that differ by a letter are two names, not a slip."""
    for g in range(GROUPS):
        if values.group[x, g] >= 0:
            for h in range(GROUPS):
                if values.group[x, g] == values.group[y, h]:
                    return NAME_VARIANT
    text, la, lb = values.text, values.length[x], values.length[y]
    shorter = min(la, lb)
    prefix = 0
    while prefix < shorter and text[x, prefix] == text[y, prefix]:
        prefix += 1
    spaced = values.word_start[x + 1] - values.word_start[x] + values.word_start[y + 1] - values.word_start[y]
    is_part = prefix == shorter or (spaced > 0 and has_shared_word(x, y, values))
    close = la > 3 and lb > 3 and is_one_edit(text, x, la, y, lb)
    if not close and not is_part and similarity_bound(x, y, values) < 0.8:
        return ELSE
    score = jaro_winkler(text, x, la, y, lb)
    if (close or score >= 0.92) and not (values.is_established[x] and values.is_established[y]):
        return CLOSE
    if is_part:
        return PART
    return SIMILAR if close or score >= 0.8 else ELSE


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


@kernel
def date_level(a, b):
    """Level of two different dates, each packed into eight decimal digits."""
    differing = a ^ b
    digits = differing | (differing >> uint32(1))
    digits |= digits >> uint32(2)
    wrong = bits_set(digits & uint32(0x11111111))
    same_year = (differing >> uint32(16)) == 0
    if wrong == 1:
        return DATE_CLOSE
    if wrong == 2:
        s = uint32(0)
        while (differing >> s) & uint32(15) == 0:
            s += uint32(4)
        t = s + uint32(4)
        if (a >> s) & uint32(15) == (b >> t) & uint32(15) and (b >> s) & uint32(15) == (a >> t) & uint32(15):
            return DATE_CLOSE
    day_a, month_a = a & uint32(255), (a >> uint32(8)) & uint32(255)
    day_b, month_b = b & uint32(255), (b >> uint32(8)) & uint32(255)
    if same_year and day_a == month_b and day_b == month_a:
        return DATE_CLOSE
    if same_year and (is_first_of_january(a) or is_first_of_january(b)):
        return DATE_JANUARY
    parts = int(same_year) + int(day_a == day_b) + int(month_a == month_b)
    if parts >= 2 or wrong == 2:
        return DATE_PART
    if same_year:
        return DATE_YEAR
    return DATE_FAR if abs(_year(a) - _year(b)) > GENERATION else DATE_ELSE


@kernel
def postcode_level(x, y, values):
    """Level of two different postcodes."""
    near = bits_set(values.mask[x] ^ values.mask[y]) <= 2
    if near and is_one_edit(values.text, x, values.length[x], y, values.length[y]):
        return POSTCODE_CLOSE
    if values.part1[x] == values.part1[y]:
        return POSTCODE_SECTOR
    if values.part2[x] == values.part2[y]:
        return POSTCODE_DISTRICT
    return POSTCODE_AREA if values.part3[x] == values.part3[y] else ELSE


@kernel
def is_close(x, y, values, least):
    """Two texts of more than three letters that are one edit apart, or as similar as ``least`` (Jaro-Winkler)."""
    la, lb = values.length[x], values.length[y]
    if la <= 3 or lb <= 3:
        return False
    if bits_set(values.mask[x] ^ values.mask[y]) <= 2 and is_one_edit(values.text, x, la, y, lb):
        return True
    return similarity_bound(x, y, values) >= least and jaro_winkler(values.text, x, la, y, lb) >= least


@kernel
def address_level(x, y, values):
    """Level of two different addresses: words in common over the words of the shorter and of the longer one."""
    wx = values.word_start[x + 1] - values.word_start[x]
    wy = values.word_start[y + 1] - values.word_start[y]
    both = shared_words(x, y, values)
    if both >= 2 and both * 4 >= 3 * max(wx, wy):
        return ADDRESS_MOST
    if is_close(x, y, values, 0.92):
        return ADDRESS_CLOSE
    return ADDRESS_SOME if both >= 2 and both * 2 >= min(wx, wy) else ELSE


@kernel
def spelling_level(x, y, values):
    """Level of two different phone numbers or identifiers: one slip, or different."""
    near = is_one_edit(values.text, x, values.length[x], y, values.length[y])
    return 2 if near else ELSE


@kernel
def category_level(x, y, values):
    """Level of two different categories: the same word misspelt, or different."""
    return 2 if is_close(x, y, values, 0.92) else ELSE


@kernel
def email_level(x, y, values):
    """Level of two different e-mail addresses."""
    if values.part1[x] == values.part1[y]:
        return EMAIL_LOCAL
    if is_close(x, y, values, 0.96):
        return EMAIL_CLOSE
    return EMAIL_SIMILAR if is_close(x, y, values, 0.88) else ELSE


@kernel
def part_level(x, y, values):
    """Level of two different ethnicities: the same coarser group, or different."""
    return 2 if values.part1[x] == values.part1[y] else ELSE
