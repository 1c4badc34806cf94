"""The store of stewards' decisions: open it, decide, read the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipeline.core.errors import DecisionConflictError, DecisionRefusedError
from pipeline.core.parquet import conform
from pipeline.stewardship.columns import DECISIONS
from pipeline.stewardship.database import check_durable, engine_of, name_of, reading, with_patience, writing
from pipeline.stewardship.decision import Decision, Pair, by_pair, pair_state
from pipeline.stewardship.entry import Place, admit, is_sent_again
from pipeline.stewardship.migrate import upgrade
from pipeline.stewardship.policy import load_policy
from schemas.decisions import NewDecision, StewardPolicy
from schemas.tables import DECISIONS as CONTRACT

PATIENCE_S = 90.0
"""How long a call waits for a database that is busy or gone."""
MOST_AT_ONCE = 400
"""Record ids in one question to the database, and decisions in one transaction."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision that is in the store, on disk."""

    decision: Decision
    is_new: bool
    """False where it was there already, by its id."""


Refusal = DecisionConflictError | DecisionRefusedError
REFUSALS = (DecisionConflictError, DecisionRefusedError)


class Store:
    """An open store. May be shared by threads; close it at the end."""

    def __init__(self, engine: Engine, policy: StewardPolicy, patience_s: float) -> None:
        self.engine, self.policy, self.patience_s = engine, policy, patience_s
        self.clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)

    def decide(self, new: NewDecision) -> Recorded:
        """Check a decision against those that stand and write it, in one step; it returns once it is on disk.

        Raises:
            DecisionConflictError: If it contradicts decisions that stand, or replaces another steward's unsaid.
            DecisionRefusedError: If what it names is not there, or the second person is the first one.
            StoreUnavailableError: If the database does not answer; sent again with its id, the decision counts once.
        """
        outcome = self.decide_all([new])[0]
        if isinstance(outcome, REFUSALS):
            raise outcome
        return outcome

    def decide_all(self, decisions: Sequence[NewDecision], entered_by: str | None = None) -> list[Recorded | Refusal]:
        """Enter decisions in order; one that is refused does not keep the others out. ``entered_by``: who brings them."""
        outcomes: list[Recorded | Refusal] = []
        for start in range(0, len(decisions), MOST_AT_ONCE):
            part = decisions[start : start + MOST_AT_ONCE]
            outcomes += with_patience(self.engine, self.patience_s, partial(self._enter, part, entered_by))
        return outcomes

    def log(self) -> pa.Table:
        """Every decision in order of entry, as the contract ``decisions`` tells."""

        def rows() -> Sequence[sa.Row[Any]]:
            with reading(self.engine) as connection:
                return connection.execute(sa.select(DECISIONS).order_by(DECISIONS.c.seq)).all()

        found = with_patience(self.engine, self.patience_s, rows)
        columns = list(zip(*found, strict=True)) or [()] * len(CONTRACT.columns)
        arrays = [pa.array(values, column.type) for values, column in zip(columns, CONTRACT.columns, strict=True)]
        return conform(pa.Table.from_arrays(arrays, names=list(CONTRACT.names)), CONTRACT)

    def find(self, decision_id: str) -> Decision | None:
        """One decision by its id."""

        def row() -> Decision | None:
            with reading(self.engine) as connection:
                return _find(connection, decision_id)

        return with_patience(self.engine, self.patience_s, row)

    def about(self, record_ids: Collection[str]) -> dict[Pair, list[Decision]]:
        """Decisions that name one of these records, by pair, each pair's in order of entry."""

        def rows() -> dict[Pair, list[Decision]]:
            with reading(self.engine) as connection:
                return by_pair({row.seq: row for row in _touching(connection, record_ids)}.values())

        return with_patience(self.engine, self.patience_s, rows)

    def enter_within(
        self, connection: Connection, decisions: Sequence[NewDecision], entered_by: str | None = None
    ) -> list[Recorded]:
        """Enter all of these decisions or none, in a transaction of the caller's, which must be one of ``writing``.

        Raises:
            DecisionConflictError: As ``decide``; the caller's transaction must then be given up.
            DecisionRefusedError: As ``decide``.
        """
        return [self._enter_one(connection, new, entered_by) for new in decisions]

    def would_refuse(self, new: NewDecision) -> Refusal | None:
        """Why a decision would be refused now, without entering it; None where it would not be."""

        def refusal() -> Refusal | None:
            with reading(self.engine) as connection:
                try:
                    self._admitted(connection, new, None)
                except REFUSALS as refused:
                    return refused
                return None

        return with_patience(self.engine, self.patience_s, refusal)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _enter(self, decisions: Sequence[NewDecision], entered_by: str | None) -> list[Recorded | Refusal]:
        outcomes: list[Recorded | Refusal] = []
        with writing(self.engine) as connection:
            for new in decisions:
                try:
                    outcomes.append(self._enter_one(connection, new, entered_by))
                except REFUSALS as refused:  # nothing of it was written, so the transaction goes on
                    outcomes.append(refused)
        return outcomes

    def _enter_one(self, connection: Connection, new: NewDecision, entered_by: str | None) -> Recorded:
        if (stored := _find(connection, new.decision_id)) and is_sent_again(new, stored):
            return Recorded(stored, is_new=False)
        decision = self._admitted(connection, new, entered_by)
        connection.execute(sa.insert(DECISIONS), asdict(decision))
        return Recorded(decision, is_new=True)

    def _admitted(self, connection: Connection, new: NewDecision, entered_by: str | None) -> Decision:
        named = _named(connection, new.retracts or new.confirms)
        pair = named.pair if named else (new.record_id_l or "", new.record_id_r or "")
        place = _next_place(connection, self.clock(), entered_by)
        return admit(new, named, _around(connection, pair), self.policy, place)


