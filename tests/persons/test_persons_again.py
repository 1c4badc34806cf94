"""Persons taken over: the same rows as if all had been made anew, and no change of what they are made of goes unseen."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.persons.again import taken_over
from pipeline.persons.content import corrected, person_contents, persons_of_other_content, record_contents
from schemas.tables import STD_RECORDS

PERSONS = st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.integers(0, 9), min_size=1, max_size=4))
WORDS = st.none() | st.lists(st.none() | st.sampled_from(["", "ALI", "KHAN"]), max_size=2)
SAYS = st.fixed_dictionaries({
    "surname": WORDS, "forename": WORDS, "middle_names": st.sampled_from([None, "", "ALI"]), "flags": st.sampled_from([None, ["unborn"]]),
    "contract_version": st.sampled_from("12"), "borough": st.sampled_from([None, "Camden"]), "is_no_fixed_abode": st.sampled_from([None, False, True]),
})  # fmt: skip


def table(rows: dict[str, list[int]]) -> pa.Table:
    found = [(person, value) for person in sorted(rows) for value in rows[person]]
    return pa.table({
        "person_id": pa.array([person for person, _ in found], pa.string()), "value": pa.array([value for _, value in found], pa.int8()),
    })  # fmt: skip


@given(PERSONS, PERSONS, st.sets(st.sampled_from("abcdefgh")), st.lists(st.integers(0, 40), max_size=5))
def test_rows_of_untouched_persons_stand_between_those_made_anew_wherever_parts_end(
    then: dict[str, list[int]], now: dict[str, list[int]], touched: set[str], cuts: list[int]
) -> None:
    now = {person: values for person, values in now.items() if person in touched}
    before = table(then)
    bounds = [0, *sorted(min(cut, len(before)) for cut in cuts), len(before)]
    parts = [before.slice(one, next_ - one) for one, next_ in pairwise(bounds)]
    found = pa.concat_tables(taken_over(parts, pa.array(sorted(touched), pa.string()), table(now)))
    assert found.equals(table({**{p: own for p, own in then.items() if p not in touched}, **now}))


def records(says: dict[str, dict]) -> pa.Table:
    rows = [
        {"record_id": record, "feed_id": "f", "source": "s", "file": "f", "file_sha256": "0", "row_number": 1, "part": 1, "role": "subject", "basis": "fact", **own}
        for record, own in sorted(says.items())
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, STD_RECORDS.arrow_schema())


def said(table: pa.Table, boroughs: list[str | None]) -> pa.Table:
    """Two records a person, an event each, and no question."""
    ids = table.column("record_id")
    persons = pa.array([f"P{at // 2}" for at in range(len(ids))], pa.string())
    events = pa.table({"event_id": ids, "person_id": persons, "role": ids, "borough": pa.array(boroughs, pa.string())})
    confidence = pa.table({"person_id": pc.unique(persons), "confidence": [1.0] * len(pc.unique(persons))})
    queue = pa.table({"person_ids": pa.array([], pa.list_(pa.string()))})
    own = table.append_column("person_id", persons)
    return person_contents(own, record_contents(table), events, confidence, queue)


@settings(max_examples=15, deadline=None)  # the database takes its time
@given(st.lists(st.tuples(SAYS, SAYS), min_size=1, max_size=6))
def test_a_record_of_another_content_is_seen_whatever_changed(pairs: list[tuple[dict, dict]]) -> None:
    then, now = (records({f"r{at}": pair[side] for at, pair in enumerate(pairs)}) for side in (0, 1))
    given_ids = then.column("record_id").combine_chunks()
    content = ("surname", "forename", "middle_names", "flags", "is_no_fixed_abode")
    assert corrected(record_contents(then), record_contents(now), given_ids) == {
        f"r{at}": "corrected_data" if was["contract_version"] == own["contract_version"] else "contract"
        for at, (was, own) in enumerate(pairs) if any(was[name] != own[name] for name in content)
    }  # fmt: skip


@settings(max_examples=15, deadline=None)  # the database takes its time
@given(st.lists(st.tuples(SAYS, SAYS), min_size=1, max_size=6), st.data())
def test_a_person_of_other_content_is_seen_whatever_changed(pairs: list[tuple[dict, dict]], data: st.DataObject) -> None:  # fmt: skip
    boroughs = st.lists(st.sampled_from([None, "Brent"]), min_size=len(pairs), max_size=len(pairs))
    places = data.draw(boroughs), data.draw(boroughs)
    then, now = (said(records({f"r{at}": pair[side] for at, pair in enumerate(pairs)}), places[side]) for side in (0, 1))  # fmt: skip
    made_of = ("surname", "forename", "middle_names", "borough", "is_no_fixed_abode")
    touched = {
        f"P{at // 2}" for at, (was, own) in enumerate(pairs)
        if any(was[name] != own[name] for name in made_of) or places[0][at] != places[1][at]
    }  # fmt: skip
    assert set(persons_of_other_content(then, now).to_pylist()) == touched
