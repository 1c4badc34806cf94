"""One case as its page shows it: the records of a question, how they compare, and what was decided before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from pipeline.review.admission.access import Viewer, shown, shown_all
from pipeline.review.cases.all_records import RecordsRow, records_rows
from pipeline.review.cases.beyond import AsOne, Beyond, as_one, beyond
from pipeline.review.cases.compare import FieldRow, are_opposed, field_rows
from pipeline.review.cases.graph import GraphPicture, graph_picture
from pipeline.review.cases.pair_story import Moved, moved_since, rules_of, story_of, weighed_pair
from pipeline.review.cases.weigh import Weighed
from pipeline.review.decisions.deciding import is_anothers
from pipeline.review.decisions.foreseen import foreseen, seconds_by_publication
from pipeline.review.questions.closing import Closing, closing_of
from pipeline.review.questions.detached import why_detached
from pipeline.review.questions.question import group_for, is_asked, labels_of, pair_of
from pipeline.review.questions.refusals import Refused, TellingPage, refused
from pipeline.review.records.earlier_decisions import ELSEWHERE, EarlierDecision, earlier_decisions, waiting_together
from pipeline.review.records.group import Group, Pair, published_facts
from pipeline.review.records.shelf import Row, Shelf
from pipeline.stewardship.decision import Decision, pair_state
from pipeline.stewardship.store import Store
from schemas.decisions import Verdict

NO_LONGER_WAITS = "By the night a decision waited here for a second steward. It does not any more: see what stands now."


@dataclass(frozen=True, slots=True)
class CaseView:
    """What of a case its viewer wants to see."""

    pair: tuple[str, ...] = ()
    """Two records to compare instead of the question's own"""
    with_events: bool = False
    is_blind: bool = False
    """Without earlier decisions, for a second look"""


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the case with its records, as the viewer may see them."""

    row: Row
    records: list[Row]


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that the page needs."""

    question: Row
    is_open: bool
    group: Group
    people: tuple[Person, ...]
    labels: dict[str, str]
    pair: Pair
    left: Row
    right: Row
    rows: list[FieldRow]
    weighed: Weighed | None
    beyond: Beyond | None
    """What the persons' other records say"""
    as_one: AsOne | None
    """What the persons weigh as one"""
    story: str
    rules: tuple[tuple[str, str], ...]
    graph: GraphPicture
    facts: dict[str, Any]
    decisions: tuple[EarlierDecision, ...]
    head: Decision | None
    moved: tuple[Moved, ...]
    """Fields whose evidence is not what it was when that was decided"""
    replaced: str | None
    """Id of another steward's decision on the pair, which a verdict would replace"""
    warnings: dict[Verdict, Refused]
    """Verdicts that would be refused, and why"""
    seconds: dict[Verdict, str]
    """Verdicts that a second steward must confirm, and by which rules"""
    are_opposed: bool
    """The two records' roles are set against each other, as those of a victim and an offender"""
    closing: Closing | None = None
    """What became of the question since it was closed; none while it is asked"""
    events: dict[str, list[Row]] = field(default_factory=dict)
    decision_id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def is_asked(self) -> bool:
        """Whether the queue asks it, and not a steward of themselves."""
        return is_asked(self.question)

    @property
    def reason(self) -> str:
        """Why it is asked, as the night told; but for a second steward who is not waited for any more."""
        is_over = self.is_open and self.question["review_type"] == "second_person" and not self.waiting
        return NO_LONGER_WAITS if is_over else str(self.question.get("reason") or "")

    @property
    def waiting(self) -> tuple[EarlierDecision, ...]:
        """Decisions that wait for a second person."""
        return tuple(earlier for earlier in self.decisions if earlier.state == "waits")

    @property
    def waiting_together(self) -> list[tuple[EarlierDecision, ...]]:
        """The same, those that were entered together in one group, the earliest first."""
        return waiting_together(self.decisions)

    @property
    def has_unlink(self) -> bool:
        """Whether a decision in force keeps records of the case apart."""
        return any(
            earlier.state == "in force" and earlier.decision.verdict == "unlink" and ELSEWHERE not in earlier.labels
            for earlier in self.decisions
        )

    @property
    def records(self) -> list[Row]:
        """All records, person by person."""
        return [row for person in self.people for row in person.records]

    @property
    def records_rows(self) -> list[RecordsRow]:
        """All records, field by field, with what differs marked."""
        return records_rows(self.records)

    @property
    def other_pairs(self) -> list[tuple[str, str]]:
        """Records by id and label, for choosing another pair."""
        return [(record, f"Record {label}") for record, label in self.labels.items()]


def case_of(shelf: Shelf, store: Store, viewer: Viewer, question: Row, is_open: bool, view: CaseView) -> Case:
    """Put a case together.

    Args:
        shelf: the publication.
        store: of decisions.
        viewer: who looks; every record is shown as they may see it.
        question: as ``question_of`` gives it.
        is_open: whether it is still asked.
        view: what of it is to be seen.
    """
    group = group_for(shelf, question)
    pair = pair_of(question, group, view.pair)
    labels = labels_of(group)
    people = tuple(
        Person(shown(viewer, {**row, "borough": None}), shown_all(viewer, group.of(person_id)))
        for person_id, row in group.persons.items()
    )
    left, right = (
        shown(viewer, group.records[record]) for record in sorted(pair, key=lambda record: int(labels[record]))
    )
    are_two = left["person_id"] != right["person_id"]  # one person's values stand for both sides and compare nothing
    golden = [group.persons[row["person_id"]] if viewer.sees_all and are_two else {} for row in (left, right)]
    link = group.links.get(pair)
    facts = published_facts(shelf, group, [pair])[0]
    sides = [(person.row["person_id"], person.records) for person in people]
    decisions = {} if view.is_blind else store.about(list(group.records))
    head = pair_state(decisions.get(pair, ())).head
    replaced = head.decision_id if head and is_anothers(head, viewer.name) else None
    outcomes = {} if view.is_blind else foreseen(shelf, store, facts, viewer.name, replaced)
    seconds = (
        seconds_by_publication(store.policy, facts, viewer.name)
        if view.is_blind
        else {verdict: outcome.second_because for verdict, outcome in outcomes.items()}
    )
    page = TellingPage(shelf, viewer, labels, f"/cases/{question['review_id']}")
    return Case(
        question=question,
        is_open=is_open,
        group=group,
        people=people,
        labels=labels,
        pair=pair,
        left=left,
        right=right,
        rows=field_rows(left, right, link, shelf.kept.model, store.policy.disagreeing_levels, golden),
        weighed=weighed_pair(shelf, group, link, left, right),
        beyond=beyond(group, pair) if viewer.sees_all else None,
        as_one=as_one(shelf, question) if viewer.sees_all else None,
        story=story_of(shelf, group, pair, link),
        rules=rules_of(shelf, link),
        graph=graph_picture(sides, group.inner_links(), labels, pair),
        facts=facts,
        decisions=earlier_decisions(decisions, labels, why_detached(shelf)),
        head=head,
        moved=moved_since(shelf, head.evidence or "", facts.get("evidence", ""), store.policy) if head else (),
        warnings={verdict: refused(outcome.refusal, page) for verdict, outcome in outcomes.items() if outcome.refusal},
        seconds={verdict: ";".join(rules) for verdict, rules in seconds.items() if rules},
        replaced=replaced,
        are_opposed=are_opposed(left, right, store.policy),
        closing=None if is_open else closing_of(shelf, question, group, decisions),
        events={person_id: shown_all(viewer, shelf.events(person_id)) for person_id in group.persons}
        if view.with_events
        else {},
    )
