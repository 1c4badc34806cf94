"""The reference lists of ``data/reference`` as standardising looks them up."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pipeline.core.places import REFERENCE
from pipeline.core.reference import rows
from pipeline.standardise.text import code_key, latin, squeeze

WORDS = re.compile(r"[A-Z0-9]+")


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What stewards keep in lists: nothing of a language, a community or a force is written into the code."""

    titles: frozenset[str]
    suffixes: frozenset[str]
    generations: Mapping[str, str]
    """Suffix to the flag of the one of a family's namesakes whom it names: JNR to junior."""
    surname_particles: frozenset[str]
    """Stay a word of their own, with the word that follows: VAN DER BERG."""
    joined_particles: frozenset[str]
    """Grow together with the word that follows, in any name: ABDUL RAHMAN becomes ABDULRAHMAN."""
    joined_surname_particles: frozenset[str]
    """The same, in surnames only: O BRIEN becomes OBRIEN."""
    forenames: frozenset[str]
    only_forenames: frozenset[str]
    """Known as a forename, and not as a surname."""
    only_surnames: frozenset[str]
    placeholders: Mapping[str, Mapping[str, str]]
    """Field to text that stands for nothing, and why; ``address_word``: words of which a text that holds no other is no address."""
    default_birthdays: frozenset[dt.date]
    codes: Mapping[str, Mapping[str, str]]
    """Field to what is written, folded by ``code_key``, and the code; an empty code means not stated."""
    address_words: Mapping[str, str]

    @classmethod
    def load(cls, folder: Path = REFERENCE) -> Self:
        """The lists of one folder."""
        particles = list(rows(folder / "particles.csv"))
        titles = list(rows(folder / "titles.csv"))
        forenames, surnames = _known_names(folder)
        placeholders = _by_field(folder / "placeholders.csv", "written", "reason")
        days = placeholders.pop("date_of_birth", {})
        codes = _by_field(folder / "codes.csv", "written", "value")
        return cls(
            titles=frozenset(title["word"] for title in titles if title["place"] == "before"),
            suffixes=frozenset(title["word"] for title in titles if title["place"] == "after"),
            generations={title["word"]: title["generation"] for title in titles if title["generation"]},
            surname_particles=frozenset(particle["word"] for particle in particles if particle["kept"] == "space"),
            joined_particles=frozenset(
                particle["word"] for particle in particles if (particle["kept"], particle["of"]) == ("joined", "any")
            ),
            joined_surname_particles=frozenset(
                particle["word"] for particle in particles if particle["kept"] == "joined"
            ),
            forenames=forenames,
            only_forenames=forenames - surnames,
            only_surnames=surnames - forenames,
            placeholders=placeholders,
            default_birthdays=frozenset(dt.date.fromisoformat(day) for day in days),
            codes={
                field: {code_key(written): value for written, value in written_as.items()}
                for field, written_as in codes.items()
            },
            address_words={row["written"]: row["word"] for row in rows(folder / "address_words.csv")},
        )

    def stands_for_nothing(self, field: str, text: str) -> str | None:
        """Why a text is no value of the field, such as ``placeholder``; None if it may be one."""
        key = squeeze(text).upper()
        of_any_field = self.placeholders["any"]
        of_field = self.placeholders.get(field, {})
        if reason := of_field.get(key) or of_any_field.get(key):
            return reason
        if words := self.placeholders.get(f"{field}_word"):
            written = WORDS.findall(latin(text))
            if written and words.keys() >= set(written):
                return "placeholder"
        has_content = key[:1].isalnum() or any(character.isalnum() for character in key)
        return None if has_content else "placeholder"

    def placeholders_of(self, field: str) -> frozenset[str]:
        """Upper-case texts that stand for nothing in the field."""
        return frozenset(self.placeholders["any"]) | frozenset(self.placeholders.get(field, {}))


def _by_field(path: Path, key: str, value: str) -> dict[str, dict[str, str]]:
    by_field: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in rows(path):
        by_field[row["field"]][row[key]] = row[value]
    return dict(by_field)


def _known_names(folder: Path) -> tuple[frozenset[str], frozenset[str]]:
    listed = [
        (row["name"], row["kind"])
        for name_list in ("nicknames", "name_variants", "common_names")
        for row in rows(folder / f"{name_list}.csv")
    ]
    listed += [(row["name"], "surname") for row in rows(folder / "weak_surnames.csv")]
    forenames = frozenset(name for name, kind in listed if kind == "forename")
    return forenames, frozenset(name for name, kind in listed if kind == "surname")
