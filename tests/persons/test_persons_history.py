"""What became of an id, told from the ledger."""

from __future__ import annotations

from nights_of_clusters import Home

from pipeline.persons.history import person_history, record_history


def test_a_history_tells_merges_splits_and_records_that_came_and_went() -> None:
    home = Home()
    home.night("ab", "c")
    first, other = home.person["a"], home.person["c"]
    home.night("abcd")
    home.night("ab", "cd")
    survivor = first if home.person["a"] == first or home.person["c"] == first else other
    story = person_history(home.ledger, survivor)
    assert story is not None
    assert (story.state, story.present[0]) == ("standing", survivor)
    took, parted = story.chapters[1], story.chapters[2]
    assert took.took_over == ({first, other} - {survivor} and tuple({first, other} - {survivor}))
    assert "d" in took.joined
    assert took.cause == "new_data"
    assert (took.from_run, took.from_date, took.to_date) == ("2026-11-02-1", "2026-11-02", "2026-11-03")
    assert parted.parted == tuple(set(home.person.values()) - {survivor})
    assert len(parted.left) == 2


def test_an_id_that_was_merged_away_tells_whom_it_stands_for_today() -> None:
    home = Home()
    home.night("ab", "c")
    home.night("abc")
    gone = home.published["2026-11-01-1"]["c"]
    survivor = home.person["a"]
    if survivor == gone:
        gone = home.published["2026-11-01-1"]["a"]
    story = person_history(home.ledger, gone)
    assert story is not None
    assert (story.state, story.present) == ("merged", (survivor,))
    assert story.chapters[-1].merged_into == survivor


def test_a_withdrawn_person_is_told_as_nobody() -> None:
    home = Home()
    home.night("ab", "c")
    gone = home.person["c"]
    home.night("ab")
    story = person_history(home.ledger, gone)
    assert story is not None
    assert (story.state, story.present, story.chapters[-1].ended_by) == ("withdrawn", (), "withdrawn")


def test_a_record_tells_whose_it_was_and_when() -> None:
    home = Home()
    home.night("ab", "cd")
    one, two = home.person["a"], home.person["c"]
    home.night("abx", "cd")
    home.night("ax", "bcd")
    assert [(stay.person_id, stay.from_run, stay.to_run) for stay in record_history(home.ledger, "b")] == [
        (one, "2026-11-01-1", "2026-11-03-1"),
        (two, "2026-11-03-1", None),
    ]
    assert record_history(home.ledger, "nobody") == ()
    assert person_history(home.ledger, "nobody") is None


def test_the_history_of_a_merge_that_was_undone_ends_where_the_id_leads() -> None:
    home = Home()
    home.night("ab", "c")
    gone = home.person["c"]
    home.night("abc")
    survivor = home.person["a"]
    home.night("ab", "c")
    parted = home.person["c"]
    assert len({gone, survivor, parted}) == 3
    story = person_history(home.ledger, gone)
    assert story is not None
    assert story.present == (parted,)
    (step,) = story.onward
    assert (step.came_from, step.person_id, step.record_ids) == ((survivor,), parted, ("c",))
    assert (step.from_run, step.to_run) == ("2026-11-03-1", None)
    home.night("ab", "cd")
    home.night("abcd")
    story = person_history(home.ledger, gone)
    assert story is not None
    assert next((step.person_id, step.to_run) for step in story.onward) == (parted, "2026-11-05-1")
    assert story.onward[-1].person_id == story.present[0]
    assert story.onward[-1].to_run is None
