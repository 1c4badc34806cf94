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
BABY = re.compile(r"^(UNBORN|BABY|NEWBORN|INFANT)$")
BABY_FILL = frozenset(("BABY", "UNBORN", "CHILD", "BOY", "GIRL", "OF", "TWIN", "ONE", "TWO", "A", "B"))


@functools.lru_cache(maxsize=1 << 16)
def name_words(text: str) -> tuple[str, ...]:
    """The words of a name in upper-case A to Z; a hyphen parts words, an apostrophe does not."""
    plain = latin(MARKUP.sub(" ", repair(text)))
    plain = re.sub(r"\b(O|D)\s?['`]\s?(?=[A-Z])", r"\1", plain)
    return tuple(NOT_A_LETTER.sub(" ", APOSTROPHE.sub("", plain)).split())


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
