"""What the desk tells of answers: once, truly, in its own words, and to whom it concerns."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from pipeline.review.admission.access import Viewer
from pipeline.review.admission.sealing import Seal
from pipeline.review.frame.pages import moment, night
from pipeline.review.frame.words import JOINERS, plain_text
from pipeline.review.questions.question import pair_of
from pipeline.review.questions.queue import Filters, next_question, waits_for_others, work_of
from pipeline.review.records.group import Group
from pipeline.review.supervision.overview import overview
from schemas.decisions import NewDecision


@given(st.text(max_size=60))
def test_what_somebody_typed_is_kept_without_signs_that_are_not_seen(text: str) -> None:
    kept = plain_text(f"Reason {text}", 80)
    assert kept.startswith("Reason")
    assert all(sign.isprintable() or sign in JOINERS for sign in kept)
    assert NewDecision(verdict="link", decided_by="A", reason=kept, record_id_l="a", record_id_r="b").reason == kept


def test_letters_stay_and_signs_that_turn_the_writing_go() -> None:
    assert plain_text("Zoë \N{RIGHT-TO-LEFT OVERRIDE}O'Neil\0,\n seen", 80) == "Zoë O'Neil, seen"
    assert plain_text("a" * 9, 4) == "aaaa"


def test_a_second_look_is_drawn_by_the_servers_secret_and_the_same_however_often_one_answers() -> None:
    seals = [Seal([Fernet.generate_key().decode()]) for _ in range(2)]
    drawn = [{at for at in range(4_000) if seal.lot(f"Q{at}|account") < 0.1} for seal in seals]
    assert all(0.07 < len(own) / 4_000 < 0.13 for own in drawn)
    assert drawn[0] != drawn[1]
    assert drawn[0] == {at for at in range(4_000) if seals[0].lot(f"Q{at}|account") < 0.1}


def test_a_night_is_told_as_its_day() -> None:
    assert night("2026-11-20-1") == "20 November 2026"
    assert night("2026-11-20-2") == "20 November 2026 (run 2)"
    assert night("other") == "other"
    assert moment(None) == "\N{EN DASH}"


def test_a_question_opens_on_the_pair_that_made_it_rather_than_on_the_strongest() -> None:
    records = {name: {"record_id": name, "person_id": name[0]} for name in ("p1", "p2", "q1")}
    links = {
        ("p1", "q1"): {"match_weight": 9.0, "rules": []},
        ("p2", "q1"): {"match_weight": 4.0, "rules": ["twin_suspicion"]},
    }
    group = Group({"p": {}, "q": {}}, records, links)
    asked = {"record_id_l": "p1", "record_id_r": "q1", "review_type": "twin_suspicion"}
    assert pair_of(asked, group, ()) == ("p2", "q1")
    assert pair_of(asked, group, ("p1", "q1")) == ("p1", "q1")
    assert pair_of({**asked, "review_type": "grey_pair"}, group, ()) == ("p1", "q1")


def questions(desk: Any, kind: str) -> list[str]:
    sql = "SELECT review_id FROM queue WHERE review_type = ? ORDER BY review_id"
    return [row["review_id"] for row in desk.desk.shelves.current().rows(sql, [kind])]


def decide(browser: Any, case: str, verdict: str, **more: str) -> Any:
    form = browser.form_of(browser.open_case(case), f"/cases/{case}/decide")
    return browser.post(f"/cases/{case}/decide", {**form, "verdict": verdict, "code": "history", **more})


@pytest.mark.flow
def test_signs_that_are_not_seen_and_ids_that_are_none_never_make_the_desk_fail(desk: Any) -> None:
    case, asha = questions(desk, "grey_pair")[0], desk.client("asha")
    assert decide(asha, case, "link", decision_id="no-uuid").status_code == 422
    assert decide(asha, case, "link", text="a\0b \N{RIGHT-TO-LEFT OVERRIDE}c").status_code == 303
    assert desk.desk.store.log().to_pylist()[-1]["reason"].endswith(": ab c")
    asha.post(f"/cases/{case}/undo")


@pytest.mark.flow
def test_what_came_of_a_form_is_told_once_and_not_after_an_address_that_was_made_up(desk: Any) -> None:
    case, asha = questions(desk, "grey_pair")[1], desk.client("asha")
    asha.open_case(case)
    assert "notification-banner" not in asha.get(f"/cases/{case}?done=second").text
    there = decide(asha, case, "link").headers["location"]
    assert "Saved." in asha.get(there).text
    assert "notification-banner" not in asha.get(there).text
    asha.post(f"/cases/{case}/undo")
    assert "Saved." not in asha.get(there).text


@pytest.mark.flow
def test_who_cannot_tell_is_told_that_the_question_is_asked_again(desk: Any) -> None:
    case, asha = questions(desk, "grey_pair")[2], desk.client("asha")
    page = asha.get(decide(asha, case, "unsure").headers["location"]).text
    assert "closes the question" not in page
    assert "asked again, with a lower rank" in page
    asha.post(f"/cases/{case}/undo")


@pytest.mark.flow
def test_a_confirmation_is_told_as_such_and_is_no_second_answer(desk: Any) -> None:
    case, asha, ben = questions(desk, "victim_offender")[-1], desk.client("asha"), desk.client("ben")
    before = numbers(desk)
    decide(asha, case, "link")
    decision = desk.desk.store.log().to_pylist()[-1]["decision_id"]
    ben.open_case(case)
    ben.post(f"/cases/{case}/second", {"decision_id": decision, "agrees": "yes", "text": "Seen both"})
    page = ben.get(f"/cases/{case}").text
    assert re.search(r"Same person</strong>: [^<]*, by Asha Steward on [^<]*, confirmed by Ben Steward on", page)
    after = numbers(desk)
    assert after["answered"] == before["answered"] + 1
    assert after["open"] == before["open"] - 1
    assert after["bands"] == before["bands"] + 1


@pytest.mark.flow
def test_what_a_second_steward_did_meanwhile_is_told_to_the_first_who_still_sees_the_old_page(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, asha, ben = questions(desk, "victim_offender")[-2], desk.client("asha"), desk.client("ben")
    shelf = desk.desk.shelves.current()
    waits = {"review_type": "second_person", "reason": "Another one must confirm it before it counts."}
    asked_at_night = shelf.question(case) | waits
    monkeypatch.setattr(shelf, "question", {case: asked_at_night}.get)
    decide(asha, case, "link")
    decision = desk.desk.store.log().to_pylist()[-1]["decision_id"]
    assert waits["reason"] in ben.open_case(case)
    ben.post(f"/cases/{case}/second", {"decision_id": decision, "agrees": "yes", "text": "Seen both"})
    undone = asha.post(f"/cases/{case}/undo")
    assert undone.status_code == 409
    assert "Ben Steward answered or confirmed here after you" in undone.text
    assert "Take the decision back instead" in undone.text
    assert waits["reason"] not in undone.text
    assert "It does not any more: see what stands now." in undone.text


def numbers(desk: Any) -> dict[str, int]:
    shelf = desk.desk.shelves.current()
    found = desk.desk.read(lambda connection: overview(shelf, connection, desk.desk.clock()))
    return {"answered": found.n_answered, "open": found.n_open, "bands": sum(band.n for band in found.bands)}


@pytest.mark.flow
def test_ones_own_decision_that_waits_is_not_the_next_question_but_that_of_others(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after the night that asks for the second person."""
    shelf = desk.desk.shelves.current()
    case, asha = questions(desk, "victim_offender")[0], desk.client("asha")
    decide(asha, case, "link")
    decision = desk.desk.store.log().to_pylist()[-1]["decision_id"]
    monkeypatch.setattr(shelf, "decisions_read", 10_000)
    monkeypatch.setitem(shelf._made_once, "waiting", [{"review_id": case, "decision_ids": [decision]}])
    viewers = {name: Viewer(name, name, "steward") for name in ("Asha Steward", "Ben Steward")}

    def left_out(connection: Any, viewer: Any) -> tuple[list[str], str | None]:
        waiting = waits_for_others(connection, shelf, viewer)
        work = work_of(connection, viewer, shelf.decisions_read, desk.desk.clock())
        return waiting, next_question(shelf, Filters(kind="victim_offender"), work, viewer, waiting)

    assert desk.desk.read(lambda c: left_out(c, viewers["Asha Steward"]))[0] == [case]
    assert desk.desk.read(lambda c: left_out(c, viewers["Asha Steward"]))[1] != case
    assert desk.desk.read(lambda c: left_out(c, viewers["Ben Steward"]))[0] == []
    page = asha.get(f"/cases/{case}").text
    assert "Your own decision waits" in page
    assert f'action="/cases/{case}/decide"' not in page


