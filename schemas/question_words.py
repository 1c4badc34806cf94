"""What the types of questions to a steward are called: alike at the desk and in the reports."""

from __future__ import annotations

from collections.abc import Mapping

TYPE_WORDS: Mapping[str, str] = {
    "adopted": "Adopted child", "victim_offender": "Victim and offender", "identifier_conflict": "Identifiers conflict",
    "twin_suspicion": "Perhaps twins", "alike_names": "Names alike", "middle_names": "Middle names differ", "generations": "Senior and junior",
    "no_forename": "No forename", "name_only": "Name alone", "doubtful_birthday": "Doubtful birthday",
    "unborn": "Unborn child", "broken_cluster": "May not hold together", "over_large_cluster": "Too many records",
    "grey_pair": "Evidence undecided", "decision_contradicted": "Decisions contradict", "second_person": "Waits for a second steward",
    "evidence_changed": "Evidence changed", "shared_identifier": "Identifier shared", "found_by_steward": "Found by a steward",
}  # fmt: skip
