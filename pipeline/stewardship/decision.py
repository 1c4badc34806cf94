"""A decision as the log keeps it, and what the decisions on one pair come to."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.core.errors import DecidedPair
from schemas.decisions import Verdict

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the log; ``schemas/tables.py`` describes its columns."""

    seq: int
    decision_id: str
    record_id_l: str | None
    """None, as record_id_r and reason, once the decision was erased by order."""
    record_id_r: str | None
    verdict: Verdict
    decided_by: str
    decided_at: dt.datetime
    recorded_at: dt.datetime
    entered_by: str | None = None
    reason: str | None = None
    retracts: str | None = None
    confirms: str | None = None
    supersedes: str | None = None
    needs_second: bool = False
    second_because: str | None = None
    fingerprint_l: str | None = None
    fingerprint_r: str | None = None
    evidence_hash: str | None = None
    evidence: str | None = None
    run_id: str | None = None
    model: str | None = None
    roles_l: str | None = None
    roles_r: str | None = None
    rules: str | None = None
    n_records: int | None = None
    erasure_id: str | None = None

    @property
    def pair(self) -> Pair:
        """The two records, smaller id first."""
        if self.record_id_l is None or self.record_id_r is None:
            raise ValueError(f"decision {self.decision_id} was erased")
        return self.record_id_l, self.record_id_r

    def decided_pair(self) -> DecidedPair:
        """Who decided what and when, for an error."""
        return DecidedPair(*self.pair, self.verdict, self.decision_id, self.decided_by, self.decided_at)


@dataclass(frozen=True, slots=True)
class PairState:
    """What the decisions on one pair come to."""

    in_force: Decision | None
    """The latest verdict that counts."""
    waiting: tuple[Decision, ...]
    """A later verdict that no second person has confirmed yet, and retractions that wait in the same way; oldest first."""
    confirmed_by: Mapping[str, tuple[Decision, ...]]
    """Decision id to the decisions that second it."""
    live: frozenset[str]
    """Ids of the decisions that were not taken back."""

    @property
    def head(self) -> Decision | None:
        """The latest verdict on the pair, whether it counts or waits."""
        return next((decision for decision in self.waiting if decision.verdict != "retract"), self.in_force)

    def to_confirm_by(self, steward: str) -> Decision | None:
        """The latest verdict, where it waits for a second person whom this steward may be."""
        head = self.head
        return head if head and head in self.waiting and not is_same_person(head.decided_by, steward) else None


def pair_state(decisions: Sequence[Decision]) -> PairState:
    """Fold the decisions on one pair, given in order of entry.

    The latest verdict that was not taken back counts; one that needs a second person counts once it is confirmed, and the
    one before it until then. A decision refers only to earlier ones, so one pass from the latest to the first is enough.
    """
    retracted: set[str] = set()
    confirmed: defaultdict[str, list[Decision]] = defaultdict(list)
    verdicts: list[Decision] = []
    waiting: list[Decision] = []
    live: set[str] = set()
    for decision in reversed(decisions):
        if decision.decision_id in retracted:
            continue
        live.add(decision.decision_id)
        counts = not decision.needs_second or decision.decision_id in confirmed
        if decision.confirms:
            confirmed[decision.confirms].append(decision)
        elif decision.verdict == "retract" and counts and decision.retracts:
            retracted.add(decision.retracts)
        elif counts:
            verdicts.append(decision)
        elif decision.verdict == "retract" or not (verdicts or any(later.verdict != "retract" for later in waiting)):
            waiting.append(decision)
    still_waiting = tuple(
        decision for decision in reversed(waiting) if decision.verdict != "retract" or decision.retracts in live
    )
    return PairState(
        verdicts[0] if verdicts else None,
        still_waiting,
        {decision_id: tuple(reversed(confirmations)) for decision_id, confirmations in confirmed.items()},
        frozenset(live),
    )


def links_to_lift(decisions: Sequence[Decision], state: PairState) -> Iterator[Decision]:
    """Links on a pair that must be taken back for none to be left, the latest first; none where another verdict replaced them."""
    for decision in reversed(decisions):
        if decision.decision_id not in state.live or decision.confirms or decision.verdict == "retract":
            continue
        if decision.verdict != "link":
            return
        yield decision


def by_pair(decisions: Iterable[Decision]) -> dict[Pair, list[Decision]]:
    """The decisions of each pair in order of entry; erased ones are left out."""
    grouped: defaultdict[Pair, list[Decision]] = defaultdict(list)
    for decision in sorted(decisions, key=lambda decision: decision.seq):
        if decision.record_id_l is not None:
            grouped[decision.pair].append(decision)
    return dict(grouped)


def is_same_person(first: str, second: str) -> bool:
    """Whether two names stand for one steward."""
    return name_key(first) == name_key(second)


def name_key(name: str) -> str:
    """A name as it is compared: capitals, spaces and width do not make another one."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
