"""A question of the queue, or of a steward's own: whether it is still asked, which persons it is about, and which pair of records it opens on."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.core.errors import DeskRefusedError
from pipeline.review.frame.words import CLOSED_WORDS
from pipeline.review.questions.found import found_question
from pipeline.review.questions.queue import NOT_ASKED
from pipeline.review.records.group import Group, Pair, group_of
from pipeline.review.records.shelf import Row, Shelf
from schemas.tables import ENDS


def question_of(shelf: Shelf, review_id: str) -> tuple[Row, bool]:
    """A question and whether it is still asked; its own id may be another one than that by which it was looked for.

    Raises:
        DeskRefusedError: 404, if there is none.
    """
    if question := shelf.question(review_id):
        return question, True
    if closed := shelf.closed(review_id):
        why = CLOSED_WORDS.get(closed["reason_code"], closed["reason_code"].replace("_", " "))
        return {"reason": f"Asked no more: {why}.", "harm": None, "match_probability": None, **closed}, False
    if found := found_question(shelf, review_id):
        return found
    raise DeskRefusedError(
        404, "There is no such question.", "It may have been closed by a later night under another one."
    )


def is_asked(question: Row) -> bool:
    """Whether the queue asks the question, and not a steward of themselves."""
    return question["review_type"] not in NOT_ASKED


def group_for(shelf: Shelf, question: Row) -> Group:
    """The persons of a question as they are now, also where it was closed and its persons merged.

    Raises:
        DeskRefusedError: 410, if none of their records is published any more.
    """
    owners = {person_id for end in ENDS if (record := question[end]) and (person_id := shelf.owner(record))}
    group = group_of(shelf, sorted({*question["person_ids"], *owners}))
    if not group.records:
        raise DeskRefusedError(410, "The records of this question are not here any more.")
    return group


def labels_of(group: Group) -> dict[str, str]:
    """The number by which a page calls each record."""
    return {record: str(number) for number, record in enumerate(group.records, start=1)}


def pair_of(question: Row, group: Group, requested: Sequence[str]) -> Pair:
    """The pair to look at: the one requested, else the one that made the question, else the first two records.

    Raises:
        DeskRefusedError: 404, if a requested record is not one of the case.
    """
    pair = sorted({*requested}) if len({*requested}) == 2 else _pair_behind(question, group)
    if any(record not in group.records for record in pair) or len(pair) != 2:
        if requested:
            raise DeskRefusedError(404, "These two records are not of this case.")
        pair = sorted(group.records)[:2]
    return pair[0], pair[-1]


def _pair_behind(question: Row, group: Group) -> list[str]:
    """The strongest pair that meets the rule after which the question is called, else the question's own pair.

    A question shows the strongest pair of two persons, while another pair of theirs may have met the rule.
    """
    own_pair = sorted({question["record_id_l"], question["record_id_r"]} - {None})
    owners = {group.records[record]["person_id"] for record in own_pair if record in group.records}
    weights = {
        ends: row["match_weight"]
        for ends, row in group.links.items()
        if question["review_type"] in (row["rules"] or ()) and owners and group.owners(ends) == owners
    }
    if not weights or tuple(own_pair) in weights:
        return own_pair
    strongest: Pair = max(weights, key=lambda ends: (weights[ends], ends))
    return [*strongest]
