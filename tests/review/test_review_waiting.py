"""What waits for a second person is confirmed or taken back where it was decided, and the queue leads there before any night."""

from __future__ import annotations

from typing import Any

import pytest
from desk_client import Client

from pipeline.review.records.said import numbers_of, parted_words, sides_of
from pipeline.stewardship.audit import verify
from pipeline.stewardship.decision import pair_state
from schemas.decisions import TwoPersonRule

pytestmark = pytest.mark.flow
FOR_EVERY_PARTING = TwoPersonRule(name="parting", about="", verdicts=("unlink",), more_records_than=1)


@pytest.fixture(autouse=True)
def second_for_partings(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = desk.desk.store.policy
    rules = (*policy.two_person, FOR_EVERY_PARTING)
    monkeypatch.setattr(desk.desk.store, "policy", policy.model_copy(update={"two_person": rules}))


def a_person(desk: Any, number: int) -> tuple[str, list[str]]:
    """A person of four records, of whom nobody has decided anything in another test."""
    shelf = desk.desk.shelves.current()
    rows = shelf.rows("SELECT person_id FROM persons WHERE n_records = 4 ORDER BY person_id")
    person: str = rows[number]["person_id"]
    return person, [row["record_id"] for row in shelf.records(person)]


def states_on(desk: Any, records: list[str]) -> list[str]:
    """What the decisions on each pair of the records come to, where there is any."""
    states = map(pair_state, desk.desk.store.about(records).values())
    return ["waits" if state.waiting else "in force" for state in states if state.head]


def page_of(browser: Client, person: str) -> str:
    browser.post(f"/persons/{person}/why", {"why": "second"})
    return browser.get(f"/persons/{person}").text


def unmerged(browser: Client, person: str, records: list[str]) -> str:
    form = browser.form_of(page_of(browser, person), f"/persons/{person}/unmerge")
    sent = {**form, "records": records, "code": "history", "do": "split"}
    answer = browser.post(f"/persons/{person}/unmerge", sent)
    assert answer.headers["location"].endswith("done=waits")
    return browser.get(answer.headers["location"]).text


def test_an_unmerge_that_waits_is_confirmed_as_a_whole_on_the_persons_page_without_parting_again(desk: Any) -> None:
    person, records = a_person(desk, 0)
    asha, ben = desk.client("asha"), desk.client("ben")
    own_page = unmerged(asha, person, records[:1])
    assert "Your own decision waits" in own_page
    assert "Another steward confirms it here" in own_page
    assert 'name="agrees" value="yes"' not in own_page
    page = page_of(ben, person)
    assert "3 pairs of records (<strong>record 1 from records 2, 3 and 4</strong>)" in page
    assert "Confirm all 3" in page
    form = {**ben.form_of(page, f"/persons/{person}/second"), "agrees": "yes"}
    refused = ben.post(f"/persons/{person}/second", form)
    assert refused.status_code == 422
    assert "Say why you confirm it or take it back." in refused.text
    assert states_on(desk, records) == ["waits"] * 3
    done = ben.post(f"/persons/{person}/second", {**form, "text": "Two boys"})
    assert done.headers["location"].endswith("done=second")
    page = ben.get(done.headers["location"]).text
    assert "Confirmed." in page
    assert "Undo the confirmation" in page
    assert states_on(desk, records) == ["in force"] * 3
    assert ben.post(f"/persons/{person}/second", {**form, "text": "Two boys"}).status_code == 409
    assert desk.desk.read(verify).is_whole
    ben.post(f"/persons/{person}/undo")
    assert states_on(desk, records) == ["waits"] * 3


def test_an_unmerge_that_waits_is_taken_back_by_another_steward_or_withdrawn_by_its_own(desk: Any) -> None:
    person, records = a_person(desk, 1)
    asha, ben = desk.client("asha"), desk.client("ben")
    for browser in (ben, asha):
        unmerged(asha, person, records[:2])
        assert states_on(desk, records) == ["waits"] * 4
        form = browser.form_of(page_of(browser, person), f"/persons/{person}/second")
        answer = browser.post(f"/persons/{person}/second", {"text": "One girl", **form, "agrees": "no"})
        assert answer.headers["location"].endswith("done=sent_back")
        assert states_on(desk, records) == []
        assert "A second steward is asked" not in page_of(ben, person)


def test_nobody_confirms_their_own_unmerge_nor_may_a_borough_user(desk: Any) -> None:
    person, records = a_person(desk, 2)
    asha = desk.client("asha")
    page = unmerged(asha, person, records[:1])
    form = {**asha.form_of(page, f"/persons/{person}/second"), "agrees": "yes", "text": "Mine"}
    assert asha.post(f"/persons/{person}/second", form).status_code == 403
    assert desk.client("col").post(f"/persons/{person}/second", form).status_code == 403
    assert states_on(desk, records) == ["waits"] * 3


def test_the_queue_lists_what_waits_since_the_night_and_leads_to_where_it_is_confirmed(desk: Any) -> None:
    person, records = a_person(desk, 3)
    asha, ben = desk.client("asha"), desk.client("ben")
    link = f'href="/persons/{person}"'
    assert link not in ben.get("/queue").text
    unmerged(asha, person, records[:1])
    case = desk.desk.shelves.current().rows(
        "SELECT review_id FROM queue WHERE review_type = 'grey_pair' AND n_pairs = 1 ORDER BY review_id DESC LIMIT 1"
    )[0]["review_id"]
    form = asha.form_of(asha.open_case(case), f"/cases/{case}/decide")
    asha.post(f"/cases/{case}/decide", {**form, "verdict": "unlink", "code": "history"})
    for browser, who in ((asha, "by you"), (ben, "by Asha Steward")):
        listed = browser.get("/queue").text.split('id="waiting"')[1].split("</details>")[0]
        entries = listed.split("<li>")
        of_person = next(entry for entry in entries if link in entry)
        assert "Different people, 3 pairs of records" in of_person
        assert who in of_person
        assert "Different people, 1 pair of records" in next(
            entry for entry in entries if f'href="/cases/{case}"' in entry
        )
    form = ben.form_of(page_of(ben, person), f"/persons/{person}/second")
    ben.post(f"/persons/{person}/second", {**form, "agrees": "yes", "text": "Two boys"})
    assert link not in ben.get("/queue").text


def test_the_sides_of_a_cut_are_told_by_its_pairs_and_nothing_where_they_are_no_cut() -> None:
    assert parted_words([("1", "3"), ("1", "10"), ("2", "3"), ("2", "10")]) == "records 1 and 2 from records 3 and 10"
    assert parted_words([("1", "2"), ("3", "4")]) == "record 1 from record 2; record 3 from record 4"
    assert parted_words(("1", str(other)) for other in range(2, 21)) == "record 1 from 19 records"
    assert parted_words([("1", "2"), ("1", "elsewhere")]) == ""
    assert sides_of([("1", "2"), ("2", "3"), ("1", "3")]) == []


def test_records_are_told_by_their_numbers_and_one_that_is_not_on_the_page_last() -> None:
    assert numbers_of(("3",)) == "record 3"
    assert numbers_of(("10", "2")) == "records 2 and 10"
    assert numbers_of(("elsewhere", "8")) == "record 8 and one elsewhere"
