"""Why a value of the golden record was chosen: the first rule of survivorship that told it from the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WORDS: Mapping[str, str] = {
    "fact": "a fact; the others are assessments",
    "frequent": "most records have it",
    "trusted": "its source is the most reliable",
    "recent": "it is the latest",
    "complete": "it is the most complete",
}
ORDER_WORDS: Mapping[str, str] = {
    "fact": "facts",
    "frequent": "what most records have",
    "trusted": "the most reliable source",
    "recent": "the latest",
    "complete": "the most complete",
}


def because(chosen: Mapping[str, Any], other_rows: Sequence[Mapping[str, Any]], trust: Mapping[str, int]) -> str:
    """Why the value was chosen, in words.

    Args:
        chosen: the row of ``person_fields`` that was chosen.
        other_rows: the field's other rows, of which some may have the same value.
        trust: source to how far it is trusted.
    """
    rules = [rule.strip() for rule in str(chosen["rule"] or "").split(">")]
    if not set(rules) <= set(WORDS):
        return str(chosen["rule"] or "")
    rivals = [row for row in other_rows if row["value"] != chosen["value"]]
    if not rivals:
        return "all records that have it agree" if other_rows else "the only record that has it"
    for rule in rules:
        worth, best = _worth(rule, chosen, trust), max(_worth(rule, row, trust) for row in rivals)
        if worth > best:
            return WORDS[rule]
        if worth < best:
            break  # chosen together with other fields of its record
        rivals = [row for row in rivals if _worth(rule, row, trust) == worth]
    return "first by " + ", then ".join(ORDER_WORDS[rule] for rule in rules)


def _worth(rule: str, row: Mapping[str, Any], trust: Mapping[str, int]) -> Any:  # noqa: ANN401  (numbers or a time)
    if rule == "fact":
        return row["basis"] == "fact"
    if rule == "frequent":
        return row["n_agree"] or 0
    if rule == "trusted":
        return trust.get(row["source"] or "", 0)
    if rule == "complete":
        return len(row["value"] or "")
    return row["recorded_at"].timestamp() if row["recorded_at"] else 0.0
