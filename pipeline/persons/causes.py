"""Why a person changed tonight, judged by its own records and those of the persons that it shares records with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.persons.overlap import Overlap

STEWARD, CORRECTED, CONTRACT, NEW, RECOVERED, WITHDRAWN, MODEL, OTHER = (
    "steward",
    "corrected_data",
    "contract",
    "new_data",
    "recovered",
    "withdrawn",
    "model",
    "other_data",
)
RANK = {cause: rank for rank, cause in enumerate((STEWARD, CORRECTED, CONTRACT, NEW, RECOVERED, WITHDRAWN))}
"""Where several causes meet in one person, the first of these names it."""
NO_RECORDS: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What else than the clusters differs between last night and tonight."""

    corrected: Mapping[str, str] = field(default_factory=dict)
    """Records whose content changed: ``corrected_data``, or ``contract`` where another contract version read them."""
    decided: frozenset[str] = frozenset()
    """Records on which stewards' decisions were entered, taken back or lapsed since last night."""
    is_model_new: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """One word, and the records behind it; none where the model or other persons' data did it."""

    word: str
    record_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Causes:
    """The cause of each changed cluster, and of each changed person of last night."""

    of_cluster: Mapping[str, Cause]
    of_person: Mapping[str, Cause]


def judge(overlap: Overlap, seen_before: Iterable[str], evidence: Evidence) -> Causes:
    """Blame every change on a decision, on records, or else on the model or on other persons' data.

    A cluster is judged with last night's persons of its records, and a person with tonight's clusters of its records:
    so a part that was split off by a record's withdrawal knows of that record.

    Args:
        overlap: what changed.
        seen_before: records that were not there last night, but in an earlier one.
        evidence: changed contents, decisions and model.
    """
    returned = frozenset(seen_before)
    if not (overlap.persons or returned or evidence.decided):  # a first night, or only new persons: nothing to weigh
        return Causes({cluster: Cause(NEW, records) for cluster, records in overlap.clusters.items()}, {})
    word = _words(overlap, returned, evidence)
    persons_of, clusters_of = _neighbours(overlap)
    cluster_blame = {cluster: _blamed(records, word) for cluster, records in overlap.clusters.items()}
    person_blame = {person: _blamed(records, word) for person, records in overlap.persons.items()}
    default = Cause(MODEL if evidence.is_model_new else OTHER, NO_RECORDS)
    return Causes(
        _judged(cluster_blame, persons_of, person_blame, default),
        _judged(person_blame, clusters_of, cluster_blame, default),
    )


def _neighbours(overlap: Overlap) -> tuple[Mapping[str, set[str]], Mapping[str, set[str]]]:
    """Last night's persons of each cluster's records, and tonight's clusters of each person's records."""
    persons_of: dict[str, set[str]] = defaultdict(set)
    clusters_of: dict[str, set[str]] = defaultdict(set)
    for cluster, records in overlap.clusters.items():
        for record in records:
            if person := overlap.person_before.get(record):
                persons_of[cluster].add(person)
                clusters_of[person].add(cluster)
    return persons_of, clusters_of


def _judged(
    blame: Mapping[str, Cause | None],
    neighbours: Mapping[str, set[str]],
    neighbour_blame: Mapping[str, Cause | None],
    default: Cause,
) -> dict[str, Cause]:
    """The gravest cause of each cluster or person and its neighbours; ``default`` where none has one."""
    return {
        name: _gravest((cause, *(neighbour_blame[neighbour] for neighbour in neighbours.get(name, ()))), default)
        for name, cause in blame.items()
    }


def _words(overlap: Overlap, seen_before: frozenset[str], evidence: Evidence) -> dict[str, str]:
    """The cause that each record gives; records that stayed as they were give none."""
    words: dict[str, str] = {}
    tonight: set[str] = set()
    for records in overlap.clusters.values():
        tonight.update(records)
        for record in records:
            if record not in overlap.person_before:
                words[record] = RECOVERED if record in seen_before else NEW
    for records in overlap.persons.values():
        words.update((record, WITHDRAWN) for record in records if record not in tonight)
    words.update((record, cause) for record, cause in evidence.corrected.items() if record in tonight)
    words.update(dict.fromkeys(evidence.decided, STEWARD))
    return words


def _blamed(records: tuple[str, ...], word: Mapping[str, str]) -> Cause | None:
    words = [(RANK[word[record]], record) for record in records if record in word]
    if not words:
        return None
    rank, _ = min(words)
    return Cause(list(RANK)[rank], tuple(record for cause_rank, record in words if cause_rank == rank))


def _gravest(blames: Iterable[Cause | None], default: Cause) -> Cause:
    causes = [cause for cause in blames if cause]
    if not causes:
        return default
    word = min((cause.word for cause in causes), key=RANK.__getitem__)
    records = {record for cause in causes if cause.word == word for record in cause.record_ids}
    return Cause(word, tuple(sorted(records)))
