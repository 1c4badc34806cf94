"""Decisions on their way into the log: each is held against those that stand, which are read once however many they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.core.errors import DecisionRefusedError
from pipeline.stewardship.columns import DECISIONS
from pipeline.stewardship.decision import Decision, Pair, PairState, by_pair, pair_state
from pipeline.stewardship.entry import Place, admit, is_sent_again
from pipeline.stewardship.groups import Published
from pipeline.stewardship.surroundings import Surroundings
from schemas.decisions import NewDecision, StewardPolicy

MOST_AT_ONCE = 400
"""Record ids in one question to the database, and decisions in one transaction of ``decide_all``"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision that is in the store, on disk."""

    decision: Decision
    is_new: bool
    """False where it was there already, by its id."""


class Entering:
    """Decisions on their way into the log, each held against those that stand and those before it."""

    def __init__(
        self,
        connection: Connection,
        decisions: Sequence[NewDecision],
        policy: StewardPolicy,
        now: dt.datetime,
        entered_by: str | None = None,
        published: Published | None = None,
    ) -> None:
        self.rows: list[Decision] = []
        self._connection = connection
        self._policy, self._entered_by = policy, entered_by
        wanted = {named for new in decisions for named in (new.decision_id, new.retracts, new.confirms) if named}
        self._known = decisions_named(connection, wanted)
        references = (self._known.get(new.retracts or new.confirms or "") for new in decisions)
        referred_to = [decision for decision in references if decision and not decision.erasure_id]
        ends = [end for new in decisions for end in (new.record_id_l, new.record_id_r) if end]
        ends += [end for decision in referred_to for end in decision.pair]
        self._around = Surroundings(partial(decisions_on, connection), ends, published)
        self._seq, self._at = _last_place(connection, now)
        if published:
            self._around.foresee([row for new in decisions if (row := self._foreseen(new))])

    def enter(self, new: NewDecision) -> Recorded:
        """Take in one decision, unless it is there already."""
        if (stored := self._known.get(new.decision_id)) and is_sent_again(new, stored):
            return Recorded(stored, is_new=False)
        decision = self.admitted(new)
        self._seq += 1
        self._known[decision.decision_id] = decision
        self._around.add(decision)
        self.rows.append(decision)
        return Recorded(decision, is_new=True)

    def admitted(self, new: NewDecision) -> Decision:
        """The row that it becomes."""
        named = self._named(new.retracts or new.confirms)
        place = Place(self._seq + 1, self._at, self._entered_by)
        return admit(new, named, self._around, self._policy, place)

    def groups_of(self, record_ids: Collection[str]) -> list[frozenset[str]]:
        """The groups that some records belong to with all that was taken in, those that wait as if they counted."""
        for row in self.rows:
            if row.needs_second:
                self._around.add(replace(row, needs_second=False))
        return list(dict.fromkeys(self._around.group_after(record) for record in record_ids))

    def _foreseen(self, new: NewDecision) -> Decision | None:
        """What pairs come to by it; none where it is there already, or what it names is not."""
        named = self._known.get(new.retracts or new.confirms or "")
        pair = named.pair if named and not named.erasure_id else (new.record_id_l, new.record_id_r)
        verdict = new.verdict or (named.verdict if named else None)
        if new.decision_id in self._known or verdict is None or None in pair:
            return None
        row = Decision(self._seq, new.decision_id, *pair, verdict, new.decided_by, self._at, self._at)
        return replace(row, retracts=new.retracts, confirms=new.confirms)

    def write(self) -> None:
        """Write what was taken in."""
        if self.rows:
            self._connection.execute(sa.insert(DECISIONS), [asdict(row) for row in self.rows])

    def _named(self, decision_id: str | None) -> Decision | None:
        if decision_id is None:
            return None
        decision = self._known.get(decision_id)
        if decision is None or decision.erasure_id:
            problem = f"There is no decision {decision_id}."
            raise DecisionRefusedError(problem, "`boroughlink decide --list` shows what stands.")
        return decision


def _last_place(connection: Connection, now: dt.datetime) -> tuple[int, dt.datetime]:
    """The last number, and the time, which never goes back, whatever the machine's clock does."""
    last = connection.execute(
        sa.select(DECISIONS.c.seq, DECISIONS.c.recorded_at).order_by(DECISIONS.c.seq.desc()).limit(1)
    ).one_or_none()
    return (last.seq, max(now, last.recorded_at)) if last else (0, now)


def decisions_named(connection: Connection, decision_ids: Iterable[str]) -> dict[str, Decision]:
    """Decisions by their ids; an id that is not there is left out."""
    ids = sorted(decision_ids)
    named: dict[str, Decision] = {}
    for start in range(0, len(ids), MOST_AT_ONCE):
        is_named = DECISIONS.c.decision_id.in_(ids[start : start + MOST_AT_ONCE])
        rows = connection.execute(sa.select(DECISIONS).where(is_named))
        named |= {row.decision_id: Decision(*row) for row in rows}
    return named


def decisions_on(connection: Connection, record_ids: Iterable[str]) -> dict[Pair, list[Decision]]:
    """Decisions that name one of these records, by pair, each pair's in order of entry."""
    ids = sorted(set(record_ids))
    found: dict[int, Decision] = {}  # one on two of the records may come twice
    for start in range(0, len(ids), MOST_AT_ONCE):
        part = ids[start : start + MOST_AT_ONCE]
        is_touched = sa.or_(DECISIONS.c.record_id_l.in_(part), DECISIONS.c.record_id_r.in_(part))
        found |= {row.seq: Decision(*row) for row in connection.execute(sa.select(DECISIONS).where(is_touched))}
    return by_pair(found.values())


def states_of(connection: Connection, pairs: Collection[Pair]) -> dict[Pair, PairState]:
    """What the decisions on some pairs come to; a pair without any is left out."""
    on_pairs = decisions_on(connection, {end for pair in pairs for end in pair})
    return {pair: pair_state(on_pairs[pair]) for pair in pairs if pair in on_pairs}
