"""One case as its page shows it: the records of a question, how they compare, what was decided, what would happen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from pipeline.core.errors import DeskRefusedError
from pipeline.explain.graph import parts as parts_of
from pipeline.explain.graph import strongest_path
from pipeline.explain.kept import as_evidence, as_pair
from pipeline.explain.pair import PairStory
from pipeline.review.access import Viewer, shown, shown_all
from pipeline.review.beyond import Beyond, beyond
from pipeline.review.compare import FieldRow, RecordsRow, field_rows, records_rows
from pipeline.review.deciding import warnings_of
from pipeline.review.graph import GraphPicture, graph_picture
from pipeline.review.preview import Preview, preview
from pipeline.review.refusals import Refused, refused
from pipeline.review.seen import Group, Pair, group_of, seen_of
from pipeline.review.shelf import Row, Shelf
from pipeline.review.splitting import Dealt
from pipeline.review.weigh import Weighed, rarity_lines, weighed
from pipeline.review.words import CLOSED_WORDS
from pipeline.stewardship.decision import Decision, pair_state
from pipeline.stewardship.store import Store
from schemas.tables import ENDS

RARE_FIELDS = ("surname", "forename", "postcode", "phone")
MOST_VALUES = 3


@dataclass(frozen=True, slots=True)
class Told:
    """One earlier decision and what it comes to now."""

    decision: Decision
    labels: tuple[str, str]
    state: str
    """in force, waits, confirms another, takes another back, brings another back, taken back, replaced"""


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
    said: str
    rules: tuple[tuple[str, str], ...]
    graph: GraphPicture
    facts: dict[str, Any]
    decisions: tuple[Told, ...]
    head: Decision | None
    warnings: dict[str, Refused]
    """Verdicts that would be refused, and why"""
    events: dict[str, list[Row]] = field(default_factory=dict)
    decision_id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def waiting(self) -> tuple[Told, ...]:
        """Decisions that wait for a second person."""
        return tuple(told for told in self.decisions if told.state == "waits")

    @property
    def waiting_together(self) -> list[tuple[Told, ...]]:
        """The same, those that were entered at once together, the earliest first."""
        found: dict[tuple[object, ...], list[Told]] = {}
        for told in reversed(self.waiting):
            own = told.decision
            found.setdefault((own.decided_by, own.recorded_at, own.reason), []).append(told)
        return [tuple(own) for own in found.values()]

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


def question_of(shelf: Shelf, review_id: str) -> tuple[Row, bool]:
    """A question and whether it is still asked.

    Raises:
        DeskRefusedError: 404, if there is none.
    """
    if found := shelf.question(review_id):
        return found, True
    if found := shelf.closed(review_id):
        why = CLOSED_WORDS.get(found["reason_code"], found["reason_code"].replace("_", " "))
        return {"reason": f"Asked no more: {why}.", "harm": None, "match_probability": None, **found}, False
    raise DeskRefusedError(
        404, "There is no such question.", "It may have been closed by a later night under another one."
    )


def group_for(shelf: Shelf, question: Row) -> Group:
    """The persons of a question as they are now, also where it was closed and its persons merged."""
    owners = {own for end in ENDS if (record := question[end]) and (own := shelf.owner(record))}
    group = group_of(shelf, sorted({*question["person_ids"], *owners}))
    if not group.records:
        raise DeskRefusedError(410, "The records of this question are not here any more.")
    return group


def labels_of(group: Group) -> dict[str, str]:
    """The number by which a page calls each record."""
    return {record: str(at) for at, record in enumerate(group.records, start=1)}


def pair_of(question: Row, group: Group, given: Sequence[str]) -> Pair:
    """The pair to look at: the one asked for, else the one that made the question, else the strongest.

    Raises:
        DeskRefusedError: 404, if a record is not one of the case.
    """
    asked = sorted({*given}) if len({*given}) == 2 else _made_by(question, group)
    if any(record not in group.records for record in asked) or len(asked) != 2:
        if given:
            raise DeskRefusedError(404, "These two records are not of this case.")
        asked = sorted(group.records)[:2]
    return asked[0], asked[-1]


def _made_by(question: Row, group: Group) -> list[str]:
    """The strongest pair that meets the rule after which the question is called, else the question's own pair.

    A question shows the strongest pair of two persons, while another pair of theirs may have met the rule.
    """
    own = sorted({question["record_id_l"], question["record_id_r"]} - {None})
    owners = {group.records[record]["person_id"] for record in own if record in group.records}
    made = {
        ends: row["match_weight"]
        for ends, row in group.links.items()
        if question["review_type"] in (row["rules"] or ())
        and all(end in group.records for end in ends)
        and {group.records[end]["person_id"] for end in ends} == owners
    }
    if not made or tuple(own) in made:
        return own
    best: Pair = max(made, key=lambda ends: (made[ends], ends))
    return [*best]


def case_of(
    shelf: Shelf,
    store: Store,
    viewer: Viewer,
    question: Row,
    is_open: bool,
    given: Sequence[str] = (),
    with_events: bool = False,
    is_blind: bool = False,
) -> Case:
    """Put a case together.

    Args:
        shelf: the publication.
        store: of decisions.
        viewer: who looks; every record is shown as they may see it.
        question: as ``question_of`` gives it.
        is_open: whether it is still asked.
        given: two records to compare instead of the question's own.
        with_events: events too.
        is_blind: without earlier decisions, for a second look.
    """
    group = group_for(shelf, question)
    pair = pair_of(question, group, given)
    labels = labels_of(group)
    people = tuple(
        Person(shown(viewer, {**row, "borough": None}), shown_all(viewer, group.of(own)))
        for own, row in group.persons.items()
    )
    left, right = (
        shown(viewer, group.records[record]) for record in sorted(pair, key=lambda record: int(labels[record]))
    )
    link = group.links.get(pair)
    found = store.about(list(group.records))
    facts = seen_of(shelf, group, [pair])[0]
    sides = [(person.row["person_id"], person.records) for person in people]
    head = pair_state(found[pair]).head if pair in found else None
    return Case(
        question=question,
        is_open=is_open,
        group=group,
        people=people,
        labels=labels,
        pair=pair,
        left=left,
        right=right,
        rows=field_rows(
            left,
            right,
            link,
            shelf.kept.model,
            store.policy.disagreeing_levels,
            [group.persons[row["person_id"]] if viewer.sees_all else {} for row in (left, right)],
        ),
        weighed=_weighed(shelf, link, left, right),
        beyond=beyond(group, pair) if viewer.sees_all else None,
        said=_said(shelf, group, pair, link),
        rules=_rules(shelf, link),
        graph=graph_picture(sides, _inside(group), labels, pair),
        facts=facts,
        decisions=() if is_blind else told_decisions(found, labels),
        head=None if is_blind else head,
        warnings={} if is_blind else _warnings(store, facts, viewer, labels, f"/cases/{question['review_id']}"),
        events={own: shown_all(viewer, shelf.events(own)) for own in group.persons} if with_events else {},
    )


def preview_of(shelf: Shelf, case: Case, dealt: Dealt | None, verdict: str) -> Preview | None:
    """What a verdict, or a dealing of the records, would do."""
    group = case.group
    if dealt:
        parts = dealt.parts(group)
    elif verdict == "link":
        parts = [list(group.records)]
    else:
        parts = [[row["record_id"] for row in group.of(own)] for own in group.persons]
        if len(parts) == 1:
            parts = _parted(group, case.pair)
    fields = [row for own in group.persons for row in shelf.fields(own)]
    n_events = sum(shelf.n_events(own) for own in group.persons)
    return preview(group, parts, fields, n_events, shelf.reference.survivorship)


def told_decisions(found: dict[Pair, list[Decision]], labels: dict[str, str]) -> tuple[Told, ...]:
    """Decisions on records of the case, latest first, with what each comes to."""
    rows: list[Told] = []
    for pair, decisions in found.items():
        state = pair_state(decisions)
        waiting = {own.decision_id for own in state.waiting}
        ends = _in_order(labels.get(pair[0], "elsewhere"), labels.get(pair[1], "elsewhere"))
        retractions = {own.decision_id for own in decisions if own.verdict == "retract" and not own.confirms}
        rows += (Told(own, ends, _state(own, state.in_force, waiting, state.live, retractions)) for own in decisions)
    return tuple(sorted(rows, key=lambda told: -told.decision.seq))


def _in_order(one: str, other: str) -> tuple[str, str]:
    """Two numbers of records, the smaller first."""
    return (other, one) if one.isdecimal() and other.isdecimal() and int(one) > int(other) else (one, other)


def _state(
    own: Decision, in_force: Decision | None, waiting: set[str], live: frozenset[str], retractions: Collection[str]
) -> str:
    if own.decision_id not in live:
        return "taken back"
    if own.decision_id in waiting:
        return "waits"
    if own.confirms:
        return "confirms another"
    if own.verdict == "retract":
        return "brings another back" if own.retracts in retractions else "takes another back"
    return "in force" if in_force and own.decision_id == in_force.decision_id else "replaced"


def _warnings(
    store: Store, facts: dict[str, Any], viewer: Viewer, labels: dict[str, str], here: str
) -> dict[str, Refused]:
    found = warnings_of(store, facts, viewer.name, ("link", "unlink"))
    return {verdict: refused(refusal, labels, here) for verdict, refusal in found.items()}


def _inside(group: Group) -> list[Row]:
    return [row for (left, right), row in group.links.items() if left in group.records and right in group.records]


def _parted(group: Group, pair: Pair) -> list[list[str]]:
    """Where a person would part if the pair were two: links above it taken, strongest first, until they would join the two."""
    edges = sorted((as_pair(row).edge for row in _inside(group)), key=lambda edge: -edge.bits)
    kept: list[Any] = []
    for edge in edges:
        if not any(set(pair) <= set(part) for part in parts_of(group.records, [*kept, edge])):
            kept.append(edge)
    return [list(part) for part in parts_of(group.records, kept)]


def _weighed(shelf: Shelf, link: Row | None, left: Row, right: Row) -> Weighed | None:
    if link is None or left["is_masked"] or right["is_masked"]:
        return None
    shared = [
        (name, value)
        for name in RARE_FIELDS
        for value in sorted(_values(left, name) & _values(right, name))[:MOST_VALUES]
    ]
    return weighed(
        as_evidence(shelf.kept, link).waterfall,
        shelf.kept.link_bits,
        rarity_lines(shelf.rarity(shared), shelf.n_records),
    )


def _values(row: Row, name: str) -> set[str]:
    value = row[name]
    return set(value) if isinstance(value, list) else {value} - {None}


def _said(shelf: Shelf, group: Group, pair: Pair, link: Row | None) -> str:
    owners = [group.records[record]["person_id"] for record in pair]
    is_one = owners[0] == owners[1]
    linked = [as_pair(row).edge for row in _inside(group) if row["decision"] == "link"]
    path = strongest_path(linked, *pair) if is_one else None
    evidence = as_evidence(shelf.kept, link) if link else None
    return PairStory(*pair, owners[0], owners[1], evidence, path, shelf.kept.link_bits, shelf.kept.review_bits).reason()


def _rules(shelf: Shelf, link: Row | None) -> tuple[tuple[str, str], ...]:
    about = {rule.name: rule.about for rule in shelf.kept.model.rule} if shelf.kept.model else {}
    return tuple((name, about.get(name, "")) for name in (link["rules"] if link else None) or ())
