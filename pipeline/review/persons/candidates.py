"""Persons who may be the one searched for, by the keys of the desk's index."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.core.phonetic import metaphone
from pipeline.review.admission.access import Viewer
from pipeline.review.persons.search_request import IDENTIFIERS, day_of
from pipeline.review.records.shelf import Shelf

MOST_OF_A_KEY, MOST_COMPARED, MOST_KEYS = 300, 60, 32


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the index: its kind, the values bound in it, and about how many bits of evidence it gives."""

    kind: str
    values: tuple[str, ...]
    points: int

    @property
    def sql(self) -> str:
        """The key as the index made it."""
        return f"hash('{self.kind}' || {' || '.join(['?'] * len(self.values))})".replace("? || ?", "? || '|' || ?")


def keys_of(wanted: Mapping[str, Any]) -> list[Key]:
    """Keys that bring candidates, the most selective first.

    Names match by their sound, also where of one name only the initial fits, and birthdays also by their year alone.
    """
    surnames, forenames = list(wanted.get("surname", [])), list(wanted.get("forename", []))
    surname_sounds, forename_sounds = _sounds(surnames), _sounds(forenames)
    keys = [Key("i", (wanted[name],), 40) for name in IDENTIFIERS if name in wanted]
    if born := day_of(wanted.get("date_of_birth")):
        year = born[:4]
        keys += [Key("sd", (sound, born), 14) for sound in surname_sounds]
        keys += [Key("fd", (sound, born), 12) for sound in forename_sounds]
        keys += [Key("d", (born,), 8)]
        keys += [Key("sy", (sound, year), 6) for sound in surname_sounds]
        keys += [Key("fy", (sound, year), 5) for sound in forename_sounds]
    if "postcode" in wanted:
        keys.append(Key("p", (wanted["postcode"],), 9))
    full_names = list(itertools.product(surname_sounds, forename_sounds))
    keys += [Key("sf", full_name, 11) for full_name in full_names]
    keys += [Key("f1", (surname, forename[0]), 5) for surname, forename in full_names]
    keys += [Key("s1", (surname[0], forename), 5) for surname, forename in full_names]
    keys += [Key("S", (surname,), 3) for surname in surnames] + [Key("F", (forename,), 2) for forename in forenames]
    keys += [Key("s", (sound,), 5) for sound in surname_sounds] + [Key("f", (sound,), 4) for sound in forename_sounds]
    return list(dict.fromkeys(keys))[:MOST_KEYS]


def _sounds(names: Iterable[str]) -> list[str]:
    """How the words of some names sound, also where V is written for W: Kozlowski is heard as Kozlovski."""
    words = [word for name in names for word in name.split()]
    spellings = [*words, *(word.replace("V", "W") for word in words), *(word.replace("W", "V") for word in words)]
    return list(dict.fromkeys(sound for word in spellings if (sound := metaphone(word))))


def candidates(shelf: Shelf, viewer: Viewer, keys: Iterable[Key]) -> tuple[list[str], bool]:
    """Persons whose keys give most evidence, and whether they are all who have a key."""
    in_borough = "" if viewer.sees_all else " AND borough = ?"
    borough_values = [] if viewer.sees_all else [viewer.borough]
    points: Counter[str] = Counter()
    is_complete = True
    for key in keys:
        sql = f"SELECT DISTINCT person_id FROM search_keys WHERE key = {key.sql}{in_borough} LIMIT {MOST_OF_A_KEY}"  # noqa: S608  (keys of our own, values bound)
        person_ids = [row["person_id"] for row in shelf.rows(sql, [*key.values, *borough_values])]
        is_complete = is_complete and len(person_ids) < MOST_OF_A_KEY
        points.update(dict.fromkeys(person_ids, key.points))
    best = sorted(points.items(), key=lambda item: (-item[1], item[0]))
    return [person for person, _ in best[:MOST_COMPARED]], is_complete and len(best) <= MOST_COMPARED
