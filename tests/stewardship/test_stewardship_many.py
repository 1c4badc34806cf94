"""Many decisions at once: as if each were entered alone, at a bounded cost, and undone as a whole."""

from __future__ import annotations

from dataclasses import fields
from itertools import product
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stewards_say import confirmed, retracted, said

from pipeline.review.decisions.undoing import undoing
from pipeline.stewardship.columns import DECISIONS
from pipeline.stewardship.database import writing
from pipeline.stewardship.decision import Decision, pair_state
from pipeline.stewardship.store import REFUSALS, Store, open_store
from schemas.decisions import NewDecision

RECORDS = st.sampled_from("abcde")
STEPS = st.lists(
    st.tuples(
        RECORDS,
        RECORDS,
        st.sampled_from(["link", "unlink", "unsure", "retract", "confirm"]),
        st.sampled_from(["ann", "bob"]),
        st.booleans(),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=25,
)


def decisions_of(steps: list[Any]) -> list[NewDecision]:
    """Steps as decisions; one that retracts or confirms names an earlier one."""
    found: list[NewDecision] = []
    for left, right, what, by, needs_second, back in steps:
        if what in ("retract", "confirm"):
            if found:
                named = found[-1 - back % len(found)].decision_id
                found.append(retracted(named, by) if what == "retract" else confirmed(named, by))
        elif left != right:
            found.append(said(left, right, what, by, needs_second=needs_second))
    return found


def outcomes_of(outcomes: list[Any]) -> list[str]:
    return [str(own) if isinstance(own, REFUSALS) else own.decision.decision_id for own in outcomes]


def alone(store: Store, decisions: list[NewDecision]) -> list[Any]:
    return [store.decide_all([new])[0] for new in decisions]


def emptied(store: Store) -> None:
    with store.engine.connect() as connection, connection.begin():
        for trigger in ("decisions_delete", "decisions_truncate"):
            if store.engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"ALTER TABLE decisions DISABLE TRIGGER {trigger}")
            else:
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger}")
        connection.execute(sa.delete(DECISIONS))


def without_times(store: Store) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if not name.endswith("_at")} for row in store.log().to_pylist()]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_decisions_entered_at_once_come_out_as_if_each_were_entered_alone(store: Store, steps: list[Any]) -> None:
    new = decisions_of(steps)
    emptied(store)
    told = outcomes_of(alone(store, new))
    log = without_times(store)
    emptied(store)
    assert [text.partition("on 20")[0] for text in outcomes_of(store.decide_all(new))] == [
        text.partition("on 20")[0] for text in told
    ]
    assert without_times(store) == log


def test_a_row_of_the_table_is_a_decision_column_by_column() -> None:
    assert [field.name for field in fields(Decision)] == [column.name for column in DECISIONS.c]


def test_thousands_of_pairs_are_parted_and_undone_and_all_stands_as_before(store: Store) -> None:
    ones, others = ([f"{side}{at:03}" for at in range(60)] for side in "ab")
    link = store.decide(said(ones[0], others[0])).decision
    again = store.decide(said(ones[1], others[0])).decision
    stood = {pair: pair_state(own).in_force for pair, own in store.about([*ones, *others]).items()}
    new = [retracted(own.decision_id, by="bob") for own in (link, again)] + [
        said(a, b, "unlink", by="bob") for a, b in product(ones, others)
    ]
    with writing(store.engine) as connection:
        recorded = store.enter_within(connection, new)
    assert len(recorded) == 3_602
    back = undoing(store, [own.decision.decision_id for own in recorded], "bob", "Undone", 120)
    assert (len(back.decisions), back.n_brought_back) == (3_602, 2)
    with writing(store.engine) as connection:
        store.enter_within(connection, back.decisions)
    now = {pair: pair_state(own).in_force for pair, own in store.about([*ones, *others]).items()}
    assert {pair: own for pair, own in now.items() if own} == stood


def test_an_undo_that_needs_a_second_person_waits_for_them_and_is_not_asked_twice(url: str) -> None:
    with open_store(url) as store:
        link = store.decide(said("a", "b")).decision
        lifted = store.decide(retracted(link.decision_id, by="bob")).decision
        parted = store.decide(said("a", "b", "unlink", by="bob")).decision
        ids = [lifted.decision_id, parted.decision_id]
        for new in undoing(store, ids, "bob", "Undone", 2).decisions:
            store.decide(new.model_copy(update={"needs_second": True}))
        state = pair_state(store.about(["a"])["a", "b"])
        assert state.in_force == parted
        assert undoing(store, ids, "bob", "Undone", 2).decisions == ()
        for waiting in state.waiting:
            store.decide(confirmed(waiting.decision_id, by="cara"))
        assert pair_state(store.about(["a"])["a", "b"]).in_force == link
