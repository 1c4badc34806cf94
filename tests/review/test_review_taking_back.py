"""A decision in force is taken back on the page that shows it: with a reason, on the record, by two people where the policy asks."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from desk_client import Client

from pipeline.stewardship.audit import verify
from pipeline.stewardship.columns import AUDIT_LOG
from pipeline.stewardship.decision import Decision, pair_state
from schemas.decisions import NewDecision, TwoPersonRule

pytestmark = pytest.mark.flow
SECOND_FOR_RETRACTIONS = TwoPersonRule(name="retractions", about="", verdicts=("retract",), more_records_than=1)


def a_question(desk: Any, number: int) -> dict[str, Any]:
    """A question between two persons, of which nobody has decided anything in another test."""
    rows: list[dict[str, Any]] = desk.desk.shelves.current().rows(
        "SELECT * FROM queue WHERE len(person_ids) = 2 AND review_type = 'grey_pair' ORDER BY review_id"
    )
    return rows[number]


def parted(desk: Any, question: dict[str, Any], by: str = "Cara") -> str:
    """Say on the command line that the two records of a question are different people; the decision's id."""
    new = NewDecision(
        verdict="unlink",
        decided_by=by,
        reason="Seen",
        record_id_l=question["record_id_l"],
        record_id_r=question["record_id_r"],
        n_records=2,
    )
    decision_id: str = desk.desk.store.decide(new).decision.decision_id
    return decision_id


def in_force(desk: Any, pair: tuple[str, str]) -> Decision:
    decision = pair_state(desk.desk.store.about([pair[0]])[pair]).in_force
    assert decision
    return decision


def person_page(browser: Client, person_id: str) -> str:
    browser.post(f"/persons/{person_id}/why", {"why": "correction"})
    return browser.get(f"/persons/{person_id}").text


def last_entry(desk: Any) -> Any:
    latest = sa.select(AUDIT_LOG).where(AUDIT_LOG.c.action.not_like("%.view")).order_by(AUDIT_LOG.c.seq.desc()).limit(1)
    return desk.desk.read(lambda connection: connection.execute(latest).one())


def test_a_decision_is_taken_back_on_a_persons_page_and_the_log_keeps_who_and_why(desk: Any) -> None:
    question, asha = a_question(desk, 0), desk.client("asha")
    decision_id, person = parted(desk, question), question["person_ids"][0]
    page = person_page(asha, person)
    assert f'<option value="{decision_id}">' in page
    form = {**asha.form_of(page, f"/persons/{person}/retract"), "decision_id": decision_id, "text": "Wrong twin"}
    for _ in range(2):  # sent twice, it counts once
        assert asha.post(f"/persons/{person}/retract", form).headers["location"].endswith("done=taken_back")
    log = desk.desk.store.log().to_pylist()
    assert [row["retracts"] for row in log if row["retracts"] == decision_id] == [decision_id]
    assert (log[-1]["decided_by"], log[-1]["reason"], log[-1]["needs_second"]) == ("Asha Steward", "Wrong twin", False)
    entry = last_entry(desk)
    assert (entry.action, decision_id in entry.subject) == ("person.retract", True)
    assert desk.desk.read(verify).is_whole
    assert f'<option value="{decision_id}">' not in person_page(asha, person)


def test_without_a_reason_nothing_is_taken_back_and_the_form_says_so(desk: Any) -> None:
    question, asha = a_question(desk, 1), desk.client("asha")
    decision_id, person = parted(desk, question), question["person_ids"][1]
    person_page(asha, person)
    before = len(desk.desk.store.log())
    answer = asha.post(f"/persons/{person}/retract", {"decision_id": decision_id, "text": "  "})
    assert answer.status_code == 422
    assert 'id="retract-text-error"' in answer.text
    assert len(desk.desk.store.log()) == before


