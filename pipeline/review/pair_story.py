"""What is told of one pair on a case page: its weight, the sentence about it, and the rules that it meets."""

from __future__ import annotations

from pipeline.explain.graph import strongest_path
from pipeline.explain.kept import as_evidence, as_pair
from pipeline.explain.pair import PairStory
from pipeline.review.group import Group, Pair
from pipeline.review.shelf import Row, Shelf
from pipeline.review.weigh import Weighed, rarity_lines, weighed

RARE_FIELDS = ("surname", "forename", "postcode", "phone")
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


def _values(row: Row, name: str) -> set[str]:
    value = row[name]
    return set(value) if isinstance(value, list) else {value} - {None}
