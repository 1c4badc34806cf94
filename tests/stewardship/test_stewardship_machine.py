"""Links of the machine that stewards looked at: each pair counts once, and only while the decision stands."""

from __future__ import annotations

import datetime as dt
import json

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from stewards_say import confirmed, retracted, said

from pipeline.review.questions.machine import LookedAt, keep_machine_pairs, looked_at_by_stewards, made_by_machine
from pipeline.stewardship.columns import DECISIONS, DESK_ANSWERS
from pipeline.stewardship.database import engine_of, reading, writing
from pipeline.stewardship.decision import Decision
from pipeline.stewardship.migrate import MIGRATIONS
from pipeline.stewardship.store import Store, open_store
from schemas.decisions import NewDecision

AT = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
LINKS = [
    {"record_id_l": left, "record_id_r": right, "decision": decision, "decided_by": by}
    for left, right, decision, by in (
        ("a", "b", "link", "model"),
        ("b", "c", "link", "identifier"),
        ("c", "d", "link", "steward"),
        ("a", "e", "review", "model"),
        ("a", "z", "link", "model"),
    )
]
MADE = made_by_machine("abcde", LINKS, [("a", "b"), ("a", "c"), ("c", "d"), ("a", "e")])


def enter(store: Store, *new: NewDecision) -> list[Decision]:
    with writing(store.engine) as connection:
        recorded = store.enter_within(connection, new)
        keep_machine_pairs(connection, recorded, MADE)
    return [one.decision for one in recorded]


def looked_at(store: Store) -> LookedAt:
    with reading(store.engine) as connection:
        return looked_at_by_stewards(connection)


def test_a_pair_is_linked_or_together_by_the_machine_and_neither_where_a_steward_joined_it() -> None:
    assert MADE == {("a", "b"): "linked", ("a", "c"): "together"}


def test_a_link_is_overturned_once_however_often_and_by_whomever_it_was_parted(store: Store) -> None:
    first = enter(store, said("a", "b", "unlink"))[0]
    assert looked_at(store) == LookedAt(1, 1, 1, 1)
    enter(store, retracted(first.decision_id))
    assert looked_at(store) == LookedAt(0, 0, 0, 0)
    again = enter(store, said("a", "b", "unlink", by="bob"))[0]
    enter(store, said("a", "b", "unlink", by="cid", supersedes=again.decision_id))
    assert looked_at(store) == LookedAt(1, 1, 1, 1)
    enter(store, said("a", "c", "unlink"))  # the same person parted from another record of it
    assert looked_at(store) == LookedAt(1, 1, 1, 1)


def test_a_link_that_stands_was_upheld_and_one_that_waits_counts_once_it_is_confirmed(store: Store) -> None:
    enter(store, said("a", "c"), said("c", "d"))
    waits = enter(store, said("a", "b", needs_second=True))[0]
    assert looked_at(store) == LookedAt(0, 0, 1, 0)
    enter(store, confirmed(waits.decision_id))
    assert looked_at(store) == LookedAt(1, 0, 1, 0)


def test_answers_of_before_are_counted_once_by_their_decisions(url: str) -> None:
    engine = engine_of(url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for seq, right in enumerate("bcd", start=1):
            row = {
                "seq": seq,
                "decision_id": f"D{seq}",
                "record_id_l": "a",
                "record_id_r": right,
                "verdict": "unlink",
                "decided_by": "ann",
                "decided_at": AT,
                "recorded_at": AT,
                "reason": "Seen",
                "needs_second": False,
            }
            connection.execute(sa.insert(DECISIONS), row)
        for answer, (ids, was_linked) in enumerate(((["D1", "D2"], True), (["D3"], False))):
            row = {
                "answer_id": str(answer),
                "review_id": "Q",
                "review_type": "twin_suspicion",
                "verdict": "split",
                "decided_by": "ann",
                "decided_at": AT,
                "decision_ids": json.dumps(ids),
                "last_seq": 3,
                "was_linked": was_linked,
                "is_undone": False,
            }
            connection.execute(sa.insert(DESK_ANSWERS), row)
    engine.dispose()
    with open_store(url) as store:
        assert looked_at(store) == LookedAt(0, 0, 1, 1)
