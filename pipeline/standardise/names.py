"""Names of people, from the cells that hold them to forenames, middle names, surnames and aliases."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import NamedTuple

from pipeline.core.phonetic import metaphone
from pipeline.standardise.distinct import Note
from pipeline.standardise.name_cells import NameOrder, split_aliases
from pipeline.standardise.name_reading import (
    NamesGathered,
    grow_together,
    is_reversed,
    main_text,
    read_alias,
    read_full,
    read_part,
)
from pipeline.standardise.name_words import BABY_FILL, SIGNS
from pipeline.standardise.reference import Reference

MOST_READINGS = 5


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
        names = again._replace(
            flags=_unique([*names.flags, *again.flags]), notes=tuple(dict.fromkeys([*names.notes, *again.notes]))
        )
    given = next((column for column, cell in cells.items() if cell and cell.strip()), "full_name")
    notes = (note if cells[note.column] else note._replace(column=given) for note in names.notes)
    return names._replace(notes=tuple(dict.fromkeys(notes)))


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
    lists = (reference.titles, reference.suffixes, reference.joined_surname_particles, SIGNS, BABY_FILL, ("OR",))
    return frozenset(in_placeholders.union(*lists))


def _read_once(cells: Mapping[str, str | None], order: NameOrder, reference: Reference) -> Names:
    surname, forename, full_name = cells.get("surname"), cells.get("forename"), cells.get("full_name")
    found = NamesGathered(reference)
    if surname and "," in surname and not (forename and forename.strip()):
        full_name, surname = surname, None
        order = "comma"
    for column, cell in (("surname", surname), ("forename", forename), ("middle_names", cells.get("middle_names"))):
        if main := main_text(column, cell, found):
            read_part(column, main, found)
    if main := main_text("full_name", full_name, found):
        read_full(main, order, found)
    aliases = [name for aside in found.asides if (name := read_alias(aside, found))]
    for part in split_aliases(cells.get("alias") or "", order):
        if main := main_text("alias", part, found):
            aliases += [name] if (name := read_alias(main, found)) else []
    found.surname += found.former
    grow_together(found)
    own = {" ".join((f, s)) for f in found.forename for s in found.surname}
    if is_reversed(found):
        found.flags.append("name_reversed")
    return Names(
        forename=_unique(found.forename),
        middle_names=" ".join(found.middle) or None,
        surname=_unique(found.surname),
        alias=tuple(name for name in _unique(aliases) if name not in own),
        flags=_unique(found.flags),
        notes=tuple(dict.fromkeys(found.notes)),
    )


def _codes(names: tuple[str, ...]) -> tuple[str, ...]:
    return _unique([code for name in names for word in name.split() if (code := metaphone(word))])


def _unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
