from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from desk_client import PATIENT, Client, in_process
from web_desk import World

from pipeline.review.persons.because import because
from pipeline.review.persons.timeline import timeline_of
from schemas.desk import DeskSettings

pytestmark = pytest.mark.flow


def case_in(desk: Any, where: str = "n_pairs >= 3") -> str:
    return str(
        desk.desk.shelves.current().rows(f"SELECT review_id FROM queue WHERE {where} ORDER BY review_id LIMIT 1")[0][
            "review_id"
        ]
    )


def person_in(desk: Any) -> str:
    return str(
        desk.desk.shelves.current().rows("SELECT person_id FROM persons WHERE n_records = 4 ORDER BY 1 LIMIT 1")[0][
            "person_id"
        ]
    )


def told_beside(text: str) -> dict[str, str]:
    """Field id to what is wrong with it, as it stands beside the field."""
    found = re.findall(r'<p id="([\w-]+)-error" class="govuk-error-message"><span[^>]*>Error:</span> ([^<]*)</p>', text)
    return dict(found)


def summary_of(text: str) -> dict[str, str]:
    box = text[text.index("govuk-error-summary__list") :]
    return dict(re.findall(r'<a href="#([\w-]+)">([^<]*)</a>', box[: box.index("</ul>")]))


@pytest.mark.parametrize(
    ("act", "form", "fields"),
    [
        ("decide", {}, {"verdict-link", "code"}),
        ("decide", {"verdict": "link", "code": "other"}, {"text"}),
        ("split", {"do": "split"}, {"pick-1", "split-code"}),
        ("split", {"do": "preview"}, {"pick-1"}),
    ],
)
def test_all_that_is_wrong_with_a_form_is_told_at_once_above_and_beside_its_fields(
    desk: Any, act: str, form: dict[str, str], fields: set[str]
) -> None:
    browser, case = desk.client("asha"), case_in(desk)
    hidden = browser.form_of(browser.open_case(case), f"/cases/{case}/{act}")
    answer = browser.post(f"/cases/{case}/{act}", {**hidden, **form})
    assert answer.status_code == 422
    assert set(told_beside(answer.text)) == fields
    assert summary_of(answer.text) == told_beside(answer.text)
    for field in fields:
        assert re.search(rf'id="{field}"', answer.text), "the summary leads to the field"


def test_what_was_entered_in_one_form_of_a_case_does_not_come_back_in_another(desk: Any) -> None:
    browser, case = desk.client("asha"), case_in(desk)
    browser.open_case(case)
    text = browser.post(f"/cases/{case}/split", {"do": "split", "code": "relatives", "text": "Twins"}).text
    assert text.count('value="relatives" selected') == 1
    assert re.search(r'id="split-text"[^>]* value="Twins"', text)


def test_an_unmerge_that_lacks_something_keeps_what_was_entered_and_tells_all(desk: Any) -> None:
    browser, person = desk.client("asha"), person_in(desk)
    browser.post(f"/persons/{person}/why", {"why": "quality"})
    answer = browser.post(f"/persons/{person}/unmerge", {"do": "split", "text": "Two boys"})
    assert set(told_beside(answer.text)) == {"pick-1", "code"}
    assert 'value="Two boys"' in answer.text
    records = re.findall(r'name="records" id="pick-\d+" value="(\w+)"', answer.text)
    ticked = browser.post(f"/persons/{person}/unmerge", {"do": "split", "records": records[0]}).text
    assert re.search(rf'value="{records[0]}" checked', ticked)


def test_an_unmerge_is_previewed_before_it_is_entered(desk: Any) -> None:
    browser, person = desk.client("asha"), person_in(desk)
    browser.post(f"/persons/{person}/why", {"why": "quality"})
    before = len(desk.desk.store.log())
    page = browser.get(f"/persons/{person}").text
    records = re.findall(r'name="records" id="pick-\d+" value="(\w+)"', page)
    looked = browser.post(f"/persons/{person}/unmerge", {"do": "preview", "records": records[0], "code": "relatives"})
    assert looked.status_code == 200
    assert "become 2 people from the next night on" in looked.text
    assert "Golden records before and after" in looked.text
    assert re.search(r'value="relatives" selected', looked.text)
    assert len(desk.desk.store.log()) == before


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/cases/{case}/decide", "/cases/{case}"),
        ("/cases/{case}/why", "/cases/{case}"),
        ("/cases/{case}/second", "/cases/{case}"),
        ("/queue/views", "/queue"),
        ("/next", "/"),
        ("/audit/verify", "/audit"),
    ],
)
def test_the_address_of_a_form_loaded_anew_leads_to_its_page(desk: Any, path: str, to: str) -> None:
    case = case_in(desk)
    answer = desk.client("asha").get(path.format(case=case))
    assert (answer.status_code, answer.headers["location"]) == (303, to.format(case=case))


def test_a_view_without_a_name_keeps_the_page_and_its_filters(desk: Any) -> None:
    browser = desk.client("asha")
    answer = browser.post("/queue/views", {"name": "  ", "kind": "no_forename"})
    assert answer.status_code == 422
    assert set(told_beside(answer.text)) == {"view-name"}
    assert '<option value="no_forename" selected>' in answer.text


def test_the_next_question_under_filters_that_leave_none_leads_to_a_queue_that_says_so(desk: Any) -> None:
    browser = desk.client("asha")
    answer = browser.post("/next", {"kind": "no_such_kind"})
    page = browser.get(answer.headers["location"])
    assert page.status_code == 200
    assert "Nothing is left under these filters" in page.text


