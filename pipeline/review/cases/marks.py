"""Where two values differ: letter by letter in what a slip explains, by parts in dates and addresses, whole in what conflicts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

Part = tuple[str, bool]
"""Some letters, and whether they differ from the other side; none, and marked: the other side has more here"""
Parts = tuple[Part, ...]
BY_WORD = frozenset({"date_of_birth", "address", "alias"})
"""Fields of several words, in which letters that happen to agree mean nothing"""
CODED = frozenset({"ethnicity", "sex"})
"""Codes: two that share a letter are no closer than others"""
ALIKE = 0.6
"""Share of letters in common, in order, from which two words are taken for spellings of one"""
_WORDS = re.compile(r"\s+|\S+")


def marked_parts(left: str, right: str, field: str = "", is_conflict: bool = False) -> tuple[Parts, Parts]:
    """Both texts in parts, with those that the other one has not marked; nothing is marked where a side is empty.

    Args:
        left: one text.
        right: the other one.
        field: whose values they are.
        is_conflict: they are known to be different values, not slips of one: each is marked whole.
    """
    if left == right or not (left and right):
        return _plain(left), _plain(right)
    if field in BY_WORD and not (is_conflict and field != "address"):
        return _by_word(left, right, with_letters=field != "date_of_birth")
    if is_conflict or field in CODED or not _alike(left, right):
        return ((left, True),), ((right, True),)
    return _sides(left, right, SequenceMatcher(None, left, right, autojunk=False).get_opcodes())


def _by_word(left: str, right: str, with_letters: bool) -> tuple[Parts, Parts]:
    """By words; a word that stands for another one, alike, by its letters."""
    words = _WORDS.findall(left), _WORDS.findall(right)
    marked: tuple[list[Part], list[Part]] = ([], [])
    for kind, a, b, c, d in SequenceMatcher(None, *words, autojunk=False).get_opcodes():
        for left_word, right_word in _pairs(words[0][a:b], words[1][c:d]):
            is_slip = kind == "replace" and with_letters and _alike(left_word, right_word) and left_word.isalpha()
            parts = (
                marked_parts(left_word, right_word)
                if is_slip
                else ([(left_word, kind != "equal")], [(right_word, kind != "equal")])
            )
            for side, word_parts in zip(marked, parts, strict=True):
                side.extend(word_parts)
    return _joined(marked[0]), _joined(marked[1])


def _pairs(left: Sequence[str], right: Sequence[str]) -> list[tuple[str, str]]:
    """Word against word where there are as many, else all against all."""
    return list(zip(left, right, strict=True)) if len(left) == len(right) else [("".join(left), "".join(right))]


def _sides(left: str, right: str, opcodes: Sequence[tuple[str, int, int, int, int]]) -> tuple[Parts, Parts]:
    return (
        tuple((left[a:b], kind != "equal") for kind, a, b, _, _ in opcodes),
        tuple((right[c:d], kind != "equal") for kind, _, _, c, d in opcodes),
    )


def _joined(parts: Sequence[Part]) -> Parts:
    """Neighbours that are marked alike as one; a space between two that differ belongs to them."""
    merged: list[Part] = []
    for position, (text, differs) in enumerate(parts):
        is_between = text.isspace() and 0 < position < len(parts) - 1 and merged[-1][1] and parts[position + 1][1]
        marked = (differs and not text.isspace()) or is_between
        if merged and merged[-1][1] == marked:
            merged[-1] = (merged[-1][0] + text, marked)
        else:
            merged.append((text, marked))
    return tuple(merged)


def _alike(left: str, right: str) -> bool:
    return SequenceMatcher(None, left, right, autojunk=False).ratio() >= ALIKE


def _plain(text: str) -> Parts:
    return ((text, False),) if text else ()
