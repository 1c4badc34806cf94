"""Names of people, from the cells that hold them to forenames, middle names, surnames and aliases."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.core.phonetic import metaphone
from pipeline.standardise.distinct import Note
from pipeline.standardise.name_cells import NameOrder, in_order, split_aliases, split_asides
from pipeline.standardise.name_words import (
    BABY_FILL,
    forename_words,
    has_letters,
    name_words,
    surname_words,
    without_baby,
)
from pipeline.standardise.reference import Reference
from pipeline.standardise.text import repair

ALTERNATIVES = re.compile(r"\s*/\s*|\s+or\s+", re.IGNORECASE)
CACHED = 1 << 16  # names repeat within a feed, and from feed to feed
UNKNOWN = re.compile(r"^(UNKNOWN|UNK|NOT KNOWN|N/K|UNIDENTIFIED|UNNAMED)\b", re.IGNORECASE)


class Names(NamedTuple):
    """What the name cells of one record say together."""

    forename: tuple[str, ...]
    middle_names: str | None
    surname: tuple[str, ...]
    alias: tuple[str, ...]
    flags: tuple[str, ...]
    notes: tuple[Note, ...]

    @property
    def forename_phonetic(self) -> tuple[str, ...]:
        """Metaphone of each forename word."""
        return _codes(self.forename)

    @property
    def surname_phonetic(self) -> tuple[str, ...]:
        """Metaphone of each surname word."""
        return _codes(self.surname)


@dataclass(slots=True)
class _Gathered:
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
        self.notes.append(Note(column, about or column, reason))
        if reason == "placeholder":
            self.flags.append("placeholder_name")


def read_names(
    full_name: str | None,
    surname: str | None,
    forename: str | None,
    middle_names: str | None,
    alias: str | None,
    order: NameOrder,
    reference: Reference,
) -> Names:
    """The names of one record. Its own cells for surname and forename come before a full name."""
    found = _Gathered(reference)
    if surname and "," in surname and not (forename and forename.strip()):
        full_name, surname = surname, None
        order = "comma"
    for column, cell in (("surname", surname), ("forename", forename), ("middle_names", middle_names)):
        if main := _main_text(column, cell, found):
            _read_part(column, main, found)
    if main := _main_text("full_name", full_name, found):
        _read_full(main, order, found)
    aliases = [name for aside in found.asides if (name := _alias(aside, order, found))]
    for part in split_aliases(alias or "", order):
        if main := _main_text("alias", part, found):
            aliases += [name] if (name := _alias(main, order, found)) else []
    found.surname += found.former
    _grow_together(found)
    own = {" ".join((f, s)) for f in found.forename for s in found.surname}
    if _is_reversed(found):
        found.flags.append("name_reversed")
    return Names(
        forename=_unique(found.forename),
        middle_names=" ".join(found.middle) or None,
        surname=_unique(found.surname),
        alias=tuple(name for name in _unique(aliases) if name not in own),
        flags=_unique(found.flags),
        notes=tuple(dict.fromkeys(found.notes)),
    )


def _main_text(column: str, cell: str | None, found: _Gathered) -> str | None:
    """The cell without its asides; None where nothing is left that could be a name."""
    if not cell or not cell.strip():
        return None
    text = repair(cell)
    reason = _not_a_name(text, found.reference)
    if reason:
        found.note(column, reason)
        found.flags += ["unborn"] if reason == "unborn" else []
        return None
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
        found.flags += ["unborn"] if reason == "unborn" else []
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


def _read_part(column: str, text: str, found: _Gathered) -> None:
    if not has_letters(text):
        found.note(column, "no_letters")
    elif column == "surname":
        found.surname[:0] = _surnames(text, column, found)
    elif column == "forename":
        for place, choice in enumerate(ALTERNATIVES.split(text)):
            _cleaned(column, choice, found)
            words = _given(choice, column, found)
            found.forename += words[:1]
            found.middle += words[1:] if place == 0 else []
    else:
        _cleaned(column, text, found)
        found.middle += forename_words(text, found.reference)


def _read_full(text: str, order: NameOrder, found: _Gathered) -> None:
    given, family = in_order(text, order, found.reference)
    if found.forename or found.surname:
        is_same = not given or not family or (not found.forename) or (not found.surname)
        if not is_same:
            found.asides.append(f"{given} {family}")
            return
    if given and not found.forename:
        _cleaned("full_name", given, found)
        words = _given(given, "full_name", found)
        found.forename += words[:1]
        found.middle += words[1:]
    if family and not found.surname:
        found.surname += _surnames(family, "full_name", found)


def _given(text: str, column: str, found: _Gathered) -> list[str]:
    """Given names; none where the text stands for nothing, or for a baby without a name."""
    words = forename_words(text, found.reference)
    is_baby, _ = without_baby(words, found.reference)
    reason = "unborn" if is_baby and words[1] in BABY_FILL else _not_a_name(text, found.reference)
    if not reason:
        return words
    found.note(column, reason, "forename")
    found.flags += ["unborn"] if reason == "unborn" else []
    return []


def _grow_together(found: _Gathered) -> None:
    """A prefix alone in the forename belongs to the name that follows it."""
    while found.forename and found.middle and found.forename[0] in found.reference.joined_particles:
        found.forename[0] += found.middle.pop(0)


def _surnames(text: str, column: str, found: _Gathered) -> list[str]:
    surnames = []
    for choice in ALTERNATIVES.split(text):
        if not choice.strip():
            continue
        if reason := _not_a_name(choice, found.reference):
            found.note(column, reason, "surname")
            continue
        _cleaned(column, choice, found)
        is_baby, rest = without_baby(name_words(choice), found.reference)
        if is_baby:
            found.flags.append("unborn")
        if words := surname_words(" ".join(rest), found.reference):
            surnames.append(" ".join(words))
    return surnames


def _cleaned(column: str, text: str, found: _Gathered) -> None:
    """Say so where a name held digits or signs that names do not have."""
    if re.search(r"[0-9<>@#$%^*=+\\|{}~_?!]", text):
        found.note(column, "characters_removed")


def _alias(text: str, order: NameOrder, found: _Gathered) -> str | None:
    """The alias as a full name, forename first; a lone forename takes the surname of the record."""
    given, family = in_order(text, order if "," in text else "forename_first", found.reference)
    words = [*forename_words(given, found.reference), *surname_words(family, found.reference)]
    if not words or _not_a_name(" ".join(words), found.reference):
        return None
    is_forename = len(words) == 1 and words[0] in found.reference.only_forenames
    return " ".join([*words, *(found.surname[:1] if is_forename else [])])


def _is_reversed(found: _Gathered) -> bool:
    """The lists are sure of it: the forename is only ever a surname, and the surname only ever a forename."""
    if not found.forename or not found.surname:
        return False
    lists = found.reference
    return found.forename[0] in lists.only_surnames and found.surname[0] in lists.only_forenames


def _codes(names: tuple[str, ...]) -> tuple[str, ...]:
    return _unique([code for name in names for word in name.split() if (code := metaphone(word))])


def _unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
