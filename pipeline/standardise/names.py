"""Names of people, from the cells that hold them to forenames, middle names, surnames and aliases."""

from __future__ import annotations

import functools
from typing import NamedTuple

from pipeline.core.phonetic import metaphone
from pipeline.standardise.distinct import Note
from pipeline.standardise.name_cells import NameOrder, split_aliases
from pipeline.standardise.name_reading import (
    NameParts,
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


class NameCells(NamedTuple):
    """The cells of one row that hold names, as they were written; field by field as in the contract."""

    full_name: str | None = None
    surname: str | None = None
    forename: str | None = None
    middle_names: str | None = None
    alias: str | None = None


def read_names(cells: NameCells, order: NameOrder, reference: Reference) -> Names:
    """The names of one record. Its cells for surname and forename come before a full name.

    A name in which titles, prefixes or placeholders are left is read again until it stays, so that standard names
    that are standardised once more are the same.
    """
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
    filled = [column for column, cell in cells._asdict().items() if cell]
    first_filled = next((column for column in filled if getattr(cells, column).strip()), "full_name")
    notes = (note if note.column in filled else note._replace(column=first_filled) for note in names.notes)
    return names._replace(notes=tuple(dict.fromkeys(notes)))


def _as_cells(names: Names) -> NameCells:
    return NameCells(
        surname=" / ".join(names.surname),
        forename=" / ".join(names.forename),
        middle_names=names.middle_names,
        alias="; ".join(names.alias),
    )


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


def _read_once(cells: NameCells, order: NameOrder, reference: Reference) -> Names:
    names = NameParts(reference)
    if cells.surname and "," in cells.surname and not (cells.forename and cells.forename.strip()):
        cells = cells._replace(full_name=cells.surname, surname=None)
        order = "comma"
    for column in ("surname", "forename", "middle_names"):
        if main := main_text(column, getattr(cells, column), names):
            read_part(column, main, names)
    if main := main_text("full_name", cells.full_name, names):
        read_full(main, order, names)
    aliases = [name for aside in names.asides if (name := read_alias(aside, names))]
    for part in split_aliases(cells.alias or "", order):
        if main := main_text("alias", part, names):
            aliases += [name] if (name := read_alias(main, names)) else []
    names.surname += names.former
    grow_together(names)
    main_names = {" ".join((forename, surname)) for forename in names.forename for surname in names.surname}
    if is_reversed(names):
        names.flags.append("name_reversed")
    return Names(
        forename=_unique(names.forename),
        middle_names=" ".join(names.middle) or None,
        surname=_unique(names.surname),
        alias=tuple(name for name in _unique(aliases) if name not in main_names),
        flags=_unique(names.flags),
        notes=tuple(dict.fromkeys(names.notes)),
    )


def _codes(names: tuple[str, ...]) -> tuple[str, ...]:
    return _unique([code for name in names for word in name.split() if (code := metaphone(word))])


def _unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
