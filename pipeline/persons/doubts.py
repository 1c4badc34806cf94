"""What questions are made of, and what each kind of doubt means to a steward."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

HARM = {
    "decision_contradicted": 5,
    "second_person": 4,
    "evidence_changed": 4,
    "adopted": 5,
    "victim_offender": 5,
    "identifier_conflict": 4,
    "twin_suspicion": 4,
    "alike_names": 4,
    "middle_names": 4,
    "generations": 4,
    "broken_cluster": 4,
    "over_large_cluster": 4,
    "shared_identifier": 4,
    "name_only": 3,
    "doubtful_birthday": 3,
    "no_forename": 3,
    "unborn": 3,
    "grey_pair": 2,
}
"""What a wrong answer could do, 1 to 5. The order tells which type a question has where several fit."""
OWN_RULE_HARM = 3  # of a rule that only the user's own model has
GRAVITY = {name: place for place, name in enumerate(HARM)}
OF_LAW = (
    "decision_contradicted",
    "second_person",
    "evidence_changed",
    "victim_offender",
    "identifier_conflict",
    "adopted",
    "broken_cluster",
    "over_large_cluster",
    "shared_identifier",
)
REASONS = {
    "decision_contradicted": (
        "Decisions of stewards contradict each other on tonight's data; the links among them bind nothing "
        "until one is taken back."
    ),
    "second_person": "A steward has decided, and another one must confirm it before it counts.",
    "evidence_changed": (
        "A steward has decided, and what was seen then is not what is there now; the decision holds meanwhile."
    ),
    "adopted": "One record is of an adopted child, whose old identity is sealed.",
    "victim_offender": "One side is a victim or a child at risk, the other a suspect or offender; a link needs two stewards.",
    "identifier_conflict": "Both records carry a valid identifier of one kind, and they differ.",
    "twin_suspicion": "Birthday and surname agree, forenames do not, and no identifier is shared: perhaps twins.",
    "alike_names": "Birthday and surname agree, and the forenames are alike, but each is a name of its own: perhaps twins.",
    "middle_names": "Both have middle names, and none of them fits: perhaps two of a family who share a first name.",
    "generations": "One record says senior, the other junior: perhaps father and son.",
    "name_only": "No birthday, address, identifier, phone or e-mail agrees: the link would rest on a name alone.",
    "no_forename": "One record has no forename and fits any child of the household born that day.",
    "doubtful_birthday": (
        "The birthday agrees but for a slip, or is a 1 January, and nothing else places both at one address, "
        "phone or identifier."
    ),
    "unborn": "One record is of a child before birth.",
    "broken_cluster": "Two records fit, but with the others of their persons they do not hold together.",
    "over_large_cluster": "The person has more records than one person should.",
    "shared_identifier": "Both carry the same identifier, and all else speaks against one person: a false name, or a number that is another's.",
    "grey_pair": "The evidence is neither strong enough to link nor weak enough to part.",
}


def reason_of(review_type: str) -> str:
    """Why the machine does not decide, in words."""
    return REASONS.get(review_type) or f"The model's rule {review_type} leaves it to a steward."


@dataclass(frozen=True, slots=True)
class Doubts:
    """What questions are made of."""

    review_pairs: pa.Table
    clusters: pa.Table
    links: pa.Table
    """At least those between records of doubtful clusters, of decisions, and of last night's questions"""
    standing: pa.Table
    """Contract ``standing_decisions``"""
    review_bits: float
    """A person whose weakest point lies under it does not hold together"""
    most_records: int
    """A person of more is asked about"""
    joined_by_one: frozenset[str] = frozenset()
    """Ids of links by which a single steward joined people whose roles are opposed"""
