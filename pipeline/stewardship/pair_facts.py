"""What a decision keeps of its pair, whoever enters it: the command line and the desk record the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.stewardship.evidence import FINGERPRINT_COLUMNS, evidence_hash, evidence_text
from schemas.decisions import listed
from schemas.tables import RECORDS

PRINTED = pa.schema([RECORDS.arrow_schema().field(name) for name in FINGERPRINT_COLUMNS])
"""Columns of records that ``fingerprints`` reads"""


@dataclass(frozen=True, slots=True)
class PairEnd:
    """One record of a pair, as the publication has it."""

    record: Mapping[str, Any]
    """Its values, by column of records"""
    roles: Iterable[str]
    """Of its person"""
    fingerprint: str | None


@dataclass(frozen=True, slots=True)
class PairScore:
    """What the publication keeps of a pair that was scored."""

    rules: Iterable[str] | None
    levels: Mapping[str, str]
    """Field to comparison level"""


@dataclass(frozen=True, slots=True)
class Seen:
    """Which publication shows the pair."""

    run_id: str | None
    model: str
    """Name, version and hash"""


def facts_of_pair(left: PairEnd, right: PairEnd, score: PairScore | None, n_records: int, seen: Seen) -> dict[str, Any]:
    """Fields of ``NewDecision`` that the publication fills for a pair, its records in the order given.

    Args:
        left: one record.
        right: the other.
        score: None where the pair was not scored and kept; then there is no evidence.
        n_records: of the persons of both.
        seen: the publication.
    """
    facts: dict[str, Any] = {
        "record_id_l": left.record["record_id"],
        "record_id_r": right.record["record_id"],
        "roles_l": listed(left.roles),
        "roles_r": listed(right.roles),
        "rules": listed((score.rules if score else None) or ()),
        "n_records": n_records,
        "fingerprint_l": left.fingerprint,
        "fingerprint_r": right.fingerprint,
        "run_id": seen.run_id,
        "model": seen.model,
    }
    if score:
        first, second = sorted((left.record, right.record), key=lambda record: str(record["record_id"]))
        facts["evidence"] = evidence_text(score.levels)
        facts["evidence_hash"] = evidence_hash(facts["evidence"], first, second)
    return facts