def test_who_took_a_question_from_the_queue_has_the_reason_chosen(desk: Any) -> None:
    browser, case = desk.client("ben"), case_in(desk, "n_pairs = 1")
    assert " checked" not in browser.get(f"/cases/{case}").text
    browser.post(f"/cases/{case}/claim")
    page = browser.get(f"/cases/{case}").text
    assert re.search(r'value="queue" checked', page)
    assert "autofocus" in page
    browser.post(f"/cases/{case}/release")


def test_too_many_requests_get_a_page_that_says_how_long_to_wait_and_files_do_not_count(world: World) -> None:
    few = PATIENT.model_copy(update={"review": DeskSettings(requests_a_minute=30, sign_ins_a_minute=10_000)})
    with in_process(world, few) as desk:
        browser: Client = desk.client()
        assert all(browser.get("/static/desk.css").status_code == 200 for _ in range(60))
        answers = [browser.get("/sign-in") for _ in range(40)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert int(refused[0].headers["retry-after"]) > 0
        assert "OFFICIAL-SENSITIVE" in refused[0].text
        assert "desk.css" in refused[0].text


def fact(
    value: str,
    *,
    basis: str = "fact",
    source: str = "cris",
    n: int = 1,
    year: int = 2026,
    rule: str = "fact > frequent > trusted > recent",
) -> dict[str, Any]:
    return {
        "value": value,
        "basis": basis,
        "source": source,
        "n_agree": n,
        "recorded_at": dt.datetime(year, 1, 1, tzinfo=dt.UTC),
        "rule": rule,
    }


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([], "the only record that has it"),
        ([fact("KHAN")], "all records that have it agree"),
        ([fact("KAHN", basis="assessment", n=9)], "a fact; the others are assessments"),
        ([fact("KAHN", n=1)], "most records have it"),
        ([fact("KAHN", n=2, source="gossip")], "its source is the most reliable"),
        ([fact("KAHN", n=2, year=2020)], "it is the latest"),
        (
            [fact("KAHN", n=5)],
            "first by facts, then what most records have, then the most reliable source, then the latest",
        ),
    ],
)
def test_why_a_value_was_chosen_is_the_first_rule_that_told_it_from_the_others(
    others: list[dict[str, Any]], said: str
) -> None:
    assert because(fact("KHAN", n=2), others, {"cris": 6, "gossip": 2}) == said


def test_events_of_one_year_are_dated_on_thetimeline_of() -> None:
    events = [
        {
            "is_masked": False,
            "started_at": dt.datetime(2026, month, 3, tzinfo=dt.UTC),
            "borough": "Brent",
            "event_type": "crime",
            "role": "victim",
        }
        for month in (3, 9)
    ]
    drawn = timeline_of(events)
    assert drawn is not None
    assert [text for text, _ in drawn.years] == ["March 2026", "September 2026"]


def test_who_undoes_an_answer_keeps_the_question_to_answer_it_anew(desk: Any) -> None:
    browser, case = desk.client("asha"), case_in(desk, "n_pairs = 2")
    hidden = browser.form_of(browser.open_case(case), f"/cases/{case}/decide")
    browser.post(f"/cases/{case}/decide", {**hidden, "verdict": "unsure", "code": "thin"})
    assert browser.post(f"/cases/{case}/undo").status_code == 303
    assert "Taken by you" in browser.get(f"/cases/{case}").text
    browser.post(f"/cases/{case}/release")


def test_the_desks_own_files_have_an_address_that_changes_with_them(desk: Any) -> None:
    browser = desk.client()
    found = re.findall(r'(?:href|src)="(/static/(?:desk|session)\.\w+\?v=[0-9a-f]{10})"', browser.get("/sign-in").text)
    assert len(found) == 3
    assert all(browser.get(path).status_code == 200 for path in found)


def test_who_has_no_queue_is_not_offered_it_as_a_reason_to_look(desk: Any) -> None:
    col = desk.client("col")
    page = col.get("/search").text
    assert "A safeguarding enquiry names this person" in page
    assert "It is next in the review queue" not in page
    assert col.post("/search", {"surname": "Smith", "why": "queue"}).status_code == 422
    assert "It is next in the review queue" in desk.client("asha").get("/search").text


def test_a_verdict_that_comes_too_late_is_told_and_so_is_the_way_to_say_otherwise(desk: Any) -> None:
    case = desk.desk.shelves.current().rows(
        "SELECT review_id FROM queue WHERE review_type = 'grey_pair' ORDER BY review_id DESC LIMIT 1"
    )[0]["review_id"]
    asha, ben = desk.client("asha"), desk.client("ben")
    forms = [browser.form_of(browser.open_case(case), f"/cases/{case}/decide") for browser in (asha, ben)]
    asha.post(f"/cases/{case}/decide", {**forms[0], "verdict": "unlink", "code": "history"})
    late = ben.post(
        f"/cases/{case}/decide", {**forms[1], "verdict": "link", "code": "history", "text": "Same <mother>"}
    )
    assert late.status_code == 409
    assert "You had entered, and it was not saved: <strong>same person</strong>, “Same &lt;mother&gt;”." in late.text
    assert '<a class="govuk-link" href="#take-back">take the decision back</a>, then answer' in late.text
    asha.post(f"/cases/{case}/undo")
