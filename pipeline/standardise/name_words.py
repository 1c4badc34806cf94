"""Words of names: titles and suffixes off, particles and prefixes kept the same everywhere."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Sequence

from pipeline.standardise.reference import Reference
from pipeline.standardise.text import MARKUP, latin, repair

NOT_A_LETTER = re.compile(r"[^A-Z]+")
APOSTROPHE = re.compile(r"(?<=\w)\s?['`’‘](?=\s?\w)|['`’‘]")  # noqa: RUF001 people type all of these
SIGNS = frozenset(("NEE", "AKA", "ALIAS", "FORMERLY", "PREVIOUSLY"))
LETTER_OF = str.maketrans("02345689", "OZEASGBG")
"""Letters that reading machines take for digits, but for 1, which is an I or an L"""
DIGITS_IN_WORD = re.compile(
    r"(?:(?<=[^\W\d_])|(?<!\w)(?!\d(?:st|nd|rd|th)\b)(?=\d['`]?[^\W\d_]{2}))([0-9])\1?(?=['`]?[^\W\d_])", re.IGNORECASE
)
VOWELS, BEFORE_L = frozenset("AEIOUY"), frozenset(("", *"BCFGHKPS"))
BABY = re.compile(r"^(UNBORN|BABY|NEWBORN|INFANT)$")
BABY_FILL = frozenset(("BABY", "UNBORN", "CHILD", "BOY", "GIRL", "OF", "TWIN", "ONE", "TWO", "A", "B"))


@functools.lru_cache(maxsize=1 << 16)
def name_words(text: str) -> tuple[str, ...]:
    """The words of a name in upper-case A to Z; a hyphen parts words, an apostrophe does not."""
    plain = latin(MARKUP.sub(" ", repair(text)))
    plain = re.sub(r"\b(O|D)\s?['`]\s?(?=[A-Z])", r"\1", plain)
    return tuple(NOT_A_LETTER.sub(" ", APOSTROPHE.sub("", plain)).split())


def letters_for_digits(text: str) -> str:
    """Letters for digits that a machine read within a word: Th0mas, 8radley. Digits at a word's end number it: Smith2."""
    return DIGITS_IN_WORD.sub(_letters, text)


def _letters(digits: re.Match[str]) -> str:
    """A 1 is an I or an L, by the letters around it: W1lson, Mar1a, but Wi1son, C1are."""
    before, after = digits.string[: digits.start()][-1:], digits.string[digits.end() :][:1]
    is_inside, letter_before, letter_after = before.isalpha(), before.upper().strip(), after.upper()
    is_l = letter_before in VOWELS or letter_after in "IY" or len(digits[0]) == 2
    is_l = is_l or (letter_before in BEFORE_L and letter_after in VOWELS)
    letters = digits[0].replace("1", "L" if is_l else "I").translate(LETTER_OF)
    return letters.lower() if is_inside and after.islower() else letters


def has_letters(text: str) -> bool:
    """Whether anything of the text could be a name."""
    return bool(name_words(text))


def without_titles(words: Sequence[str], reference: Reference, *, is_whole: bool = False) -> list[str]:
    """The words without titles before and suffixes after; a word alone is kept, for it may be the name.

    Of a whole name that comes down to two words, the last is kept if it is a surname too: ALAN SENIOR.
    """
    return _name_and_suffixes(words, reference, is_whole)[0]


def generations(text: str, reference: Reference, *, is_whole: bool) -> list[str]:
    """Flags of the suffixes that tell a family's namesakes apart, at the end of a name or of its parts between commas."""
    first, *others = (name_words(part) for part in text.split(","))
    suffixes = [_name_and_suffixes(first, reference, is_whole)[1]]
    for words in others:
        is_alone = reference.suffixes.issuperset(words)
        suffixes.append(list(words) if is_alone else _name_and_suffixes(words, reference, is_whole)[1])
    return [reference.generations[word] for words in suffixes for word in words if word in reference.generations]


def generations_alone(text: str, reference: Reference) -> list[str]:
    """The same flags of a text of suffixes without a name."""
    return [reference.generations[word] for word in name_words(text) if word in reference.generations]


def _name_and_suffixes(words: Sequence[str], reference: Reference, is_whole: bool) -> tuple[list[str], list[str]]:
    left, suffixes = list(words), []
    while len(left) > 1 and left[0] in reference.titles:
        left.pop(0)
    if not (is_whole and len(left) == 2 and left[1] in reference.only_surnames):
        while len(left) > 1 and left[-1] in reference.suffixes:
            suffixes.append(left.pop())
    return left, suffixes


def forename_words(text: str, reference: Reference) -> list[str]:
    """Given names in order, prefixes such as ABDUL grown together with the name they begin."""
    words = without_titles(_without_signs(name_words(text)), reference)
    return joined(words, reference.joined_particles)


def surname_words(text: str, reference: Reference) -> list[str]:
    """The words of one surname, prefixes such as O and MC grown together with the name they begin."""
    words = without_titles(_without_signs(name_words(text)), reference)
    return joined(words, reference.joined_surname_particles)


def _without_signs(words: Sequence[str]) -> Sequence[str]:
    """The words without those that only say what kind of name follows, such as NEE."""
    return [word for word in words if word not in SIGNS] or words


def joined(words: Sequence[str], prefixes: Collection[str]) -> list[str]:
    """The words, each prefix grown together with the next word, as often as the whole is a prefix again."""
    grown: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        while word in prefixes and left:
            word += left.pop(0)
        grown.append(word)
    return grown


def without_baby(words: Sequence[str]) -> tuple[bool, list[str]]:
    """Whether the words speak of an unnamed baby, as in BABY OF SMITH, and the words after that."""
    if len(words) < 2 or not BABY.match(words[0]):
        return False, list(words)
    left = list(words[1:])
    while len(left) > 1 and left[0] in BABY_FILL:
        left.pop(0)
    return True, left