@contextmanager
def open_store(url: str, policy: StewardPolicy | None = None, patience_s: float = PATIENCE_S) -> Iterator[Store]:
    """Open the store of a URL, bring its tables to the newest form, and close it after the block.

    Args:
        url: ``sqlite:///path`` or ``postgresql://...``.
        policy: when a second person is needed; default: the bundled policy file.
        patience_s: how long a call waits for a database that is busy or gone.

    Raises:
        SettingsError: If the URL is of another kind, the tables are newer than this version, or the database is set to
            forget what it acknowledged when the power goes.
        StoreUnavailableError: If the database does not answer.
    """
    engine = engine_of(url)

    def prepare() -> None:
        with writing(engine) as connection:
            check_durable(connection, name_of(engine))
            upgrade(connection)

    try:
        with_patience(engine, patience_s, prepare)
        yield Store(engine, policy or load_policy(), patience_s)
    finally:
        engine.dispose()


def _named(connection: Connection, decision_id: str | None) -> Decision | None:
    if decision_id is None:
        return None
    found = _find(connection, decision_id)
    if found is None or found.erasure_id:
        problem = f"There is no decision {decision_id}."
        raise DecisionRefusedError(problem, "`boroughlink decide --list` shows what stands.")
    return found


def _next_place(connection: Connection, now: dt.datetime, entered_by: str | None) -> Place:
    """The next number and the time, which never goes back, whatever the machine's clock does."""
    last = connection.execute(
        sa.select(DECISIONS.c.seq, DECISIONS.c.recorded_at).order_by(DECISIONS.c.seq.desc()).limit(1)
    ).one_or_none()
    return Place(last.seq + 1, max(now, last.recorded_at), entered_by) if last else Place(1, now, entered_by)


def _find(connection: Connection, decision_id: str) -> Decision | None:
    row = connection.execute(sa.select(DECISIONS).where(DECISIONS.c.decision_id == decision_id)).one_or_none()
    return Decision(**row._asdict()) if row else None


def _around(connection: Connection, pair: Pair) -> Mapping[Pair, Sequence[Decision]]:
    """Decisions of the pair, and of every pair of the records that links in force lead to from it."""
    found: dict[Pair, list[Decision]] = {}
    seen: set[str] = set()
    ahead = set(pair)
    while ahead:
        seen |= ahead
        found |= by_pair(_touching(connection, sorted(ahead)))
        links = (own for own, decisions in found.items() if _is_link(decisions))
        ahead = {record for own in links if not seen.isdisjoint(own) for record in own} - seen
    return found


def _is_link(decisions: Sequence[Decision]) -> bool:
    in_force = pair_state(decisions).in_force
    return in_force is not None and in_force.verdict == "link"


def _touching(connection: Connection, record_ids: Collection[str]) -> Iterator[Decision]:
    ids = list(record_ids)
    for start in range(0, len(ids), MOST_AT_ONCE):
        part = ids[start : start + MOST_AT_ONCE]
        own = sa.or_(DECISIONS.c.record_id_l.in_(part), DECISIONS.c.record_id_r.in_(part))
        for row in connection.execute(sa.select(DECISIONS).where(own)):
            yield Decision(**row._asdict())
