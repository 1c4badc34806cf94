"""One reading of the cells that hold names; ``names`` reads until nothing changes any more."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

from pipeline.standardise.distinct import Note
from pipeline.standardise.name_cells import Aside, NameOrder, in_order, split_asides
from pipeline.standardise.name_words import (
    BABY_FILL,
    forename_words,
    generations,
    has_letters,
    joined,
    letters_for_digits,
    name_words,
    surname_words,
    without_baby,
    without_titles,
)
from pipeline.standardise.reference import Reference
from pipeline.standardise.text import MARKUP, repair

ALTERNATIVES = re.compile(r"\s*/\s*|\s+or\s+", re.IGNORECASE)
FLAG_OF = {"placeholder": "placeholder_name", "unborn": "unborn"}
QUOTES = re.compile(r"[\"“”]")
"""Beside a name they hold an alias; in a cell of aliases they are around one"""
NOT_IN_NAMES = re.compile(r"[0-9<>@#$%^*=+\\|{}~_?!]+")
CACHED = 1 << 16  # names repeat within a feed, and from feed to feed
UNKNOWN = re.compile(r"^(UNKNOWN|UNK|NOT KNOWN|N/K|UNIDENTIFIED|UNNAMED)\b", re.IGNORECASE)


@dataclass(slots=True)
class NameParts:
    """Names as they come in from cell after cell."""

    reference: Reference
    forename: list[str] = field(default_factory=list)
    middle: list[str] = field(default_factory=list)
    surname: list[str] = field(default_factory=list)
    former: list[str] = field(default_factory=list)
    asides: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def note(self, column: str, reason: str, about: str | None = None) -> None:
        """Remember why something of a cell is not in the names."""
        self.notes.append(Note(column, about or column, reason))
        self.flags += [FLAG_OF[reason]] if reason in FLAG_OF else []


def main_text(column: str, cell: str | None, names: NameParts) -> str | None:
    """The cell without its asides; None where nothing is left that could be a name."""
    if not cell or not cell.strip():
        return None
    text = repair(cell)
    if column == "alias":
        text = QUOTES.sub(" ", text)
    reason = _not_a_name(text, names.reference)
    if reason:
        names.note(column, reason)
        return None
    if NOT_IN_NAMES.search(text):
        text = NOT_IN_NAMES.sub(" ", letters_for_digits(MARKUP.sub(" ", text)))
        names.note(column, "characters_removed")
    main, asides = split_asides(text)
    if column != "alias":
        names.flags += generations(main, names.reference, is_whole=column == "full_name")
    for aside in asides:
        _take_aside(aside, column, names)
    if main and (reason := _not_a_name(main, names.reference)):
        names.note(column, reason)
        return None
    return main or None


def _take_aside(aside: Aside, column: str, names: NameParts) -> None:
    """Add what stood beside a name. Jnr alone tells a generation; spelt out it may also be what somebody is called.

    Beside an alias, brackets say where it is used: (street), (Instagram).
    """
    word = " ".join(name_words(aside.text))
    if aside.kind == "flag":
        names.flags.append(aside.text)
    elif aside.kind == "surname":
        names.former += _surnames(aside.text, column, names)
    elif word in names.reference.generations and column != "alias":
        names.flags.append(names.reference.generations[word])
        names.asides += [aside.text] if word in names.reference.forenames else []
    elif aside.kind == "alias" and column != "alias" and not _not_a_name(aside.text, names.reference):
        names.asides.append(aside.text)
    else:
        names.note(column, "aside_removed")


@functools.lru_cache(maxsize=CACHED)
def _not_a_name(text: str, reference: Reference) -> str | None:
    if reason := reference.stands_for_nothing("name", text):
        return reason
    if UNKNOWN.match(text.strip()):
        return "placeholder"
    folded = " ".join(name_words(text))
    if not folded:
        return "no_letters"
    return reference.stands_for_nothing("name", folded)


def read_part(column: str, text: str, names: NameParts) -> None:
    """Add what a cell for surname, forename or middle names says."""
    if not has_letters(text):
        names.note(column, "no_letters")
    elif column == "surname":
        names.surname[:0] = _surnames(text, column, names)
    elif column == "forename":
        for position, choice in enumerate(ALTERNATIVES.split(text)):
            words = _forenames(choice, column, names)
            names.forename += words[:1]
            names.middle += words[1:] if position == 0 else []
    else:
        names.middle += forename_words(text, names.reference)


def read_full(text: str, order: NameOrder, names: NameParts) -> None:
    """Add what a cell with a whole name says; beside other cells it fills gaps, or is an alias."""
    forename_text, surname_text = in_order(text, order, names.reference)
    if forename_text and surname_text and names.forename and names.surname:
        names.asides.append(f"{forename_text} {surname_text}")  # another name, unless it turns out to be the same
        return
    if forename_text and not names.forename:
        words = _forenames(forename_text, "full_name", names)
        names.forename += words[:1]
        names.middle += words[1:]
    if surname_text and not names.surname:
        names.surname += _surnames(surname_text, "full_name", names)


def _forenames(text: str, column: str, names: NameParts) -> list[str]:
    """Given names; none where the text stands for nothing, or for a baby without a name."""
    words = forename_words(text, names.reference)
    is_baby, following = without_baby(words)
    if is_baby:
        names.note(column, "unborn", "forename")
        return [] if words[1] == "OF" or following[0] in BABY_FILL else following
    if reason := _not_a_name(" ".join(words), names.reference):
        names.note(column, reason, "forename")
        return []
    return words


def grow_together(names: NameParts) -> None:
    """A prefix alone in the forename belongs to the name that follows it."""
    while names.forename and names.middle and names.forename[0] in names.reference.joined_particles:
        names.forename[0] += names.middle.pop(0)
    names.middle = joined(without_titles(names.middle, names.reference), names.reference.joined_particles)
    if names.middle and (reason := _not_a_name(" ".join(names.middle), names.reference)):
        names.note("middle_names", reason)
        names.middle.clear()


def _surnames(text: str, column: str, names: NameParts) -> list[str]:
    surnames = []
    for choice in ALTERNATIVES.split(text):
        if not choice.strip():
            continue
        if reason := _not_a_name(choice, names.reference):
            names.note(column, reason, "surname")
            continue
        is_baby, following = without_baby(name_words(choice))
        if is_baby:
            names.note(column, "unborn", "surname")
        name = " ".join(surname_words(" ".join(following), names.reference))
        if reason := _not_a_name(name, names.reference):
            names.note(column, reason, "surname")
        else:
            surnames.append(name)
    return surnames


def read_alias(text: str, names: NameParts) -> str | None:
    """The alias as a full name, forename first; a lone forename takes the surname of the record."""
    words = text.split()
    before: list[str] = []
    while words != before:  # a title may only come to the front when what stood before it has gone
        before = words
        forename_text, surname_text = in_order(text, "forename_first", names.reference)
        words = [*forename_words(forename_text, names.reference), *surname_words(surname_text, names.reference)]
        words = without_titles(words, names.reference)
        text = " ".join(words)
    if not words or _not_a_name(text, names.reference):
        return None
    is_forename = len(words) == 1 and words[0] in names.reference.only_forenames
    return " ".join([*words, *(names.surname[:1] if is_forename else [])])


def is_reversed(names: NameParts) -> bool:
    """The lists are sure of it: the forename is only ever a surname, and the surname only ever a forename."""
    if not names.forename or not names.surname:
        return False
    lists = names.reference
    return names.forename[0] in lists.only_surnames and names.surname[0] in lists.only_forenames