@pytest.mark.flow
def test_a_closed_case_says_why_it_was_closed_and_where_to_go(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = desk.desk.shelves.current()
    row = shelf.rows("SELECT * FROM queue WHERE review_type = 'grey_pair' ORDER BY review_id DESC LIMIT 1")[0]
    closed = {name: row[name] for name in ("review_type", "person_ids", "record_id_l", "record_id_r", "opened_in")}
    closed |= {"review_id": "Qclosed", "closed_in": "2026-11-20-1", "reason_code": "decided_link", "decision_ids": None}
    monkeypatch.setattr(shelf, "closed", lambda review_id: closed if review_id == "Qclosed" else None)
    page = desk.client("asha").open_case("Qclosed")
    assert "Asked no more: a steward said that they are one person." in page
    assert "harm" not in page.split("<h1")[0].split("govuk-caption-m")[1]
    assert "Since the night of 20 November 2026" in page
    assert "They are two people now. If they are one after all, say so below." in page
    assert 'value="unlink"' not in page


@pytest.mark.flow
def test_what_the_record_of_one_person_lacks_is_not_told_from_their_other_record(desk: Any) -> None:
    shelf = desk.desk.shelves.current()
    case, ends = next(
        (case, (pair["record_id_l"], pair["record_id_r"]))
        for case in questions(desk, "grey_pair")
        for person in shelf.question(case)["person_ids"]
        for pair in shelf.links(person)
        if {shelf.owner(pair["record_id_l"]), shelf.owner(pair["record_id_r"])} == {person}
    )
    asha = desk.client("asha")
    asha.open_case(case)
    page = asha.get(f"/cases/{case}?l={ends[0]}&r={ends[1]}").text
    assert "One person</td>" in page
    assert "the two people have" not in page
    assert "other records of the person" not in page


@pytest.mark.flow
def test_a_closed_case_tells_the_way_back_that_there_is(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two people the decision is taken back; one person is parted on its page."""
    shelf = desk.desk.shelves.current()
    case, asha = questions(desk, "grey_pair")[1], desk.client("asha")
    row = shelf.question(case)
    decide(asha, case, "unlink")
    decision = desk.desk.store.log().to_pylist()[-1]["decision_id"]
    closed = {
        name: row[name]
        for name in ("review_type", "person_ids", "record_id_l", "record_id_r", "opened_in", "decision_ids")
    }
    closed |= {"review_id": "Qparted", "closed_in": "2026-11-20-1", "reason_code": "decided_unlink"}
    one = shelf.rows(
        "SELECT person_id, min(record_id) AS l, max(record_id) AS r FROM records GROUP BY ALL HAVING count(*) = 3 ORDER BY 1 LIMIT 1"
    )[0]
    joined = {
        **closed,
        "review_id": "Qjoined",
        "person_ids": [one["person_id"]],
        "record_id_l": one["l"],
        "record_id_r": one["r"],
    }
    monkeypatch.setattr(shelf, "closed", {"Qparted": closed, "Qjoined": joined}.get)
    parted = asha.open_case("Qparted")
    assert 'href="#take-back"' in parted
    assert f'<option value="{decision}">' in parted
    assert 'name="records"' not in parted, "nothing to tick where nothing can be parted"
    page = asha.open_case("Qjoined")
    assert f'part the records on the page of <a class="govuk-link id" href="/persons/{one["person_id"]}"' in page
    assert 'href="#take-back"' not in page


@pytest.mark.flow
def test_a_closed_case_that_other_decisions_kept_apart_is_not_told_as_two_people_by_a_steward(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = desk.desk.shelves.current()
    row = shelf.question(questions(desk, "grey_pair")[3])
    closed = {name: row[name] for name in ("review_type", "person_ids", "record_id_l", "record_id_r", "opened_in")}
    closed |= {"review_id": "Qpart", "closed_in": "2026-11-20-1", "reason_code": "link_in_part", "decision_ids": None}
    monkeypatch.setattr(shelf, "closed", {"Qpart": closed}.get)
    page = desk.client("asha").open_case("Qpart")
    assert (
        "Asked no more: a steward said that they are one person, and not all of their records could be joined" in page
    )
    assert "said that they are two people" not in page
    assert 'href="#decisions">earlier decisions</a>' in page


@pytest.mark.flow
def test_a_person_of_one_record_has_no_picture_and_no_word_on_holding_together(desk: Any) -> None:
    shelf, asha = desk.desk.shelves.current(), desk.client("asha")
    persons = "SELECT person_id FROM persons WHERE n_records {} ORDER BY 1 LIMIT 1"
    told = []
    for many in ("= 1", "> 1"):
        person = shelf.rows(persons.format(many))[0]["person_id"]
        asha.post(f"/persons/{person}/why", {"why": "enquiry"})
        told.append(asha.get(f"/persons/{person}").text)
    for words in ("holds together", 'class="graph"'):
        assert [words in page for page in told] == [False, True]
    assert "List of 1 events" not in told[0]
