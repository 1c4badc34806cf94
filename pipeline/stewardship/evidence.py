"""What a steward saw of a pair: its comparison levels, a hash of levels and values, and whether that moved since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from pipeline.core.parquet import conform
from pipeline.core.same_person import WHO, fingerprint
from pipeline.core.text_hash import RECORD_SEPARATOR, UNIT_SEPARATOR, text_hash
from schemas.decisions import StewardPolicy
from schemas.tables import COMPARISONS, FINGERPRINTS, PAIR_EVIDENCE

VALUES_SEEN = (*(name for name in COMPARISONS if name != "age"), "date_of_birth_alt", "age_low", "age_high", "alias")
"""Columns of a record that a steward sees compared."""
FINGERPRINT_COLUMNS = ("record_id", *WHO)
NULL = "null"


def evidence_text(levels: Mapping[str, str]) -> str:
    """Comparison levels as one text, ``field=level``, sorted, ``;`` between; fields with an empty side are left out."""
    return ";".join(f"{field}={level}" for field, level in sorted(levels.items()) if level != NULL)


def evidence_hash(evidence: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> str:
    """A hash of the levels and of the values of both records, the one of the smaller record id first."""
    values = (f"{name}{UNIT_SEPARATOR}{_as_text(record.get(name))}" for record in (left, right) for name in VALUES_SEEN)
    return text_hash((evidence, *values), RECORD_SEPARATOR)


def pair_evidence(
    levels: Mapping[tuple[str, str], Mapping[str, str]], records: Mapping[str, Mapping[str, Any]]
) -> pa.Table:
    """The contract ``pair_evidence`` of some pairs.

    Args:
        levels: of each pair, smaller record id first: field to comparison level.
        records: values of each record, by column of std_records.
    """
    rows = []
    for (left, right), levels_of_pair in sorted(levels.items()):
        text = evidence_text(levels_of_pair)
        digest = evidence_hash(text, records[left], records[right])
        rows.append({"record_id_l": left, "record_id_r": right, "evidence": text, "evidence_hash": digest})
    return conform(pa.Table.from_pylist(rows, PAIR_EVIDENCE.arrow_schema()), PAIR_EVIDENCE)


def was_one_person(evidence: str, policy: StewardPolicy) -> bool:
    """Whether by an evidence text the birthday and the names agreed, of which a side may lack one."""
    seen = _classes(evidence, policy)
    names = [seen[name] for name in ("forename", "surname") if name in seen]
    return seen.get("date_of_birth") == "agrees" and names.count("agrees") == len(names) > 0


def moved_fields(before: str, now: str, policy: StewardPolicy) -> tuple[str, ...]:
    """Fields that moved between agreeing, disagreeing and an empty side: a material change; all else is a shade of it."""
    old, new = _classes(before, policy), _classes(now, policy)
    return tuple(sorted(field for field in old.keys() | new.keys() if old.get(field) != new.get(field)))


def fingerprints(records: pa.Table) -> pa.Table:
    """The contract ``fingerprints``: what tells each record again when its id has changed.

    A source without keys gives a record a new id when its content changes: an id is then a hash of the content. The fingerprint
    is of the feed, the names and the birthday, so it outlives a new address. A record that shares it with another one of the
    feed, or has no name or no birthday, has none: it could be taken for that other one.

    Input: std_records or records, of which record_id, feed_id, forename, surname and date_of_birth are read.
    """
    prints = [fingerprint(record) for record in records.select(WHO).to_pylist()]
    counts = Counter(prints)
    unique = [told if told and counts[told] == 1 else None for told in prints]
    columns = {"record_id": records.column("record_id").cast(pa.string()), "fingerprint": pa.array(unique, pa.string())}
    return conform(pa.table(columns), FINGERPRINTS)


def fingerprint_of_each(prints: pa.Table) -> dict[str, str | None]:
    """Record to its fingerprint, from rows of the contract ``fingerprints``."""
    return dict(zip(*(prints.column(name).to_pylist() for name in ("record_id", "fingerprint")), strict=True))


def _classes(evidence: str, policy: StewardPolicy) -> dict[str, str]:
    parts = (part.partition("=") for part in evidence.split(";") if part)
    return {field: "disagrees" if level in policy.disagreeing_levels else "agrees" for field, _, level in parts}


def _as_text(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return ""
    return UNIT_SEPARATOR.join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
