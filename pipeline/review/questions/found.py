"""Two people whom a steward compares by themselves: a case of its own, of which no question of the queue is the cause."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from pipeline.core.errors import DeskRefusedError
from pipeline.core.run_ids import run_order
from pipeline.review.frame.words import CLOSED_WORDS
from pipeline.review.questions.queue import FOUND
from pipeline.review.records.shelf import Row, Shelf
from schemas.tables import ENDS

PAIR_ID = re.compile(r"pair-(P[A-Z0-9]{6,20})-(P[A-Z0-9]{6,20})")
"""Of such a case: two people, sorted, so that two have one case"""
WHY_SHOWN = "A steward looks at these two people; no question of the queue is about just the two."


def case_on(shelf: Shelf, person_id: str, other_id: str) -> str:
    """The case on two people: the open question about just them, else one made of their ids. Ids merged away lead on.

    Raises:
        DeskRefusedError: 422, if one of the two is nobody, or both are one person.
    """
    first, second = (shelf.standing(one.strip().upper()) for one in (person_id, other_id))
    if first is None or second is None:
        raise DeskRefusedError(
            422, "Nobody here has this id.", "A person's id begins with P; it stands on their page and in a search."
        )
    if first == second:
        raise DeskRefusedError(422, "That is this same person already.", "Give the id of another one.")
    left, right = sorted((first, second))
    return shelf.question_on([left, right]) or f"pair-{left}-{right}"


def found_question(shelf: Shelf, review_id: str) -> tuple[Row, bool] | None:
    """The question on two people that an id names, and whether they are two still; None where it names no two.

    Its id is another one where the queue asks about the two, where the ids are not sorted, or one of them was merged away.
    """
    named = PAIR_ID.fullmatch(review_id)
    left, right = sorted(named.groups()) if named else ("", "")
    standing = sorted({person for one in (left, right) if (person := shelf.standing(one))})
    if left == right or not standing:
        return None
    if len(standing) == 1:
        return _closed(shelf, left, right, standing) if shelf.standing(left) == shelf.standing(right) else None
    case = case_on(shelf, *standing)
    return shelf.question(case) or _question(shelf, case, standing, [_records(shelf, one) for one in standing]), True


def _question(shelf: Shelf, case: str, standing: Sequence[str], sides: Sequence[Sequence[str]]) -> Row:
    """As the queue's questions are, about the strongest scored pair of records, else about the first of each side."""
    left, right = map(set, sides)
    across = [
        row
        for person in standing
        for row in shelf.links(person)
        if any(a in left and b in right for a, b in ((row[ENDS[0]], row[ENDS[1]]), (row[ENDS[1]], row[ENDS[0]])))
    ]
    strongest = max(across, key=lambda row: (row["match_weight"], row[ENDS[0]], row[ENDS[1]]), default=None)
    ends = sorted(strongest[end] for end in ENDS) if strongest else sorted(own for side in sides for own in side[:1])
    pair: list[str | None] = [*ends] if len(ends) == 2 else [None, None]
    return {
        "review_id": case,
        "review_type": FOUND,
        "reason": WHY_SHOWN,
        "harm": None,
        "person_ids": list(standing),
        **dict(zip(ENDS, pair, strict=True)),
        "match_probability": None,  # the supervisor's page tells by it what the machine's own questions come to
    }


def _closed(shelf: Shelf, left: str, right: str, standing: Sequence[str]) -> tuple[Row, bool]:
    """The question on two who became one person."""
    lines = [list(shelf.line(one)) for one in (left, right)]
    meeting = next(one for one in lines[0] if one in lines[1])
    ended = [one for line in lines for one in takewhile(lambda own: own != meeting, line)]
    first, second = (_records(shelf, one) for one in (left, right))
    sides = [first, [own for own in second if own not in first]]
    if left not in ended:  # who took the other over has the other's records now
        sides = [[own for own in first if own not in second], second]
    nights = [
        span["valid_to"] for one in ended for span in shelf.ledger(one) if span["merged_into"] and span["valid_to"]
    ]
    closed = {
        "reason": f"Asked no more: {CLOSED_WORDS['linked']}.",
        "reason_code": "linked",
        "closed_in": max(nights, key=run_order, default=shelf.run_id),
    }
    return {**_question(shelf, f"pair-{left}-{right}", standing, sides), **closed}, False


def _records(shelf: Shelf, person_id: str) -> list[str]:
    """The records of a person, or those that they had when they were merged away."""
    spans = shelf.ledger(person_id)
    return [row["record_id"] for row in shelf.records(person_id)] or (spans[-1]["record_ids"] if spans else [])
