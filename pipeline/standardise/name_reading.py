"""One reading of the cells that hold names; ``names`` reads until nothing changes any more."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

from pipeline.standardise.distinct import Note
from pipeline.standardise.name_cells import NameOrder, in_order, split_asides
from pipeline.standardise.name_words import (
    BABY_FILL,
    forename_words,
    has_letters,
    joined,
    name_words,
    surname_words,
    without_baby,
    without_titles,
)
from pipeline.standardise.reference import Reference
from pipeline.standardise.text import MARKUP, repair

ALTERNATIVES = re.compile(r"\s*/\s*|\s+or\s+", re.IGNORECASE)
FLAG_OF = {"placeholder": "placeholder_name", "unborn": "unborn"}
NOT_IN_NAMES = re.compile(r"[0-9<>@#$%^*=+\\|{}~_?!]+")
CACHED = 1 << 16  # names repeat within a feed, and from feed to feed
UNKNOWN = re.compile(r"^(UNKNOWN|UNK|NOT KNOWN|N/K|UNIDENTIFIED|UNNAMED)\b", re.IGNORECASE)


@dataclass(slots=True)
class NamesGathered:
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


def main_text(column: str, cell: str | None, found: NamesGathered) -> str | None:
    """The cell without its asides; None where nothing is left that could be a name."""
    if not cell or not cell.strip():
        return None
    text = repair(cell)
    reason = _not_a_name(text, found.reference)
    if reason:
        found.note(column, reason)
        return None
    if NOT_IN_NAMES.search(text):
        text = NOT_IN_NAMES.sub(" ", MARKUP.sub(" ", text))
        found.note(column, "characters_removed")
    main, asides = split_asides(text)
    for aside in asides:
        if aside.kind == "flag":
            found.flags.append(aside.text)
        elif aside.kind == "surname":
            found.former += _surnames(aside.text, column, found)
        elif aside.kind == "alias" and not _not_a_name(aside.text, found.reference):
            found.asides.append(aside.text)
        else:
            found.note(column, "aside_removed")
    if main and (reason := _not_a_name(main, found.reference)):
        found.note(column, reason)
        return None
    return main or None


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


def read_part(column: str, text: str, found: NamesGathered) -> None:
    """Add what a cell for surname, forename or middle names says."""
    if not has_letters(text):
        found.note(column, "no_letters")
    elif column == "surname":
        found.surname[:0] = _surnames(text, column, found)
    elif column == "forename":
        for place, choice in enumerate(ALTERNATIVES.split(text)):
            words = _given(choice, column, found)
            found.forename += words[:1]
            found.middle += words[1:] if place == 0 else []
    else:
        found.middle += forename_words(text, found.reference)


def read_full(text: str, order: NameOrder, found: NamesGathered) -> None:
    """Add what a cell with a whole name says; beside other cells it fills gaps, or is an alias."""
    given, family = in_order(text, order, found.reference)
    if given and family and found.forename and found.surname:
        found.asides.append(f"{given} {family}")  # another name, unless it turns out to be the same
        return
    if given and not found.forename:
        words = _given(given, "full_name", found)
        found.forename += words[:1]
        found.middle += words[1:]
    if family and not found.surname:
        found.surname += _surnames(family, "full_name", found)


def _given(text: str, column: str, found: NamesGathered) -> list[str]:
    """Given names; none where the text stands for nothing, or for a baby without a name."""
    words = forename_words(text, found.reference)
    is_baby, rest = without_baby(words)
    if is_baby:
        found.note(column, "unborn", "forename")
        return [] if words[1] == "OF" or rest[0] in BABY_FILL else rest
    if reason := _not_a_name(" ".join(words), found.reference):
        found.note(column, reason, "forename")
        return []
    return words


def grow_together(found: NamesGathered) -> None:
    """A prefix alone in the forename belongs to the name that follows it."""
    while found.forename and found.middle and found.forename[0] in found.reference.joined_particles:
        found.forename[0] += found.middle.pop(0)
    found.middle = joined(without_titles(found.middle, found.reference), found.reference.joined_particles)
    if found.middle and (reason := _not_a_name(" ".join(found.middle), found.reference)):
        found.note("middle_names", reason)
        found.middle.clear()


def _surnames(text: str, column: str, found: NamesGathered) -> list[str]:
    surnames = []
    for choice in ALTERNATIVES.split(text):
        if not choice.strip():
            continue
        if reason := _not_a_name(choice, found.reference):
            found.note(column, reason, "surname")
            continue
        is_baby, rest = without_baby(name_words(choice))
        if is_baby:
            found.note(column, "unborn", "surname")
        name = " ".join(surname_words(" ".join(rest), found.reference))
        if reason := _not_a_name(name, found.reference):
            found.note(column, reason, "surname")
        else:
            surnames.append(name)
    return surnames


def read_alias(text: str, found: NamesGathered) -> str | None:
    """The alias as a full name, forename first; a lone forename takes the surname of the record."""
    words = text.split()
    before: list[str] = []
    while words != before:  # a title may only come to the front when what stood before it has gone
        before = words
        given, family = in_order(text, "forename_first", found.reference)
        words = [*forename_words(given, found.reference), *surname_words(family, found.reference)]
        words = without_titles(words, found.reference)
        text = " ".join(words)
    if not words or _not_a_name(text, found.reference):
        return None
    is_forename = len(words) == 1 and words[0] in found.reference.only_forenames
    return " ".join([*words, *(found.surname[:1] if is_forename else [])])


def is_reversed(found: NamesGathered) -> bool:
    """The lists are sure of it: the forename is only ever a surname, and the surname only ever a forename."""
    if not found.forename or not found.surname:
        return False
    lists = found.reference
    return found.forename[0] in lists.only_surnames and found.surname[0] in lists.only_forenames
