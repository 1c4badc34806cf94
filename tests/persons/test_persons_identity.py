"""Identities that last, whatever happens to clusters."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.persons.identity import Span, carry_on, ledger_table, spans_of

RECORDS = [f"r{number:02d}" for number in range(14)]


def clusters_of(labels: dict[str, int]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for record, label in sorted(labels.items()):
        out.setdefault(str(label), []).append(record)
    return {min(records): records for records in out.values()}


def nights(*labels: dict[str, int]):
    ledger: tuple[Span, ...] = ()
    for number, night in enumerate(labels, start=1):
        found = carry_on(clusters_of(night), ledger, f"2026-11-{number:02d}-1", "data")
        ledger = found.ledger
        yield found


def test_nothing_changed_gives_the_same_ids_and_the_same_ledger() -> None:
    night = {"a": 1, "b": 1, "c": 2}
    first, second = nights(night, night)
    assert first.person_of == second.person_of
    assert first.ledger == second.ledger


def test_a_merge_keeps_the_id_that_stood_longest_and_the_other_points_to_it() -> None:
    first, second, third = nights({"a": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 1})
    old, young = second.person_of["a"], second.person_of["b"]
    assert set(third.person_of.values()) == {old}
    assert old == first.person_of["a"]
    ended = [span for span in third.ledger if span.person_id == young]
    assert [(span.valid_to, span.merged_into) for span in ended] == [("2026-11-03-1", old)]


def test_a_split_leaves_the_id_with_most_of_the_old_records() -> None:
    first, second = nights({"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 1, "c": 1})
    assert second.person_of["b"] == second.person_of["c"] == first.person_of["a"]
    parted = second.person_of["a"]
    assert parted != first.person_of["a"]
    assert [span.split_from for span in second.ledger if span.person_id == parted] == [first.person_of["a"]]


def test_a_withdrawn_person_stays_in_the_ledger_and_the_id_is_never_used_again() -> None:
    first, second, third = nights({"a": 1, "b": 2}, {"b": 2}, {"a": 1, "b": 2})
    gone = first.person_of["a"]
    assert [span.valid_to for span in second.ledger if span.person_id == gone] == ["2026-11-02-1"]
    assert third.person_of["a"] != gone


def test_the_tenth_run_of_a_day_comes_after_the_ninth() -> None:
    ledger: tuple[Span, ...] = ()
    for number, night in ((9, {"a": 1}), (10, {"a": 1, "b": 2}), (11, {"a": 1, "b": 1})):
        found = carry_on(clusters_of(night), ledger, f"2026-11-20-{number}", "data")
        ledger = found.ledger
    first = next(span.person_id for span in ledger if span.valid_from == "2026-11-20-9")
    assert set(found.person_of.values()) == {first}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(RECORDS), st.integers(0, 5), min_size=1), min_size=1, max_size=6))
def test_over_any_history_ids_are_unique_spans_do_not_overlap_and_old_ids_resolve(
    history: list[dict[str, int]],
) -> None:
    living: set[str] = set()
    for night, found in zip(history, nights(*history), strict=True):
        assert set(found.person_of) == set(night)
        for records in clusters_of(night).values():
            assert len({found.person_of[record] for record in records}) == 1
        assert len(set(found.person_of.values())) == len(clusters_of(night))
        open_spans = {span.person_id: span for span in found.ledger if span.valid_to is None}
        assert set(open_spans) == set(found.person_of.values())
        spans: dict[str, list[Span]] = {}
        for span in found.ledger:
            spans.setdefault(span.person_id, []).append(span)
        for own in spans.values():
            for before, after in pairwise(own):
                assert before.valid_to is not None
                assert before.valid_to <= after.valid_from
        for person in spans:
            seen, last = {person}, spans[person][-1]
            while last.valid_to is not None and last.merged_into:
                assert last.merged_into not in seen
                seen.add(last.merged_into)
                last = spans[last.merged_into][-1]
        dead = {person for person, own in spans.items() if own[-1].valid_to is not None}
        assert not dead & set(found.person_of.values())
        living |= set(found.person_of.values())
        assert spans_of(ledger_table(found.ledger)) == list(found.ledger)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from(RECORDS), st.integers(0, 5), min_size=1),
    st.dictionaries(st.sampled_from(RECORDS), st.integers(0, 5), min_size=1),
)
def test_an_id_always_carries_some_of_the_records_it_had(before: dict[str, int], after: dict[str, int]) -> None:
    first, second = nights(before, after)
    for person in set(first.person_of.values()) & set(second.person_of.values()):
        then = {record for record, own in first.person_of.items() if own == person}
        now = {record for record, own in second.person_of.items() if own == person}
        assert then & now
