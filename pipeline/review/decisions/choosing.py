"""The golden record of some records, chosen from their published values as the night chooses it (``pipeline/persons/golden.py``).

The night's own SQL is made for millions of records and takes longer to plan than these few need; a test holds the two together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pipeline.persons.survivorship import Criterion, Survivorship

Row = Mapping[str, Any]
Candidate = tuple[Row, str]
"""A row of ``person_fields`` and the text that its rank is made from"""
Key = tuple[bool, float]


def golden_of(fields: Iterable[Row], owner: Mapping[str, str], survivorship: Survivorship) -> dict[str, dict[str, str]]:
    """Person to field to chosen value.

    Args:
        fields: rows of ``person_fields``: every value of every record.
        owner: record to the person that it would belong to; other records are left out.
        survivorship: rules by which a value is chosen.
    """
    values: defaultdict[str, defaultdict[str, dict[str, Row]]] = defaultdict(lambda: defaultdict(dict))
    for row in fields:
        if row["record_id"] in owner:
            values[owner[row["record_id"]]][row["field"]][row["record_id"]] = row
    return {person: _chosen(person_values, survivorship) for person, person_values in values.items()}


def _chosen(values: Mapping[str, Mapping[str, Row]], survivorship: Survivorship) -> dict[str, str]:
    chosen: dict[str, str] = {}
    grouped = {name for names, _ in survivorship.groups.values() for name in names}
    for name, rules in survivorship.fields.items():
        if name not in grouped and name in values:
            best = _in_order([(row, row["value"]) for row in values[name].values()], rules, survivorship.trust)[0]
            chosen[name] = best["value"]
    for names, rules in survivorship.groups.values():
        rows_by_field = [values.get(name, {}) for name in names]
        records = dict.fromkeys(record for rows in rows_by_field for record in rows)
        if records:
            rows = _in_order([_together(rows_by_field, record) for record in records], rules, survivorship.trust)
            chosen |= _of_first(names, rows_by_field, [row["record_id"] for row in rows])
    return chosen


def _of_first(
    names: Sequence[str], rows_by_field: Sequence[Mapping[str, Row]], records: Sequence[str]
) -> dict[str, str]:
    """What the first record gives, and what it lacks from the next one that says the same of the first field."""

    def says(record: str) -> str | None:
        return rows_by_field[0][record]["value"] if record in rows_by_field[0] else None

    alike = [record for record in records if says(record) == says(records[0])]
    givers = (next((record for record in alike if record in rows), None) for rows in rows_by_field)
    return {
        name: rows[record]["value"] for name, rows, record in zip(names, rows_by_field, givers, strict=True) if record
    }


def _together(rows_by_field: Sequence[Mapping[str, Row]], record: str) -> Candidate:
    rows_of_record = [rows.get(record) for rows in rows_by_field]
    return next(row for row in rows_of_record if row), " ".join(row["value"] if row else "" for row in rows_of_record)


def _in_order(candidates: Sequence[Candidate], rules: Sequence[Criterion], trust: Mapping[str, int]) -> list[Row]:
    """The rows, that which is chosen first."""
    times = Counter(text for _, text in candidates)
    measures: Mapping[Criterion, Callable[[Row, str], float | None]] = {
        "fact": lambda row, _: None if row["basis"] is None else float(row["basis"] == "fact"),
        "trusted": lambda row, _: trust.get(row["source"]),
        "frequent": lambda _, text: times[text],
        "recent": lambda row, _: row["recorded_at"].timestamp() if row["recorded_at"] else None,
        "complete": lambda _, text: len(text),
    }

    def rank(candidate: Candidate) -> tuple[tuple[Key, ...], str]:
        return tuple(_largest_first(measures[rule](*candidate)) for rule in rules), candidate[0]["record_id"]

    return [row for row, _ in sorted(candidates, key=rank)]


def _largest_first(measure: float | None) -> Key:
    """What is not known comes last."""
    return (True, 0.0) if measure is None else (False, -measure)
