"""What is known beside the pair that is shown: how the persons' other pairs weigh, what speaks against, and who fits as well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.review.cases.compare import FIELDS, text_of
from pipeline.review.cases.weigh import LEAST, odds_words, times_words
from pipeline.review.frame.pages import short
from pipeline.review.frame.words import FIELD_WORDS
from pipeline.review.records.group import Group, Pair
from pipeline.review.records.shelf import Row, Shelf

MOST_VALUES = 3
"""Values of a person that are told of a field"""
LEAST_TAKEN = 0.5
"""Bits under which nothing is said of rivals"""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A field in which the persons' records speak against one person more than the pair does."""

    field: str
    title: str
    where: str
    """In which records, in words that follow the title"""
    words: str


@dataclass(frozen=True, slots=True)
class Beyond:
    """All scored pairs between the two persons."""

    n_pairs: int
    low: float
    """Match weight of the weakest, bits"""
    high: float
    against: tuple[Contradiction, ...]

    @property
    def low_odds(self) -> str:
        """The weakest in words."""
        return odds_words(self.low)

    @property
    def high_odds(self) -> str:
        """The strongest in words."""
        return odds_words(self.high)


@dataclass(frozen=True, slots=True)
class Rival:
    """Another open question on one of the two persons."""

    review_id: str
    review_type: str
    person_id: str
    """The third person"""


@dataclass(frozen=True, slots=True)
class AsOne:
    """What two persons weigh as one."""

    together: float
    """by all their records, bits"""
    taken: float
    """what others who fit one of them as well take off, bits"""
    rivals: tuple[Rival, ...]
    """those others about whom the queue asks, too; none where what they take is not worth telling"""

    @property
    def together_odds(self) -> str:
        """By all their records, in words."""
        return odds_words(self.together)

    @property
    def odds(self) -> str:
        """All in all, in words."""
        return odds_words(self.together + self.taken)

    @property
    def has_rivals(self) -> bool:
        """Whether others fit well enough to be told."""
        return self.taken <= -LEAST_TAKEN


def as_one(shelf: Shelf, question: Row) -> AsOne | None:
    """The weight of a question on two persons; None where it has that of a pair, or none."""
    together = question.get("together_weight")
    if together is None:
        return None
    told = AsOne(together, question["rivals_weight"], ())
    return replace(told, rivals=tuple(_rivals(shelf, question))) if told.has_rivals else told


def _rivals(shelf: Shelf, question: Row) -> Iterator[Rival]:
    for person_id in question["person_ids"]:
        for other in shelf.questions_of(person_id):
            third = [other_id for other_id in other["person_ids"] if other_id not in question["person_ids"]]
            if len(third) == 1:
                yield Rival(other["review_id"], other["review_type"], third[0])


def beyond(group: Group, pair: Pair) -> Beyond | None:
    """What the persons' other pairs and records say; None where there is one person, or no other record.

    Args:
        group: the persons of the question.
        pair: the one that is shown.
    """
    owners = sorted((group.records[record]["person_id"] for record in pair), key=list(group.persons).index)
    if owners[0] == owners[1] or len(group.records) < 3:
        return None
    sides = [group.of(person_id) for person_id in owners]
    across = _across(group, owners)
    link = group.links.get(pair) or {}
    contradictions: list[Contradiction] = []
    for name in FIELDS:
        values = [_values(side, name) for side in sides]
        ends = {text_of(group.records[record], name) for record in pair}
        if "" not in ends:
            contradictions += (
                _never_the_same(name, values) if len(ends) > 1 and (link.get(f"mw_{name}") or 0.0) > 0 else ()
            )
        elif not link.get(f"mw_{name}"):
            contradictions += _elsewhere(name, across, values)
    weights = [row["match_weight"] for row in across]
    return Beyond(len(across), min(weights, default=0.0), max(weights, default=0.0), tuple(contradictions))


def _across(group: Group, owners: list[str]) -> list[Row]:
    """Scored pairs of which each person has one end."""
    return [row for ends, row in group.links.items() if group.owners(ends) == set(owners)]


def _elsewhere(name: str, across: Sequence[Row], values: Sequence[Counter[str]]) -> Iterator[Contradiction]:
    """A field that a record of the pair lacks: what the linkage found where it compared it, else whether no value is shared."""
    title, where = FIELD_WORDS.get(name, name), "of their other records"
    bits = [row[f"mw_{name}"] for row in across if row.get(f"mw_{name}")]
    if bits and max(bits) <= -LEAST:
        n = len(bits)
        pairs = "the other pair that compares" if n == 1 else f"the {n} other pairs that compare"
        yield Contradiction(name, title, where, f"{times_words(max(bits))} at best, in {pairs} it")
    elif not bits and all(values) and values[0].keys().isdisjoint(values[1]):
        yield Contradiction(name, title, where, f"{_few(values[0])} against {_few(values[1])}")


def _never_the_same(name: str, values: Sequence[Counter[str]]) -> Iterator[Contradiction]:
    """A field that differs by what may be a slip, but by the same slip in every record: then it is none."""
    counts = [counter.total() for counter in values]
    if min(counts) > 1 and values[0].keys().isdisjoint(values[1]):
        words = f"{_few(values[0])} in {counts[0]} records, {_few(values[1])} in {counts[1]}, never the same"
        yield Contradiction(name, FIELD_WORDS.get(name, name), "over all their records", words)


def _values(records: Iterable[Mapping[str, Any]], name: str) -> Counter[str]:
    """What a person's records give of a field, and how many of them."""
    return Counter(text for record in records if (text := text_of(record, name)))


def _few(values: Mapping[str, int]) -> str:
    more = f" and {len(values) - MOST_VALUES} more" if len(values) > MOST_VALUES else ""
    return ", ".join(map(short, sorted(values)[:MOST_VALUES])) + more
