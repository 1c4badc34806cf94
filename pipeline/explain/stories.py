"""From what a folder keeps to the story of a pair or of a person."""

from __future__ import annotations

from pipeline.core.errors import SettingsError
from pipeline.explain.cluster import ClusterStory, explain_cluster
from pipeline.explain.graph import strongest_path
from pipeline.explain.kept import (
    LinkedTables,
    as_evidence,
    as_pair,
    linked_by_stewards,
    person_of,
    records_of,
    rows_between,
)
from pipeline.explain.pair import PairStory


def pair_story(tables: LinkedTables, left: str, right: str) -> PairStory:
    """What is kept of two records.

    Raises:
        SettingsError: If a record is not there, or is given twice.
    """
    if left == right:
        raise SettingsError(f"record {left}", "is given twice.", "Give two records, or one person.")
    persons = person_of(tables, (left, right))
    for record in (left, right):
        if record not in persons:
            raise SettingsError(
                f"record {record}", f"is not in {tables.folder}.", "Is --home, or --linked, the right folder?"
            )
    left, right = sorted((left, right))
    is_one = persons[left] == persons[right]
    members = set(records_of(tables, [persons[left]])) if is_one else {left, right}
    rows = [
        row for row in rows_between(tables, members) if row["record_id_l"] in members and row["record_id_r"] in members
    ]
    between = next((row for row in rows if (row["record_id_l"], row["record_id_r"]) == (left, right)), None)
    evidence = as_evidence(tables, between) if between else None
    linked = [as_pair(row).edge for row in rows if row["decision"] == "link"]
    path = strongest_path(linked, left, right) if is_one else None
    return PairStory(left, right, persons[left], persons[right], evidence, path, tables.link_bits, tables.review_bits)


def person_story(tables: LinkedTables, person_or_record: str) -> ClusterStory:
    """How a person holds together; a record stands for its person.

    Raises:
        SettingsError: If no person or record has this id.
    """
    members = records_of(tables, [person_or_record])
    person = person_or_record
    if not members and (person_of_record := person_of(tables, [person_or_record])):
        person = person_of_record[person_or_record]
        members = records_of(tables, [person])
    if not members:
        raise SettingsError(
            f"person {person_or_record}",
            f"is not in {tables.folder}, nor a record.",
            "Is --home, or --linked, the right folder?",
        )
    pairs = [as_pair(row) for row in rows_between(tables, members)]
    outside = {record for pair in pairs for record in (pair.edge.left, pair.edge.right)} - members.keys()
    return explain_cluster(person, members | person_of(tables, outside), pairs, linked_by_stewards(tables, members))
