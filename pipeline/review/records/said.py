"""What the decisions of one form say of the records of a page, by the numbers that the page gives them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pipeline.review.records.earlier_decisions import ELSEWHERE, EarlierDecision

MOST_NUMBERS = 12
"""Records that are named one by one; more are counted"""
Labels = tuple[str, str]


def records_of_answer(answer: Mapping[str, Any], decisions: Iterable[EarlierDecision]) -> str:
    """Which records an answer is about: of a split, which part from which, and which are joined.

    Args:
        answer: a row of ``desk_answers``, its decision ids as a list.
        decisions: on the records of the page.
    """
    ids = set(answer["decision_ids"])
    own = [earlier for earlier in decisions if earlier.decision.decision_id in ids]
    if answer["verdict"] != "split":
        return "; ".join(dict.fromkeys(numbers_of(earlier.labels) for earlier in own))
    parted = parted_words(earlier.labels for earlier in own if earlier.decision.verdict == "unlink")
    joined = [numbers_of(earlier.labels) for earlier in own if earlier.decision.verdict == "link"]
    return "; ".join([*([parted] if parted else []), *(f"{numbers} are one person" for numbers in joined)])


def parted_words(pairs: Iterable[Labels]) -> str:
    """Which records part from which, such as ``records 1 and 2 from records 3, 4 and 5``.

    Empty where the pairs are not two sides each, or a record is not on the page.
    """
    pairs = list(pairs)
    sides = sides_of(pairs)
    if not sides or any(ELSEWHERE in pair for pair in pairs):
        return ""
    return "; ".join(f"{numbers_of(left)} from {numbers_of(right)}" for left, right in sides)


def sides_of(pairs: Iterable[Labels]) -> list[tuple[list[str], list[str]]]:
    """The two sides of each cut that pairs come from, the smaller first; none where they are no cuts."""
    across: defaultdict[str, set[str]] = defaultdict(set)
    for left, right in pairs:
        across[left].add(right)
        across[right].add(left)
    is_right: dict[str, bool] = {}
    cuts = []
    for start in across:
        if start in is_right:
            continue
        is_right[start], found = False, [start]
        for label in found:  # grows while it is walked
            for other in across[label]:
                if is_right.setdefault(other, not is_right[label]) == is_right[label]:
                    return []
            found += [other for other in sorted(across[label]) if other not in found]
        sides = [[label for label in found if is_right[label] == side] for side in (False, True)]
        smaller, larger = sorted(sides, key=len)
        cuts.append((smaller, larger))
    return cuts


def numbers_of(labels: Collection[str]) -> str:
    """Some records by their numbers; many are counted, and one that is not on the page comes last."""
    if len(labels) > MOST_NUMBERS:
        return f"{len(labels):,} records"
    numbers: Sequence[str] = sorted(
        (label for label in labels if label != ELSEWHERE), key=lambda label: (len(label), label)
    )
    records = "record" if len(numbers) == 1 else "records"
    if len(numbers) < len(labels):
        return f"{records} {', '.join(numbers)} and one elsewhere"
    return f"{records} {', '.join(numbers[:-1])}{' and ' if len(numbers) > 1 else ''}{numbers[-1]}"
