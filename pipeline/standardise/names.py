"""Names of people, from the cells that hold them to forenames, middle names, surnames and aliases."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.core.phonetic import metaphone
from pipeline.standardise.distinct import Note
from pipeline.standardise.name_cells import NameOrder, in_order, split_aliases, split_asides
from pipeline.standardise.name_words import (
    BABY_FILL,
    SIGNS,
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
        self.flags += [FLAG_OF[reason]] if reason in FLAG_OF else []


MOST_READINGS = 5


def read_names(
    full_name: str | None,
    surname: str | None,
    forename: str | None,
    middle_names: str | None,
    alias: str | None,
    order: NameOrder,
    reference: Reference,
) -> Names:
    """The names of one record. Its own cells for surname and forename come before a full name.

    A name in which titles, prefixes or placeholders are left is read again until it stays, so that standard names
    that are standardised once more are the same.
    """
    cells = {"full_name": full_name, "surname": surname, "forename": forename, "middle_names": middle_names}
    cells["alias"] = alias
    names = _read_once(cells, order, reference)
    for _ in range(MOST_READINGS):
        if not _is_unsteady(names, reference):
            break
        again = _read_once(_as_cells(names), order, reference)
        if again[:4] == names[:4]:
            break
        given = next((column for column, cell in cells.items() if cell), "full_name")
        moved = [note if cells.get(note.column) else note._replace(column=given) for note in again.notes]
        names = again._replace(
            flags=_unique([*names.flags, *again.flags]), notes=tuple(dict.fromkeys([*names.notes, *moved]))
        )
    return names


def _as_cells(names: Names) -> dict[str, str | None]:
    return {
        "surname": " / ".join(names.surname),
        "forename": " / ".join(names.forename),
        "middle_names": names.middle_names,
        "alias": "; ".join(names.alias),
    }


def _is_unsteady(names: Names, reference: Reference) -> bool:
    """Whether a word is left that means something else in another place."""
    words = " ".join((*names.forename, names.middle_names or "", *names.surname, *names.alias)).split()
    return not _unsteady(reference).isdisjoint(words)


@functools.cache
def _unsteady(reference: Reference) -> frozenset[str]:
    written = [*reference.placeholders["any"], *reference.placeholders["name"]]
    in_placeholders = {word for text in written for word in text.split()}
    lists = (reference.titles, reference.suffixes, reference.joined_surname_particles, SIGNS, BABY_FILL)
    return frozenset(in_placeholders.union(*lists))


def _read_once(cells: Mapping[str, str | None], order: NameOrder, reference: Reference) -> Names:
    surname, forename, full_name = cells.get("surname"), cells.get("forename"), cells.get("full_name")
    found = _Gathered(reference)
    if surname and "," in surname and not (forename and forename.strip()):
        full_name, surname = surname, None
        order = "comma"
    for column, cell in (("surname", surname), ("forename", forename), ("middle_names", cells.get("middle_names"))):
        if main := _main_text(column, cell, found):
            _read_part(column, main, found)
    if main := _main_text("full_name", full_name, found):
        _read_full(main, order, found)
    aliases = [name for aside in found.asides if (name := _alias(aside, found))]
    for part in split_aliases(cells.get("alias") or "", order):
        if main := _main_text("alias", part, found):
            aliases += [name] if (name := _alias(main, found)) else []
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


def _read_part(column: str, text: str, found: _Gathered) -> None:
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


def _read_full(text: str, order: NameOrder, found: _Gathered) -> None:
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


def _given(text: str, column: str, found: _Gathered) -> list[str]:
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


def _grow_together(found: _Gathered) -> None:
    """A prefix alone in the forename belongs to the name that follows it."""
    while found.forename and found.middle and found.forename[0] in found.reference.joined_particles:
        found.forename[0] += found.middle.pop(0)
    found.middle = joined(without_titles(found.middle, found.reference), found.reference.joined_particles)
    if found.middle and (reason := _not_a_name(" ".join(found.middle), found.reference)):
        found.note("middle_names", reason)
        found.middle.clear()


def _surnames(text: str, column: str, found: _Gathered) -> list[str]:
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


def _alias(text: str, found: _Gathered) -> str | None:
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
