"""What is told of one pair on a case page: its weight, the sentence about it, and the rules that it meets."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.explain.graph import strongest_path
from pipeline.explain.kept import as_evidence, as_pair
from pipeline.explain.levels import words_of
from pipeline.explain.pair import PairStory
from pipeline.review.cases.weigh import Weighed, rarity_lines, weighed
from pipeline.review.records.group import Group, Pair
from pipeline.review.records.shelf import Row, Shelf
from pipeline.stewardship.evidence import moved_fields
from schemas.decisions import StewardPolicy

RARE_FIELDS = ("surname", "forename", "postcode", "phone")
ONE_EMPTY = "one side empty"
MOST_VALUES = 3
"""Shared values of a field of which the page tells how rare they are"""


def weighed_pair(shelf: Shelf, group: Group, link: Row | None, left: Row, right: Row) -> Weighed | None:
    """The weight of two records as their viewer may see them; None where they were not scored, or one is masked."""
    if link is None or left["is_masked"] or right["is_masked"]:
        return None
    shared = [
        (name, value)
        for name in RARE_FIELDS
        for value in sorted(_values(left, name) & _values(right, name))[:MOST_VALUES]
    ]
    here = {(name, value): sum(value in _values(row, name) for row in group.records.values()) for name, value in shared}
    rarity = rarity_lines(shelf.rarity(shared), shelf.n_records, here)
    return weighed(as_evidence(shelf.kept, link).waterfall, shelf.kept.link_bits, rarity)


def story_of(shelf: Shelf, group: Group, pair: Pair, link: Row | None) -> str:
    """Why the two records are one person or two, in a sentence."""
    owners = [group.records[record]["person_id"] for record in pair]
    linked = [as_pair(row).edge for row in group.inner_links() if row["decision"] == "link"]
    path = strongest_path(linked, *pair) if owners[0] == owners[1] else None
    evidence = as_evidence(shelf.kept, link) if link else None
    return PairStory(*pair, owners[0], owners[1], evidence, path, shelf.kept.link_bits, shelf.kept.review_bits).reason()


def rules_of(shelf: Shelf, link: Row | None) -> tuple[tuple[str, str], ...]:
    """Name and meaning of the model's rules that the pair meets."""
    about = {rule.name: rule.about for rule in shelf.kept.model.rule} if shelf.kept.model else {}
    return tuple((name, about.get(name, "")) for name in (link["rules"] if link else None) or ())


@dataclass(frozen=True, slots=True)
class Moved:
    """A field whose evidence is not what it was when a steward decided, in words."""

    field: str
    then: str
    now: str


def moved_since(shelf: Shelf, then: str, now: str, policy: StewardPolicy) -> tuple[Moved, ...]:
    """What a decision rested on and is not so any more: fields that moved between agreeing, disagreeing and an empty side.

    Args:
        shelf: with the model of the publication.
        then: evidence that the decision keeps; empty: none is known.
        now: that of the publication.
        policy: which levels disagree.
    """
    if not then:
        return ()
    kinds = (
        {comparison.field: comparison.kind for comparison in shelf.kept.model.comparison} if shelf.kept.model else {}
    )
    sides = [dict(part.split("=", 1) for part in text.split(";") if "=" in part) for text in (then, now)]
    words = [
        {field: words_of(kinds[field], level) if field in kinds else level for field, level in levels.items()}
        for levels in sides
    ]
    fields = moved_fields(then, now, policy)
    return tuple(Moved(field, words[0].get(field, ONE_EMPTY), words[1].get(field, ONE_EMPTY)) for field in fields)


def _values(row: Row, name: str) -> set[str]:
    value = row[name]
    return set(value) if isinstance(value, list) else {value} - {None}
