"""How alike two texts are: by their letters and by their words."""

from __future__ import annotations

from numba import uint32

from pipeline.engines.local.kernel import inner, kernel
from pipeline.engines.local.values import WIDTH


@inner
def bits_set(bits):
    """Population count of a uint32."""
    bits = bits - ((bits >> uint32(1)) & uint32(0x55555555))
    bits = (bits & uint32(0x33333333)) + ((bits >> uint32(2)) & uint32(0x33333333))
    bits = (bits + (bits >> uint32(4))) & uint32(0x0F0F0F0F)
    return int(((bits * uint32(0x01010101)) & uint32(0xFFFFFFFF)) >> uint32(24))


@kernel
def jaro_winkler(text, value_l, length_l, value_r, length_r):
    """Jaro-Winkler similarity of two values, rows of ``text`` (Winkler 1990; prefix up to four letters, boost above 0.7)."""
    if length_l == 0 or length_r == 0:
        return 0.0
    window = max(length_l, length_r) // 2 - 1
    window = max(window, 0)
    matched_l, matched_r, matches = uint32(0), uint32(0), 0
    for letter_l in range(length_l):
        for letter_r in range(max(0, letter_l - window), min(length_r, letter_l + window + 1)):
            if (matched_r >> uint32(letter_r)) & uint32(1) == 0 and text[value_l, letter_l] == text[value_r, letter_r]:
                matched_l |= uint32(1) << uint32(letter_l)
                matched_r |= uint32(1) << uint32(letter_r)
                matches += 1
                break
    if matches == 0:
        return 0.0
    moved, next_r = 0, 0
    for letter_l in range(length_l):
        if (matched_l >> uint32(letter_l)) & uint32(1):
            while (matched_r >> uint32(next_r)) & uint32(1) == 0:
                next_r += 1
            if text[value_l, letter_l] != text[value_r, next_r]:
                moved += 1
            next_r += 1
    score = (
        matches / length_l + matches / length_r + (matches - moved // 2) / matches
    ) / 3  # whole swaps, as in strcmp95
    if score > 0.7:
        prefix = 0
        while prefix < 4 and prefix < length_l and prefix < length_r and text[value_l, prefix] == text[value_r, prefix]:
            prefix += 1
        score += prefix * 0.1 * (1 - score)
    return score


@kernel
def is_one_edit(text, value_l, length_l, value_r, length_r):
    """At most one letter inserted, dropped, changed, or two neighbours swapped (optimal string alignment <= 1)."""
    if abs(length_l - length_r) > 1:
        return False
    shorter = min(length_l, length_r)
    head = 0
    while head < shorter and text[value_l, head] == text[value_r, head]:
        head += 1
    tail = 0
    while tail < shorter - head and text[value_l, length_l - 1 - tail] == text[value_r, length_r - 1 - tail]:
        tail += 1
    left_over_l, left_over_r = length_l - head - tail, length_r - head - tail
    if left_over_l <= 1 and left_over_r <= 1:
        return True
    return (
        left_over_l == 2
        and left_over_r == 2
        and text[value_l, head] == text[value_r, head + 1]
        and text[value_l, head + 1] == text[value_r, head]
    )


@kernel
def shared_words(value_l, value_r, values):
    """How many words two values have in common."""
    place_l, place_r = values.word_start[value_l], values.word_start[value_r]
    count = 0
    while place_l < values.word_start[value_l + 1] and place_r < values.word_start[value_r + 1]:
        if values.word[place_l] == values.word[place_r]:
            count += 1
            place_l += 1
            place_r += 1
        elif values.word[place_l] < values.word[place_r]:
            place_l += 1
        else:
            place_r += 1
    return count


@kernel
def has_shared_word(value_l, value_r, values):
    """A word in common, where one or both of the names have several; a name of one word is that word."""
    n_words_l = values.word_start[value_l + 1] - values.word_start[value_l]
    n_words_r = values.word_start[value_r + 1] - values.word_start[value_r]
    if n_words_l > 0 and n_words_r > 0:
        return shared_words(value_l, value_r, values) > 0
    if n_words_l == 0 and n_words_r == 0:
        return False
    if n_words_l == 0:
        value_l, value_r = value_r, value_l
    return _holds_word(values.text, value_l, values.length[value_l], value_r, values.length[value_r])


@kernel
def _holds_word(text, name, length, word, word_length):
    begin = 0
    while begin + word_length <= length:
        is_same = True
        for letter in range(word_length):
            if text[name, begin + letter] != text[word, letter]:
                is_same = False
                break
        if is_same and (begin + word_length == length or text[name, begin + word_length] == 32):
            return True
        while begin < length and text[name, begin] != 32:
            begin += 1
        begin += 1
    return False


@kernel
def similarity_bound(value_l, value_r, values):
    """No less than the Jaro-Winkler similarity of two values: from their letters alone, and how they begin."""
    text, length_l, length_r = values.text, values.length[value_l], values.length[value_r]
    n_alike = min(
        length_l - bits_set(values.mask[value_l] & ~values.mask[value_r]),
        length_r - bits_set(values.mask[value_r] & ~values.mask[value_l]),
    )
    if n_alike <= 0:
        return 0.0
    bound = (n_alike / length_l + n_alike / length_r + 1) / 3
    prefix = 0
    while prefix < 4 and prefix < length_l and prefix < length_r and text[value_l, prefix] == text[value_r, prefix]:
        prefix += 1
    return bound + prefix * 0.1 * (1 - bound)


@kernel
def is_close(value_l, value_r, values, least):
    """Two texts of more than three letters that are one edit apart, or as similar as ``least`` (Jaro-Winkler)."""
    length_l, length_r = values.length[value_l], values.length[value_r]
    if length_l <= 3 or length_r <= 3:
        return False
    if bits_set(values.mask[value_l] ^ values.mask[value_r]) <= 2 and is_one_edit(
        values.text, value_l, length_l, value_r, length_r
    ):
        return True
    return (
        similarity_bound(value_l, value_r, values) >= least
        and jaro_winkler(values.text, value_l, length_l, value_r, length_r) >= least
    )


@kernel
def has_same_digits(value_l, value_r, values):
    """Whether the digits of two texts are the same, one after the other."""
    place_l, place_r = _digit_from(values.text, value_l, 0), _digit_from(values.text, value_r, 0)
    while place_l < WIDTH and place_r < WIDTH:
        if values.text[value_l, place_l] != values.text[value_r, place_r]:
            return False
        place_l, place_r = (
            _digit_from(values.text, value_l, place_l + 1),
            _digit_from(values.text, value_r, place_r + 1),
        )
    return place_l >= WIDTH and place_r >= WIDTH


@inner
def _digit_from(text, value, place):
    """Where the next digit stands; WIDTH where there is none."""
    while place < WIDTH and not 48 <= text[value, place] <= 57:
        place += 1
    return place
