"""Persons taken over: the same rows as if all had been made anew, and no change of what they are made of goes unseen."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.lookup import places_among
from pipeline.core.parquet import replace_parts
from pipeline.persons.again import FieldsSince, replace_persons
from pipeline.persons.content import (
    contents_with,
    corrected,
    persons_of_other_confidence,
    persons_of_other_questions,
    record_contents,
    rows_of_other,
)
from schemas.tables import STD_RECORDS

PERSONS = st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.integers(0, 9), min_size=1, max_size=4))
WORDS = st.none() | st.lists(st.none() | st.sampled_from(["", "ALI", "KHAN"]), max_size=2)
SAYS = st.fixed_dictionaries(
    {
        "surname": WORDS,
        "forename": WORDS,
        "middle_names": st.sampled_from([None, "", "ALI"]),
        "flags": st.sampled_from([None, ["unborn"]]),
        "contract_version": st.sampled_from("12"),
        "borough": st.sampled_from([None, "Camden"]),
        "is_no_fixed_abode": st.sampled_from([None, False, True]),
    }
)


def table(rows: dict[str, list[int]]) -> pa.Table:
    found = [(person, value) for person in sorted(rows) for value in rows[person]]
    return pa.table(
        {
            "person_id": pa.array([person for person, _ in found], pa.string()),
            "value": pa.array([value for _, value in found], pa.int8()),
        }
    )


@given(PERSONS, PERSONS, st.sets(st.sampled_from("abcdefgh")), st.lists(st.integers(0, 40), max_size=5))
def test_rows_of_untouched_persons_stand_between_those_made_anew_wherever_parts_end(
    then: dict[str, list[int]], now: dict[str, list[int]], touched: set[str], cuts: list[int]
) -> None:
    now = {person: values for person, values in now.items() if person in touched}
    before = table(then)
    bounds = [0, *sorted(min(cut, len(before)) for cut in cuts), len(before)]
    parts = [before.slice(one, next_ - one) for one, next_ in pairwise(bounds)]
    found = pa.concat_tables(replace_persons(parts, pa.array(sorted(touched), pa.string()), table(now)))
    assert found.equals(table({**{p: own for p, own in then.items() if p not in touched}, **now}))


def records(says: dict[str, dict]) -> pa.Table:
    rows = [
        {
            "record_id": record,
            "feed_id": "f",
            "source": "s",
            "file": "f",
            "file_sha256": "0",
            "row_number": 1,
            "part": 1,
            "role": "subject",
            "basis": "fact",
            **own,
        }
        for record, own in sorted(says.items())
    ]
    return pa.Table.from_pylist(rows, STD_RECORDS.arrow_schema())


def contents(table: pa.Table, boroughs: list[str | None]) -> pa.Table:
    """Of records with an event each, the last one's first."""
    ids = table.column("record_id").combine_chunks()
    rows = np.arange(len(ids))[::-1]
    of_events = pa.array([boroughs[row] for row in rows], pa.string())
    events = pa.table({"event_id": ids, "role": ids, "borough": of_events})
    return record_contents(table, events, rows)


@settings(max_examples=15)  # the database takes its time
@given(st.lists(st.tuples(SAYS, SAYS), min_size=1, max_size=6))
def test_a_record_of_another_content_is_seen_whatever_changed(pairs: list[tuple[dict, dict]]) -> None:
    both = [records({f"r{at}": pair[side] for at, pair in enumerate(pairs)}) for side in (0, 1)]
    then, now = (contents(own, [None] * len(pairs)).append_column("record_id", own.column("record_id")) for own in both)
    content = ("surname", "forename", "middle_names", "flags", "is_no_fixed_abode")
    assert corrected(then, now) == {
        f"r{at}": "corrected_data" if was["contract_version"] == own["contract_version"] else "contract"
        for at, (was, own) in enumerate(pairs)
        if any(was[name] != own[name] for name in content)
    }


