"""The audit log: what was done at the desk, by whom, to which records and why; each entry carries the hash of the one before.

A hash is the SHA-256 of the entry as canonical JSON (sorted keys, no spaces, UTF-8), the hash of the entry before it included.
A changed, missing or added entry breaks the chain from there on. Entries cut from the end break nothing that is left: keep the
head (number and hash) elsewhere and give it to ``verify``.

An order to erase takes ids and typed words out of entries (``log_erasure``). Such an entry keeps the hash by which the next one
names it, and names the order's receipt; the hash of what is left of it stands in the entry of the erasure, further down the chain.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.stewardship.columns import AUDIT_LOG

GENESIS = "0" * 64
ROWS_AT_ONCE = 10_000
ERASURE = "erasure"
"""Action of the entry that tells of an erasure; its ``hashes``: number of each entry it changed, and the hash of what is left"""
HASHED = ("seq", "at", "actor", "role", "action", "subject", "why", "prev_hash")


@dataclass(frozen=True, slots=True)
class Act:
    """Something done at the desk. No value of a record is in it: only ids, counts and the names of fields."""

    actor: str
    role: str
    action: str
    subject: Mapping[str, Any]
    """Which case, person, records or decisions"""
    why: str = ""
    """A reason chosen from a list; after it and a colon what was typed, where something was"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log."""

    seq: int
    at: str
    """UTC, ISO 8601"""
    actor: str
    role: str
    action: str
    subject: str
    """JSON"""
    why: str
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What a look at the whole chain found."""

    n_entries: int
    head: str
    """Hash of the last entry"""
    broken_at: int | None = None
    """Number of the first entry that does not fit"""
    problem: str = ""

    @property
    def is_whole(self) -> bool:
        """Nothing was changed, taken out or put in."""
        return not self.problem


def append(connection: Connection, act: Act, at: dt.datetime) -> Entry:
    """Write an act, in the transaction in which it is done, which must be one of ``writing``."""
    last = connection.execute(
        sa.select(AUDIT_LOG.c.seq, AUDIT_LOG.c.hash).order_by(AUDIT_LOG.c.seq.desc()).limit(1)
    ).one_or_none()
    row: dict[str, Any] = {
        "seq": last.seq + 1 if last else 1,
        "at": at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "actor": act.actor,
        "role": act.role,
        "action": act.action,
        "subject": canonical(act.subject),
        "why": act.why,
        "prev_hash": last.hash if last else GENESIS,
    }
    entry = Entry(**row, hash=hash_of(row))
    connection.execute(sa.insert(AUDIT_LOG), asdict(entry))
    return entry


def verify(connection: Connection, known_head: tuple[int, str] | None = None) -> Proof:
    """Walk the chain from its first entry; ``known_head``: number and hash of an entry as they were written down once."""
    seq, head = 0, GENESIS
    hash_there = None
    left, left_by_order = dict[int, str](), dict[int, str]()  # number of an erased entry: hash of what is left of it
    while rows := connection.execute(_after(seq)).all():
        for row in rows:
            problem = _problem(row, seq, head)
            if problem:
                return Proof(seq, head, row.seq, problem)
            seq, head = row.seq, row.hash
            if known_head and seq == known_head[0]:
                hash_there = head
            if row.erasure_id:
                left[row.seq] = hash_of(row._asdict())
            elif row.action == ERASURE:
                left_by_order |= {int(number): digest for number, digest in json.loads(row.subject)["hashes"].items()}
    if known_head and hash_there != known_head[1]:
        return Proof(seq, head, known_head[0], "is not the entry that was written down: the log was cut or made anew")
    unproven = next((number for number, digest in left.items() if left_by_order.get(number) != digest), None)
    if unproven is not None:
        return Proof(seq, head, unproven, "was changed: no entry of an erasure tells of what is left of it")
    return Proof(seq, head)


def canonical(value: Any) -> str:  # noqa: ANN401
    """JSON with sorted keys and no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def hash_of(row: Mapping[str, Any]) -> str:
    """The hash of an entry."""
    return hashlib.sha256(canonical({name: row[name] for name in HASHED}).encode()).hexdigest()


def _after(seq: int) -> sa.Select[Any]:
    return sa.select(AUDIT_LOG).where(AUDIT_LOG.c.seq > seq).order_by(AUDIT_LOG.c.seq).limit(ROWS_AT_ONCE)


def _problem(row: sa.Row[Any], seq: int, head: str) -> str:
    if row.seq != seq + 1:
        return f"follows entry {seq}: entries between them are missing"
    if row.prev_hash != head:
        return "does not name the hash of the entry before it"
    if not row.erasure_id and hash_of(row._asdict()) != row.hash:
        return "was changed: its hash does not fit its content"
    return ""