def test_where_the_policy_asks_another_steward_confirms_it_and_only_then_the_question_is_open(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = desk.desk.store.policy
    rules = (*policy.two_person, SECOND_FOR_RETRACTIONS)
    monkeypatch.setattr(desk.desk.store, "policy", policy.model_copy(update={"two_person": rules}))
    question, asha, ben = a_question(desk, 2), desk.client("asha"), desk.client("ben")
    case = question["review_id"]
    form = asha.form_of(asha.open_case(case), f"/cases/{case}/decide")
    asha.post(f"/cases/{case}/decide", {**form, "verdict": "unlink", "code": "history"})
    decision_id = desk.desk.store.log().to_pylist()[-1]["decision_id"]
    form = ben.form_of(ben.open_case(case), f"/cases/{case}/retract")
    form |= {"decision_id": decision_id, "text": "Seen both files"}
    assert ben.post(f"/cases/{case}/retract", form).headers["location"].endswith("done=retraction_waits")
    page = ben.open_case(case)
    assert "(in force)" in page or "in force" in page
    assert ">Answered</h2>" in page
    retraction = desk.desk.store.log().to_pylist()[-1]["decision_id"]
    own = ben.post(f"/cases/{case}/second", {"decision_id": retraction, "agrees": "yes", "text": "Mine"})
    assert own.status_code == 403
    agreed = asha.post(f"/cases/{case}/second", {"decision_id": retraction, "agrees": "yes", "text": "Right"})
    assert agreed.headers["location"].endswith("done=second")
    page = asha.open_case(case)
    assert ">Answered</h2>" not in page
    assert f'action="/cases/{case}/decide"' in page


def close(desk: Any, question: dict[str, Any], monkeypatch: pytest.MonkeyPatch, reason: str = "decided_unlink") -> None:
    """A question that is asked no more, under the id Qclosed."""
    names = ("review_type", "person_ids", "record_id_l", "record_id_r", "opened_in", "decision_ids")
    closed = {name: question[name] for name in names}
    closed |= {"review_id": "Qclosed", "closed_in": "2026-11-20-1", "reason_code": reason}
    monkeypatch.setattr(desk.desk.shelves.current(), "closed", {"Qclosed": closed}.get)


def test_a_decision_is_taken_back_where_the_question_is_closed(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asha, question = desk.client("asha"), a_question(desk, 3)
    close(desk, question, monkeypatch)
    decision_id = parted(desk, question)
    page = asha.open_case("Qclosed")
    assert 'href="#take-back"' in page
    form = {**asha.form_of(page, "/cases/Qclosed/retract"), "decision_id": decision_id, "text": "Wrong file"}
    assert asha.post("/cases/Qclosed/retract", form).headers["location"].endswith("done=taken_back")
    assert desk.desk.store.log().to_pylist()[-1]["retracts"] == decision_id


def test_a_closed_question_tells_that_its_decision_was_taken_back_and_when_that_counts(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, asha, question = desk.desk.shelves.current(), desk.client("asha"), a_question(desk, 3)
    close(desk, question, monkeypatch)
    store, decision_id = desk.desk.store, parted(desk, question)
    store.decide(NewDecision(verdict="retract", decided_by="Dan", reason="Wrong file", retracts=decision_id))
    asked_now = f'Go on with <a class="govuk-link" href="/cases/{question["review_id"]}">'
    assert asked_now in asha.open_case("Qclosed")
    monkeypatch.setattr(shelf, "questions_of", lambda person_id: [])
    page = asha.open_case("Qclosed")
    assert "Dan took that decision back on" in page
    assert "The next night carries it out; until then they stay two people." in page
    assert asked_now not in page
    monkeypatch.setattr(shelf, "decisions_read", 10_000)
    assert "A night has carried it out." in asha.open_case("Qclosed")


def test_one_person_of_a_closed_question_is_not_to_be_parted_where_a_night_will_part_them(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, asha = desk.desk.shelves.current(), desk.client("asha")
    ends = shelf.rows(
        "SELECT min(record_id) AS l, max(record_id) AS r FROM records GROUP BY person_id HAVING count(*) = 4 ORDER BY 1"
    )[0]
    person = shelf.owner(ends["l"])
    question = a_question(desk, 3) | {"person_ids": [person], "record_id_l": ends["l"], "record_id_r": ends["r"]}
    close(desk, question, monkeypatch, "decided_link")
    linked = NewDecision(
        verdict="link", decided_by="Cara", reason="Seen", record_id_l=ends["l"], record_id_r=ends["r"], n_records=2
    )
    decision_id = desk.desk.store.decide(linked).decision.decision_id
    advice = "part the records on the page of"
    assert advice in asha.open_case("Qclosed")
    desk.desk.store.decide(NewDecision(verdict="retract", decided_by="Dan", reason="Wrong", retracts=decision_id))
    page = asha.open_case("Qclosed")
    assert advice not in page
    assert "until then they are shown as one person" in page


def test_a_question_that_joined_an_older_one_leads_to_it_while_that_is_open(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asha, question = desk.client("asha"), a_question(desk, 8)
    close(desk, question, monkeypatch, "joined_another")
    page = asha.open_case("Qclosed")
    assert f'Go on with <a class="govuk-link" href="/cases/{question["review_id"]}">' in page
    assert 'action="/cases/Qclosed/decide"' not in page
    monkeypatch.setattr(desk.desk.shelves.current(), "questions_of", lambda person_id: [])
    page = asha.open_case("Qclosed")
    assert "That question is not open any more." in page
    assert 'action="/cases/Qclosed/decide"' in page


def test_a_retraction_that_waits_is_confirmed_or_withdrawn_where_the_question_is_closed(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    question, asha, ben = a_question(desk, 6), desk.client("asha"), desk.client("ben")
    close(desk, question, monkeypatch)
    decision_id, store = parted(desk, question), desk.desk.store

    def retract(browser: Client, text: str) -> str:
        form = {**browser.form_of(browser.open_case("Qclosed"), "/cases/Qclosed/retract"), "decision_id": decision_id}
        policy = store.policy
        rules = (*policy.two_person, SECOND_FOR_RETRACTIONS)
        with monkeypatch.context() as stricter:
            stricter.setattr(store, "policy", policy.model_copy(update={"two_person": rules}))
            answer = browser.post("/cases/Qclosed/retract", {**form, "text": text})
        assert answer.headers["location"].endswith("done=retraction_waits")
        return str(store.log().to_pylist()[-1]["decision_id"])

    own = retract(ben, "Seen both files")
    page = ben.open_case("Qclosed")
    assert ">Your own decision waits</h2>" in page
    assert "You said <strong>take back</strong> what Cara said (<strong>different people</strong>)" in page
    withdrawn = ben.post("/cases/Qclosed/second", {"decision_id": own, "agrees": "no", "text": "Withdrawn at the desk"})
    assert withdrawn.headers["location"].endswith("done=sent_back")
    assert "The question is open again" not in ben.get(withdrawn.headers["location"]).text
    waiting = retract(ben, "Seen both files again")
    assert 'name="agrees" value="yes"' in asha.open_case("Qclosed")
    agreed = asha.post("/cases/Qclosed/second", {"decision_id": waiting, "agrees": "yes", "text": "Right"})
    assert agreed.headers["location"].endswith("done=second")
    assert decision_id not in asha.open_case("Qclosed").split('id="retract-id"')[-1]


def test_two_people_of_a_closed_question_are_said_to_be_one_after_all_and_only_that(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    question, asha = a_question(desk, 7), desk.client("asha")
    close(desk, question, monkeypatch, "weight_fell")
    page = asha.open_case("Qclosed")
    form = {**asha.form_of(page, "/cases/Qclosed/decide"), "code": "history"}
    before = len(desk.desk.store.log())
    for verdict in ("unlink", "unsure"):
        assert asha.post("/cases/Qclosed/decide", {**form, "verdict": verdict}).status_code == 409
    assert len(desk.desk.store.log()) == before
    saved = asha.post("/cases/Qclosed/decide", {**form, "verdict": "link"})
    assert saved.status_code == 303
    page = asha.get(saved.headers["location"]).text
    assert ">Answered</h2>" in page
    assert "and closes the question" not in page
    undone = asha.post("/cases/Qclosed/undo")
    assert "The question is open again" not in asha.get(undone.headers["location"]).text
    assert "say so below" in asha.open_case("Qclosed")


def test_what_is_not_in_force_on_these_records_is_not_taken_back_nor_by_who_may_not_decide(desk: Any) -> None:
    here, elsewhere, asha = a_question(desk, 4), a_question(desk, 5), desk.client("asha")
    decision_id = parted(desk, elsewhere)
    person = next(person for person in here["person_ids"] if person not in elsewhere["person_ids"])
    person_page(asha, person)
    before = len(desk.desk.store.log())
    form = {"decision_id": decision_id, "text": "Wrong file"}
    assert asha.post(f"/persons/{person}/retract", form).status_code == 409
    assert desk.client("col").post(f"/persons/{person}/retract", form).status_code == 403
    assert len(desk.desk.store.log()) == before


def test_another_stewards_split_is_taken_back_as_a_whole_and_what_it_took_back_counts_again(desk: Any) -> None:
    shelf, store = desk.desk.shelves.current(), desk.desk.store
    for question in shelf.rows("SELECT * FROM queue WHERE review_type = 'name_only' ORDER BY review_id"):
        records = [[row["record_id"] for row in shelf.records(person)] for person in question["person_ids"]]
        largest = max(records, key=len)
        if len(largest) > 1 and 4 <= sum(map(len, records)) <= 12 and not store.about([*records[0], *records[-1]]):
            break
    case, asha, ben = question["review_id"], desk.client("asha"), desk.client("ben")
    link = NewDecision(
        verdict="link",
        decided_by="Cara",
        reason="Seen",
        record_id_l=min(largest[:2]),
        record_id_r=max(largest[:2]),
        n_records=2,
    )
    linked = store.decide(link).decision
    form = asha.form_of(asha.open_case(case), f"/cases/{case}/split")
    split = {**form, "do": "split", "records": [largest[0]], "code": "relatives"}
    assert asha.post(f"/cases/{case}/split", split).status_code == 303
    assert in_force(desk, linked.pair).verdict == "unlink"
    page = ben.open_case(case)
    assert 'name="together"' in page
    form = ben.form_of(page, f"/cases/{case}/retract")
    decision_id = in_force(desk, linked.pair).decision_id
    form |= {"decision_id": decision_id, "together": "all", "text": "Not twins"}
    answer = ben.post(f"/cases/{case}/retract", form)
    assert answer.headers["location"].endswith("done=taken_back&back=1")
    assert in_force(desk, linked.pair).decision_id == linked.decision_id
    others = store.about(largest).items()
    assert [pair for pair, on_pair in others if pair != linked.pair and pair_state(on_pair).in_force] == []
    assert f'action="/cases/{case}/decide"' in ben.open_case(case)
