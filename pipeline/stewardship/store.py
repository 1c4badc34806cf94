"""The store of stewards' decisions: open it, decide, read the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipeline.core.errors import DecisionConflictError, DecisionRefusedError
from pipeline.core.parquet import conform
from pipeline.stewardship.columns import DECISIONS
from pipeline.stewardship.database import check_durable, engine_of, name_of, reading, writing
from pipeline.stewardship.decision import Decision, Pair
from pipeline.stewardship.entering import MOST_AT_ONCE, Entering, Recorded, decisions_named, decisions_on
from pipeline.stewardship.groups import Published
from pipeline.stewardship.migrate import upgrade
from pipeline.stewardship.patience import with_patience
from pipeline.stewardship.policy import load_policy
from schemas.decisions import NewDecision, StewardPolicy
from schemas.tables import DECISIONS as CONTRACT

T = TypeVar("T")
PATIENCE_S = 90.0
"""How long a call waits for a database that is busy or gone."""
Refusal = DecisionConflictError | DecisionRefusedError
REFUSALS = (DecisionConflictError, DecisionRefusedError)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would come of decisions."""

    refusal: Refusal | None
    rows: tuple[Decision, ...]
    """As they would be written, up to the one that is refused"""
    groups: tuple[frozenset[str], ...]
    """Records that would be, or may be, one person each"""

    @property
    def second_because(self) -> tuple[str, ...]:
        """Rules by which another steward must confirm them."""
        waiting = (row.second_because for row in self.rows if row.needs_second and row.second_because)
        return tuple(sorted({rule for because in waiting for rule in because.split(";")}))


class Store:
    """An open store, as ``open_store`` gives it. May be shared by threads."""

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
            outcomes += self.write(partial(self._enter, part, entered_by))
        return outcomes

    def read(self, work: Callable[[Connection], T], patience_s: float | None = None) -> T:
        """Do the work on one state of the store; None: with the store's own patience."""

        def once() -> T:
            with reading(self.engine) as connection:
                return work(connection)

        return with_patience(self.engine, self.patience_s if patience_s is None else patience_s, once)

    def write(self, work: Callable[[Connection], T], patience_s: float | None = None) -> T:
        """Do the work in one transaction, beside which nobody else writes; when this returns it is on disk."""

        def once() -> T:
            with writing(self.engine) as connection:
                return work(connection)

        return with_patience(self.engine, self.patience_s if patience_s is None else patience_s, once)

    def log(self) -> pa.Table:
        """Every decision in order of entry; contract ``decisions``."""
        query = sa.select(DECISIONS).order_by(DECISIONS.c.seq)
        rows: Sequence[sa.Row[Any]] = self.read(lambda connection: connection.execute(query).all())
        columns = list(zip(*rows, strict=True)) or [()] * len(CONTRACT.columns)
        arrays = [pa.array(values, column.type) for values, column in zip(columns, CONTRACT.columns, strict=True)]
        return conform(pa.Table.from_arrays(arrays, names=list(CONTRACT.names)), CONTRACT)

    def find(self, decision_id: str) -> Decision | None:
        """One decision by its id."""
        return self.named([decision_id]).get(decision_id)

    def about(self, record_ids: Collection[str]) -> dict[Pair, list[Decision]]:
        """Decisions that name one of these records, by pair, each pair's in order of entry."""
        return self.read(lambda connection: decisions_on(connection, record_ids))

    def enter_within(
        self, connection: Connection, decisions: Sequence[NewDecision], published: Published | None = None
    ) -> list[Recorded]:
        """Enter all of these decisions or none, in a transaction of the caller's, which must be one of ``writing``.

        With ``published``, they are held against the groups that records belong to now: their persons in that publication, with
        what links in force have joined since. Without, against decisions alone.
        Cost: what stands around their records is read once, however many they are.

        Raises:
            DecisionConflictError: As ``decide``; the caller's transaction must then be given up.
            DecisionRefusedError: As ``decide``.
        """
        entering = Entering(connection, decisions, self.policy, self.clock(), published=published)
        recorded = [entering.enter(new) for new in decisions]
        entering.write()
        return recorded

    def foresee(
        self, decisions: Sequence[NewDecision], published: Published, record_ids: Collection[str] = ()
    ) -> Foreseen:
        """What would come of decisions, entered together now by ``enter_within``, without entering them.

        Args:
            decisions: in order of entry.
            published: the publication at hand.
            record_ids: records whose groups are asked for.
        """

        def look(connection: Connection) -> Foreseen:
            entering = Entering(connection, decisions, self.policy, self.clock(), published=published)
            refusal: Refusal | None = None
            try:
                for new in decisions:
                    entering.enter(new)
            except REFUSALS as refused:
                refusal = refused
            return Foreseen(refusal, tuple(entering.rows), tuple(entering.groups_of(record_ids)))

        return self.read(look)

    def named(self, decision_ids: Collection[str]) -> dict[str, Decision]:
        """Decisions by their ids; an id that is not there is left out."""
        return self.read(lambda connection: decisions_named(connection, decision_ids))

    def _enter(
        self, decisions: Sequence[NewDecision], entered_by: str | None, connection: Connection
    ) -> list[Recorded | Refusal]:
        outcomes: list[Recorded | Refusal] = []
        entering = Entering(connection, decisions, self.policy, self.clock(), entered_by)
        for new in decisions:
            try:
                outcomes.append(entering.enter(new))
            except REFUSALS as refused:  # nothing of it is written, so the transaction goes on
                outcomes.append(refused)
        entering.write()
        return outcomes


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
