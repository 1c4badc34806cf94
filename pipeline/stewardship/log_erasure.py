"""Erasure by order in the desk's audit log: who did what and when stays; ids of the records and what was typed go.

The Data Protection Act 2018 (s.62) asks for a log of who looked at what and why, and for one of erasures without the erased
content; s.47 for the erasure. So an entry keeps its number, time, person, act and the reason that was chosen from the list. The
id of a record, which its source's own key gives back, and the words typed after the chosen reason, which may name somebody,
are taken out. Ids of cases, persons and decisions stay: once the record is gone they lead to nobody.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.stewardship.audit import canonical, hash_of
from pipeline.stewardship.columns import AUDIT_LOG as LOG
from pipeline.stewardship.columns import DESK_REASONS as REASONS

ERASED_ID = "erased"
"""Stands in an entry in place of a record's id"""
TYPED = ": "
"""Before what was typed, after the reason that was chosen"""
SUBJECTS = ("review_id", "person_id")
RECORDS = ("records", "others", "l", "r")
"""Parts of an entry that hold ids of records"""
MOST_NEEDLES = 100


@dataclass(frozen=True, slots=True)
class LeftEntry:
    """What is left of an entry."""

    seq: int
    subject: str
    why: str
    hash: str
    """Of the entry with what is left of it"""


@dataclass(frozen=True, slots=True)
class LogErasure:
    """What an order changes of the log."""

    entries: tuple[LeftEntry, ...]
    subjects: frozenset[str]
    """Cases and persons that the records were looked at in"""

    @property
    def hashes(self) -> dict[str, str]:
        """Number of each changed entry and the hash of what is left of it, for the entry that tells of the erasure."""
        return {str(entry.seq): entry.hash for entry in self.entries}


def log_erasure_of(connection: Connection, record_ids: Collection[str]) -> LogErasure:
    """What must go of these records.

    Entries that name a record lose its id, and all entries about the same cases and persons what was typed.
    """
    ids = frozenset(record_ids)
    naming = [row for row in _entries_with(connection, map(_quoted, ids)) if _names(json.loads(row.subject), ids)]
    subjects = {subject for row in naming for subject in _subjects_of(row)}
    about = _entries_with(connection, (f"{_quoted(name)}:{_quoted(value)}" for name, value in subjects))
    typed = (row for row in about if TYPED in row.why and not subjects.isdisjoint(_subjects_of(row)))
    rows = {row.seq: row for row in (*naming, *typed)}
    entries = tuple(_left_of(rows[seq], ids) for seq in sorted(rows))
    return LogErasure(entries, frozenset(value for _, value in subjects))


def erase_in_log(connection: Connection, erasure: LogErasure, erasure_id: str) -> None:
    """Write what is left of the entries, under the order's receipt, and of the reasons that the desk keeps beside the log."""
    for entry in erasure.entries:
        values = {"subject": entry.subject, "why": entry.why, "erasure_id": erasure_id}
        connection.execute(sa.update(LOG).where(LOG.c.seq == entry.seq).values(**values))
    _forget_typed_reasons(connection, erasure.subjects)


def _left_of(row: sa.Row[Any], ids: Collection[str]) -> LeftEntry:
    subject = canonical(_without(json.loads(row.subject), ids))
    why = row.why.partition(TYPED)[0]
    return LeftEntry(row.seq, subject, why, hash_of(row._asdict() | {"subject": subject, "why": why}))


def records_in_log(connection: Connection) -> set[str]:
    """Ids of every record that an entry names."""
    subjects = connection.execute(sa.select(LOG.c.subject)).scalars()
    return {record for subject in subjects for record in _records_of(json.loads(subject))}


def _records_of(subject: Mapping[str, Any]) -> Iterator[str]:
    for name in RECORDS:
        value = subject.get(name)
        yield from (record for record in (value if isinstance(value, list) else [value]) if isinstance(record, str))


def _entries_with(connection: Connection, needles: Iterable[str]) -> list[sa.Row[Any]]:
    """Entries of which the subject holds one of these texts, whatever its capitals."""
    texts = sorted(set(needles))
    rows: dict[int, sa.Row[Any]] = {}
    for start in range(0, len(texts), MOST_NEEDLES):
        holds = sa.or_(*(LOG.c.subject.contains(text, autoescape=True) for text in texts[start : start + MOST_NEEDLES]))
        rows |= {row.seq: row for row in connection.execute(sa.select(LOG).where(holds))}
    return list(rows.values())


def _subjects_of(row: sa.Row[Any]) -> list[tuple[str, str]]:
    """The case and the person that an entry is about."""
    subject = json.loads(row.subject)
    return [(name, subject[name]) for name in SUBJECTS if isinstance(subject.get(name), str)]


def _names(value: Any, ids: Collection[str]) -> bool:  # noqa: ANN401
    if isinstance(value, Mapping):
        return any(_names(part, ids) for part in value.values())
    return any(_names(part, ids) for part in value) if isinstance(value, list) else value in ids


def _without(value: Any, ids: Collection[str]) -> Any:  # noqa: ANN401
    """The same with each of the ids replaced."""
    if isinstance(value, Mapping):
        return {name: _without(part, ids) for name, part in value.items()}
    if isinstance(value, list):
        return [_without(part, ids) for part in value]
    return ERASED_ID if value in ids else value


def _forget_typed_reasons(connection: Connection, subjects: Collection[str]) -> None:
    """Cut what was typed from the reasons for looking that the desk keeps beside the log."""
    rows = connection.execute(sa.select(REASONS).where(REASONS.c.why.contains(TYPED))).all()
    for row in rows:
        if row.subject in subjects:
            is_row = (REASONS.c.account_id == row.account_id) & (REASONS.c.subject == row.subject)
            connection.execute(sa.update(REASONS).where(is_row).values(why=row.why.partition(TYPED)[0]))


def _quoted(text: str) -> str:
    """A text as it stands in an entry's subject."""
    return json.dumps(text, ensure_ascii=False)