@settings(max_examples=15)  # the database takes its time
@given(st.lists(st.tuples(SAYS, SAYS), min_size=1, max_size=6), st.data())
def test_a_record_of_which_a_person_is_made_otherwise_is_seen_whatever_changed(
    pairs: list[tuple[dict, dict]], data: st.DataObject
) -> None:
    boroughs = st.lists(st.sampled_from([None, "Brent"]), min_size=len(pairs), max_size=len(pairs))
    places = data.draw(boroughs), data.draw(boroughs)
    then, now = (
        contents(records({f"r{at}": pair[side] for at, pair in enumerate(pairs)}), places[side]) for side in (0, 1)
    )
    made_of = ("surname", "forename", "middle_names", "borough", "is_no_fixed_abode")
    touched = [
        at
        for at, (was, own) in enumerate(pairs)
        if any(was[name] != own[name] for name in made_of) or places[0][at] != places[1][at]
    ]
    assert rows_of_other("made_of", then, now, np.arange(len(pairs))).tolist() == touched


@settings(max_examples=15)  # the database takes its time
@given(st.lists(st.tuples(SAYS, SAYS, st.booleans()), min_size=1, max_size=6), st.data())
def test_contents_taken_over_are_those_that_would_be_told(
    rows: list[tuple[dict, dict, bool]], data: st.DataObject
) -> None:
    size = len(rows)
    was = contents(records({f"r{at}": was for at, (was, _, _) in enumerate(rows)}), [None] * size)
    table = records({f"r{at}": own if is_own else was for at, (was, own, is_own) in enumerate(rows)})
    is_own, now = np.array([is_own for _, _, is_own in rows]), contents(table, [None] * size)
    order = np.array(data.draw(st.permutations(range(size))))
    found = contents_with(now.filter(pa.array(is_own)), is_own, was.take(pa.array(order)), np.argsort(order))
    assert found.to_pylist() == now.to_pylist()


def test_persons_of_another_confidence_or_number_of_questions_are_seen() -> None:
    then = pa.table(
        {"person_id": ["a", "b", "c"], "cluster_confidence": [1.0, 0.9, 0.8], "n_open_questions": [0, 1, 2]}
    )
    confidence = pa.table({"person_id": ["d", "c", "b", "a"], "confidence": [0.7, 0.8, 0.95, 1.0]})
    queue = pa.table({"person_ids": [["c"], ["b", "c"], ["a", "d"]]})
    assert persons_of_other_confidence(then, confidence).to_pylist() == ["b"]
    assert persons_of_other_questions(then, queue).to_pylist() == ["a"]


@given(PERSONS, st.lists(st.tuples(PERSONS, st.sets(st.sampled_from("abcdefgh"))), max_size=3))
def test_fields_of_a_file_and_of_later_nights_are_those_of_the_last_night(
    tmp_path_factory: pytest.TempPathFactory,
    then: dict[str, list[int]],
    nights: list[tuple[dict[str, list[int]], set[str]]],
) -> None:
    path, rows = tmp_path_factory.mktemp("fields") / "fields.arrow", table(then)
    replace_parts(path, [rows], rows.schema)
    fields = FieldsSince(path, pa.array([], pa.string()), rows.slice(0, 0))
    for now, touched in nights:
        own = {person: values for person, values in now.items() if person in touched}
        then = {**{person: values for person, values in then.items() if person not in touched}, **own}
        fields = fields.next_night(pa.array(sorted(touched), pa.string()), table(own))
    assert pa.concat_tables(fields.parts()).equals(table(then))
    assert pa.concat_tables(fields.parts(["person_id"])).equals(table(then).select(["person_id"]))
    assert fields.n_rows == len(table(then))


LENGTHS = st.sampled_from([(3, 3), (8, 8), (12, 12), (0, 12)])


@given(st.data(), LENGTHS)
def test_ids_are_found_where_they_stand_however_alike_they_begin(data: st.DataObject, lengths: tuple[int, int]) -> None:
    ids = st.lists(st.text("ab", min_size=lengths[0], max_size=lengths[1]), max_size=20)
    among, wanted = sorted(set(data.draw(ids))), data.draw(ids)
    found = places_among(pa.array(wanted, pa.string()), pa.chunked_array([among[:3], among[3:]], pa.string()))
    assert found.tolist() == [among.index(own) if own in among else -1 for own in wanted]
