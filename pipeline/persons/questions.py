"""The review queue: one open question a pair of persons, in words, ranked by harm and uncertainty."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pyarrow as pa

from pipeline.core.parquet import conform
from schemas.tables import REVIEW_QUEUE

CHILD_YEARS = 18
HARM = {
    "adopted": 5, "victim_offender": 5, "identifier_conflict": 4, "twin_suspicion": 4, "broken_cluster": 4, "name_only": 3,
    "doubtful_birthday": 3, "no_forename": 3, "unborn": 3, "grey_pair": 2,
}  # fmt: skip
REASONS = {
    "adopted": "One record is of an adopted child, whose old identity is sealed.",
    "victim_offender": "One record is of a victim, the other of a suspect or offender; a link needs two stewards.",
    "identifier_conflict": "Both records carry a valid identifier of one kind, and they differ.",
    "twin_suspicion": "Birthday and surname agree, forenames do not, and no identifier is shared: perhaps twins.",
    "name_only": "No birthday, identifier, phone or e-mail agrees: the link would rest on a name and a place alone.",
    "no_forename": "One record has no forename and fits any child of the household born that day.",
    "doubtful_birthday": "The birthday agrees but for a slip, or is a 1 January, and nothing else places both at one address, phone or identifier.",
    "unborn": "One record is of a child before birth.",
    "broken_cluster": "The records of one person do not hold together.",
    "grey_pair": "The evidence is neither strong enough to link nor weak enough to part.",
}


def review_queue(review_pairs: pa.Table, records: pa.Table, opened_before: Mapping[str, str], run_id: str) -> pa.Table:
    """One row a question.

    Input: review_pairs; records with person_id; ``opened_before``: review_id to the run that first asked.
    """
    facts = {
        row["record_id"]: row
        for row in records.select(["record_id", "person_id", "borough", "date_of_birth", "recorded_at"]).to_pylist()
    }
    rows: dict[str, dict[str, object]] = {}
    for pair in review_pairs.to_pylist():
        left, right = facts[pair["record_id_l"]], facts[pair["record_id_r"]]
        asked = _review_id(pair)
        harm = min(5, HARM[pair["review_type"]] + (1 if _is_child(left) or _is_child(right) else 0))
        chance = pair["match_probability"]
        rows[asked] = {
            "review_id": asked,
            "review_type": pair["review_type"],
            "reason": REASONS[pair["review_type"]],
            "person_ids": sorted({left["person_id"], right["person_id"]}),
            "record_id_l": pair["record_id_l"],
            "record_id_r": pair["record_id_r"],
            "match_weight": pair["match_weight"],
            "match_probability": chance,
            "n_pairs": pair["n_pairs"],
            "harm": harm,
            "priority": round(harm * _uncertainty(pair["review_type"], chance), 6),
            "boroughs": sorted({row["borough"] for row in (left, right) if row["borough"]}),
            "opened_in": opened_before.get(asked, run_id),
        }
    return conform(pa.Table.from_pylist(list(rows.values()), REVIEW_QUEUE.arrow_schema()), REVIEW_QUEUE)


def _review_id(pair: Mapping[str, str]) -> str:
    """Stable while both clusters keep their first record and the question its type."""
    clusters = sorted((pair["cluster_id_l"], pair["cluster_id_r"]))
    return "Q" + hashlib.blake2b("|".join([pair["review_type"], *clusters]).encode(), digest_size=8).hexdigest()


def _uncertainty(review_type: str, chance: float) -> float:
    """1 at even odds, 0 where the weight leaves no doubt; a question of law stays open however clear the weight is."""
    open_anyway = 0.5 if review_type in ("victim_offender", "identifier_conflict", "adopted") else 0.1
    return max(4 * chance * (1 - chance), open_anyway)


def _is_child(record: Mapping[str, object]) -> bool:
    born, seen = record["date_of_birth"], record["recorded_at"]
    return born is not None and seen is not None and (seen.date() - born).days < CHILD_YEARS * 365.25  # type: ignore[attr-defined]
