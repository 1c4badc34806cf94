"""The published person of a record, and what of it holds together still while links and unlinks of stewards wait for the night."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublishedPerson:
    """A person as the publication has them."""

    person_id: str
    records: frozenset[str]
    roles: frozenset[str]


Published = Callable[[Collection[str]], Mapping[str, PublishedPerson]]
"""Gives the person of each of some records; a record that is not published is left out"""


@dataclass(frozen=True, slots=True)
class Part:
    """Records of one published person between which no cut was made."""

    records: frozenset[str]
    is_whole: bool
    """No unlink lies inside. Else somebody parted two of the records without saying where the others go, and the night must tell."""


def parts_of(records: AbstractSet[str], parted_from: Mapping[str, AbstractSet[str]]) -> list[Part]:
    """Where a person comes apart by unlinks: records are in one part unless every pair between them and it is parted.

    Args:
        records: of the person.
        parted_from: each record that an unlink names, and the others of the person that it is parted from.
    """
    parts = []
    remaining = set(records)
    while remaining:
        to_visit = [remaining.pop()]
        part = set(to_visit)
        while to_visit:
            together = remaining - parted_from.get(to_visit.pop(), frozenset())
            remaining -= together
            part |= together
            to_visit += together
        is_whole = all(part.isdisjoint(parted_from.get(record, ())) for record in part)
        parts.append(Part(frozenset(part), is_whole))
    return parts
