"""Two people whom a steward finds are compared and decided on as a question of the queue is, and are none of its questions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from desk_client import Client, in_process
from web_desk import World

from flows.stewards.decision_facts import pair_facts
from pipeline.explain.kept import open_folder
from pipeline.review.questions.queue import answered_since
from pipeline.review.questions.tasks import done_today
from pipeline.stewardship.columns import DESK_SECOND_LOOKS
from pipeline.stewardship.decision import pair_state
from schemas.desk import DeskSettings
from schemas.settings import RunSettings

pytestmark = pytest.mark.flow
EVERY_ANSWER_AGAIN = RunSettings(review=DeskSettings(second_look_share=1.0, sign_ins_a_minute=10_000))
ALONE = """
    SELECT person_id FROM persons WHERE n_records = 2 AND len(roles) = 1 AND roles[1] = ?
      AND person_id NOT IN (SELECT unnest(person_ids) FROM queue) ORDER BY person_id
"""


@pytest.fixture(scope="module")
def desk(world: World) -> Iterator[Any]:
    with in_process(world, EVERY_ANSWER_AGAIN) as opened:
        yield opened


def alone(desk: Any, role: str) -> list[str]:
    """People of two records and one role, of whom the queue asks nothing."""
    return [row["person_id"] for row in desk.desk.shelves.current().rows(ALONE, [role])]


def two_people(desk: Any, number: int) -> tuple[str, str]:
    """Two people whom nothing brings together; each number gives others."""
    people = alone(desk, "victim")
    return people[2 * number], people[2 * number + 1]


def open_person(browser: Client, person: str) -> str:
    browser.post(f"/persons/{person}/why", {"why": "enquiry"})
    return browser.get(f"/persons/{person}").text


def form_on(browser: Client, case: str) -> tuple[str, dict[str, str]]:
    page = browser.open_case(case)
    return page, {**browser.form_of(page, f"/cases/{case}/decide"), "code": "history"}


def test_a_decision_on_two_people_found_keeps_the_same_facts_as_the_command_line(desk: Any) -> None:
    one, other = two_people(desk, 0)
    case, browser = f"pair-{one}-{other}", desk.client("asha")
    page, form = form_on(browser, case)
    assert "Found by a steward" in page
    assert "A steward looks at these two people" in page
    assert "Are these one person?" in page
    assert "Take it" not in page
    shelf = desk.desk.shelves.current()
    assert {shelf.owner(form["l"]), shelf.owner(form["r"])} == {one, other}
    answer = browser.post(f"/cases/{case}/decide", {**form, "verdict": "unlink"})
    assert answer.headers["location"].endswith("done=saved")
    entered = desk.desk.store.log().to_pylist()[-1]
    facts = pair_facts(open_folder(shelf.kept.folder), form["l"], form["r"])
    kept = facts.keys() & entered.keys()
    assert len(kept) >= 8
    assert {name: entered[name] or "" for name in kept} == {name: facts[name] or "" for name in kept}
    assert entered["verdict"] == "unlink"
    assert (entered["evidence_hash"] or "") == form["evidence_hash"]
    page = browser.get(f"/cases/{case}").text
    assert "The next night carries it out." in page
    assert "Find somebody else" in page
    assert browser.post(f"/cases/{case}/undo").headers["location"].endswith("done=undone")
    assert "The question is open again" not in browser.get(f"/cases/{case}?done=undone").text


def test_it_is_no_question_of_the_queue_and_nobody_is_asked_it_again(desk: Any) -> None:
    case, browser = "pair-{}-{}".format(*two_people(desk, 1)), desk.client("asha")
    before = desk.desk.read(lambda connection: done_today(connection, desk.desk.clock()))
    _, form = form_on(browser, case)
    browser.post(f"/cases/{case}/decide", {**form, "verdict": "unsure"})
    page = browser.get(f"/cases/{case}").text
    assert "joins or parts nothing" in page
    assert "asked again" not in page
    assert case not in desk.desk.read(lambda connection: answered_since(connection, 0))
    assert desk.desk.read(lambda connection: done_today(connection, desk.desk.clock())) == before
    looks = desk.desk.read(lambda connection: connection.execute(DESK_SECOND_LOOKS.select()).all())
    assert case not in {look.review_id for look in looks}
    taken = browser.post(f"/cases/{case}/claim")
    assert taken.status_code == 409
    assert desk.client("sue").get("/supervisor").status_code == 200


def test_what_a_policy_asks_two_people_for_waits_and_is_confirmed_on_the_same_case(desk: Any) -> None:
    one, other = sorted((alone(desk, "victim")[-1], alone(desk, "suspect")[-1]))
    case, asha, ben = f"pair-{one}-{other}", desk.client("asha"), desk.client("ben")
    page, form = form_on(asha, case)
    assert "A second steward must confirm it" in page
    answer = asha.post(f"/cases/{case}/decide", {**form, "verdict": "link"})
    assert answer.headers["location"].endswith("done=waits")
    assert f'href="/cases/{case}"' in ben.get("/queue").text.split('id="waiting"')[1]
    assert 'name="agrees" value="yes"' not in asha.get(f"/cases/{case}").text
    page = ben.open_case(case)
    confirm = {**ben.form_of(page, f"/cases/{case}/second"), "agrees": "yes", "text": "Seen"}
    assert ben.post(f"/cases/{case}/second", confirm).headers["location"].endswith("done=second")
    state = pair_state(desk.desk.store.about([form["l"]])[form["l"], form["r"]])
    assert state.in_force is not None
    assert state.in_force.verdict == "link"


def test_two_people_have_one_case_and_what_the_queue_asks_about_them_is_it(desk: Any) -> None:
    one, other = two_people(desk, 2)
    browser = desk.client("asha")
    turned = browser.get(f"/cases/pair-{other}-{one}")
    assert turned.status_code == 303
    assert turned.headers["location"] == f"/cases/pair-{one}-{other}"
    asked = desk.desk.shelves.current().rows(
        "SELECT review_id, person_ids FROM queue WHERE len(person_ids) = 2 ORDER BY review_id LIMIT 1"
    )[0]
    first, second = asked["person_ids"]
    leads = f"/cases/{asked['review_id']}"
    assert browser.get(f"/cases/pair-{first}-{second}").headers["location"] == leads
    open_person(browser, first)
    assert browser.post(f"/persons/{first}/compare", {"other": second}).headers["location"] == leads
    assert browser.post("/search/compare", {"persons": [second, first]}).headers["location"] == leads


@pytest.mark.parametrize("name", ["pair-{0}-{0}", "pair-{0}-PNOBODY1", "pair-PNOBODY1-PNOBODY2", "pair-{0}"])
def test_an_id_of_nobody_or_of_one_person_twice_is_no_case(desk: Any, name: str) -> None:
    answer = desk.client("asha").get(f"/cases/{name.format(two_people(desk, 2)[0])}")
    assert answer.status_code == 404
    assert "There is no such question." in answer.text


def test_the_person_page_leads_to_the_case_with_another_and_says_beside_the_field_what_is_wrong(desk: Any) -> None:
    one, other = two_people(desk, 3)
    browser = desk.client("asha")
    assert "Are this and another person the same?" in open_person(browser, one)
    led = browser.post(f"/persons/{one}/compare", {"other": f" {other.lower()} "})
    assert led.headers["location"] == f"/cases/pair-{one}-{other}"
    for typed, told in (("PNOBODY1", "Nobody here has this id."), (one, "this same person already"), ("", "Nobody")):
        wrong = browser.post(f"/persons/{one}/compare", {"other": typed})
        assert wrong.status_code == 422
        beside = wrong.text.split('id="other-error"')[1].split("</p>")[0]
        assert told in beside
        assert f'name="other" type="text" value="{typed}"' in wrong.text
    entries = desk.client("aud").get("/audit?action=person.compare.refused").text
    assert "PNOBODY1" not in entries, "what was typed is not kept"


@pytest.mark.parametrize("n_ticked", [0, 1, 3])
def test_not_two_ticked_of_a_search_are_told_and_what_was_searched_stays(desk: Any, n_ticked: int) -> None:
    browser = desk.client("asha")
    asked = {"surname": "singh", "why": "enquiry"}
    page = browser.post("/search", asked, "/search").text
    found = [part.split('"')[0] for part in page.split('name="persons" id="')[1:]]
    people = [page.split(f'id="{one}" value="')[1].split('"')[0] for one in found]
    assert len(people) > 3
    wrong = browser.post("/search/compare", {**asked, "persons": people[:n_ticked]}, "/search")
    assert wrong.status_code == 422
    assert "Tick two people to compare" in wrong.text.split('id="pick-1-error"')[1].split("</p>")[0]
    assert 'name="surname" type="text" value="singh"' in wrong.text
    assert wrong.text.count('type="checkbox"') == page.count('type="checkbox"')
    assert wrong.text.count(" checked>") == n_ticked
    led = browser.post("/search/compare", {**asked, "persons": people[:2]}, "/search")
    assert led.headers["location"].startswith("/cases/")


def test_a_borough_user_is_offered_no_comparing_and_told_of_nobody(desk: Any) -> None:
    shelf, browser = desk.desk.shelves.current(), desk.client("col")
    one, other = two_people(desk, 3)
    own = shelf.rows("SELECT person_id FROM records WHERE borough = 'Croydon' ORDER BY record_id LIMIT 1")[0]
    assert "/compare" not in open_person(browser, own["person_id"])
    page = browser.post("/search", {"surname": "singh", "why": "enquiry"}, "/search").text
    assert 'name="persons"' not in page
    answers = [
        browser.get(f"/cases/pair-{one}-{other}"),
        browser.get("/cases/pair-PNOBODY1-PNOBODY2"),
        browser.post(f"/persons/{own['person_id']}/compare", {"other": one}),
        browser.post(f"/persons/{own['person_id']}/compare", {"other": "PNOBODY1"}),
        browser.post("/search/compare", {"persons": [one, other]}),
    ]
    assert [answer.status_code for answer in answers] == [403] * 5
    assert not any(one in answer.text.replace(f"pair-{one}", "") for answer in answers)
