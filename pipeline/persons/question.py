"""One question to a steward, before it is ranked."""

from __future__ import annotations

from dataclasses import dataclass

Persons = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One question, before it is ranked."""

    review_type: str
    person_ids: Persons
    record_id_l: str
    record_id_r: str
    match_weight: float | None
    match_probability: float | None
    n_pairs: int = 0
    decision_ids: frozenset[str] = frozenset()
    harm: int = 0
    together_weight: float | None = None
    """None where match_weight is that of the pair"""
    rivals_weight: float | None = None
